"""Which events a replay sends, chosen while the log is read from the newest row to the oldest. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from redeliver.core.case import Case
from redeliver.core.deliveries import Event, attempt_of, name_of
from redeliver.core.reading import SLACK
from redeliver.errors import WindowForgotten
from redeliver.times import HOUR, clock_time

if TYPE_CHECKING:
    from redeliver.core.deliveries import Page
    from redeliver.core.settings import Settings

#: Types of events that a plan counts separately; any more are counted together.
_TYPES = 100
OTHER = "other"


@dataclass(slots=True, kw_only=True)
class ReplayPlan:
    """Which events are chosen, and what sending them takes. An :class:`EventSelector` fills it in.

    Counts are of events, moments in epoch milliseconds on GitHub's clock.
    """

    made_at: int
    since: int
    """The earliest moment of an event's original. With ``guids``: how far back to look."""
    until: int
    """The first moment that is too late. It has no meaning with ``guids``."""
    guids: tuple[str, ...]
    """The only events; empty: all of the window."""
    limit: int
    """How many events may be sent."""
    cases: dict[str, Case] = field(default_factory=dict)
    """What to send by guid, oldest first; none when there are too many."""
    found: int = 0
    by_type: Counter[str] = field(default_factory=Counter)
    """How many of each type, such as ``push``."""
    delivered: int = 0
    """Those that an attempt has delivered already."""
    redelivered: int = 0
    """Those that were redelivered within the hour before the plan, by anybody."""
    filtered_out: int = 0
    """Those that the input ``events`` leaves out."""
    first: int | None = None
    """When the oldest was first sent; None: there is none."""
    last: int | None = None
    missing: tuple[str, ...] = ()
    """Guids that are in no row."""
    unread: tuple[str, ...] = ()
    """What to look for on the webhook's page: rows that cannot be read, and whose events may have been meant."""
    scanned: int = 0
    """Attempts read."""
    calls: int = 0
    """Requests needed: those that read the log, and one for each event. Watching takes a few more."""
    seconds: int = 0
    """How long sending takes at the pace and within the limits."""

    @property
    def too_many(self) -> bool:
        """Whether there are more than may be sent."""
        return self.found > self.limit

    def was_redelivered(self, event: Event) -> bool:
        """Whether that event was redelivered within the hour before the plan."""
        at = redelivered_at(event)
        return at is not None and at >= self.made_at - HOUR


def redelivered_at(event: Event) -> int | None:
    """When an event's newest redelivery was, in epoch milliseconds; None: there was none."""
    return max((attempt.at for attempt in event.attempts if attempt.redelivery), default=None)


class EventSelector:
    """Takes in a log's pages, newest first, and fills in a plan.

    An event's original is its oldest row. If a window has too many events, only counts are kept.
    """

    def __init__(self, settings: Settings, now: int) -> None:
        """``now``: GitHub's time, epoch milliseconds.

        Raises:
            WindowForgotten: GitHub has deleted the window's beginning.
        """
        oldest = now - settings.retention_ms
        since = oldest if settings.from_ is None else settings.from_.resolve(now)
        # The settings were read by this machine's clock.
        if since < oldest - SLACK:
            raise WindowForgotten(oldest=clock_time(oldest))
        until = now if settings.to is None else settings.to.resolve(now)
        self.plan = ReplayPlan(made_at=now, since=since, until=until, guids=settings.guid, limit=settings.limit)
        self._names = settings.events
        self._wanted = set(settings.guid)
        self._redelivered: dict[str, Case] = {}
        """Events whose original has not been read yet."""

    def add(self, page: Page) -> None:
        """Take in a page."""
        plan = self.plan
        plan.calls += 1
        plan.scanned += len(page.rows)
        plan.unread += tuple(row.label for row in page.unread if row.at is None or row.at >= plan.since)
        for row in page.rows:
            guid = row["guid"]
            if plan.guids and guid not in self._wanted:
                continue
            attempt = attempt_of(row)
            if case := self._redelivered.pop(guid, None):
                case.add_attempts([attempt])
            else:
                case = Case(Event(guid, name_of(row), (attempt,)))
            if attempt.redelivery:
                self._redelivered[guid] = case
            elif plan.guids or plan.since <= attempt.at < plan.until:
                self._choose(case)

    @property
    def is_complete(self) -> bool:
        """Whether older rows cannot change anything: the original of every guid has been read."""
        return bool(self.plan.guids) and not self._wanted

    def end(self) -> None:
        """Note that there are no more rows."""
        plan = self.plan
        if plan.guids:
            # GitHub has forgotten their originals; a redelivery can be redelivered as well.
            for case in self._redelivered.values():
                self._choose(case)
        plan.missing = tuple(guid for guid in plan.guids if guid in self._wanted)
        plan.calls += plan.found
        kept = [] if plan.too_many else plan.cases.values()
        ordered = sorted(kept, key=lambda case: (case.event.first.at, case.event.first.id))
        plan.cases = {case.event.guid: case for case in ordered}

    def _choose(self, case: Case) -> None:
        plan, event = self.plan, case.event
        if event.guid in plan.cases:
            return  # a second original of one event: GitHub's logs have none
        self._wanted.discard(event.guid)
        kind, at = event.name.partition(".")[0], event.first.at
        if self._names and self._names.isdisjoint({event.name, kind}):
            plan.filtered_out += 1
            return
        plan.found += 1
        if not plan.too_many:
            plan.cases[event.guid] = case
        plan.by_type[kind if kind in plan.by_type or len(plan.by_type) < _TYPES else OTHER] += 1
        plan.delivered += event.is_delivered
        plan.redelivered += plan.was_redelivered(event)
        plan.first = at if plan.first is None else min(plan.first, at)
        plan.last = at if plan.last is None else max(plan.last, at)
