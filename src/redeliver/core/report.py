"""What happened in a run, as data. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, cast

from redeliver.core.case import LOST, Outcome
from redeliver.core.facts import NAMES, Fact, FactKind, Facts, grouped
from redeliver.core.health import Health, health_of, label_of
from redeliver.core.inputs import is_guid
from redeliver.core.settings import FailOn
from redeliver.text import OwnText, count, plain, some_of
from redeliver.times import DAY, HOUR, distance, duration, utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from redeliver.core.deliveries import DeliveryStats, EndpointResponse
    from redeliver.core.forecast import Forecast
    from redeliver.errors import RedeliverError

#: The version of the report as JSON. A change that breaks a reader raises it.
VERSION = 1
#: Causes for which a run looks up what the receiver answered, one call each.
MOST_CAUSES = 3
#: Milliseconds until GitHub forgets an event, below which that comes first of all.
URGENT = 12 * HOUR
#: Milliseconds before a token ends, from which on that is a warning, and an error.
TOKEN_WARNING = 14 * DAY
TOKEN_ERROR = 3 * DAY


@dataclass(frozen=True, slots=True)
class EventReport:
    """One event that was found undelivered, and its outcome. EventPart of the JSON says what its fields mean."""

    guid: str
    name: str
    first_failed_at: int
    cause: str
    attempts: int
    outcome: Outcome
    detail: str
    delivery_id: str
    forgotten_at: int
    next_attempt_at: int | None
    first_was_read: bool = True
    """Whether its first attempt was read. If not, it failed by ``first_failed_at``, and perhaps long before."""


@dataclass(frozen=True, slots=True)
class Outage:
    """An endpoint that is down, as redeliveries showed."""

    since: int | None
    """Epoch milliseconds since which every attempt has failed; None: others have succeeded."""
    at_least: bool
    """Whether the outage may have begun earlier than what was read."""
    cause: str
    """Why most events failed."""
    tests: int
    """Redeliveries that failed in this run."""


@dataclass(frozen=True, slots=True)
class FailingType:
    """A type of event that the receiver fails, so that a run leaves it to the next."""

    event: str
    """Its name; not to be trusted."""
    waiting: int
    """Events of it that were not sent."""
    cause: str
    """Why the last one that was sent failed; empty: none was sent, since too many others failed."""
    guid: str
    """Of that one."""


@dataclass(frozen=True, slots=True)
class SendingReport:
    """How sending went."""

    per_minute: int
    """Redeliveries, from the first to the last; 0: there was one at most."""
    slowdowns: int
    """How often sending slowed down because the receiver was overloaded."""
    slowed_by: str
    """The most common cause of that; empty: it did not slow down."""
    failing_types: tuple[FailingType, ...]
    """Those with the most events first."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The endpoint's response to one failed attempt, which represents all with the same cause."""

    cause: str
    events: int
    """Events of the webhook that failed with it."""
    delivery_id: str
    response: EndpointResponse


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    """One attempt, and the endpoint's response: AttemptPart of the JSON. Every text is safe to show."""

    delivery_id: str
    at: int
    redelivery: bool
    code: int
    status: str
    cause: str
    response: EndpointResponse | None
    unknown: str
    """Why the response is not known; empty: it is."""
    lookup_failed: bool = False
    """Whether that is a failure. It is none if GitHub does not have the attempt any more."""


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """One event of one webhook: every attempt that GitHub still has, oldest first, at least one."""

    hook: str
    hook_id: str
    guid: str
    name: str
    """``event`` or ``event.action``."""
    attempts: tuple[ShownAttempt, ...]

    @property
    def delivered(self) -> bool:
        """Whether an attempt delivered it."""
        return any(not attempt.cause for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class TokenEnd:
    """The end of a token that a person has to renew."""

    at: int
    """Epoch milliseconds."""
    left: int
    """Milliseconds until then, from the run's end."""
    page: str
    """The address where a new one is made."""
    is_webhooks: bool
    """Whether the webhooks are read with it, and not only the variable."""

    @property
    def facts(self) -> Iterator[Fact]:
        """That it ends soon; none: it does not."""
        if self.left < TOKEN_WARNING:
            kind = FactKind.TOKEN_ENDS_ERROR if self.left < TOKEN_ERROR else FactKind.TOKEN_ENDS_WARNING
            # Whole days, while there are some: the tracking issue is edited whenever the sentence changes.
            left = max(0, self.left - self.left % (DAY if self.left >= 2 * DAY else HOUR))
            use = "the webhook" if self.is_webhooks else "the variable"
            known = {"use": use, "until": self.at, "left": duration(left / 1000), "page": OwnText(self.page)}
            yield Fact(kind, known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Facts):
    """What is known of events, of one webhook or of all. It is worked out once, since there can be 100,000 of them.

    HookPart of the JSON says what the fields mean that it has, too, here and below.
    """

    events: tuple[EventReport, ...]
    """Every event found undelivered, oldest first, and those that were filtered out."""
    outcomes: Counter[Outcome] = field(init=False)
    """How many events have each outcome."""
    failed: int = field(init=False)
    recovered: int = field(init=False)
    undelivered: int = field(init=False)
    lost: int = field(init=False)
    open: int = field(init=False)
    """Events that a later run can deliver."""
    facts: tuple[Fact, ...] = field(init=False)
    """What users should know; of several webhooks each cause once, losses first."""
    down: bool = field(init=False)
    time_left: int | None = field(init=False)
    """Milliseconds from a run's end until GitHub begins to forget what is still undelivered; None: nothing is."""
    urgent: bool = field(init=False)
    """Whether that is soon."""
    late: bool = field(init=False)
    """Whether it is before all of it can be sent."""
    health: Health = field(init=False)
    """The state of the receiver; of several the worst."""

    def count(self, *outcomes: Outcome) -> int:
        """Events with one of these outcomes."""
        return sum(self.outcomes[outcome] for outcome in outcomes)

    def _work_out(self, facts: Iterable[Fact], *, time_left: int | None, **others: object) -> None:
        outcomes = Counter(event.outcome for event in self.events)
        failed, recovered = len(self.events) - outcomes[Outcome.FILTERED_OUT], outcomes[Outcome.RECOVERED]
        undelivered, lost = failed - recovered, sum(outcomes[outcome] for outcome in LOST)
        known = {
            "outcomes": outcomes,
            "failed": failed,
            "recovered": recovered,
            "undelivered": undelivered,
            "lost": lost,
            "open": undelivered - lost - outcomes[Outcome.TOO_OLD],
            "time_left": time_left,
            "urgent": time_left is not None and time_left < URGENT,
        }
        for name, value in (known | others).items():
            object.__setattr__(self, name, value)
        # Last, since they say some of it.
        object.__setattr__(self, "facts", tuple(facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class HookReport(Account):
    """One run over one webhook."""

    hook: str
    hook_id: str
    owner: str
    page: str
    """The address of the page with its deliveries, from the settings alone; empty: unknown."""
    active: bool | None = None
    newest_delivery: int | None = None
    silent: bool = False
    should_be_on: bool = False
    """Whether the settings name it by its id, and it was on not long ago: GitHub still has deliveries. Also if they say
    how long it may be silent at most."""
    start: int
    ended: int = 0
    """When the run over all webhooks ended, from which time that is left is counted; 0: as it started."""
    cutoff: int
    scanned: int
    redelivered: int
    checkpoint: int | None
    read: bool = True
    partial: bool = False
    unread_from: int | None = None
    """Where the part of the window begins that was not read, which ends at ``cutoff`` if any of it was read; None: all
    of it was, or it is not known."""
    unread_until: int | None = None
    """When GitHub begins to delete what was not read; None: as above."""
    gap: tuple[int, int] | None = None
    deadline: int | None = None
    outage: Outage | None = None
    """None: the endpoint is not known to be down."""
    forecast: Forecast | None = None
    """What it takes to send what is still undelivered; None: there is nothing, or too little was read to know."""
    host: str = ""
    """Where the webhook points; empty: not known, or not for everybody who may read this."""
    sending: SendingReport | None = None
    """None: nothing was sent."""
    stats: DeliveryStats | None = None
    """How the window's deliveries went; None: the window was not read whole."""
    explanations: tuple[Explanation, ...] = ()
    failures_first: bool = False
    """Whether GitHub was asked for the failures of the window's older part, and for nothing else."""
    unread: Mapping[FactKind, Sequence[str]] = field(default_factory=dict)
    """Ids of rows that could not be read, by how bad that is."""
    clocks_differ_by: int = 0
    """Milliseconds by which two of GitHub's responses disagreed on the time."""
    endings: tuple[Fact, ...] = ()
    """What ended the run, or a part of it, early."""
    seconds: float = 0.0
    health_why: str = field(init=False)
    """What decided about ``health``."""

    @property
    def names(self) -> dict[str, object]:
        """What facts call it, its receiver and what its events are for: by the host, or else the id."""
        webhook = f"webhook {self.label}" if self.hook_id else "the webhook"
        receiver = self.host or f"The receiver{f' of {webhook}' * bool(self.hook_id)}"
        of_host = f"The webhook of {self.host}" if self.host else webhook[0].upper() + webhook[1:]
        return dict(zip(NAMES, (self.host or webhook, receiver, of_host), strict=True))

    @property
    def label(self) -> str:
        """What tells it from others in a table. See :func:`label_of`."""
        return label_of(self.owner, self.hook_id) or self.hook

    def __post_init__(self) -> None:
        object.__setattr__(self, "ended", self.ended or self.start)
        time_left = None if self.deadline is None else self.deadline - self.ended
        late = self.forecast is not None and not self.forecast.in_time
        self._work_out(_facts(self), down=self.outage is not None, time_left=time_left, late=late)
        undelivered = f"{count(self.undelivered, 'event')} undelivered" if self.undelivered else ""
        if self.gap and not undelivered:
            undelivered = "GitHub deleted deliveries that no run had checked"
        doubts = {
            "the webhook is switched off": self.active is False,
            "GitHub sent no new event": self.silent,
            "the run failed": self.is_failing,
        }
        doubt = next((why for why, applies in doubts.items() if applies), "")
        # What the input ``events`` leaves out counts in ``stats``, too: it was not delivered.
        health, why = health_of(self.stats, down=self.down, undelivered=undelivered, doubt=doubt)
        object.__setattr__(self, "health", health)
        object.__setattr__(self, "health_why", why)


@dataclass(frozen=True, slots=True)
class Report(Account):
    """One run over all its webhooks."""

    hooks: tuple[HookReport, ...]
    dry_run: bool = False
    signal_number: int | None = None
    fault: RedeliverError | None = None
    """What kept the run from all webhooks."""
    unreached: int = 0
    """Webhooks that a stopped run did not get to. They are not in ``hooks``."""
    left_out: tuple[Fact, ...] = ()
    """What kept webhooks that may have been meant from being chosen."""
    tokens: tuple[TokenEnd, ...] = ()
    names_hosts: bool = False
    token_ends_at: int | None = field(init=False)
    events: tuple[EventReport, ...] = field(init=False)
    start: int = field(init=False)
    """When the run over the first webhook began; 0: none did."""
    ended: int = field(init=False)
    scanned: int = field(init=False)
    redelivered: int = field(init=False)
    deadline: int | None = field(init=False)
    checkpoint: int | None = field(init=False)
    """The earliest of the checkpoints that are kept."""
    read: bool = field(init=False)
    """Whether every log was read that was to be read."""
    partial: bool = field(init=False)
    in_doubt: bool = field(init=False)
    """Whether something may be undelivered: an event is, or a run that was not stopped did not read a log."""

    def __post_init__(self) -> None:
        hooks = self.hooks
        object.__setattr__(self, "events", tuple(event for hook in hooks for event in hook.events))
        own = [*([Fact.of(self.fault)] if self.fault else []), *self.left_out]
        own += [fact for token in self.tokens for fact in token.facts]
        least = {
            name: min((value for hook in hooks if (value := getattr(hook, name)) is not None), default=None)
            for name in ("deadline", "time_left", "checkpoint")
        }
        was_stopped, all_read = self.signal_number is not None, all(hook.read for hook in hooks)
        states = [Health.UNKNOWN] if self.fault or self.unreached else []
        for hook in hooks:
            no_event = hook.stats is not None and not hook.stats.events and hook.active is not False
            # A state that is unknown for no other reason says nothing beside those of others.
            if hook.health is not Health.UNKNOWN or hook.is_failing or not no_event:
                states.append(hook.health)
        # The webhook with least time left speaks for the others.
        facts = [*own, *grouped([(hook.hook, hook.facts) for hook in sorted(hooks, key=_time_left)])]
        self._work_out(
            sorted(facts, key=lambda fact: -fact.level),
            start=min((hook.start for hook in hooks), default=0),
            ended=max((hook.ended for hook in hooks), default=0),
            scanned=sum(hook.scanned for hook in hooks),
            redelivered=sum(hook.redelivered for hook in hooks),
            **least,
            token_ends_at=min((token.at for token in self.tokens), default=None),
            read=all_read and not (was_stopped or self.unreached),
            in_doubt=any(hook.undelivered for hook in hooks) or bool(self.unlisted) or not (was_stopped or all_read),
            partial=any(hook.partial for hook in hooks),
            down=any(hook.down for hook in hooks),
            late=any(hook.late for hook in hooks),
            health=min(states, key=[*Health].index, default=Health.UNKNOWN),
        )

    @property
    def unlisted(self) -> frozenset[str]:
        """The repositories whose webhooks could not be listed."""
        names = (fact.fields["names"] for fact in self.left_out if "names" in fact.fields)
        return frozenset(name for some in names for name in cast("tuple[str, ...]", some))

    def exit_code(self, fail_on: FailOn) -> int:
        """0, 1, or 128 + the signal's number."""
        if self.signal_number is not None:
            return 128 + self.signal_number
        return int(fail_on is not FailOn.NEVER and (self.is_failing or self.fails_by(fail_on)))

    def fails_by(self, fail_on: FailOn) -> bool:
        """Whether the step fails by that choice, even without an error."""
        if fail_on is FailOn.UNDELIVERED:
            return self.down or self.in_doubt
        return fail_on is FailOn.DOWN and self.down


def _time_left(hook: HookReport) -> float:
    return inf if hook.time_left is None else hook.time_left


def _facts(hook: HookReport) -> Iterator[Fact]:
    """What users should know of a webhook."""
    yield from hook.endings
    yield from _alarms(hook)
    if hook.outage:
        yield _down(hook.outage, hook)
    yield from _sending(hook.sending, hook)
    for outcome, kind in ((Outcome.GIVEN_UP, FactKind.GIVEN_UP), (Outcome.EXPIRED, FactKind.EXPIRED)):
        if lost := [event for event in hook.events if event.outcome is outcome]:
            until, attempts = min(event.forgotten_at for event in lost), min(event.attempts for event in lost)
            guids = tuple(event.guid for event in lost)
            yield Fact(kind, {"guids": guids, "until": until, "attempts": attempts} | hook.names)
    if hook.gap:
        yield Fact(FactKind.GAP, {"since": hook.gap[0], "until": hook.gap[1]} | hook.names)
    for kind, ids in hook.unread.items():
        yield Fact(kind, {"ids": (*ids,)})
    if hook.failures_first:
        yield Fact(FactKind.FAILURES_FIRST, {})
    if hook.partial:
        kind = FactKind.NEWEST_READ_AND_GAP if hook.gap else FactKind.NEWEST_READ
        yield Fact(kind, {"back_to": hook.cutoff})
    if hook.clocks_differ_by:
        yield Fact(FactKind.CLOCKS_DIFFER, {"seconds": hook.clocks_differ_by / 1000})


def _alarms(hook: HookReport) -> Iterator[Fact]:
    """What somebody must see to before something is lost."""
    if hook.urgent:
        yield _deadline_near(hook)
    if hook.silent and hook.active is not False:  # else that is why
        newest = hook.newest_delivery
        since = ", as far back as the log was read" if newest is None else f" since {utc(newest, hook.start)}"
        yield Fact(FactKind.SILENT, {"since": OwnText(since)} | hook.names)
    if hook.active is False:
        yield Fact(FactKind.SWITCHED_OFF_ERROR if hook.should_be_on else FactKind.SWITCHED_OFF_WARNING, hook.names)


def _deadline_near(hook: HookReport) -> Fact:
    """That little time is left; if only unread deliveries are about to be deleted, for those."""
    which = f"the oldest of {'at least ' * hook.partial}{count(hook.open, 'undelivered event')}"
    is_one = hook.open == 1 and not hook.partial
    fields = {
        "left": duration(left / 1000) if (left := max(0, hook.time_left or 0)) else "No time",
        "until": utc(hook.deadline or 0, hook.start),
        "which": "the undelivered event" if is_one else which,
        "number": 1 if is_one else 2,
    }
    return Fact(FactKind.DEADLINE_NEAR if hook.open else FactKind.UNREAD_DEADLINE_NEAR, fields)


def _sending(sending: SendingReport | None, hook: HookReport) -> Iterator[Fact]:
    """What the receiver could not handle: some types of event, or so many at a time."""
    if sending and (types := sending.failing_types):
        tried = next((one for one in types if one.cause), types[0])
        fields = {
            **hook.names,
            "types": some_of([plain(one.event, 80) for one in types]),
            "cause": tried.cause or "too many others failed",
            "events": sum(one.waiting for one in types),
            "guid": tried.guid if is_guid(tried.guid) else "GUID",
        }
        yield Fact(FactKind.TYPES_FAIL, fields)
    if sending and sending.slowdowns > 1:  # once can be the fault of one event
        yield Fact(FactKind.SLOWED, {"cause": sending.slowed_by, "per_minute": sending.per_minute})


def _down(outage: Outage, hook: HookReport) -> Fact:
    """That a receiver is down, and since when if that is known."""
    since, now = "", hook.start
    if outage.since is not None:
        earlier = " or earlier" * outage.at_least
        since = OwnText(f" since {utc(outage.since, now)}{earlier} ({distance(outage.since, now)})")
    return Fact(FactKind.DOWN, {"since": since, "probes": outage.tests, "cause": outage.cause} | hook.names)
