"""Receivers that missed events, and what hourly runs may come to with each.

Moments are in epoch milliseconds, spans in milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from githubsim.clock import HOUR, MINUTE, SECOND
from githubsim.receivers import Limited, Receiver, Slow, Unsteady, down_between, failure, flapping, lossy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    #: A receiver, from chance and when the first run begins.
    Make = Callable[[Random, int], Receiver]
TYPES = ("push", "issues", "check_run", "pull_request")


class Missed(NamedTuple):
    """So many events, evenly between two moments that lie so long before the first run."""

    number: int
    names: tuple[str, ...] = TYPES
    code: int = 500
    is_poison: bool = False
    """Whether each of their attempts ends so."""
    since: int = HOUR
    until: int = 10 * MINUTE


class Past(NamedTuple):
    """One of them."""

    name: str
    at: int
    code: int
    is_poison: bool


@dataclass(frozen=True)
class Scenario:
    """A receiver, what it missed, and what the runs may come to."""

    make: Make
    missed: tuple[Missed, ...]
    hours: float
    """Until everything is delivered that can be."""
    posts: int
    """In all runs, at most."""
    live: float = 5 * MINUTE
    """Between two new events, on average; inf: there are none."""
    is_up: bool = True
    """While runs are made."""

    def past(self, chance: Random, start: int) -> Iterator[Past]:
        """What was missed before that moment."""
        for number, names, code, is_poison, since, until in self.missed:
            for _ in range(number):
                yield Past(chance.choice(names), start - chance.randrange(until, since), code, is_poison)

    def future(self, chance: Random, start: int) -> Iterator[tuple[str, int]]:
        """New events, for three days: their types and when they happen."""
        at = float(start)
        while self.live < inf and at < start + 75 * HOUR:
            at += chance.expovariate(1 / self.live)
            yield chance.choice(TYPES[:3]), round(at)


def poison(number: int, *names: str, code: int = 500) -> Missed:
    return Missed(number, names, code, is_poison=True, since=2 * HOUR, until=HOUR)


def good(number: int, *names: str) -> Missed:
    return Missed(number, names, 502)


def down(code: int, since: float, until: float) -> Make:
    """Since and until so long after the first run begins."""
    return lambda _, start: down_between(start + since, start + until, failure(code))


def limited(takes: int, code: int, per: int = 15 * SECOND, *, harsh: bool = False) -> Make:
    return lambda *_: Limited(takes, failure(code), per, harsh=harsh)


def losing(share: float, code: int) -> Make:
    return lambda chance, _: lossy(share, chance, failure(code))


def crashing(name: str, code: int) -> Make:
    """On each event of one type."""
    return lambda *_: Receiver({name: failure(code)})


def healthy(*_: object) -> Receiver:
    return Receiver()


def slow(*_: object) -> Receiver:
    return Slow()


def unsteady(chance: Random, _: int) -> Unsteady:
    return flapping(2 * MINUTE, chance.randrange(4 * MINUTE), failure(502))


SCENARIOS = {
    "1,000, healthy": Scenario(healthy, (Missed(1_000),), 0.12, 1_000),
    "20, healthy": Scenario(healthy, (Missed(20),), 0.01, 20),
    "back in the first minute": Scenario(down(504, -HOUR, MINUTE), (Missed(600),), 1.2, 660),
    "down for 20 hours": Scenario(down(502, -HOUR, 20 * HOUR), (Missed(600),), 20.3, 1_200, is_up=False),
    "dies and comes back": Scenario(down(502, MINUTE, 3 * HOUR), (Missed(600),), 4.2, 800, is_up=False),
    "2 in 15 s, 429": Scenario(limited(2, 429), (Missed(120),), 14.2, 240),
    "2 in 15 s, 504": Scenario(limited(2, 504), (Missed(120),), 18.5, 240),
    "10 in 15 s, 429": Scenario(limited(10, 429), (Missed(600),), 4.2, 760),
    "10 in 15 s, 503": Scenario(limited(10, 503), (Missed(600),), 4.2, 760),
    "10 in 15 s, 504": Scenario(limited(10, 504), (Missed(600),), 5.2, 780),
    "10 in 15 s, refused ones too": Scenario(limited(10, 429, harsh=True), (Missed(300),), 4.2, 400),
    "30 in 15 s, 503": Scenario(limited(30, 503), (Missed(600),), 2.2, 700),
    "100 in 15 s, 429": Scenario(limited(100, 429), (Missed(600),), 0.1, 600),
    "20 a minute, 429": Scenario(limited(20, 429, MINUTE), (Missed(600),), 5.2, 800),
    "30 a minute, 503": Scenario(limited(30, 503, MINUTE), (Missed(2_000),), 6.2, 2_500),
    "8 s each, 4 at a time": Scenario(slow, (Missed(300),), 4.2, 370, live=15 * MINUTE),
    "flaps every 2 minutes": Scenario(unsteady, (Missed(1_000),), 24, 2_100, live=inf, is_up=False),
    "loses a tenth": Scenario(losing(0.1, 502), (Missed(300),), 5.2, 400),
    "poison of one type": Scenario(healthy, (poison(225, "check_suite"), good(1, "push")), 0.1, 25),
    "poison of one type that times out": Scenario(
        healthy, (poison(225, "check_suite", code=504), good(100, "push")), 0.2, 150
    ),
    "poison of five types": Scenario(healthy, (poison(300, *"abcde"), good(20, "push")), 0.1, 130),
    "poison among 30": Scenario(healthy, (poison(30, "check_suite"), good(10, "check_suite")), 4.2, 90),
    "1 % poisoned": Scenario(healthy, (poison(10, "push"), good(990, "push")), 0.12, 1_060),
    "1 % poisoned that time out": Scenario(healthy, (poison(10, "push", code=504), good(990, "push")), 0.4, 1_060),
    "20 % poisoned": Scenario(healthy, (poison(60, *TYPES), good(240, *TYPES)), 0.1, 360),
}
HALF_LOST = Scenario(losing(0.5, 500), (Missed(300),), inf, 1_600)
THREE_GOOD = Scenario(healthy, (poison(225, "check_suite"), good(3, "check_suite")), 48, 350)
