"""How fast to send: GitHub's limits, and the user's own.

Facts (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api): 900 points a
minute, a GET costs 1 and a write 5; after a secondary limit, wait as told and slow down.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf
from operator import itemgetter

from redeliver.core.forecast import BUDGET, FOR_OTHERS, POINTS_A_MINUTE, SECONDS_PER_HOUR

#: Seconds in any of which the points of a minute are the limit.
WINDOW = 60.0
#: What a request waits for, as the end of "waiting for ...".
GITHUB_REFUSES = "GitHub to accept requests again"
POINTS_LIMIT = f"GitHub's limit of {POINTS_A_MINUTE} points a minute"
HOURLY_LIMIT = "GitHub's hourly rate limit"
SEND_RATE = "the send rate"
#: Redeliveries that may be sent at once after a pause.
BURST = 5
#: The lowest share of the full pace, and how much is regained in a minute.
_SLOWEST = 1 / 16
_RECOVERY = 1 / 16


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of GitHub's hourly rate limit, as its last response said. If it does not say, there is no limit.

    5,000 an hour for a personal token, 5,000 to 15,000 for an App's; an hour's calls all come back at its end. Source:
    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """

    left: float = inf
    """Calls within this hour."""
    hourly: float = inf
    """Calls of a whole hour."""
    resets_in: float = inf
    """Seconds until the hour ends; below 0 if it should be over."""

    def within(self, seconds: float) -> float:
        """How many calls can be made within this many seconds from now."""
        if seconds < self.resets_in:
            return self.left
        return self.left + self.hourly * (1 + (seconds - self.resets_in) // SECONDS_PER_HOUR)

    def wait(self, reserve: int, *, redelivery: bool = False) -> float:
        """Seconds until a call may be made that leaves the reserve, and for a redelivery the others' share."""
        if not 0 < self.resets_in < inf:
            return 0
        if self.left < reserve:
            return self.resets_in + 1
        if not redelivery or not self.hourly:
            return 0
        # The others' share shrinks as the hour passes.
        return max(0.0, self.resets_in - self.left * SECONDS_PER_HOUR / (self.hourly * FOR_OTHERS))


@dataclass(slots=True, eq=False)
class Pace:
    """Accounts for requests. Pure: it is told the time, in monotonic seconds, and never waits itself."""

    per_minute: int
    """Redeliveries."""
    _spent: deque[tuple[float, int]] = field(default_factory=deque, init=False)
    _points: int = field(default=0, init=False)
    _due: float = field(default=-inf, init=False)  # when the next redelivery is due at an even pace
    _blocked_until: float = field(default=-inf, init=False)
    _share: float = field(default=1.0, init=False)
    _share_since: float = field(default=0.0, init=False)

    def turn(self, points: int, now: float, *, redelivery: bool = False) -> tuple[float, str]:
        """How many seconds have to be waited before a request of that many points, and what for."""
        waits = [(self._blocked_until - now, GITHUB_REFUSES), (self._room_for(points, now) - now, POINTS_LIMIT)]
        if redelivery:
            ahead = (BURST - 1) * self._interval(now)
            waits.append((self._due - ahead - now, SEND_RATE))
        return max([(0.0, "another request"), *waits], key=itemgetter(0))

    def spent(self, points: int, now: float, *, redelivery: bool = False) -> None:
        """A request of that many points has been answered.

        It counts from its end: GitHub counted it earlier, so the window is on the safe side.
        """
        self._spent.append((now, points))
        self._points += points
        if redelivery:
            self._due = max(now, self._due) + self._interval(now)

    def limited(self, seconds: float, now: float, *, slower: bool) -> None:
        """GitHub said to wait that many seconds; ``slower``: and to go at half the pace from then on."""
        self._blocked_until = max(self._blocked_until, now + seconds)
        if slower:
            self._share = max(self.share(now) / 2, _SLOWEST)
            self._share_since = self._blocked_until

    def share(self, now: float) -> float:
        """The share of the full pace that is in force, from 1/16 to 1."""
        recovered = max(0.0, now - self._share_since) / 60 * _RECOVERY
        return min(1.0, self._share + recovered)

    def _interval(self, now: float) -> float:
        return 60 / (self.per_minute * self.share(now))

    def _room_for(self, points: int, now: float) -> float:
        """The earliest moment at which that many points fit into the window."""
        while self._spent and self._spent[0][0] <= now - WINDOW:
            self._points -= self._spent.popleft()[1]
        excess = self._points + points - BUDGET * self.share(now)
        if excess <= 0:
            return now
        for moment, cost in self._spent:
            excess -= cost
            if excess <= 0:
                return moment + WINDOW
        return now
