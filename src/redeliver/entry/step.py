"""The steps of a workflow: inputs in; outputs, annotations and the job summary out."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from redeliver.core.report import Report
from redeliver.core.settings import Use, parse
from redeliver.entry import workflow
from redeliver.errors import NoSuchHook, Unexpected
from redeliver.github.session import Session
from redeliver.output.headline import annotate, headline
from redeliver.output.receivers import health_line
from redeliver.output.report_json import as_json, outputs
from redeliver.output.summary import markdown
from redeliver.replay import page as replay_page
from redeliver.replay import report_json as replay_results
from redeliver.replay.run import replay_hook
from redeliver.replay.settings import parse_replay
from redeliver.run.lookup import explain, matrix
from redeliver.run.runs import run_hooks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redeliver.core.settings import Settings
    from redeliver.replay.report import ReplayReport


def run_step() -> int:
    """Run the action's step. Returns its exit code: 0 done, 1 a fault, 2 unusable settings, 128 + signal."""

    def work(settings: Settings, console: workflow.ActionsConsole) -> int:
        return _redeliver(_session(settings, console, sends=not settings.dry_run), console)

    return workflow.run_as_step(Use.RUN, parse, work)


def hooks_step() -> int:
    """Run the step of ``hooks/action.yml``, which lists webhooks for a matrix of jobs. Exit codes as above."""
    return workflow.run_as_step(Use.LISTING, parse, _list_hooks)


def replay_step() -> int:
    """Run the step of ``replay/action.yml``, which sends chosen events again. Exit codes as above.

    2 also means that too many events are chosen.
    """

    def read(values: Mapping[str, str]) -> Settings:
        return parse_replay(values, round(time.time() * 1000))

    return workflow.run_as_step(Use.REPLAY, read, _replay)


def _session(settings: Settings, console: workflow.ActionsConsole, *, sends: bool = False) -> Session:
    connect, clock = workflow.connector(settings, console)
    return Session(settings, connect, clock, console, sends=sends)


def _redeliver(session: Session, console: workflow.ActionsConsole) -> int:
    settings = session.settings
    try:
        report = run_hooks(session)
        results = outputs(report)
    except Exception as fault:
        # Nothing else is known; no count is better than one that may be wrong.
        known = Report((), settings.dry_run, fault=Unexpected(kind=type(fault).__name__))
        workflow.write_outputs({"health": str(known.health), "report": as_json(known)})
        raise
    try:
        # First, since the job may be killed while it looks up what it can do without.
        workflow.write_outputs(results)
    finally:
        _say(report, settings, console)
        report = explain(session, report)
        workflow.write_summary(markdown(report))
    if any(hook.explanations for hook in report.hooks):
        # Once more: the runner takes the last one.
        workflow.write_outputs({"report": as_json(report)})
    return report.exit_code(settings.fail_on)


def _say(report: Report, settings: Settings, console: workflow.ActionsConsole) -> None:
    said = annotate(report, settings.fail_on)
    for error in said.errors:
        console.error(error)
    if said.warning:
        console.warning(said.warning)
    if said.notice:
        console.notice(said.notice)
    if health := health_line(report):
        console.line(health)
    console.line(headline(report))


def _list_hooks(settings: Settings, console: workflow.ActionsConsole) -> int:
    try:
        hook_ids = [hook.info.id for hook in _session(settings, console).choose()]
    except NoSuchHook as none:
        # Not a reason to fail: somebody may have removed the last one, and the following jobs can see that.
        console.warning(str(none))
        hook_ids = []
    jobs = matrix(hook_ids)
    console.line(f"{len(hook_ids)} webhooks for {len(jobs['include'])} jobs")
    workflow.write_outputs({"matrix": json.dumps(jobs), "hooks-count": str(len(hook_ids))})
    return 0


def _replay(settings: Settings, console: workflow.ActionsConsole) -> int:
    session = _session(settings, console, sends=settings.send)
    (hook,) = session.choose()
    report = replay_hook(hook, session.clock, console, settings)
    try:
        workflow.write_outputs(replay_results.outputs(report))
    finally:
        _say_replay(report, console)
        workflow.write_summary(replay_page.markdown(report))
    return report.exit_code


def _say_replay(report: ReplayReport, console: workflow.ActionsConsole) -> None:
    for error in report.errors:
        console.error(error)
    for warning in report.warnings:
        console.warning(warning)
    if not (report.errors or report.warnings):
        step = replay_page.next_step(report, "send: true")
        console.notice(". ".join(filter(None, [replay_page.headline(report), step])) + ".")
    for line in replay_page.guids_to_send(report, "the job summary"):
        console.line(line)
    console.line(replay_page.headline(report))
