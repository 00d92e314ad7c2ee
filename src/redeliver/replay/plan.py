"""Which events a replay sends, chosen while the log is read from the newest row to the oldest. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redeliver.core.case import Case
from redeliver.core.deliveries import Event, attempt_of, name_of, named_type
from redeliver.core.health import MOST_TYPES
from redeliver.core.reading import SLACK
from redeliver.errors import WindowForgotten
from redeliver.times import HOUR, timestamp

if TYPE_CHECKING:
    from redeliver.core.deliveries import Page
    from redeliver.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Arrived:
    """The events that a receiver has."""

    guids: frozenset[str]
    age: int | None
    """Milliseconds since the list was written; None: not known, since it was read from a pipe.

    What was sent after that can be missing from it, and so is not chosen.
    """


class ReplayPlan:
    """Which events are chosen, and what sending them takes. It takes in a log's pages, newest first.

    An event's original is its oldest row. If there are too many events, only counts are kept. Moments are epoch
    milliseconds on GitHub's clock; PlanPart of the JSON says what fields mean that it has, too.
    """

    def __init__(self, settings: Settings, now: int, arrived: Arrived | None = None) -> None:
        """``now``: GitHub's time, epoch milliseconds. ``arrived``: what the receiver has; it is not chosen.

        Raises:
            WindowForgotten: GitHub has deleted the window's beginning.
        """
        oldest = now - settings.retention
        self.made_at = now
        self.since = oldest if settings.from_ is None else settings.from_.resolve(now)
        """The earliest moment of an event's original. With ``guids``: how far back to look."""
        # The settings were read by this machine's clock.
        if self.since < oldest - SLACK:
            raise WindowForgotten(oldest=timestamp(oldest))
        self.until = now if settings.to is None else settings.to.resolve(now)
        """The first moment that is too late. It has no meaning with ``guids``."""
        self.arrived = arrived.guids if arrived else frozenset[str]()
        if arrived and arrived.age is not None:
            self.until = min(self.until, now - arrived.age)
        self.guids = settings.guid
        """The only events; empty: all of the window."""
        self.limit = settings.limit
        self.cases: dict[str, Case] = {}
        """What to send by guid, oldest first; none when there are too many."""
        self.by_type: Counter[str] = Counter()
        self.found = self.delivered = self.redelivered = self.filtered_out = self.listed = 0
        self.first: int | None = None
        self.last: int | None = None
        self.missing: tuple[str, ...] = ()
        self.unread: tuple[str, ...] = ()
        """What to look for on the webhook's page: rows that cannot be read, and whose events may have been meant."""
        self.scanned = self.calls = self.seconds = 0
        self._retention = settings.retention
        self._names = settings.events
        self._wanted = set(settings.guid)
        self._without_original: dict[str, Case] = {}

    @property
    def too_many(self) -> bool:
        """Whether there are more than may be sent."""
        return self.found > self.limit

    @property
    def deadline(self) -> int | None:
        """When GitHub begins to delete what is chosen; None: nothing is."""
        return None if self.first is None else self.first + self._retention

    def was_redelivered(self, event: Event) -> bool:
        """Whether that event was redelivered within the hour before the plan."""
        at = redelivered_at(event)
        return at is not None and at >= self.made_at - HOUR

    def add(self, page: Page) -> None:
        """Take in a page."""
        self.calls += 1
        self.scanned += len(page.rows)
        self.unread += tuple(row.label for row in page.unread if row.at is None or row.at >= self.since)
        for row in page.rows:
            guid = row["guid"]
            if self.guids and guid not in self._wanted:
                continue
            attempt = attempt_of(row)
            if guid in self.arrived:
                self.listed += not attempt.redelivery and self.since <= attempt.at < self.until
                continue
            if case := self._without_original.pop(guid, None):
                case.add_attempts([attempt])
            else:
                case = Case(Event(guid, name_of(row), (attempt,)))
            if attempt.redelivery:
                self._without_original[guid] = case
            elif self.guids or self.since <= attempt.at < self.until:
                self._choose(case)

    @property
    def is_complete(self) -> bool:
        """Whether older rows cannot change anything: the original of every guid has been read."""
        return bool(self.guids) and not self._wanted

    def end(self) -> None:
        """Note that there are no more rows."""
        if self.guids:
            # GitHub has forgotten their originals; a redelivery can be redelivered as well.
            for case in self._without_original.values():
                self._choose(case)
        self.missing = tuple(guid for guid in self.guids if guid in self._wanted)
        self.calls += self.found
        kept = [] if self.too_many else self.cases.values()
        ordered = sorted(kept, key=lambda case: (case.event.first.at, case.event.first.id))
        self.cases = {case.event.guid: case for case in ordered}

    def _choose(self, case: Case) -> None:
        event = case.event
        if event.guid in self.cases:
            return  # a second original of one event: GitHub's logs have none
        self._wanted.discard(event.guid)
        kind, at = event.name.partition(".")[0], event.first.at
        if self._names and self._names.isdisjoint({event.name, kind}):
            self.filtered_out += 1
            return
        self.found += 1
        if not self.too_many:
            self.cases[event.guid] = case
        self.by_type[named_type(kind, self.by_type, MOST_TYPES)] += 1
        self.delivered += event.is_delivered
        self.redelivered += self.was_redelivered(event)
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)


def redelivered_at(event: Event) -> int | None:
    """When an event's newest redelivery was, in epoch milliseconds; None: there was none."""
    return max((attempt.at for attempt in event.attempts if attempt.redelivery), default=None)
