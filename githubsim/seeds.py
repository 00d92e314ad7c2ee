"""Logs with a past: many rows of mixed fortune, made quickly and always the same way."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from githubsim.clock import SECOND
from githubsim.hooks import Hook
from githubsim.log import Row
from githubsim.outcomes import FAILURES, OK

#: How long after an event its redelivery came.
REDELIVERED_AFTER = 600 * SECOND


@dataclass(frozen=True, slots=True)
class Mix:
    """How a log is made up.

    Attributes:
        failing: the share of events whose first attempt failed; all kinds of failures take turns.
        recovered: the share of those that an earlier redelivery has delivered since.
        spacing_ms: the time from one event to the next.
    """

    failing: float = 0.05
    recovered: float = 0.25
    spacing_ms: int = SECOND


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was put in, oldest first: guids of events that failed at first, and either recovered or still fail."""

    recovered: tuple[str, ...]
    undelivered: tuple[str, ...]


def seed(hook: Hook, events: int, *, until: int, mix: Mix | None = None) -> Seeded:
    """Fill a hook's log with so many events, the last of them at ``until``."""
    how, dice = mix or Mix(), random.Random(0)
    recovered: list[str] = []
    undelivered: list[str] = []

    def rows() -> Iterator[Row]:
        for count in range(events):
            at = until - (events - 1 - count) * how.spacing_ms
            if dice.random() >= how.failing:
                yield hook.row(at, OK)
                continue
            row = hook.row(at, FAILURES[(len(recovered) + len(undelivered)) % len(FAILURES)])
            yield row
            again = at + REDELIVERED_AFTER
            if again <= until and dice.random() < how.recovered:
                recovered.append(row.guid)
                yield hook.row(again, OK, guid=row.guid, redelivery=True)
            else:
                undelivered.append(row.guid)

    hook.load(rows())
    return Seeded(tuple(recovered), tuple(undelivered))
