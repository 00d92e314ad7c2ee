"""The outputs of ``replay/action.yml``, including the report as JSON: bounded, and harmless when pasted. Pure."""

from __future__ import annotations

import json
from math import ceil
from typing import TYPE_CHECKING

from redeliver.core.redelivery import Outcome
from redeliver.output.report_json import MOST
from redeliver.replay.report import VERSION
from redeliver.text import for_shell, plain
from redeliver.times import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redeliver.replay.plan import ReplayPlan
    from redeliver.replay.report import ReplayedEvent, ReplayReport
    from redeliver.replay.report_model import PlanPart, ReplayedPart, ReplayModel

#: The outputs, and their descriptions.
REPLAY_OUTPUTS = {
    "planned-count": "Events that were chosen.",
    "from": "Beginning of the window as a time, so that a later step can send what was planned; empty with `guid`.",
    "to": "End of the window as a time; empty with `guid`.",
    "sent-count": "Events that GitHub accepted for redelivery.",
    "recovered-count": "Events that arrived again.",
    "undelivered-guids": "GUIDs of the chosen events that did not arrive, for the next `guid`; at most 500.",
    "report": "The plan, and what happened to each event, as JSON.",
}
#: GUIDs in an output, and in a list of the report.
_GUIDS = 500
#: Characters of the report that are not for events.
_REST = 45_000


def outputs(report: ReplayReport) -> dict[str, str]:
    """The outputs, by name."""
    window = report.plan.selection if report.plan and not report.plan.selection.guids else None
    return {
        "planned-count": str(report.plan.found if report.plan else 0),
        "from": timestamp(window.since) if window else "",
        "to": timestamp(window.until) if window else "",
        "sent-count": str(report.sent),
        "recovered-count": str(report.count(Outcome.RECOVERED)),
        "undelivered-guids": ",".join(report.undelivered[:_GUIDS]),
        "report": as_json(report),
    }


def as_json(report: ReplayReport) -> str:
    """The report for programs, of at most as many characters as that of a run; docs/replay.schema.json describes it."""
    kept = list(_kept(report))
    whole: ReplayModel = {
        "version": VERSION,
        "hook": report.hook,
        "hook_id": report.hook_id,
        "owner": report.owner,
        "send": report.send,
        "plan": _plan(report.plan) if report.plan else None,
        "sent": report.sent,
        "events": [_event(event) for event in kept],
        "events_omitted": len(report.events) - len(kept),
        "errors": list(report.errors),
        "warnings": list(report.warnings),
    }
    return _dumped(whole)


def _dumped(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    # A later step may print it, and "##[" is a command anywhere in a line.
    return for_shell(text.replace("##[", r"#\u0023["))


def _kept(report: ReplayReport) -> Iterator[ReplayedEvent]:
    """Oldest first, as many as there is space for; those that arrived are left out first."""
    space, kept = MOST - _REST, set()
    for event in sorted(report.events, key=lambda event: event.outcome is Outcome.RECOVERED):
        space -= len(_dumped(_event(event))) + 1
        if space < 0:
            break
        kept.add(event.guid)
    return (event for event in report.events if event.guid in kept)


def _event(event: ReplayedEvent) -> ReplayedPart:
    return {
        "guid": plain(event.guid, 64),
        "event": plain(event.name, 100),
        "first_attempt_at": event.first_attempt_at,
        "attempts": event.attempts,
        "delivered_before": event.delivered_before,
        "redelivered_at": event.redelivered_at,
        "outcome": event.outcome,
        "cause": event.cause,
        "detail": event.detail,
        "delivery_id": event.delivery_id,
    }


def _plan(plan: ReplayPlan) -> PlanPart:
    chosen = plan.selection
    return {
        "made_at": plan.made_at,
        "from": None if chosen.guids else chosen.since,
        "to": None if chosen.guids else chosen.until,
        "limit": chosen.limit,
        "events": plan.found,
        "by_event": [{"event": plain(name, 50), "events": number} for name, number in plan.by_type],
        "delivered": plan.delivered,
        "redelivered_within_hour": plan.redelivered,
        "filtered_out": plan.filtered_out,
        "missing": list(plan.missing[:_GUIDS]),
        "first": plan.first,
        "last": plan.last,
        "scanned": plan.scanned,
        "calls": plan.calls,
        "minutes": ceil(plan.seconds / 60),
    }
