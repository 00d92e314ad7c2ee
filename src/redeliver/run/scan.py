"""Reading the delivery log: the window, and for some events what came before it."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from redeliver.core.deliveries import DeliveryLog, Filter, Page, succeeded
from redeliver.core.settings import ScanMode
from redeliver.errors import BrokenPaging, HourSpent, NextPageMissing, OutOfTime
from redeliver.run.allowance import Allowance, Verdict
from redeliver.run.log_lines import Progress
from redeliver.run.record import SLACK, Extent, Scan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from redeliver.console import Console
    from redeliver.core.ports import DeliverySource
    from redeliver.timing import RunClock

#: If this many of the newest attempts all failed, the endpoint looks down and is tested before more is read. An
#: outage of two days would otherwise fill the log, and every run would read all of it.
LONG_OUTAGE = 2_000
#: The share of the remaining time and calls that a walk may be expected to take, and the share for a walk that is
#: known to be too long.
_AFFORDABLE_SHARE = 0.8
_SHARE_FOR_NEWEST = 0.5
#: The share for pages of failures alone: only events in the part that is also read whole can be sent.
_SHARE_FOR_FAILURES = 0.25

#: Pages whose rows are compared with the next page's.
_PAGES_COMPARED = 3


def walk(
    source: DeliverySource,
    *,
    since: float,
    first: Mapping[str, str] | None = None,
    only: Filter | None = None,
    seen_ids: deque[set[int]] | None = None,
) -> Iterator[Page]:
    """Pages from the newest row to the first page whose rows are all older than ``since``.

    ``first``: the query of the page to begin with instead; ``seen_ids``: of the pages before it.

    Follows ``next`` past empty pages; rows that earlier pages had are left out, since a log that grows while it is
    read can push rows from one page to the next. A full page that names no next one is believed to be the last only if
    one that is a row shorter names one: a fault may have dropped the link. The walk then goes on from there.

    Raises:
        BrokenPaging: a page names a next page that has been read.
        NextPageMissing: there must be a next page, and none is named.
        ApiError, OutOfTime: as the source does; what was yielded until then is not the whole.
    """
    if seen_ids is None:
        seen_ids = deque(maxlen=_PAGES_COMPARED)
    seen_pages: set[frozenset[tuple[str, str]]] = set()
    query, unsure = first, False
    while True:
        page = source.page(query, only=only)
        ids = {row["id"] for row in page.rows}
        again = set[int]().union(*(ids & earlier for earlier in seen_ids))
        seen_ids.append(ids)
        yield _without(page, again) if again else page
        if page.next is None or (page.rows and max(page.times) < since):
            return
        if page.unsure and unsure:
            raise NextPageMissing(what="read the delivery log")
        key = frozenset(page.next.items())
        if key in seen_pages:
            raise BrokenPaging
        seen_pages.add(key)
        query, unsure = page.next, page.unsure


def _without(page: Page, ids: set[int]) -> Page:
    rows = [row for row in page.rows if row["id"] not in ids]
    return replace(page, rows=rows, left_out=tuple(row["delivered_at"] for row in page.rows if row["id"] in ids))


class Reader:
    """Reads one webhook's log, and stops where it could not finish."""

    def __init__(self, source: DeliverySource, clock: RunClock, console: Console) -> None:
        self._source = source
        self._clock = clock
        self._console = console
        self._progress = Progress(clock, console)
        # The plain walks continue one another, so they share this.
        self._seen_ids: deque[set[int]] = deque(maxlen=_PAGES_COMPARED)
        self._knows_filter = True
        self._failures_given_up = False

    def read_head(self, scan: Scan, mode: ScanMode) -> bool:
        """Read the newest attempts: until one has succeeded, LONG_OUTAGE have failed, or the window ends.

        True: LONG_OUTAGE have failed, so the endpoint looks down. The scan then ends with Extent.NEWEST, by which the
        checkpoint stays where it is unless more is read.
        With ``mode`` FAILURES, one page of failures comes first; if it has none in the window, that is all.

        Raises:
            ApiError, OutOfTime: reading stopped early, so the scan is unusable.
        """
        if mode is ScanMode.FAILURES:
            self._read_failures(scan, most=1)
            if self._knows_filter and not scan.log.undelivered(scan.window.cutoff):
                return False
        for page in walk(self._source, since=scan.window.cutoff - SLACK, seen_ids=self._seen_ids):
            self._take(scan, page, scan.window.cutoff - SLACK)
            if scan.any_success or scan.ends_at(scan.window.cutoff - SLACK):
                break
            if scan.scanned >= LONG_OUTAGE:
                scan.end(Extent.NEWEST)
                return True
        return False

    def read_window(self, scan: Scan, mode: ScanMode, *, postpone: bool) -> None:
        """Read on from the head, back to the cutoff.

        Where the window is too long for the time or for the hour's calls, GitHub is asked for its failures, and half
        of what is left is used to read the newest part whole. ``postpone``: if a new hour's calls would be enough, the
        window is left to a later run.

        Raises:
            HourSpent: too few of this hour's calls are left, and a new hour's will be enough.
            ApiError, OutOfTime: reading stopped early. What the head has shown stays valid.
        """
        if self._read_by_mode(scan, mode, postpone=postpone):
            scan.end(Extent.WHOLE)
            return
        self._console.line("Not enough time or API calls to read the whole window: asking GitHub for failures first")
        complete = self._read_failures(scan)
        if not self._knows_filter:
            raise OutOfTime(why="because there is too much to read and this server cannot list failures only")
        self._read_newest(scan)
        scan.end(Extent.FAILURES_FIRST if complete else Extent.NEWEST)

    def _read_by_mode(self, scan: Scan, mode: ScanMode, *, postpone: bool) -> bool:
        """Read as the settings say. False: reading stopped because it would take too long."""
        since: float = scan.window.cutoff - SLACK
        if mode is ScanMode.FAILURES:
            if not self._read_failures(scan):
                return False
            if self._knows_filter:
                # The failures are known now, and the newest can be sent without waiting for a new hour.
                since, postpone = self._oldest_candidate(scan) - SLACK, False
        return since == inf or scan.ends_at(since) or self._read_plainly(scan, since, postpone=postpone)

    def read_earlier_failures(self, scan: Scan, guids: Collection[str], since: float) -> None:
        """Read the earlier failures of some events, as GitHub's filter lists them, back to ``since`` at most.

        Few calls whatever the log's size; it ends as soon as every event's original is found. A success among them
        shows that the server ignores the filter; then the log must be read plainly.
        """
        allowance = Allowance(self._clock, self._source, _SHARE_FOR_FAILURES)
        for page in walk(self._source, since=since, only="failure"):
            scan.log.add(page.rows, only=guids)
            self._progress.of_failures(page)
            if any(map(succeeded, page.rows)) or not any(_lacks_original(scan.log, guid) for guid in guids):
                return
            if allowance.after_page(0) is not Verdict.READ_ON:
                return

    def read_earlier_attempts(self, scan: Scan, guids: Collection[str], since: float) -> None:
        """Read on, plainly, from where the window ended, for some events alone, back to ``since`` at most.

        Finds an earlier success, or an original that failed in a way the filter does not see (0, 3xx). It ends as
        soon as these events are read whole, and does not begin when it would take too long.
        """
        targets = [since if _lacks_original(scan.log, guid) else scan.log.event(guid).first.at for guid in guids]
        if scan.read_back_to > min(targets) and not self._read_plainly(scan, min(targets) - SLACK, only=guids):
            self._console.line("Not enough time or API calls to find the first attempt of every event")

    # -- walks --------------------------------------------------------------------------------------------------

    def _read_failures(self, scan: Scan, *, most: float = inf) -> bool:
        """Take in the failures that GitHub lists, at most ``most`` pages. False: there are too many to read all.

        Continues where an earlier call ended. Notices a server that does not know the filter.
        """
        since = scan.window.cutoff - SLACK
        if not self._knows_filter or scan.failures_back_to <= scan.window.cutoff:
            return True
        if self._failures_given_up:
            return False
        allowance = Allowance(self._clock, self._source, _SHARE_FOR_FAILURES)
        for pages, page in enumerate(walk(self._source, since=since, first=scan.next_failures, only="failure"), 1):
            scan.take_failures(page)
            self._progress.of_failures(page)
            if any(map(succeeded, page.rows)):
                self._knows_filter = False
                scan.failures_back_to = inf
                self._console.line("This server does not support the filter for failures: reading everything")
                return True
            if pages >= most:
                return True
            if page.next is not None and allowance.after_page(0) is not Verdict.READ_ON:
                self._failures_given_up = True
                return False
        scan.failures_back_to = -inf
        return True

    def _read_plainly(
        self, scan: Scan, since: float, *, only: Collection[str] | None = None, postpone: bool = False
    ) -> bool:
        """Read on, whole, down to ``since``. False: reading stopped because it would take too long.

        ``only``: take in these events alone, and end as soon as they are read whole.
        """
        allowance = Allowance(self._clock, self._source, _AFFORDABLE_SHARE, decides_early=only is not None)
        for page in walk(self._source, since=since, first=scan.next_page, seen_ids=self._seen_ids):
            self._take(scan, page, since, only=only)
            if only is not None and all(map(scan.is_read_whole, only)):
                return True
            verdict = Verdict.READ_ON if page.next is None else allowance.after_page(scan.pages_ahead(since))
            if postpone and verdict is Verdict.NEXT_HOUR:
                raise HourSpent(left=f"{self._source.quota.left:,.0f}")
            if verdict is not Verdict.READ_ON:
                return False
        return True

    def _read_newest(self, scan: Scan) -> None:
        """Read on, whole, with half of the time and of the calls, but no further than the oldest candidate."""
        since = self._oldest_candidate(scan) - SLACK
        if scan.read_back_to <= since + SLACK:
            return
        allowance = Allowance(self._clock, self._source, _SHARE_FOR_NEWEST)
        for page in walk(self._source, since=since, first=scan.next_page, seen_ids=self._seen_ids):
            self._take(scan, page, since)
            if page.next is not None and allowance.after_page(0) is not Verdict.READ_ON:
                return

    def _take(self, scan: Scan, page: Page, since: float, *, only: Collection[str] | None = None) -> None:
        scan.take(page, only=only)
        self._progress.of_walk(scan.scanned, scan.window.start, scan.read_back_to - SLACK, since)

    def _oldest_candidate(self, scan: Scan) -> float:
        """The first attempt of the oldest event in the window that may be undelivered; inf: there is none."""
        return min((event.first.at for event in scan.log.undelivered(scan.window.cutoff)), default=inf)


def _lacks_original(log: DeliveryLog, guid: str) -> bool:
    return not log.is_delivered(guid) and log.event(guid).original is None
