"""Walking the delivery log: the window, and for some events what came before it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from redeliver.core.deliveries import DeliveryLog, Filter, Page, moment, succeeded
from redeliver.core.settings import ScanMode
from redeliver.errors import BrokenPaging, HourSpent, OutOfTime
from redeliver.run.forecast import Forecast
from redeliver.run.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from redeliver.console import Console
    from redeliver.core.ports import DeliverySource
    from redeliver.github.quota import Quota
    from redeliver.timing import RunClock

#: ``delivered_at`` can be out of order against ids by a delivery's time-out: 10 s, 30 s on Enterprise Server.
#: Milliseconds; twice that is looked past the cutoff.
SLACK = 60_000
#: Attempts from the newest on without one success, after which the endpoint is asked whether it lives before more is
#: read: by and by an outage of two days fills the log, and every run would read all of it.
LONG_OUTAGE = 2_000
#: The share of the time and the calls left that a walk may be expected to take before it is called too long, and the
#: share that goes into a walk which is too long anyhow.
_AFFORDABLE = 0.8
_HALF = 0.5


@dataclass(slots=True)
class Scan:
    """What was read of the log."""

    log: DeliveryLog = field(default_factory=DeliveryLog)
    newest: float = inf
    """The moment (epoch ms) from which it was read; no row is younger."""
    pages: int = 0
    scanned: int = 0
    """Attempts read."""
    covered: float = inf
    """Every row at this moment (epoch ms) or later has been read, successes too."""
    rest: Mapping[str, str] | None = None
    """The query of the page after the last one read; None: nothing follows, or nothing was read."""
    filtered: bool = False
    """The window was too long to read whole, so that failures were asked for first."""
    failing: bool = True
    """Every attempt read has failed."""
    cut: bool = False
    """The window has been read down to ``covered`` only, since the endpoint seems dead."""

    def take(self, page: Page, *, only: Collection[str] | None = None) -> None:
        """Take in the next page of a plain walk."""
        self.log.add(page.rows, only=only)
        self.pages += 1
        self.scanned += len(page.rows)
        self.failing = self.failing and not any(map(succeeded, page.rows))
        self.rest = page.next
        oldest = min(map(moment, page.rows), default=inf)
        self.covered = min(self.covered, oldest + SLACK) if page.next else -inf

    @property
    def seems_dead(self) -> bool:
        """Whether many attempts were read and not one success, and there is more to read."""
        return self.failing and self.scanned >= LONG_OUTAGE and self.rest is not None

    def pages_ahead(self, since: float) -> float:
        """How many pages more there may be down to that moment (epoch ms).

        By all that was read, not by one walk alone: it may have begun amid many events at once, and would again in
        every run. The slack is no progress: a busy log has many pages within it.
        """
        oldest = self.covered - SLACK
        return self.pages / max(1.0, self.newest - oldest) * max(0.0, oldest - since)

    def is_read_whole(self, guid: str) -> bool:
        """Whether no row of an event can be missing: it is delivered, or its original and all since were read."""
        if self.log.is_delivered(guid):
            return True
        original = self.log.event(guid).original
        return original is not None and original.at >= self.covered


class TooLong(Exception):
    """Reading on would take longer than there is time."""


class SeemsDead(Exception):
    """Not one success for as long as LONG_OUTAGE."""


def walk(
    source: DeliverySource, *, since: float, start: Mapping[str, str] | None = None, only: Filter | None = None
) -> Iterator[Page]:
    """Pages from the newest row (or from ``start``) to the first page whose rows are all older than ``since``.

    Follows ``next`` past empty pages; rows that the pages before held already are left out, since a log that
    grows while it is read can push rows from one page to the next.

    Raises:
        BrokenPaging: a page names a next page that has been read.
        ApiError, OutOfTime: as the source does; what was yielded until then is not the whole.
    """
    seen_ids: deque[set[int]] = deque(maxlen=3)
    seen_pages: set[frozenset[tuple[str, str]]] = set()
    query = start
    while True:
        page = source.page(query, only=only)
        rows = [row for row in page.rows if not any(row["id"] in ids for ids in seen_ids)]
        seen_ids.append({row["id"] for row in page.rows})
        yield Page(rows, page.next)
        if page.next is None or (page.rows and max(map(moment, page.rows)) < since):
            return
        key = frozenset(page.next.items())
        if key in seen_pages:
            raise BrokenPaging
        seen_pages.add(key)
        query = page.next


class Reader:
    """Reads one hook's log, looking ahead so that no run starts what it cannot finish."""

    def __init__(self, source: DeliverySource, clock: RunClock, console: Console, quota: Callable[[], Quota]) -> None:
        """``quota``: how many calls GitHub still allows within the hour."""
        self._source = source
        self._clock = clock
        self._console = console
        self._quota = quota
        self._progress = Progress(clock, console)

    def window(
        self,
        scan: Scan,
        cutoff: int,
        mode: ScanMode = ScanMode.FULL,
        *,
        to_the_end: bool = True,
        may_wait: bool = False,
    ) -> None:
        """Read everything from where ``scan`` is back to the cutoff, in epoch milliseconds.

        Where the window is too long for the time or for the hour's calls, failures are asked for first, and as much
        as half of what there is goes into reading the newest part whole. Unless ``to_the_end``, it is left cut where
        the endpoint seems dead. ``may_wait``: where a new hour's calls would do, it is left to a later run.

        Raises:
            HourSpent: a new hour's calls will do, and too few are left of this one's.
            ApiError, OutOfTime: the scan broke off, and tells nothing.
        """
        try:
            self._window(scan, cutoff, mode, to_the_end=to_the_end, may_wait=may_wait)
        except SeemsDead:
            scan.cut = True
        else:
            scan.cut = False

    def _window(self, scan: Scan, cutoff: int, mode: ScanMode, *, to_the_end: bool, may_wait: bool) -> None:
        since: float = cutoff - SLACK
        if mode is ScanMode.FAILURES:
            may_wait = False  # what failed is known then, and the newest of it can be sent
            if self._failures(scan, since, to_the_end=to_the_end):
                since = _oldest(scan, cutoff) - SLACK
            else:
                self._console.line("This server does not know the filter for failures: reading everything")
        try:
            self._plain(scan, since, share=_AFFORDABLE, to_the_end=to_the_end, may_wait=may_wait)
        except TooLong:
            self._console.line("The window is too long to read whole in the time there is: asking for failures first")
            scan.filtered = True
            if not self._failures(scan, cutoff - SLACK):
                raise OutOfTime(why="the window is too long to read, and this server cannot filter it") from None
            self._plain(scan, _oldest(scan, cutoff) - SLACK, share=None)

    def attempts_before(self, scan: Scan, guids: Collection[str], since: float) -> None:
        """Count the earlier failed attempts of some events, back to the moment GitHub forgets.

        Few calls whatever the log's size; it is left as soon as every event's original is found. A server that does
        not know the filter gives itself away by a success: then the plain walk has to do.
        """
        for page in walk(self._source, since=since, only="failure"):
            scan.log.add(page.rows, only=guids)
            self._progress.of_failures(page)
            if any(map(succeeded, page.rows)) or not any(_lacks_original(scan.log, guid) for guid in guids):
                return

    def whole_before(self, scan: Scan, guids: Collection[str], since: float) -> None:
        """Read on, plainly, from where the window ended, for some events alone, back to ``since`` at the most.

        Finds an earlier success, or an original that failed in a way the filter does not see (0, 3xx). It is left as
        soon as these events are read whole, and not begun when it would take too long.
        """
        targets = [since if _lacks_original(scan.log, guid) else _first(scan.log, guid) for guid in guids]
        try:
            self._plain(scan, min(targets) - SLACK, share=_AFFORDABLE, only=guids)
        except TooLong:
            self._console.line("The log is too long to look for the beginning of every event")

    def _failures(self, scan: Scan, since: float, *, to_the_end: bool = True) -> bool:
        """Take in what the failure filter gives; False: the server does not know the filter."""
        failures = 0
        for page in walk(self._source, since=since, only="failure"):
            scan.log.add(page.rows)
            self._progress.of_failures(page)
            if any(map(succeeded, page.rows)):
                return False
            failures += len(page.rows)
            if failures >= LONG_OUTAGE and not to_the_end:
                self._see_whether_dead(scan, since)
                to_the_end = True
        return True

    def _see_whether_dead(self, scan: Scan, since: float) -> None:
        """Read the newest part without the filter, which leaves out every success."""
        for page in walk(self._source, since=since):
            scan.take(page)
            if not scan.failing:
                return
            if scan.seems_dead:
                raise SeemsDead

    def _plain(
        self,
        scan: Scan,
        since: float,
        *,
        share: float | None,
        only: Collection[str] | None = None,
        to_the_end: bool = True,
        may_wait: bool = False,
    ) -> None:
        """Go on reading, whole, down to ``since``.

        ``share``: of the time and the calls left, which may be used, or else TooLong as soon as that can be foreseen,
        or HourSpent if it ``may_wait`` for a new hour's calls; None: use half of them and stop there.
        """
        if scan.covered <= since + SLACK or (scan.rest is None and scan.scanned):
            return
        forecast = Forecast(self._clock, self._quota, _HALF if share is None else share)
        for page in walk(self._source, since=since, start=scan.rest):
            scan.take(page, only=only)
            forecast.note_page()
            self._progress.of_walk(scan, scan.covered - SLACK, since)
            if only is not None and all(map(scan.is_read_whole, only)):
                return
            if scan.rest is None:
                continue
            if scan.seems_dead and not to_the_end:
                raise SeemsDead
            ahead = 0.0 if share is None else scan.pages_ahead(since)
            if forecast.is_early(believed=only is not None) or forecast.affords(ahead):
                continue
            if share is None:
                return
            if may_wait and forecast.would_afford_in_a_new_hour(ahead):
                raise HourSpent(left=f"{self._quota().left:,.0f}")
            raise TooLong


def _oldest(scan: Scan, cutoff: int) -> float:
    """The first attempt of the oldest event in the window that may be undelivered; inf: there is none."""
    return min((event.attempts[0].at for event in scan.log.undelivered(cutoff)), default=inf)


def _first(log: DeliveryLog, guid: str) -> int:
    return log.event(guid).attempts[0].at


def _lacks_original(log: DeliveryLog, guid: str) -> bool:
    return not log.is_delivered(guid) and log.event(guid).original is None
