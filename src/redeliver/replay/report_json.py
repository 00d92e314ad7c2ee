"""The outputs of ``replay/action.yml``, including the report as JSON: bounded, and harmless when pasted. Pure.

``make docs`` writes docs/replay.schema.json from the types here and their descriptions.
"""

from __future__ import annotations

from itertools import takewhile
from math import ceil
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from typing_extensions import TypedDict

from redeliver.core.case import Outcome
from redeliver.output.pieces import ByteBudget
from redeliver.output.report_json import MAX_REPORT_CHARS, as_text, part
from redeliver.output.report_model import Count, Moment, Text64, Text100, described
from redeliver.replay.plan import redelivered_at
from redeliver.replay.report import MOST_GUIDS, VERSION
from redeliver.text import plain
from redeliver.times import timestamp

if TYPE_CHECKING:
    from redeliver.core.case import Case
    from redeliver.core.deliveries import Event
    from redeliver.replay.plan import ReplayPlan
    from redeliver.replay.report import ReplayReport

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


_OUTCOMES = (
    *(Outcome.RECOVERED, Outcome.FAILED_AGAIN, Outcome.PENDING, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.DRY_RUN),
    *(Outcome.ENDPOINT_DOWN, Outcome.TYPE_FAILS, Outcome.OUT_OF_TIME, Outcome.STOPPED, Outcome.RUN_FAILED),
)


@described
class TypeCount(TypedDict):
    """How many of the chosen events are of one type."""

    event: Text100
    events: Count


# Not in the class, since "from" is a word of the language.
_Window = TypedDict(
    "_Window",
    {
        "made_at": Annotated[Moment, Field(description="By GitHub's clock.")],
        "from": Annotated[Moment | None, Field(description="Beginning of the window; null: chosen by GUID.")],
        "to": Annotated[Moment | None, Field(description="End of the window, which is not part of it.")],
    },
)


@described
class PlanPart(_Window):
    """What a replay sends, or would send."""

    limit: Annotated[int, Field(ge=1)]
    events: Count
    """Chosen events."""
    by_event: list[TypeCount]
    """How many of each type, such as `push`."""
    delivered: Count
    """Those that an attempt had delivered before."""
    redelivered_within_hour: Count
    """Those that were redelivered within the hour before the plan, by whomever."""
    filtered_out: Count
    """Events that `events` leaves out."""
    listed: Count
    """Events of the window that `events` leaves out, since they are in `except-guids-file`."""
    missing: list[str]
    """GUIDs that are not in the log."""
    first: Moment | None
    """When the oldest event was sent first."""
    last: Moment | None
    scanned: Count
    """Attempts read."""
    calls: Count
    """API calls that sending takes: to read the log, and one for each event. Watching takes a few more."""
    minutes: Count
    """How long sending takes, rounded up."""


@described
class ReplayedPart(TypedDict):
    """One chosen event, and its outcome."""

    guid: Text64
    """As in the header X-GitHub-Delivery."""
    event: Text100
    """`push`, `pull_request.opened`. Written by GitHub's senders: do not paste it into a script."""
    first_attempt_at: Moment
    """Of the attempts that were read."""
    attempts: Annotated[int, Field(ge=1)]
    """How many were read before anything was sent."""
    delivered_before: bool
    """Whether one of those succeeded."""
    redelivered_at: Moment | None
    """When the newest redelivery among those was; null: there was none."""
    outcome: Annotated[str, Field(json_schema_extra={"enum": [*_OUTCOMES]})]
    """Of the replay alone, in the codes of the run's report. `recovered`: it arrived again. `dry_run`: this is a
    plan."""
    cause: str
    """Why the new attempt failed, in words of ours; else empty."""
    detail: str
    """Why GitHub refused, or why its reply is unknown; else empty."""
    delivery_id: Annotated[str, Field(pattern="^[0-9]+$")]
    """The newest attempt's id before anything was sent."""


@described
class ReplayModel(TypedDict):
    """What `redeliver replay --format json` prints, and the output `report` of the action `replay`.

    Moments are epoch milliseconds. Every chosen event is in `events` or counted in `events_omitted`, unless there are
    more than `limit`.
    """

    version: Annotated[int, Field(json_schema_extra={"const": VERSION})]
    """A change that breaks a reader raises it."""
    hook: str
    """The webhook in words: `hook 1 of the organization octo`."""
    hook_id: str
    """Its id; empty for an App's own webhook."""
    owner: str
    """The organization, the repository, or the App's id."""
    send: bool
    """Whether events were to be sent; false: this is a plan."""
    plan: PlanPart | None
    """Null: the log could not be read."""
    sent: Count
    """Redeliveries that GitHub accepted."""
    events: list[ReplayedPart]
    """Oldest first. As many as 120,000 characters hold; those that arrived are left out first."""
    events_omitted: Count
    errors: list[str]
    """What makes the exit code 1 or 2."""
    warnings: list[str]


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
    events, space = [_event(*one) for one in report.events], ByteBudget(MAX_REPORT_CHARS - _REST)
    # Those that arrived are left out first.
    order = sorted(range(len(events)), key=lambda place: events[place]["outcome"] == Outcome.RECOVERED)
    kept = sorted(takewhile(lambda place: space.take(as_text(events[place])), order))
    whole = part(
        ReplayModel,
        report,
        version=VERSION,
        plan=_plan(report.plan) if report.plan else None,
        events=[events[place] for place in kept],
        events_omitted=len(events) - len(kept),
        errors=list(report.errors),
        warnings=list(report.warnings),
    )
    return as_text(whole)


def _event(event: Event, case: Case) -> ReplayedPart:
    failed = case.outcome is Outcome.FAILED_AGAIN
    return part(
        ReplayedPart,
        event,
        event=event.name,
        first_attempt_at=event.first.at,
        attempts=len(event.attempts),
        delivered_before=event.is_delivered,
        redelivered_at=redelivered_at(event),
        outcome=case.outcome,
        cause=case.result_detail if failed else "",
        detail="" if failed else case.result_detail,
        delivery_id=str(event.latest.id),
    )


def _plan(plan: ReplayPlan) -> PlanPart:
    since, until = (None, None) if plan.guids else (plan.since, plan.until)
    return part(
        PlanPart,
        plan,
        **{"from": since},
        to=until,
        events=plan.found,
        by_event=[{"event": plain(name, 50), "events": number} for name, number in plan.by_type.most_common()],
        redelivered_within_hour=plan.redelivered,
        missing=list(plan.missing[:MOST_GUIDS]),
        minutes=ceil(plan.seconds / 60),
    )
