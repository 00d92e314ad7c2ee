"""The outputs of ``replay/action.yml``, including the report as JSON: bounded, and harmless when pasted. Pure."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from redeliver.core.case import Outcome
from redeliver.output.pieces import ByteBudget
from redeliver.output.report_json import MAX_REPORT_CHARS, as_text
from redeliver.replay.plan import redelivered_at
from redeliver.replay.report import MOST_GUIDS, VERSION
from redeliver.text import plain
from redeliver.times import timestamp

if TYPE_CHECKING:
    from redeliver.core.case import Case
    from redeliver.core.deliveries import Event
    from redeliver.replay.plan import ReplayPlan
    from redeliver.replay.report import ReplayReport
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
#: Characters of the report that are not for events.
_REST = 45_000


def outputs(report: ReplayReport) -> dict[str, str]:
    """The outputs, by name."""
    plan = report.plan
    window = plan if plan and not plan.guids else None
    return {
        "planned-count": str(plan.found if plan else 0),
        "from": timestamp(window.since) if window else "",
        "to": timestamp(window.until) if window else "",
        "sent-count": str(report.sent),
        "recovered-count": str(report.outcomes[Outcome.RECOVERED]),
        "undelivered-guids": ",".join(report.undelivered[:MOST_GUIDS]),
        "report": as_json(report),
    }


def as_json(report: ReplayReport) -> str:
    """The report for programs, of at most as many characters as that of a run; docs/replay.schema.json describes it."""
    events = report.events
    # Those that arrived are left out first.
    order = sorted(range(len(events)), key=lambda place: events[place][1].outcome is Outcome.RECOVERED)
    fitting = ByteBudget(MAX_REPORT_CHARS - _REST).fit(
        (as_text(_event(*events[place])) for place in order), len(events)
    )
    kept = sorted(order[: len(fitting)])
    whole: ReplayModel = {
        "version": VERSION,
        "hook": report.hook,
        "hook_id": report.hook_id,
        "owner": report.owner,
        "send": report.send,
        "plan": _plan(report.plan) if report.plan else None,
        "sent": report.sent,
        "events": [_event(*events[place]) for place in kept],
        "events_omitted": len(events) - len(kept),
        "errors": list(report.errors),
        "warnings": list(report.warnings),
    }
    return as_text(whole)


def _event(event: Event, case: Case) -> ReplayedPart:
    failed = case.outcome is Outcome.FAILED_AGAIN
    return {
        "guid": plain(event.guid, 64),
        "event": plain(event.name, 100),
        "first_attempt_at": event.first.at,
        "attempts": len(event.attempts),
        "delivered_before": event.is_delivered,
        "redelivered_at": redelivered_at(event),
        "outcome": case.outcome,
        "cause": case.result_detail if failed else "",
        "detail": "" if failed else case.result_detail,
        "delivery_id": str(event.latest.id),
    }


def _plan(plan: ReplayPlan) -> PlanPart:
    return {
        "made_at": plan.made_at,
        "from": None if plan.guids else plan.since,
        "to": None if plan.guids else plan.until,
        "limit": plan.limit,
        "events": plan.found,
        "by_event": [{"event": plain(name, 50), "events": number} for name, number in plan.by_type.most_common()],
        "delivered": plan.delivered,
        "redelivered_within_hour": plan.redelivered,
        "filtered_out": plan.filtered_out,
        "missing": list(plan.missing[:MOST_GUIDS]),
        "first": plan.first,
        "last": plan.last,
        "scanned": plan.scanned,
        "calls": plan.calls,
        "minutes": ceil(plan.seconds / 60),
    }
