"""What happened in a run, as data. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redeliver.core.findings import RunStopped, Told, group
from redeliver.core.health import Health, health_of, worst
from redeliver.core.redelivery import LOST, Outcome
from redeliver.core.settings import FailOn

if TYPE_CHECKING:
    from redeliver.core.endpoint import EndpointResponse
    from redeliver.core.findings import AddressUnknown
    from redeliver.core.health import DeliveryStats
    from redeliver.errors import RedeliverError


@dataclass(frozen=True, slots=True)
class EventReport:
    """One event that was found undelivered, and its outcome. Moments are epoch milliseconds."""

    guid: str
    name: str
    first_failed_at: int
    """The earliest failed attempt that was read."""
    cause: str
    attempts: int
    outcome: Outcome
    detail: str
    """Why GitHub refused, or why its reply is unknown; else empty."""
    delivery_id: str
    """The newest failed attempt's id, as text: it has more digits than many JSON parsers keep."""
    forgotten_at: int
    """When GitHub forgets its first attempt: until then it can be redelivered. If that attempt was not read, this is
    the latest that it can be."""
    next_attempt_at: int | None
    """The earliest moment at which a run may redeliver it; None: no run will, or GitHub was just asked."""
    first_was_read: bool = True
    """Whether its first attempt was read. If not, it failed by ``first_failed_at``, and perhaps long before."""


@dataclass(frozen=True, slots=True)
class Outage:
    """An endpoint that is down, as redeliveries showed."""

    since: int | None
    """The moment since which every attempt has failed, in epoch milliseconds; None: others have succeeded."""
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
    """As in the events' reports."""
    events: int
    """Events of the webhook that failed with it."""
    delivery_id: str
    """The attempt's id, as text."""
    response: EndpointResponse


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
class HookReport(EventCounts):
    """One run over one webhook. Moments are epoch milliseconds; counts are of events unless they say otherwise."""

    hook: str
    """The webhook, for sentences."""
    hook_id: str
    """Its id, as text; empty for an App's."""
    owner: str
    """Its owner: ``octo``, ``octo/hello``, or the App's id."""
    page: str
    """The address of the page with its deliveries, from the settings alone; empty: unknown."""
    active: bool | None = None
    """Whether GitHub sends deliveries to it; None: GitHub does not say."""
    start: int
    cutoff: int
    scanned: int
    """Attempts read."""
    redelivered: int
    """Redeliveries that GitHub accepted."""
    events: tuple[EventReport, ...]
    """Every event found undelivered, oldest first, and those that were filtered out."""
    checkpoint: int | None
    """The checkpoint as it is kept at the end; None: none is kept, or it could not be read."""
    read: bool = True
    """Whether its log was read; if not, its counts say nothing."""
    partial: bool = False
    """Whether only the newest part of the window was read, so that there may be more events than are counted."""
    gap: tuple[int, int] | None = None
    """The time that GitHub forgot before a run could settle it; None: there is none."""
    deadline: int | None = None
    """When GitHub begins to forget what is still undelivered, as ``EventReport.forgotten_at``; None: nothing is."""
    outage: Outage | None = None
    """None: the endpoint is not known to be down."""
    stats: DeliveryStats | None = None
    """How the window's deliveries went; None: the window was not read whole."""
    explanations: tuple[Explanation, ...] = ()
    """What the endpoint answered, for a few causes, if that was asked for."""
    faults: tuple[RedeliverError, ...] = ()
    """What makes the run fail."""
    remarks: tuple[RedeliverError, ...] = ()
    """What does not make it fail, but the user should know."""
    seconds: float = 0.0
    """How long the run took."""

    @property
    def succeeded(self) -> bool:
        """Whether it ended without a fault or a signal; a spent time limit or a receiver that is down is no fault."""
        return self.read and not self.faults and not any(isinstance(one, RunStopped) for one in self.remarks)

    @property
    def errors(self) -> tuple[str, ...]:
        """The faults as sentences."""
        return tuple(map(str, self.faults))

    @property
    def warnings(self) -> tuple[str, ...]:
        """The remarks as sentences."""
        return tuple(map(str, self.remarks))

    @property
    def health(self) -> Health:
        """The state of its receiver. What the input ``events`` leaves out counts, too: it was not delivered."""
        return health_of(
            self.stats,
            down=self.outage is not None,
            undelivered=self.undelivered > 0 or self.gap is not None,
            in_doubt=bool(self.faults) or self.active is False,
        )

    @property
    def is_idle(self) -> bool:
        """Whether its health is unknown for one reason alone: there was no event."""
        idle = self.stats is not None and not self.stats.events and self.active is not False
        return idle and not self.faults and self.health is Health.UNKNOWN

    @property
    def time_left(self) -> int | None:
        """Milliseconds from the run's start until the deadline."""
        return None if self.deadline is None else self.deadline - self.start

    @property
    def short_name(self) -> str:
        """Its id, which is enough beside other webhooks; for an App's, the whole name."""
        return self.hook_id or self.hook


@dataclass(frozen=True, slots=True)
class Report(EventCounts):
    """One run over all its webhooks."""

    hooks: tuple[HookReport, ...]
    dry_run: bool = False
    signal_number: int | None = None
    fault: str = ""
    """The error that kept the run from all webhooks; empty: there was none."""
    unreached: int = 0
    """Webhooks that a stopped run did not get to. They are not in ``hooks``."""
    left_out: AddressUnknown | None = None
    """Webhooks that a pattern could not choose; None: there are none."""

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

    @property
    def faults(self) -> tuple[Told, ...]:
        """What makes the run fail, each cause once, losses first. Each webhook also has its own."""
        own = (Told(self.fault),) if self.fault else ()
        return (*own, *group([(hook, hook.faults) for hook in self.hooks]))

    @property
    def remarks(self) -> tuple[Told, ...]:
        """What does not make it fail, but users should know, each cause once."""
        left = self.left_out
        own = () if left is None else (Told(left.problem, left.next_step, type(left)),)
        return (*own, *group([(hook, hook.remarks) for hook in self.hooks]))

    @property
    def errors(self) -> tuple[str, ...]:
        """The faults as sentences."""
        return tuple(map(str, self.faults))

    @property
    def warnings(self) -> tuple[str, ...]:
        """The remarks as sentences."""
        return tuple(map(str, self.remarks))

    def exit_code(self, fail_on: FailOn) -> int:
        """0, 1, or 128 + the signal's number."""
        if self.signal_number is not None:
            return 128 + self.signal_number
        failing = bool(self.fault) or any(hook.faults for hook in self.hooks)
        failing |= fail_on is FailOn.UNDELIVERED and self.in_doubt
        return int(failing and fail_on is not FailOn.NEVER)
