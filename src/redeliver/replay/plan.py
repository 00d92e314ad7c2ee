"""Which events a replay sends, chosen while the log is read from the newest row to the oldest. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redeliver.core.deliveries import Event, attempt_of, name_of
from redeliver.times import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redeliver.core.deliveries import Attempt, Row

#: Types of events that a plan counts separately; any more are counted together.
_TYPES = 100
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events are chosen. Moments are epoch milliseconds on GitHub's clock."""

    since: int
    """The earliest moment of an event's original. With ``guids``: how far back to look."""
    until: int
    """The first moment that is too late. It has no meaning with ``guids``."""
    guids: tuple[str, ...]
    """The only events; empty: all of the window."""
    events: frozenset[str]
    """Names of the only events, ``event`` or ``event.action``; empty: all are."""
    limit: int
    """How many events may be sent."""

    def fits(self, event: Event) -> bool:
        """Whether its name is one of those."""
        return not self.events or not self.events.isdisjoint({event.name, event.name.partition(".")[0]})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlan:
    """What a replay sends, and what that takes. Counts are of events, moments in epoch milliseconds."""

    selection: Selection
    made_at: int
    events: tuple[Event, ...]
    """What to send, oldest first; none when there are too many."""
    found: int
    by_type: tuple[tuple[str, int], ...]
    """How many of each type, such as ``push``; the most frequent first."""
    delivered: int
    """Those that an attempt has delivered already."""
    redelivered: int
    """Those that were redelivered within the hour before the plan, by anybody."""
    filtered_out: int
    """Those that ``Selection.events`` leaves out."""
    first: int | None
    """When the oldest was first sent; None: there is none."""
    last: int | None
    missing: tuple[str, ...]
    """Guids that are in no row."""
    scanned: int
    """Attempts read."""
    calls: int
    """Requests needed: those that read the log, and one for each event. Watching takes a few more."""
    seconds: int
    """How long sending takes at the pace and within the limits."""

    @property
    def too_many(self) -> bool:
        """Whether there are more than may be sent."""
        return self.found > self.selection.limit

    def was_redelivered(self, event: Event) -> bool:
        """Whether that event was redelivered within the hour before the plan."""
        return _redelivered_since(event, self.made_at - HOUR)


class Chooser:
    """Takes in a log's rows, newest first, and keeps the chosen events.

    An event's original is its oldest row. If a window has too many events, only counts are kept.
    """

    def __init__(self, selection: Selection, now: int) -> None:
        """``now``: GitHub's time, epoch milliseconds."""
        self._selection = selection
        self._now = now
        self._wanted = set(selection.guids)
        self._redeliveries: dict[str, tuple[str, list[Attempt]]] = {}
        self._events: list[Event] = []
        self._types: Counter[str] = Counter()
        self._taken: set[str] = set()
        self._found = self._delivered = self._redelivered = self._filtered_out = self._scanned = 0
        self._first: int | None = None
        self._last: int | None = None

    def add(self, rows: Iterable[Row]) -> None:
        """Take in a page."""
        for row in rows:
            self._scanned += 1
            guid = row["guid"]
            if self._selection.guids and guid not in self._wanted:
                continue
            attempt = attempt_of(row)
            if attempt.redelivery:
                self._redeliveries.setdefault(guid, (name_of(row), []))[1].append(attempt)
            elif self._selection.guids or self._selection.since <= attempt.at < self._selection.until:
                _, later = self._redeliveries.pop(guid, ("", []))
                self._take(Event(guid, name_of(row), (attempt, *sorted(later, key=lambda one: one.id))))

    @property
    def is_complete(self) -> bool:
        """Whether older rows cannot change anything: the original of every guid has been read."""
        return bool(self._selection.guids) and not self._wanted

    @property
    def scanned(self) -> int:
        """Attempts taken in so far."""
        return self._scanned

    def end(self) -> int:
        """There are no more rows. Returns the number of events to send."""
        if self._selection.guids:
            for guid, (name, later) in self._redeliveries.items():
                # GitHub has forgotten the original; a redelivery can be redelivered as well.
                self._take(Event(guid, name, tuple(sorted(later, key=lambda one: one.id))))
            self._redeliveries.clear()
        return self._found

    def plan(self, *, seconds: int, pages: int) -> ReplayPlan:
        """What is to be sent, after :meth:`end`; ``seconds``: how long sending takes; ``pages``: how many were read."""
        too_many = self._found > self._selection.limit
        events = sorted(self._events, key=lambda event: (event.first.at, event.first.id))
        return ReplayPlan(
            selection=self._selection,
            made_at=self._now,
            events=() if too_many else tuple(events),
            found=self._found,
            by_type=tuple(self._types.most_common()),
            delivered=self._delivered,
            redelivered=self._redelivered,
            filtered_out=self._filtered_out,
            first=self._first,
            last=self._last,
            missing=tuple(guid for guid in self._selection.guids if guid in self._wanted),
            scanned=self._scanned,
            calls=pages + self._found,
            seconds=seconds,
        )

    def _take(self, event: Event) -> None:
        if event.guid in self._taken:
            return  # a second original of one event: GitHub's logs have none
        self._wanted.discard(event.guid)
        if not self._selection.fits(event):
            self._filtered_out += 1
            return
        self._found += 1
        if self._found <= self._selection.limit:
            self._events.append(event)
            self._taken.add(event.guid)
        kind = event.name.partition(".")[0]
        self._types[kind if kind in self._types or len(self._types) < _TYPES else OTHER] += 1
        self._delivered += event.is_delivered
        self._redelivered += _redelivered_since(event, self._now - HOUR)
        at = event.first.at
        self._first = at if self._first is None else min(self._first, at)
        self._last = at if self._last is None else max(self._last, at)


def _redelivered_since(event: Event, moment: int) -> bool:
    return any(attempt.redelivery and attempt.at >= moment for attempt in event.attempts)
