"""Looking ahead while the log is read, so that no run starts what it cannot finish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.github.pace import BUDGET, WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from redeliver.github.quota import Quota
    from redeliver.timing import RunClock

#: Pages before a forecast is worth anything.
_FORECAST = 5
#: The share of what a walk may take that is spent before a forecast is believed: a burst of events says nothing about
#: the hours before it, and asking for failures instead would miss some for good.
_BELIEVED = 0.1
#: The share of its time that a walk may wait for a new hour's calls: a run that begins with them has more of its time
#: for sending.
_PATIENCE = 0.25


class Forecast:
    """What there is for a walk, in time and in calls, against what it takes."""

    def __init__(self, clock: RunClock, quota: Callable[[], Quota], share: float) -> None:
        """``share``: of the time and the calls that are left, which the walk may use."""
        self._clock = clock
        self._quota = quota
        self._share = share
        self._begin()

    def _begin(self) -> None:
        self._time = self._clock.remaining() * self._share
        self._there_was = self._quota()
        self._began = self._clock.now()
        self._pages = 0

    def note_page(self) -> None:
        """Another page was read."""
        self._pages += 1
        if self._quota().left > self._there_was.left:
            # A new hour has begun, and was perhaps waited for: everything is reckoned up anew.
            self._begin()

    def is_early(self, *, believed: bool) -> bool:
        """Whether too little was read to look ahead. ``believed``: a few pages are enough."""
        if self._pages < _FORECAST:
            return True
        most = min(self._time / self._a_page, self._calls(self._time))
        return not believed and self._pages < most * _BELIEVED

    def affords(self, ahead: float) -> bool:
        """Whether so many pages more can be read."""
        seconds_left = self._time - (self._pages + ahead) * self._a_page
        return seconds_left >= 0 and self._pages + ahead <= self._calls(seconds_left)

    def would_afford_in_a_new_hour(self, ahead: float) -> bool:
        """Whether nothing is wrong but that most of this hour's calls had been spent when the walk began."""
        total, whole_hour = self._pages + ahead, self._there_was.hourly * self._share
        spent = self._there_was.left < whole_hour
        return spent and total <= whole_hour and total * self._a_page <= self._time

    @property
    def _a_page(self) -> float:
        """Seconds, and no less than GitHub's limit of points allows in the long run."""
        return max((self._clock.now() - self._began) / max(1, self._pages), WINDOW / BUDGET)

    def _calls(self, seconds: float) -> float:
        return self._share * self._there_was.within(_PATIENCE * seconds)
