"""Logs with a past: many rows of mixed fortune, made quickly and always the same way."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from githubsim.clock import SECOND
from githubsim.outcomes import FAILURES, OK, Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from githubsim.hooks import Hook
    from githubsim.log import Row


@dataclass(frozen=True, slots=True)
class Mix:
    """How a log is made up.

    Attributes:
        failing: the share of events whose first attempt failed.
        recovered: the share of those that an earlier redelivery has delivered since.
        failures: how they failed; they take turns.
        spacing_ms: the time from one event to the next.
        redelivered_after_ms: how long after an event its redelivery came.
        jitter_ms: how far a row's time may lie from the moment its id belongs to.
    """

    failing: float = 0.05
    recovered: float = 0.25
    failures: Sequence[Outcome] = FAILURES
    spacing_ms: int = SECOND
    redelivered_after_ms: int = 600 * SECOND
    jitter_ms: int = 0


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was put in, oldest first: guids of events that were delivered at once, that recovered, that still fail."""

    delivered: tuple[str, ...]
    recovered: tuple[str, ...]
    undelivered: tuple[str, ...]


def seed(
    hook: Hook,
    events: int,
    *,
    until: int,
    mix: Mix | None = None,
    number: int = 0,
    kind: Callable[[int], Kind] | None = None,
) -> Seeded:
    """Fill a hook's log with so many events, the last of them at ``until``. ``number`` seeds the dice."""
    how, dice = mix or Mix(), random.Random(number)  # noqa: S311 - repeatable on purpose
    delivered: list[str] = []
    recovered: list[str] = []
    undelivered: list[str] = []

    def rows() -> Iterator[Row]:
        failed = 0
        for count in range(events):
            at = until - (events - 1 - count) * how.spacing_ms
            what = kind(count) if kind else None
            if dice.random() >= how.failing:
                row = hook.row(at, OK, kind=what, delivered_at=_near(at))
                delivered.append(row.guid)
                yield row
                continue
            row = hook.row(at, how.failures[failed % len(how.failures)], kind=what, delivered_at=_near(at))
            failed += 1
            yield row
            again = at + how.redelivered_after_ms
            if again <= until and dice.random() < how.recovered:
                recovered.append(row.guid)
                yield hook.row(again, OK, guid=row.guid, redelivery=True, kind=what, delivered_at=_near(again))
            else:
                undelivered.append(row.guid)

    def _near(at: int) -> int:
        return at - dice.randint(0, how.jitter_ms) if how.jitter_ms else at

    hook.load(rows())
    return Seeded(tuple(delivered), tuple(recovered), tuple(undelivered))
