"""The steps of a workflow: inputs in; outputs, annotations and the job summary out."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from redeliver.core.facts import Fact, Level
from redeliver.core.report import Report
from redeliver.core.settings import Use, parse
from redeliver.entry import workflow
from redeliver.entry.process import open_session
from redeliver.errors import NoSuchHook, TooManyHooks, Unexpected
from redeliver.github.variable import check_number
from redeliver.output.headline import annotate, headline
from redeliver.output.pieces import light, mark
from redeliver.output.receivers import health_line
from redeliver.output.report_json import as_json, outputs
from redeliver.output.summary import markdown
from redeliver.replay import page as replay_page
from redeliver.replay import report_json as replay_results
from redeliver.replay.guids import read_guids
from redeliver.replay.run import replay_hook
from redeliver.replay.settings import parse_replay
from redeliver.run.lookup import explain, matrix
from redeliver.run.runs import run_hooks
from redeliver.text import count

if TYPE_CHECKING:
    from redeliver.core.settings import Settings


def run_step(name: str) -> int:
    """Run a step by its folder's name; empty: the action's own.

    Returns its exit code: 0 done, 1 a fault, 2 unusable settings, or a replay of too many events, 128 + signal.
    """
    match name:
        case "replay":
            now = round(time.time() * 1000)
            return workflow.run_as_step(Use.REPLAY, lambda values: parse_replay(values, now), _replay)
        case "hooks":
            return workflow.run_as_step(Use.LISTING, parse, _list_hooks)
        case _:
            return workflow.run_as_step(Use.RUN, parse, _redeliver)


def _redeliver(settings: Settings, console: workflow.ActionsConsole) -> int:
    session = open_session(settings, console, sends=not settings.dry_run)
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
        for level, text in annotate(report, settings.fail_on):
            console.tell(level, text)
        console.refer(report.facts)
        if health := health_line(report):
            console.line(health.partition(": ")[2], "Health")
        console.line(f"{mark(report)} {headline(report)}", "Result")
        report = explain(session, report)
        workflow.write_summary(markdown(report))
    if any(hook.explanations for hook in report.hooks):
        # Once more: the runner takes the last one.
        workflow.write_outputs({"report": as_json(report)})
    return report.exit_code(settings.fail_on)


def _list_hooks(settings: Settings, console: workflow.ActionsConsole) -> int:
    session, hooks, facts = open_session(settings, console), [], list[Fact]()
    try:
        hooks = session.choose()
        check_number(hooks, is_shared=False)
    except (NoSuchHook, TooManyHooks) as known:
        # Not a reason to fail: somebody may have removed the last one, and jobs need not keep checkpoints.
        facts.append(Fact.of(known, Level.WARNING))
    for fact in (facts := [*facts, *session.left_out]):
        console.tell("error" if fact.is_error else "warning", str(fact))
    console.refer(facts)
    jobs = matrix(hooks, of_fleet=settings.is_fleet)
    console.line(f"{count(len(hooks), 'webhook')} for {count(len(jobs['include']), 'job')}", "Result")
    workflow.write_outputs({"matrix": json.dumps(jobs), "hooks-count": str(len(hooks))})
    return 0


def _replay(settings: Settings, console: workflow.ActionsConsole) -> int:
    arrived = read_guids(settings.except_guids_file, round(time.time() * 1000))
    session = open_session(settings, console, sends=settings.send)
    (hook,) = session.choose()
    report = replay_hook(hook, session, arrived)
    try:
        workflow.write_outputs(replay_results.outputs(report))
    finally:
        end = replay_page.headline(report)
        console.tell("error", *report.errors)
        console.tell("warning", *report.warnings)
        console.refer(report.facts)
        if not report.facts:
            step = replay_page.next_step(report, "send: true")
            console.tell("notice", ". ".join(filter(None, [end, step])) + ".")
        for line in replay_page.guids_to_send(report, "the job summary"):
            console.line(line)
        console.line(f"{light(report)} {end}", "Result")
        workflow.write_summary(replay_page.markdown(report))
    return report.exit_code
