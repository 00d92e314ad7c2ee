"""Walks over a delivery log, from its newest row to its oldest, and how much of it one may read."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from enum import Enum
from math import inf
from typing import TYPE_CHECKING, Protocol

from redeliver.core.forecast import BUDGET
from redeliver.core.reading import SLACK
from redeliver.errors import BrokenPaging
from redeliver.github.pace import WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from redeliver.core.deliveries import Filter, Page
    from redeliver.github.pace import Quota
    from redeliver.timing import RunClock

#: Pages whose rows are compared with the next page's.
_PAGES_COMPARED = 3
#: Pages needed for a useful forecast.
_FEWEST_PAGES = 5
#: The share of what a walk may take that is spent before a forecast counts: a burst of events says nothing about the
#: hours before it, and asking for failures instead would miss some for good.
_SHARE_BEFORE_FORECAST = 0.1
#: The share of its time for which a walk may wait for a new hour's calls. A run that starts with them has more time
#: to send. Of the time that one of five hours has for its walk, this is more than an hour.
_SHARE_FOR_WAITING = 0.3


class DeliverySource(Protocol):
    """Returns pages of a delivery log."""

    @property
    def quota(self) -> Quota:
        """How many calls GitHub still allows within the hour."""
        ...

    def page(self, query: Mapping[str, str] | None = None, *, only: Filter | None = None) -> Page:
        """The first page, or the one that an earlier page's ``next`` names. Raises ApiError and OutOfTime."""
        ...


class Cursor:
    """How far a walk has come, so that it can be continued.

    It follows ``next`` past empty pages; rows that earlier pages had are left out, since a log that grows while it is
    read can push rows from one page to the next.
    """

    def __init__(self, source: DeliverySource, *, only: Filter | None = None) -> None:
        """``only``: GitHub is asked for these attempts alone."""
        self.pages = 0
        """How many were read."""
        self.back_to: float = inf
        """Every row at this moment (epoch ms) or later has been read; inf: none has, -inf: the log has ended."""
        self._source = source
        self._only = only
        self._next: Mapping[str, str] | None = None
        # The newest row of the last page that was not empty, and the row before the next page.
        self._newest: float = inf
        self._last_row_at: int | None = None
        self._seen_pages: set[frozenset[tuple[str, str]]] = set()
        self._seen_ids: deque[set[int]] = deque(maxlen=_PAGES_COMPARED)

    def is_past(self, since: float) -> bool:
        """Whether nothing is left to read down to that moment: nothing follows, or all of the last page is older."""
        return self.pages > 0 and (self._next is None or self._newest < since)

    def read_back_to(self, since: float) -> Iterator[Page]:
        """The pages that follow, to the first one whose rows are all older than ``since`` (epoch ms).

        Raises:
            BrokenPaging: a page names a next page that has been read.
            ApiError, OutOfTime: as the source does; what was yielded until then is not the whole.
        """
        while not self.is_past(since):
            if self._next is not None:
                key = frozenset(self._next.items())
                if key in self._seen_pages:
                    raise BrokenPaging
                self._seen_pages.add(key)
            yield self._take(self._source.page(self._next, only=self._only))

    def pages_ahead(self, start: int, since: float) -> float:
        """How many more pages there may be back to ``since``. ``start``: the run's.

        Estimated from all that was read, not from one walk: that may start in a burst of events, and in every run. The
        slack does not count as progress: a busy log has many pages within it. Nor does the last page, whose rows begin
        where the others end.
        """
        oldest = self.back_to - SLACK
        return (self.pages - 1) / max(1.0, start - oldest) * max(0.0, oldest - since)

    def _take(self, page: Page) -> Page:
        """Note where the walk is after a page. Returns the page without what earlier pages had."""
        self.pages += 1
        self._next = page.next
        # Its newest row decides: what follows is older, give or take the slack. Any other may have shown up late,
        # among rows far newer than itself.
        newest = max(page.times, default=inf)
        self.back_to = min(self.back_to, newest + SLACK) if page.next else -inf
        # A row without a time that is first on its page has its newer neighbour's.
        unread = tuple(replace(row, at=self._last_row_at) if row.at is None else row for row in page.unread)
        if page.rows:
            self._newest, self._last_row_at = newest, page.times[-1]
        ids = {row["id"] for row in page.rows}
        again = set[int]().union(*(ids & earlier for earlier in self._seen_ids))
        self._seen_ids.append(ids)
        return replace(page, rows=[row for row in page.rows if row["id"] not in again], unread=unread)


class Verdict(Enum):
    """Whether a walk reads on."""

    READ_ON = "read on"
    TOO_LONG = "too long"
    NEXT_HOUR = "too long for what is left of this hour's calls, and not for a whole hour's"


class Allowance:
    """A share of the time and of the hour's calls that are left."""

    def __init__(self, clock: RunClock, source: DeliverySource, share: float, *, decides_early: bool = False) -> None:
        """``decides_early``: a forecast counts after a few pages."""
        self._clock = clock
        self._source = source
        self._share = share
        self._decides_early = decides_early
        self._begin()

    def _begin(self) -> None:
        self._time = self._clock.remaining() * self._share
        self._quota_at_first = self._source.quota
        self._began = self._clock.now()
        self._pages = 0

    def after_page(self, ahead: float) -> Verdict:
        """Whether to read on after another page. ``ahead``: how many more are needed; 0: read until all is spent."""
        self._pages += 1
        if self._source.quota.left > self._quota_at_first.left:
            self._begin()  # a new hour has begun, and may have been waited for
        pages, hour, seconds = self._pages, self._quota_at_first, self._time
        # No less than GitHub's limit of points allows in the long run.
        a_page = max((self._clock.now() - self._began) / max(1, pages), WINDOW / BUDGET)

        def calls(within: float) -> float:
            return self._share * hour.within(_SHARE_FOR_WAITING * within)

        whole_hour = hour.hourly * self._share
        # What is left of an hour that others have used. A new one is worth no longer a wait than the clock says.
        soon = self._share * hour.within(self._clock.patience) if hour.left < whole_hour else inf
        most = min(seconds / a_page, calls(seconds), soon)
        if pages < _FEWEST_PAGES or (not self._decides_early and pages < most * _SHARE_BEFORE_FORECAST):
            return Verdict.READ_ON
        total = pages + ahead
        seconds_left = seconds - total * a_page
        # Whether the only reason is that most of this hour's calls were spent when the walk began.
        is_hour_spent = hour.left < whole_hour and total <= whole_hour and seconds_left >= 0
        if seconds_left >= 0 and total <= min(calls(seconds_left), soon if is_hour_spent else inf):
            return Verdict.READ_ON
        return Verdict.NEXT_HOUR if is_hour_spent else Verdict.TOO_LONG
