"""The commands, and their exit codes: 0 done, 1 a fault, 2 unusable settings, 128 + signal when stopped."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from redeliver import workflow
from redeliver.caller import Caller
from redeliver.checkpoint import Variable
from redeliver.errors import NotWritten, SettingsError
from redeliver.github_api import GitHubApi
from redeliver.hook import org_hook
from redeliver.job import Job, Tools
from redeliver.pace import Pace
from redeliver.report import Report, make_report
from redeliver.settings import Settings, parse
from redeliver.stop import Stop, StoppableClock, StoppableTransport
from redeliver.summary import headline, markdown
from redeliver.waiter import Waiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr

    from redeliver.clock import Clock
    from redeliver.console import Console
    from redeliver.transport import Transport


def in_actions() -> int:
    """One step of a workflow: inputs in; outputs, annotations and the job summary out."""
    console = workflow.ActionsConsole()
    try:
        settings = parse(workflow.read_inputs())
    except SettingsError as wrong:
        for problem in wrong.problems:
            console.error(problem)
        return wrong.exit_code
    workflow.mask(settings)
    stop = Stop(time)
    stop.install()
    report = run(settings, lambda token: GitHubApi(settings.api_url, token), time, stop, console)
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


def run(settings: Settings, connect: Callable[[str], Transport], clock: Clock, stop: Stop, console: Console) -> Report:
    """One run over the hook that the settings name. ``connect`` gives a connection for a token."""
    patient = StoppableClock(clock, stop)
    waiter = Waiter(patient, settings.time_limit, console)
    pace = Pace(settings.redeliveries_per_minute)

    def caller(token: SecretStr) -> Caller:
        return Caller(StoppableTransport(connect(token.get_secret_value()), stop), pace, waiter)

    main = caller(settings.token)
    tools = Tools(
        hook=org_hook(main, settings.api_url, settings.org, settings.hook_id),
        caller=main,
        variables=main if settings.variable_token is None else caller(settings.variable_token),
        store=Variable(settings.variable_repository, settings.variable_name) if settings.variable_name else None,
        waiter=waiter,
        console=console,
        closing=lambda: Waiter(patient, stop.close(), console),
    )
    facts = Job(settings, tools).run()
    return make_report(tools.hook.name, facts, dry_run=settings.dry_run, signal_number=stop.signal_number)
