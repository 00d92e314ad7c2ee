"""The window of a run, and what has been read of the log. Pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from redeliver.times import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from redeliver.core.deliveries import DeliveryLog, DeliveryStats, Event, UnreadRow

#: ``delivered_at`` can be out of order against ids by a delivery's time-out: 10 s, 30 s on Enterprise Server.
#: Milliseconds; twice that is looked past the cutoff.
SLACK = 60_000
#: Milliseconds before GitHub deletes a row that cannot be read, from which on it no longer holds the checkpoint: an
#: hour more than a day, since the action is to run at least once a day. If it held on, that would look like a gap.
_LET_GO = 25 * HOUR


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a run looks at. Every moment is in epoch milliseconds, on GitHub's clock."""

    start: int
    """The run's start, where the window ends."""
    stored: int | None
    """The checkpoint that was stored; None: there was none."""
    checkpoint: int
    """Where the run starts from: the stored checkpoint, otherwise ``lookback`` before the start, but not before
    ``retained_from``."""
    cutoff: int
    """Where the window begins: ``overlap`` before the checkpoint, but not before ``retained_from``."""
    retained_from: int
    """GitHub has deleted every delivery from before this moment."""


class Extent(Enum):
    """How much of the window has been read."""

    NEWEST = "newest"
    """Only the newest part."""
    FAILURES_FIRST = "failures first"
    """All of it, but GitHub was asked for the failures of the older part, which leaves out status codes 0 and 3xx."""
    WHOLE = "whole"


class Unread(Enum):
    """What a row that cannot be read means."""

    HARMLESS = "harmless"
    """No event is missed by it."""
    HOLDS = "holds"
    """It may be a failure, so the checkpoint stays before it."""
    LET_GO = "let go"
    """The same, but GitHub deletes it so soon that this may be the last run that sees it."""


class Successes:
    """When attempts succeeded, of whatever event: of each minute the first and the last, in epoch milliseconds."""

    def __init__(self) -> None:
        self._minutes: dict[int, tuple[int, int]] = {}
        self._sorted: list[int] = []

    def add(self, at: int) -> None:
        """Add one."""
        minute = at // MINUTE
        first, last = self._minutes.get(minute, (at, at))
        # min and max would take twice as long, and this is asked of each row.
        self._minutes[minute] = (at if at < first else first, at if at > last else last)  # noqa: FURB136
        self._sorted = []

    def any_between(self, after: int, before: int) -> bool:
        """Whether one is known after one moment and before another."""
        if not self._sorted:
            self._sorted = sorted(at for minute in self._minutes.values() for at in minute)
        place = bisect_right(self._sorted, after)
        return place < len(self._sorted) and self._sorted[place] < before


@dataclass(frozen=True, slots=True)
class Reading:
    """What a run has read of the log. Moments are in epoch milliseconds."""

    window: Window
    extent: Extent
    log: DeliveryLog
    scanned: int
    """Attempts read."""
    accounts_from: int
    """The moment from which every event is accounted for. Of those before it, only what was read is."""
    back_to: float
    """Every attempt at this moment or later has been read; -inf: the log has ended."""
    sought: frozenset[str]
    """Events that were read further back than that, and alone."""
    sought_back_to: float
    """How far back: as ``back_to``."""
    failures_only: bool
    """Whether a part of the window was read by asking for its failures."""
    successes: Successes
    """Of the attempts that were read, and of those that looks at the log have shown since."""
    any_row: bool
    """Whether an attempt was read, of whatever kind and age: GitHub's log is not empty."""
    newest_original: float
    """The newest moment of those that were read at which GitHub sent a new event; -inf: at none."""
    is_silent: bool
    """Whether that was longer ago than ``max-silence``, and nothing newer can have been missed."""
    any_success: bool
    """Whether an attempt that succeeded was read."""
    failing_since: int | None
    """The oldest of the newest attempts that all failed; None: the newest one succeeded."""
    stats: DeliveryStats | None
    """How the window's deliveries went; None: not all of its rows were read, successes too."""

    def undelivered(self, guids: Collection[str] | None = None) -> Sequence[Event]:
        """Events with a failed attempt in the window and no success. ``guids``: of these events alone."""
        return self.log.undelivered(self.window.cutoff, guids)

    def event_back_to(self, guid: str) -> float:
        """Every attempt of an event at this moment or later has been read."""
        return self.sought_back_to if guid in self.sought else self.back_to

    def first_by(self, event: Event) -> int:
        """When an event's first attempt was, in epoch milliseconds; if that was not read, by when, as far as known."""
        if event.original is not None:
            return event.first.at
        return int(min(event.first.at, max(self.event_back_to(event.guid), self.window.retained_from)))

    def is_whole(self, event: Event) -> bool:
        """Whether no attempt of an undelivered event can be missing: its original and all since were read."""
        return event.is_whole(self.event_back_to(event.guid))

    def is_read_out(self, guid: str) -> bool:
        """Whether GitHub has nothing more of an event than what was read."""
        return self.event_back_to(guid) <= self.window.retained_from

    def accepted_between(self, after: int, before: int) -> bool | None:
        """Whether the receiver accepted an event between two moments; None: too little was read to know."""
        if self.successes.any_between(after, before):
            return True
        return False if self.sought_back_to <= after else None

    def unread_rows(self) -> Mapping[Unread, list[UnreadRow]]:
        """Rows of the window that could not be read, by what they mean."""
        found: dict[Unread, list[UnreadRow]] = {}
        for row in self.log.unread(self.window.cutoff):
            at = self.window.start if row.at is None else row.at
            if not self.log.may_hide_a_failure(row):
                kind = Unread.HARMLESS
            else:
                kind = Unread.LET_GO if at < self.window.retained_from + _LET_GO else Unread.HOLDS
            found.setdefault(kind, []).append(replace(row, at=at))
        return found
