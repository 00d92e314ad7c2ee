"""How much of the log one walk may read, so that no run starts what it cannot finish."""

from __future__ import annotations

from enum import Enum
from math import inf
from typing import TYPE_CHECKING

from redeliver.core.forecast import BUDGET
from redeliver.github.pace import WINDOW

if TYPE_CHECKING:
    from redeliver.run.walk import DeliverySource
    from redeliver.timing import RunClock

#: Pages needed for a useful forecast.
_FEWEST_PAGES = 5
#: The share of what a walk may take that is spent before a forecast counts: a burst of events says nothing about the
#: hours before it, and asking for failures instead would miss some for good.
_SHARE_BEFORE_FORECAST = 0.1
#: The share of its time for which a walk may wait for a new hour's calls. A run that starts with them has more time
#: to send. Of the time that one of five hours has for its walk, this is more than an hour.
_SHARE_FOR_WAITING = 0.3


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
