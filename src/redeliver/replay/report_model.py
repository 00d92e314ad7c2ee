"""A replay's report as JSON; ``make docs`` writes docs/replay.schema.json from it. See output/report_model.py."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from redeliver.core.case import Outcome
from redeliver.output.report_model import Count, Moment, Text64, Text100, described
from redeliver.replay.report import VERSION

_OUTCOMES = (
    *(Outcome.RECOVERED, Outcome.FAILED_AGAIN, Outcome.PENDING, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.DRY_RUN),
    *(Outcome.ENDPOINT_DOWN, Outcome.OUT_OF_TIME, Outcome.STOPPED, Outcome.RUN_FAILED),
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
        "from": Annotated[Moment | None, Field(description="Beginning of the window; null: chosen by GUID.")],
        "to": Annotated[Moment | None, Field(description="End of the window, which is not part of it.")],
    },
)


@described
class PlanPart(_Window):
    """What a replay sends, or would send."""

    made_at: Moment
    """By GitHub's clock."""
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
    """What `redeliver replay --format json` prints, and the output `report` of `org/redeliver-action/replay`.

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
