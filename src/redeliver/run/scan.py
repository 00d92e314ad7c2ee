"""Reading the delivery log: the window, and for some events what came before it."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from redeliver.core.deliveries import DeliveryLog, succeeded
from redeliver.core.health import FirstAttempts
from redeliver.core.reading import SLACK, Extent, Reading, Successes
from redeliver.core.settings import ScanMode
from redeliver.errors import HourSpent, TooMuchToRead
from redeliver.run.log_lines import Progress
from redeliver.run.walk import Allowance, Cursor, Verdict
from redeliver.times import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from redeliver.console import Console
    from redeliver.core.deliveries import Page
    from redeliver.core.reading import Window
    from redeliver.core.settings import Settings
    from redeliver.run.walk import DeliverySource
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


class Reader:
    """Reads one webhook's log, and goes on where it stopped. What it has read so far is a :class:`Reading`."""

    def __init__(
        self,
        source: DeliverySource,
        window: Window,
        settings: Settings,
        clock: RunClock,
        console: Console,
        *,
        needs_newest: bool = False,
    ) -> None:
        """``needs_newest``: whether the newest attempts are read even where failures alone are asked for."""
        self._source = source
        self._window = window
        self._mode = settings.scan
        self._time_limit = duration(settings.time_limit)
        self._clock = clock
        self._console = console
        self._progress = Progress(clock, console)
        self._log = DeliveryLog()
        self._first_attempts = FirstAttempts(window.cutoff, settings.delivery_timeout)
        self._plain = Cursor(source)
        self._failures = Cursor(source, only="failure")
        self._knows_filter = True
        self._filter_abandoned = False
        self._since = window.cutoff - SLACK
        self._scanned = 0
        self._silent_since = window.start - settings.max_silence * 1000 if settings.max_silence else -inf
        self._needs_newest = needs_newest or settings.max_silence > 0
        self._newest_original = -inf
        self._successes = Successes()
        self._any_row = False
        self._any_success = False
        self._failing_since: int | None = None
        self._extent = Extent.NEWEST
        self._accounts_from = window.start
        self._sought = frozenset[str]()
        self._back_to: float = inf

    def read_outage(self) -> Reading | None:
        """Read the newest attempts: until one has succeeded, LONG_OUTAGE have failed, or the window ends.

        Returns what was read if LONG_OUTAGE have failed, so that the endpoint looks down. When failures alone are to be
        read, one page of them comes first; if it has none in the window, that is all. Raises ApiError or OutOfTime.
        """
        if self._mode is ScanMode.FAILURES:
            self._read_failures(most=1)
            if self._knows_filter and self._oldest_candidate() is None:
                return None
        for page in self._plain.read_back_to(self._since):
            self._take(page, self._since)
            if self._any_success:
                return None
            if self._scanned >= LONG_OUTAGE and not self._plain.is_past(self._since):
                return self._reading(Extent.NEWEST)
        return None

    def read_window(self, *, postpone: bool) -> Reading:
        """Read on from the head, back to the cutoff.

        Where the window is too long for the time or for the hour's calls, GitHub is asked for its failures, and half
        of what is left is used to read the newest part whole. ``postpone``: if a new hour's calls would be enough, the
        window is left to a later run.

        Raises:
            HourSpent: too few of this hour's calls are left, and a new hour's will be enough.
            ApiError, OutOfTime: reading stopped early. What the head has shown stays valid.
        """
        if self._read_by_mode(postpone=postpone):
            since = self._window.start if self._silent_since == -inf else self._silent_since
            if self._needs_newest and self._newest_original < since:
                # The first page of the log shows a new event, unless it has nothing but redeliveries.
                self._read_plainly(since, use_up=_SHARE_FOR_NEWEST, is_enough=lambda: self._newest_original >= since)
            return self._reading(Extent.WHOLE)
        self._console.line("too little time or API calls for all of it: asking GitHub for failures first", "Read")
        complete = self._read_failures()
        if not self._knows_filter:
            raise TooMuchToRead(limit=self._time_limit)
        oldest = self._oldest_candidate()
        if oldest is not None and self._plain.back_to > oldest:
            self._read_plainly(oldest - SLACK, use_up=_SHARE_FOR_NEWEST)
        return self._reading(Extent.FAILURES_FIRST if complete else Extent.NEWEST)

    def _read_by_mode(self, *, postpone: bool) -> bool:
        """Read as the settings say. False: reading stopped because it would take too long."""
        since: float = self._since
        if self._mode is ScanMode.FAILURES:
            if not self._read_failures():
                return False
            if self._knows_filter:
                # The failures are known now, and the newest can be sent without waiting for a new hour.
                oldest, postpone = self._oldest_candidate(), False
                if oldest is None:
                    return True
                since = oldest - SLACK
        return self._read_plainly(since, postpone=postpone)

    def read_earlier_failures(self, guids: Collection[str]) -> Reading:
        """Read the earlier failures of some events, as GitHub's filter lists them, back to what it has deleted.

        Few calls whatever the log's size; it ends as soon as every event's original is found. A success among them
        shows that the server ignores the filter; then the log must be read plainly.
        """
        allowance = Allowance(self._clock, self._source, _SHARE_FOR_FAILURES)
        for page in Cursor(self._source, only="failure").read_back_to(self._window.retained_from):
            self._log.add(page.rows, only=guids)
            self._progress.of_failures(page)
            if any(map(succeeded, page.rows)) or not any(self._lacks_original(guid) for guid in guids):
                break
            if allowance.after_page(0) is not Verdict.READ_ON:
                break
        return self._reading(self._extent)

    def read_earlier_attempts(self, guids: Collection[str]) -> Reading:
        """Read on, plainly, from where the window ended, for some events alone, back to what GitHub has deleted.

        Finds an earlier success, or an original that failed in a way the filter does not see (0, 3xx). It ends as
        soon as these events are read whole, and does not begin when it would take too long.
        """
        oldest = self._window.retained_from
        target = min(oldest if self._lacks_original(guid) else self._log.event(guid).first.at for guid in guids)
        if self._plain.back_to > target:
            self._sought = frozenset(guids)
            if not self._read_plainly(target - SLACK, is_enough=lambda: all(map(self._is_whole, guids))):
                self._console.line("too little time or API calls to find the first attempt of every event", "Read")
        return self._reading(self._extent)

    # -- walks --------------------------------------------------------------------------------------------------

    def _read_failures(self, *, most: float = inf) -> bool:
        """Take in the failures that GitHub lists, at most ``most`` pages. False: there are too many to read all.

        Continues where an earlier call ended. Notices a server that does not know the filter.
        """
        if not self._knows_filter:
            return True
        if self._filter_abandoned:
            return False
        allowance = Allowance(self._clock, self._source, _SHARE_FOR_FAILURES)
        for pages, page in enumerate(self._failures.read_back_to(self._since), 1):
            self._add(page)
            self._progress.of_failures(page)
            if any(map(succeeded, page.rows)):
                self._knows_filter = False
                self._console.line("this server has no filter for failures: reading everything", "Read")
                return True
            if pages >= most:
                return True
            if page.next is not None and allowance.after_page(0) is not Verdict.READ_ON:
                self._filter_abandoned = True
                return False
        return True

    def _read_plainly(
        self,
        since: float,
        *,
        use_up: float | None = None,
        is_enough: Callable[[], bool] = lambda: False,
        postpone: bool = False,
    ) -> bool:
        """Read on, whole, down to ``since``, or until it ``is_enough``. False: reading stopped to save time or calls.

        A forecast decides that, unless this share of them is to be used up.
        """
        share = _AFFORDABLE_SHARE if use_up is None else use_up
        allowance = Allowance(self._clock, self._source, share, decides_early=bool(self._sought))
        for page in self._plain.read_back_to(since):
            self._take(page, since)
            if page.next is None or is_enough():
                return True
            ahead = self._plain.pages_ahead(self._window.start, since) if use_up is None else 0
            verdict = allowance.after_page(ahead)
            if postpone and verdict is Verdict.NEXT_HOUR:
                raise HourSpent(left=f"{self._source.quota.left:,.0f}")
            if verdict is not Verdict.READ_ON:
                return False
        return True

    def _take(self, page: Page, since: float) -> None:
        """Take in a page of the plain walk down to ``since``."""
        self._add(page)
        self._scanned += len(page.rows)
        self._first_attempts.add(page.rows)
        for row in page.rows:
            if succeeded(row):
                self._any_success = True
                self._successes.add(row["delivered_at"])
            elif not self._any_success:
                self._failing_since = row["delivered_at"]
        self._progress.of_walk(self._plain, self._scanned, self._window.start, since)

    def _add(self, page: Page) -> None:
        """Take in what a page of any walk shows. Once there is something to send, the run waits as long as need be."""
        only = self._sought or None
        self._log.add(page.rows, only=only)
        self._log.set_aside(row for row in page.unread if only is None or row.guid in only)
        self._any_row |= bool(page.rows or page.unread)
        self._newest_original = max(self._newest_original, page.newest_original)
        if self._log.has_failures:
            self._clock.patience = inf

    # -- what has been read ---------------------------------------------------------------------------------------

    def _oldest_candidate(self) -> int | None:
        """The first attempt of the oldest event in the window that may be undelivered; None: there is none."""
        return min((event.first.at for event in self._log.undelivered(self._window.cutoff)), default=None)

    def _lacks_original(self, guid: str) -> bool:
        return not self._log.is_delivered(guid) and self._log.event(guid).original is None

    def _is_whole(self, guid: str) -> bool:
        return self._log.is_delivered(guid) or self._log.event(guid).is_whole(self._plain.back_to)

    def _reading(self, extent: Extent) -> Reading:
        """What has been read so far."""
        if not self._sought:
            # What is read later, for some events alone, changes neither.
            self._back_to = self._plain.back_to
            known = min(self._back_to, self._failures.back_to)
            self._accounts_from = int(min(max(self._window.cutoff, known), self._window.start))
        self._extent = extent
        return Reading(
            window=self._window,
            extent=extent,
            log=self._log,
            scanned=self._scanned,
            accounts_from=self._accounts_from,
            back_to=self._back_to,
            sought=self._sought,
            sought_back_to=self._plain.back_to,
            failures_only=extent is Extent.FAILURES_FIRST or self._mode is ScanMode.FAILURES,
            successes=self._successes,
            any_row=self._any_row,
            newest_original=self._newest_original,
            is_silent=self._newest_original < self._silent_since and self._plain.is_past(self._silent_since),
            any_success=self._any_success,
            failing_since=self._failing_since,
            stats=self._first_attempts.stats() if self._plain.back_to <= self._window.cutoff else None,
        )
