"""Receivers with troubles of their own: limited, slow, lossy, down at times, or with a handler that always fails.

Moments and spans are in milliseconds, and nothing but what arrives moves them on.
"""

from __future__ import annotations

import heapq
import random
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Mapping
from math import inf

from githubsim.clock import SECOND
from githubsim.endpoint import Dispatch
from githubsim.outcomes import NO_CONNECTION, OK, TIMED_OUT, UNAVAILABLE, Outcome, invalid_response


def failure(code: int) -> Outcome:
    """How GitHub writes down such a failure. 504: the receiver took too long; 0: nothing listens there."""
    return {0: NO_CONNECTION, 504: TIMED_OUT}.get(code) or invalid_response(code)


class Receiver:
    """Healthy. ``poison``: how every attempt of an event ends, by its guid or its type, whatever else is the matter."""

    takes = inf
    """How many in ``per``."""
    per = 15 * SECOND

    def __init__(self, poison: Mapping[str, Outcome] | None = None) -> None:
        """Nothing has arrived."""
        self.poison = dict(poison or {})
        self.hits: list[int] = []
        """When something arrived, redelivered or not."""
        self.arrivals: Counter[str] = Counter()
        """What it accepted, by guid."""

    def deliver(self, dispatch: Dispatch) -> Outcome:
        """Take one attempt, as an endpoint does."""
        return self.attempt(dispatch.guid, dispatch.kind.event, dispatch.at)

    def attempt(self, guid: str, event: str, at: int) -> Outcome:
        """Take one attempt of an event."""
        self.hits.append(at)
        outcome = self.poison.get(guid) or self.poison.get(event) or self.answer(at)
        if outcome.succeeded:
            self.arrivals[guid] += 1
        return outcome

    def answer(self, _at: int) -> Outcome:
        """How an attempt ends that is no poison."""
        return OK

    def peak(self, since: int) -> float:
        """The most that arrived within ``per``, from that moment on, of what it takes."""
        hits = sorted(at for at in self.hits if at >= since)
        within = (place + 1 - bisect_right(hits, at - self.per) for place, at in enumerate(hits))
        return max(within, default=0) / self.takes


class Unsteady(Receiver):
    """Down whenever ``down`` says with what it fails then."""

    def __init__(self, down: Callable[[int], Outcome | None]) -> None:
        """``down`` is given the moment; None: it is up."""
        super().__init__()
        self._down = down

    def answer(self, at: int) -> Outcome:
        """As it is at that moment."""
        return self._down(at) or OK


def down_between(start: float, end: float, outcome: Outcome = UNAVAILABLE) -> Unsteady:
    """Dead from one moment to another, inf: for good."""
    return Unsteady(lambda at: outcome if start <= at < end else None)


def flapping(half: int, phase: int = 0, outcome: Outcome = UNAVAILABLE) -> Unsteady:
    """Up for so long, down for as long, and so on."""
    return Unsteady(lambda at: outcome if (at + phase) // half % 2 else None)


def lossy(share: float, chance: random.Random, outcome: Outcome = UNAVAILABLE) -> Unsteady:
    """Loses such a share of what arrives."""
    return Unsteady(lambda _at: outcome if chance.random() < share else None)


class Limited(Receiver):
    """Takes so many within a span of time. ``harsh``: what it refuses counts as well."""

    def __init__(self, takes: int, outcome: Outcome, per: int = 15 * SECOND, *, harsh: bool = False) -> None:
        """``outcome``: how it refuses."""
        super().__init__()
        self.takes, self.per = takes, per
        self._outcome, self._harsh = outcome, harsh
        self._taken: deque[int] = deque()

    def answer(self, at: int) -> Outcome:
        """Refuse what is too much."""
        while self._taken and self._taken[0] <= at - self.per:
            self._taken.popleft()
        is_full = len(self._taken) >= self.takes
        if self._harsh or not is_full:
            self._taken.append(at)
        return self._outcome if is_full else OK


class Slow(Receiver):
    """Works on a few at a time, for so long each. The others queue, until GitHub gives up on them."""

    def __init__(self, each: int = 8 * SECOND, workers: int = 4) -> None:
        """``each``: how long the work on one event takes; it is done even if nobody waits for it any more."""
        super().__init__()
        self.takes = workers * self.per / each
        self._each, self._free = each, [0] * workers

    def answer(self, at: int) -> Outcome:
        """Do the work when a worker is free."""
        done = max(at, heapq.heappop(self._free)) + self._each
        heapq.heappush(self._free, done)
        return TIMED_OUT if done - at > TIMED_OUT.duration_ms else OK._replace(duration_ms=done - at)
