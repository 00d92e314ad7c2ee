"""What happened in a run, as data. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from redeliver.core.case import LOST, PROBE_SIZE, Outcome
from redeliver.core.facts import Fact, FactKind, Facts, Since, grouped
from redeliver.core.health import Health, health_of, worst
from redeliver.core.settings import FailOn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from redeliver.core.deliveries import DeliveryStats
    from redeliver.core.endpoint import EndpointResponse
    from redeliver.errors import RedeliverError

#: The version of the report as JSON. A change that breaks a reader raises it.
VERSION = 1
#: Causes for which a run looks up what the receiver answered, one call each.
MOST_CAUSES = 3


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
    backlog: int
    """Seconds needed to redeliver all known undelivered events, within the pace and the limits."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The endpoint's response to one failed attempt, which represents all with the same cause."""

    cause: str
    events: int
    """Events of the webhook that failed with it."""
    delivery_id: str
    response: EndpointResponse


# -- what `redeliver show` finds -----------------------------------------------------------------------------------


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


# -- a run ----------------------------------------------------------------------------------------------------------


class EventCounts:
    """Counts of events, for any class that has events."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def events(self) -> tuple[EventReport, ...]:
            """Every event found undelivered, and those that were filtered out."""
            ...

    def count(self, *outcomes: Outcome) -> int:
        """Events with one of these outcomes."""
        return sum(event.outcome in outcomes for event in self.events)

    @property
    def failed(self) -> int:
        """Events found undelivered; what was filtered out does not count."""
        return len(self.events) - self.count(Outcome.FILTERED_OUT)

    @property
    def recovered(self) -> int:
        """Events that were delivered during the run."""
        return self.count(Outcome.RECOVERED)

    @property
    def undelivered(self) -> int:
        """Events not known to be delivered at the end, including lost events and those that are too old."""
        return self.failed - self.recovered

    @property
    def lost(self) -> int:
        """Events that no later run delivers."""
        return self.count(*LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class HookReport(EventCounts, Facts):
    """One run over one webhook. HookPart of the JSON says what fields mean that it has, too."""

    hook: str
    hook_id: str
    owner: str
    page: str
    """The address of the page with its deliveries, from the settings alone; empty: unknown."""
    active: bool | None = None
    start: int
    cutoff: int
    scanned: int
    redelivered: int
    events: tuple[EventReport, ...]
    """Every event found undelivered, oldest first, and those that were filtered out."""
    checkpoint: int | None
    read: bool = True
    partial: bool = False
    gap: tuple[int, int] | None = None
    deadline: int | None = None
    outage: Outage | None = None
    """None: the endpoint is not known to be down."""
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
    """How long the run took."""
    facts: tuple[Fact, ...] = field(init=False)
    """What users should know."""

    def __post_init__(self) -> None:
        # Once, since what a run ends with, its health and each of its pages go by them.
        object.__setattr__(self, "facts", tuple(_facts(self)))

    @property
    def succeeded(self) -> bool:
        """Whether it ended without an error or a signal; a spent time limit or a receiver that is down is none."""
        return self.read and not self.is_failing and not any(fact.kind is FactKind.STOPPED for fact in self.endings)

    @property
    def down(self) -> bool:
        """Whether redeliveries showed that its receiver is down."""
        return self.outage is not None

    @property
    def health(self) -> Health:
        """The state of its receiver. What the input ``events`` leaves out counts, too: it was not delivered."""
        return health_of(
            self.stats,
            down=self.down,
            undelivered=self.undelivered > 0 or self.gap is not None,
            in_doubt=self.is_failing or self.active is False,
        )

    @property
    def is_idle(self) -> bool:
        """Whether its health is unknown for one reason alone: there was no event."""
        idle = self.stats is not None and not self.stats.events and self.active is not False
        return idle and not self.is_failing and self.health is Health.UNKNOWN

    @property
    def time_left(self) -> int | None:
        """Milliseconds from the run's start until the deadline."""
        return None if self.deadline is None else self.deadline - self.start

    @property
    def short_name(self) -> str:
        """Its id, which is enough beside other webhooks; for an App's, the whole name."""
        return self.hook_id or self.hook


@dataclass(frozen=True, slots=True)
class Report(EventCounts, Facts):
    """One run over all its webhooks."""

    hooks: tuple[HookReport, ...]
    dry_run: bool = False
    signal_number: int | None = None
    fault: RedeliverError | None = None
    """What kept the run from all webhooks."""
    unreached: int = 0
    """Webhooks that a stopped run did not get to. They are not in ``hooks``."""
    left_out: Fact | None = None
    """That a pattern could not choose some of the webhooks."""
    facts: tuple[Fact, ...] = field(init=False)
    """What users should know, each cause once, losses first. Each webhook also has its own."""

    def __post_init__(self) -> None:
        own = [fact for fact in (self.fault and Fact.of(self.fault), self.left_out) if fact]
        facts = (*own, *grouped([(hook.hook, hook.facts) for hook in self.hooks]))
        object.__setattr__(self, "facts", facts)

    @property
    def events(self) -> tuple[EventReport, ...]:
        """The events of every webhook."""
        return tuple(event for hook in self.hooks for event in hook.events)

    @property
    def start(self) -> int:
        """When the run over the first webhook began; 0: none did."""
        return min((hook.start for hook in self.hooks), default=0)

    @property
    def cutoff(self) -> int:
        """How far back the log was read at most; 0: it was not."""
        return min((hook.cutoff for hook in self.hooks), default=0)

    @property
    def scanned(self) -> int:
        """Attempts read."""
        return sum(hook.scanned for hook in self.hooks)

    @property
    def redelivered(self) -> int:
        """Redeliveries that GitHub accepted."""
        return sum(hook.redelivered for hook in self.hooks)

    @property
    def deadline(self) -> int | None:
        """When GitHub begins to forget what is still undelivered; None: nothing is."""
        return min((hook.deadline for hook in self.hooks if hook.deadline is not None), default=None)

    @property
    def time_left(self) -> int | None:
        """The smallest number of milliseconds from a webhook's run until its deadline."""
        return min((hook.time_left for hook in self.hooks if hook.time_left is not None), default=None)

    @property
    def read(self) -> bool:
        """Whether every log was read that was to be read."""
        return self.signal_number is None and not self.unreached and all(hook.read for hook in self.hooks)

    @property
    def down(self) -> bool:
        """Whether a receiver is down."""
        return any(hook.down for hook in self.hooks)

    @property
    def in_doubt(self) -> bool:
        """Whether something may be undelivered: an event is, or a run that was not stopped did not read a log."""
        unread = self.signal_number is None and not all(hook.read for hook in self.hooks)
        return unread or self.undelivered > 0

    @property
    def health(self) -> Health:
        """The worst of the webhooks'; those without an event count only if there are no others."""
        states = [hook.health for hook in self.hooks if not hook.is_idle]
        return worst([*states, Health.UNKNOWN] if self.fault or self.unreached else states)

    @property
    def checkpoint(self) -> int | None:
        """The earliest of the checkpoints that are kept."""
        return min((hook.checkpoint for hook in self.hooks if hook.checkpoint is not None), default=None)

    def exit_code(self, fail_on: FailOn) -> int:
        """0, 1, or 128 + the signal's number."""
        if self.signal_number is not None:
            return 128 + self.signal_number
        failing = self.is_failing or (fail_on is FailOn.UNDELIVERED and self.in_doubt)
        return int(failing and fail_on is not FailOn.NEVER)


def _facts(hook: HookReport) -> Iterator[Fact]:
    """What users should know of a webhook."""
    yield from hook.endings
    if hook.active is False:
        yield Fact(FactKind.SWITCHED_OFF, {})
    if down := hook.outage:
        since = Since(down.since, down.at_least, hook.start)
        yield Fact(FactKind.DOWN, {"since": since, "probes": PROBE_SIZE, "cause": down.cause})
    if hook.gap:
        yield Fact(FactKind.GAP, {"since": hook.gap[0], "until": hook.gap[1]})
    for outcome, kind in ((Outcome.GIVEN_UP, FactKind.GIVEN_UP), (Outcome.EXPIRED, FactKind.EXPIRED)):
        if lost := [event for event in hook.events if event.outcome is outcome]:
            guids, until = tuple(event.guid for event in lost), min(event.forgotten_at for event in lost)
            yield Fact(kind, {"guids": guids, "until": until})
    for kind, ids in hook.unread.items():
        yield Fact(kind, {"ids": (*ids,)})
    if hook.failures_first:
        yield Fact(FactKind.FAILURES_FIRST, {})
    if hook.partial:
        kind = FactKind.NEWEST_READ_AND_GAP if hook.gap else FactKind.NEWEST_READ
        yield Fact(kind, {"back_to": hook.cutoff})
    if hook.clocks_differ_by:
        yield Fact(FactKind.CLOCKS_DIFFER, {"seconds": hook.clocks_differ_by / 1000})
