"""The output ``report`` as JSON: what the action writes and the tracking issue reads.

``make docs`` writes docs/report.schema.json from these types and their descriptions. A field that core/report.py has
under the same name means the same there.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypeAliasType, TypedDict

from redeliver.core.case import Outcome
from redeliver.core.health import MOST_TYPES, Health
from redeliver.core.report import MOST_CAUSES, VERSION

#: Types of events that are reported as failing.
MOST_FAILING_TYPES = 10
#: Far more than any count that the action writes; but a report can come from anywhere.
LARGEST_EXACT_INTEGER = 2**53
#: Characters of a sentence.
LONGEST_SENTENCE = 2_001

#: Of every part. Readers must expect fields that are new, writers may write none but these.
described = with_config(
    ConfigDict(
        strict=True,
        extra="ignore",
        use_attribute_docstrings=True,
        json_schema_extra={"additionalProperties": False},
    )
)

Count = TypeAliasType("Count", Annotated[int, Field(strict=True, ge=0, le=LARGEST_EXACT_INTEGER)])
Moment = TypeAliasType(
    "Moment",
    Annotated[int, Field(strict=True, ge=0, le=253_402_300_799_000, description="Epoch milliseconds; 0: not known.")],
)
Sentences = TypeAliasType("Sentences", list[Annotated[str, Field(max_length=LONGEST_SENTENCE)]])
#: Text from outside, and the most characters of it that are shown: what writes a report makes it plain.
Text30 = Annotated[str, Field(max_length=30), 30]
Text64 = Annotated[str, Field(max_length=64), 64]
Text100 = Annotated[str, Field(max_length=100), 100]
Text200 = Annotated[str, Field(max_length=200), 200]
#: As text: a report of a newer action may have others.
State = Annotated[str, Field(json_schema_extra={"enum": [*Health]})]
OutcomeCode = Annotated[str, Field(json_schema_extra={"enum": [*Outcome]})]

# Not as a class, since "from" is a word of the language.
GapPart = TypedDict("GapPart", {"from": Moment, "to": Moment})
described(GapPart)


@described
class DurationPart(TypedDict):
    """How long first attempts took."""

    p50: Count
    p95: Count
    max: Count


@described
class TypePart(TypedDict):
    """The first attempts of one type of event."""

    event: Annotated[str, Field(max_length=60)]
    events: Count
    delivered_first_try: Count
    p95_ms: Count | None


@described
class HealthPart(TypedDict):
    """How the first attempts of a webhook's events went."""

    state: State
    """docs/reference.md says when it is which."""
    events: Count | None
    """Events whose first attempt is in the window. Null, as the next four: the window was not read whole."""
    delivered_first_try: Count | None
    """Those of them that the first attempt delivered."""
    duration_ms: DurationPart | None
    """How long delivered first attempts took; p50 and p95 within 10 %. Null also: GitHub told no duration."""
    near_timeout: Count | None
    """First attempts that were delivered, but took more than 80 % of GitHub's time-out."""
    throttled: Count | None
    """First attempts that GitHub held back."""
    by_event: Annotated[list[TypePart], Field(max_length=MOST_TYPES + 1)]
    """The commonest type first; "other" is all types after the first hundred."""
    by_event_omitted: Count
    """Types that are left out, so that the report does not grow too large."""


@described
class RunHealthPart(TypedDict):
    """The state of the receivers."""

    state: State
    """The worst of the webhooks'; those in whose window no event arrived count only if there are no others."""


@described
class ExplanationPart(TypedDict):
    """What the receiver answered to the newest failed attempt of one cause.

    The receiver chose these texts: hand them to scripts in environment variables. Empty: it did not say.
    """

    cause: Text30
    """As in `events`."""
    events: Annotated[int, Field(ge=1)]
    """Events that failed with it."""
    delivery_id: Text30
    """The attempt's id, as text."""
    content_type: Text100
    server: Text100
    """The header `Server`."""
    title: Text100
    """The title of an HTML page."""
    body: Text200
    """The body's first 200 characters."""
    duration_ms: Count | None
    """How long GitHub waited, in milliseconds; null: not known."""


@described
class EventPart(TypedDict):
    """An event that was found undelivered."""

    guid: Text64
    """As in the header X-GitHub-Delivery."""
    event: Text100
    """`push`, `pull_request.opened`. Whoever sends the event may choose it: hand it to scripts in an environment
    variable."""
    first_failed_at: Moment
    """The earliest failed attempt that was read."""
    cause: Text30
    """Why the latest attempt failed: `HTTP 503`, `no connection`, `timed out`, `TLS failed`."""
    attempts: Annotated[int, Field(ge=1)]
    """Failed attempts that are known, the original included; there may have been more."""
    outcome: OutcomeCode
    detail: Text200
    """Why GitHub refused, or why its reply is unknown; else empty."""
    delivery_id: Text30
    """The id of the newest failed attempt, as text, as in GitHub's API for redeliveries."""
    forgotten_at: Moment
    """When GitHub forgets its first attempt: until then it can be redelivered. If the run did not read that attempt,
    this is the latest that it can be."""
    next_attempt_at: Moment | None
    """From when on a run redelivers it, if it is still undelivered; null: no run does, or GitHub was asked just
    now."""


@described
class FailingTypePart(TypedDict):
    """A type of event on which the receiver fails, so that the run left the other events of this type to the next."""

    event: Text100
    """`push`, `pull_request.opened`; `other`: all types after the first fifty."""
    waiting: Count
    """Events of this type that were not sent. Their outcome is `type_fails`."""
    cause: Text30
    """Why the last one that was sent failed; empty: none was sent, since too many of other types had failed."""
    guid: Text64
    """Of that one; empty if there is none."""


@described
class SendingPart(TypedDict):
    """How sending went."""

    per_minute: Count
    """Redeliveries a minute, from the first to the last; 0: there was one at most."""
    slowdowns: Count
    """How often sending slowed down because the receiver was overloaded."""
    slowed_by: Text30
    """The most common cause of that, as in `events`; empty: it did not slow down."""
    failing_types: Annotated[list[FailingTypePart], Field(max_length=MOST_FAILING_TYPES)]
    """Those with the most events first."""


@described
class ForecastPart(TypedDict):
    """What it takes to send the events that wait."""

    seconds: Count
    """How long sending takes at the pace of the settings and of GitHub's limits."""
    runs: Count
    """How many runs of `time-limit` that takes."""
    in_time: bool
    """Whether all are sent before GitHub begins to delete them, if one run follows the other."""


@described
class HookPart(TypedDict):
    """One run over one webhook."""

    hook: Text200
    """The webhook in words: `hook 1 of the organization octo`."""
    hook_id: Text200
    """Its id, as text, since it can have more digits than a JSON number keeps; empty for a GitHub App's webhook."""
    owner: Text200
    """Who has it: `octo`, `octo/hello`, or the GitHub App's id."""
    host: Annotated[str, Field(max_length=300)]
    """Its receiver's host; empty: not known, or `names_hosts` is false."""
    active: bool | None
    """Whether GitHub sends deliveries to it; null: GitHub does not say, or was not asked."""
    newest_delivery: Moment | None
    """When GitHub sent a new event last, of the attempts that were read; null: none of them was the first of its
    event."""
    silent: bool
    """Whether that is longer ago than the input `max-silence`."""
    start: Moment
    """The run's start on GitHub's clock."""
    cutoff: Moment
    """How far back the log was read."""
    checkpoint: Moment | None
    """The checkpoint as it is kept at the end; null: none is kept, or it could not be read."""
    read: bool
    """Whether its log was read; if not, its counts say nothing."""
    partial: bool
    """Whether only the newest part of the window was read, so that there may be more events than are counted."""
    gap: GapPart | None
    """The time whose deliveries GitHub deleted before any run had checked them; null: there is none."""
    deadline: Moment | None
    """When GitHub begins to delete what is still undelivered: the earliest `forgotten_at` of it; null: nothing is. If
    only part of the log was read, what was not read counts, too."""
    down: bool
    """Whether redeliveries have shown that the receiver is down."""
    down_since: Moment | None
    """Since when every attempt has failed; null: the receiver is not known to be down, or other attempts have
    succeeded."""
    scanned: Count
    """Attempts read."""
    failed: Count
    """Events found undelivered."""
    redelivered: Count
    """Redeliveries that GitHub accepted."""
    recovered: Count
    """Events delivered in the course of the run."""
    undelivered: Count
    """Events still undelivered at the end."""
    lost: Count
    """Events that no later run delivers: given up, or expired. They are part of `undelivered`."""
    health: HealthPart
    filtered_out: Count
    """Undelivered events that the input `events` leaves out; not in the counts above."""
    too_old: Count
    """Undelivered events that are older than the input `max-age`, so that no run sends them any more. They are part of
    `undelivered`, but not of `lost`."""
    explanations: Annotated[list[ExplanationPart], Field(max_length=MOST_CAUSES)]
    """What the receiver answered, with the input `explain`."""
    sending: SendingPart | None
    """Null: nothing was sent."""
    forecast: ForecastPart | None
    """What it takes to send what waits; null: nothing does, or too little was read to know."""
    errors: Sentences
    warnings: Sentences
    events: list[EventPart]
    """Oldest first."""
    events_omitted: Count
    """Events that are left out of `events`, so that the report does not grow too large. Recovered ones are left out
    first."""


@described
class ReportModel(TypedDict):
    """One run over all its webhooks, in at most 120,000 characters.

    Moments are epoch milliseconds. Every event that was found undelivered is in `events` or counted in
    `events_omitted`, unless its webhook is counted in `hooks_omitted`; `failed` = `recovered` + `undelivered`. Codes in
    snake_case never change their meaning. A change that breaks a reader raises `version`.
    """

    version: Annotated[int, Field(ge=VERSION, le=VERSION, json_schema_extra={"const": VERSION})]
    dry_run: bool
    scanned: Count
    """Attempts read, of all webhooks."""
    failed: Count
    """Events found undelivered, of all webhooks."""
    redelivered: Count
    """Redeliveries that GitHub accepted, of all webhooks."""
    recovered: Count
    """Events delivered in the course of the run, of all webhooks."""
    undelivered: Count
    """Events still undelivered at the end, of all webhooks."""
    lost: Count
    """Events that no later run delivers, of all webhooks; part of `undelivered`."""
    health: RunHealthPart
    heading: Annotated[str, Field(max_length=LONGEST_SENTENCE)]
    """The heading of the job summary, without its light: what it is, and how bad."""
    do_now: Annotated[str, Field(max_length=LONGEST_SENTENCE)]
    """What a person should do now, as on the job summary; empty: nothing."""
    names_hosts: bool
    """Whether texts may name hosts of receivers: so it is on a server, and in a workflow of a repository that is not
    public."""
    errors: Sentences
    """What makes the run fail, a sentence or two for each cause, however many webhooks have it. Those of each webhook
    are in `hooks`."""
    attention: Sentences
    """What stays so until somebody sees to it, however well runs go: a webhook is off, or a token ends soon. Those that
    make the run fail are in `errors`, too."""
    token_ends_at: Moment | None
    """When the first of the tokens ends that people have to renew; null: not known, or there is none."""
    hooks_unreached: Count
    """Webhooks that a run which was stopped has not come to."""
    hooks_omitted: Count
    """Webhooks that are left out of `hooks`, so that the report does not grow too large. Those with nothing to tell are
    left out first."""
    hooks: list[HookPart]


# -- what `redeliver show --format json` prints -------------------------------------------------------------------


@described
class AnswerPart(TypedDict):
    """What the endpoint answered, without addresses and without what it repeats of the request."""

    content_type: Text100
    server: Text100
    """The header `Server`."""
    title: Text100
    """The title of an HTML page."""
    body: Text200
    """The body's first 200 characters."""


@described
class AttemptPart(TypedDict):
    """One attempt of an event."""

    delivery_id: str
    """The attempt's id, as text, as in GitHub's API."""
    at: Moment
    """When it was made."""
    redelivery: bool
    """Whether somebody asked for it; false: the first attempt."""
    code: Annotated[int, Field(ge=0, le=999)]
    """The HTTP status code; 0: there is none."""
    status: Text200
    """How it ended, in GitHub's words, without addresses."""
    cause: str
    """Why it failed: `HTTP 503`, `no connection`, `timed out`, `TLS failed`; empty: it succeeded."""
    duration_ms: Count | None
    """How long GitHub waited, in milliseconds; null: not known."""
    response: AnswerPart | None
    """Empty texts: it did not say. Null: not known."""
    response_unknown: str
    """Why the response is not known; empty: it is."""


@described
class ShownPart(TypedDict):
    """An event that was found, of one webhook.

    Moments are epoch milliseconds. What an endpoint answered is text that a stranger wrote: do not paste it into a
    script.
    """

    hook: str
    """The webhook in words: `hook 1 of the organization octo`."""
    hook_id: str
    """Its id, as text, since it can have more digits than a JSON number keeps; empty for a GitHub App's webhook."""
    guid: str
    """As in the header X-GitHub-Delivery."""
    event: Text100
    """`push`, `pull_request.opened`."""
    delivered: bool
    """Whether one of the attempts succeeded."""
    attempts: Annotated[list[AttemptPart], Field(min_length=1)]
    """Every attempt that GitHub still has, oldest first."""
