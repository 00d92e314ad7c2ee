"""Everything that one run has learned; the report is built from it.

Each field of a record is written once. A scan grows while the log is read.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field, replace
from enum import Enum
from math import inf
from typing import TYPE_CHECKING

from redeliver.core.deliveries import DeliveryLog, Page, succeeded
from redeliver.core.health import FirstAttempts
from redeliver.times import HOUR

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from redeliver.core.deliveries import Event, UnreadRow
    from redeliver.core.health import DeliveryStats
    from redeliver.core.plan import Plan, Rules
    from redeliver.core.redelivery import Outcome, Redelivery
    from redeliver.errors import CheckpointNotSaved, OutOfTime, RedeliverError, Stopped


#: ``delivered_at`` can be out of order against ids by a delivery's time-out: 10 s, 30 s on Enterprise Server.
#: Milliseconds; twice that is looked past the cutoff.
SLACK = 60_000
#: Milliseconds before GitHub deletes a row that cannot be read, from which on it no longer holds the checkpoint: an
#: hour more than a day, since the action is to run at least once a day. If it held on, that would look like a gap.
_LET_GO = 25 * HOUR
#: Milliseconds either side of GitHub's retention limit within which a delivery may or may not be gone already.
_UNSURE = 60_000


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
    """GitHub has forgotten every delivery from before this moment."""

    def gap(self, oldest_kept: int) -> tuple[int, int] | None:
        """The time that GitHub has forgotten before a run could settle it; None: there is none.

        ``oldest_kept``: how far back GitHub's log went when the window's beginning was read. While a long log is read,
        GitHub goes on forgetting; and the exact second is not documented.
        """
        until = oldest_kept + _UNSURE
        return (self.stored, until) if self.stored is not None and self.stored < until else None


class Extent(Enum):
    """How much of the window has been read."""

    BROKEN_OFF = "broken off"
    """Reading has not finished: nothing can be concluded."""
    NEWEST = "newest"
    """Only the newest part."""
    FAILURES_FIRST = "failures first"
    """All of it, but GitHub was asked for the failures of the older part, which leaves out status codes 0 and 3xx."""
    WHOLE = "whole"


@dataclass(slots=True)
class Scan:
    """What has been read of the log, and how far. Moments are in epoch milliseconds."""

    window: Window
    timeout: InitVar[int]
    """Seconds that GitHub waits for the endpoint's answer."""
    log: DeliveryLog = field(default_factory=DeliveryLog)
    first_attempts: FirstAttempts = field(init=False)
    """Counts of the window's events."""
    extent: Extent = Extent.BROKEN_OFF
    pages: int = 0
    scanned: int = 0
    """Attempts read."""
    read_back_to: float = inf
    """Every row at this moment or later has been read, successes too."""
    failures_back_to: float = inf
    """Every failure that GitHub lists at this moment or later has been read."""
    known_back_to: float = inf
    """Every failed attempt at this moment or later was known when the window had been read."""
    read_back_to_for_all: float = inf
    """As ``read_back_to``, for every event. What was read further back was read for ``sought`` alone."""
    sought: Collection[str] = ()
    last_page_newest: float = inf
    """The newest moment on the last page of a plain walk that was not empty."""
    next_page: Mapping[str, str] | None = None
    """The query of the page after the last one read; None: nothing follows, or nothing was read."""
    next_failures: Mapping[str, str] | None = None
    """The same for pages of failures."""
    oldest_success: float = inf
    """The oldest attempt of the window that succeeded, of those that have been read."""
    any_success: bool = False
    """Whether an attempt that succeeded has been read."""
    _last_row_at: int | None = None
    _last_failure_at: int | None = None
    failing_since: int | None = None
    """The oldest of the newest attempts that all failed; None: the newest one succeeded."""

    def __post_init__(self, timeout: int) -> None:
        self.first_attempts = FirstAttempts(self.window.cutoff, timeout)

    def take(self, page: Page, *, only: Collection[str] | None = None) -> None:
        """Take in the next page of a plain walk."""
        self.log.add(page.rows, only=only)
        if only is None:
            self._last_row_at = self._set_aside(page, self._last_row_at)
        else:
            self.log.set_aside(row for row in page.unread if row.guid in only)
        self.pages += 1
        self.scanned += len(page.rows)
        self.first_attempts.add(page.rows)
        for row in page.rows:
            if self.any_success or succeeded(row):
                self.any_success = True
                break
            self.failing_since = row["delivered_at"]
        for row in reversed(page.rows):
            if row["delivered_at"] >= self.window.cutoff and succeeded(row):
                self.oldest_success = min(self.oldest_success, row["delivered_at"])
                break
        self.last_page_newest = self.last_page_newest if page.newest is None else page.newest
        self.next_page = page.next
        self.read_back_to = _back_to(self.read_back_to, page)
        if only is None:
            self.read_back_to_for_all = self.read_back_to
        else:
            self.sought = only

    def take_failures(self, page: Page) -> None:
        """Take in the next page of failures."""
        self.log.add(page.rows)
        self._last_failure_at = self._set_aside(page, self._last_failure_at)
        self.next_failures = page.next
        self.failures_back_to = _back_to(self.failures_back_to, page)

    def _set_aside(self, page: Page, newer: int | None) -> int | None:
        """Keep the page's rows that cannot be read. Returns when its last row was.

        ``newer``: when the row before the page was, which stands for the time of one that has none and is first.
        """
        newer = self.window.start if newer is None else newer
        self.log.set_aside(replace(row, at=newer) if row.at is None else row for row in page.unread)
        return page.times[-1] if page.rows else newer

    def ends_at(self, since: float) -> bool:
        """Whether a plain walk down to that moment is over: nothing follows, or all of the last page is older."""
        return self.pages > 0 and (self.next_page is None or self.last_page_newest < since)

    def end(self, extent: Extent) -> None:
        """Record how reading the window ended. Rows read later for single events do not change it."""
        self.extent = extent
        self.known_back_to = min(self.read_back_to, self.failures_back_to)

    def pages_ahead(self, since: float) -> float:
        """How many more pages there may be back to that moment.

        Estimated from all that was read, not from one walk: that may start in a burst of events, and in every run. The
        slack does not count as progress: a busy log has many pages within it. Nor does the last page, whose rows begin
        where the others end.
        """
        oldest = self.read_back_to - SLACK
        return (self.pages - 1) / max(1.0, self.window.start - oldest) * max(0.0, oldest - since)

    def back_to(self, guid: str) -> float:
        """Every attempt of an event at this moment or later has been read."""
        return self.read_back_to if guid in self.sought else self.read_back_to_for_all

    def is_read_whole(self, guid: str) -> bool:
        """Whether no row of an event can be missing: it is delivered, or its original and all since were read."""
        if self.log.is_delivered(guid):
            return True
        original = self.log.event(guid).original
        return original is not None and original.at >= self.back_to(guid)


class Probe(Enum):
    """What the first redeliveries show about the endpoint."""

    UP = "up"
    DOWN = "down"
    """Each of them failed the way every attempt fails at an endpoint that is down."""
    UNDECIDED = "undecided"
    """Too few of them had an outcome in time, or GitHub refused one."""


class Sending(Enum):
    """How sending ended."""

    DONE = "done"
    ENDPOINT_DOWN = "endpoint down"
    OUT_OF_TIME = "out of time"


class Unread(Enum):
    """What a row that cannot be read means."""

    HARMLESS = "harmless"
    """No event is missed by it."""
    HOLDS = "holds"
    """It may be a failure, so the checkpoint stays before it."""
    LET_GO = "let go"
    """The same, but GitHub deletes it so soon that this may be the last run that sees it."""


@dataclass(slots=True)
class Record:
    """One run over one webhook, as far as it got."""

    rules: Rules
    window: Window | None = None
    active: bool | None = None
    """Whether GitHub sends deliveries to the webhook; None: it does not say."""
    scan: Scan | None = None
    retained_at_end: int | None = None
    """How far back GitHub's log went when the window had been read; None: reading did not finish."""
    early_probe: Probe | None = None
    """The result of the probe before the window was read; None: there was none."""
    window_plan: Plan | None = None
    """The plan by the window alone, for a run that ends before it has read the events' histories."""
    early_plan: Plan | None = None
    """The plan for the newest part of the log, made to choose the events of that probe; None: there was none."""
    plan: Plan | None = None
    expired: frozenset[str] = frozenset()
    """Guids of events whose first attempt has left GitHub's log."""
    redeliveries: dict[str, Redelivery] = field(default_factory=dict)
    """By guid. It grows: each redelivery is recorded before GitHub is asked."""
    anchored: int | None = None
    """The checkpoint that was written before anything was sent."""
    sending: Sending | None = None
    out_of_time: OutOfTime | None = None
    """Why sending ended before everything was sent."""
    ended_by: RedeliverError | Stopped | None = None
    saved: int | None = None
    """The checkpoint that was written at the end."""
    unsaved: CheckpointNotSaved | None = None

    def __setattr__(self, name: str, value: object) -> None:
        if getattr(self, name, None) not in (None, frozenset()):
            raise AttributeError(f"{name} is written once, and has been")
        object.__setattr__(self, name, value)

    @property
    def checkpoint(self) -> int | None:
        """The checkpoint as it is kept now; None: there is none, or it could not be read."""
        kept = self.window.stored if self.window else None
        return next((one for one in (self.saved, self.anchored, kept) if one is not None), None)

    @property
    def gap(self) -> tuple[int, int] | None:
        """The time that GitHub has forgotten before a run could settle it; None: there is none."""
        if self.window is None:
            return None
        return self.window.gap(self.window.retained_from if self.retained_at_end is None else self.retained_at_end)

    @property
    def read(self) -> bool:
        """Whether the log was read far enough to conclude anything."""
        return self.scan is not None and self.scan.extent is not Extent.BROKEN_OFF

    @property
    def stats(self) -> DeliveryStats | None:
        """How the window's deliveries went; None: not all of its rows were read, successes too."""
        if self.window is None or self.scan is None or not self.read or self.scan.read_back_to > self.window.cutoff:
            return None
        return self.scan.first_attempts.stats()

    @property
    def endpoint_down(self) -> bool:
        """Whether redeliveries showed that the endpoint is down."""
        return self.early_probe is Probe.DOWN or self.sending is Sending.ENDPOINT_DOWN

    def final_outcome(self, event: Event) -> Outcome | None:
        """Why no later run will send it; None: one may."""
        if self.window is None or self.scan is None:
            return None
        unchecked = () if self.scan.is_read_whole(event.guid) else (event.guid,)
        return self.rules.final_outcome(
            event, self.window.start, self.expired, self.scan.oldest_success, unchecked=unchecked
        )

    def unread_rows(self) -> Mapping[Unread, list[UnreadRow]]:
        """Rows of the window that could not be read, by what they mean."""
        found: dict[Unread, list[UnreadRow]] = {}
        if self.window is None or self.scan is None or not self.read:
            return found
        log = self.scan.log
        for row in log.unread(self.window.cutoff):
            at = self.window.start if row.at is None else row.at
            if not log.may_hide_a_failure(row):
                kind = Unread.HARMLESS
            else:
                kind = Unread.LET_GO if at < self.window.retained_from + _LET_GO else Unread.HOLDS
            found.setdefault(kind, []).append(replace(row, at=at))
        return found

    @property
    def cutoff(self) -> int:
        """The moment from which every event is accounted for. Of those before it, only what was read is."""
        if self.window is None:
            return 0
        if self.scan is not None and self.scan.extent is Extent.NEWEST:
            return int(min(max(self.window.cutoff, self.scan.known_back_to), self.window.start))
        return self.window.cutoff


def _back_to(before: float, page: Page) -> float:
    """How far back a walk has read after another page.

    Its newest row decides: what follows is older than that, but for the slack. Any other may have shown up late, among
    rows far newer than itself.
    """
    newest = inf if page.newest is None else page.newest
    return min(before, newest + SLACK) if page.next else -inf
