"""One step of a workflow: inputs in; outputs, annotations and the job summary out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from redeliver import workflow
from redeliver.errors import NotWritten, SettingsError
from redeliver.github_api import GitHubApi
from redeliver.runs import Runs
from redeliver.settings import parse
from redeliver.stop import Stop
from redeliver.summary import headline, markdown

if TYPE_CHECKING:
    from redeliver.credentials import Credential


def run_step() -> int:
    """Make the step. Gives its exit code: 0 done, 1 a fault, 2 unusable settings, 128 + signal when stopped."""
    console = workflow.ActionsConsole()
    try:
        settings = parse(workflow.read_inputs())
    except SettingsError as wrong:
        for problem in wrong.problems:
            console.error(problem)
        return wrong.exit_code
    workflow.mask(settings.private_key.get_secret_value())

    def connect(credential: Credential) -> GitHubApi:
        if isinstance(credential, str):
            workflow.mask(credential)
        return GitHubApi(settings.api_url, credential)

    stop = Stop(time)
    stop.install()
    report = Runs(settings, connect, time, stop, console).run()
    for error in report.errors:
        console.error(error)
    for warning in report.warnings:
        console.warning(warning)
    if report.failed and not (report.errors or report.warnings):
        console.notice(headline(report))
    console.line(headline(report))
    try:
        workflow.write_outputs(report.outputs())
        workflow.write_summary(markdown(report))
    except NotWritten as fault:
        console.error(str(fault))
        return fault.exit_code
    return report.exit_code(settings.fail_on)
