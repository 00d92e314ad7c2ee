"""Time in the simulation: epoch milliseconds, from whichever clock was put in."""

from __future__ import annotations

import time
from collections.abc import Callable

EpochMs = Callable[[], int]

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_794_000_000_000
"""Where virtual time begins unless a test says otherwise: a moment in November 2026."""


class VirtualClock:
    """One clock for the model and for the run under test: a sleep moves the whole world on.

    It is an ``EpochMs`` for the model and a ``redeliver.clock.Clock`` for the run.
    """

    def __init__(self, now: int = START) -> None:
        """Begin at ``now``, in epoch milliseconds."""
        self._start = now
        self._now = now

    def __call__(self) -> int:
        return self._now

    def advance(self, milliseconds: float) -> None:
        """Move on; time never goes back."""
        if milliseconds < 0:
            msg = f"time does not go back ({milliseconds} ms)"
            raise ValueError(msg)
        self._now += round(milliseconds)

    def monotonic(self) -> float:
        """Seconds since the clock began."""
        return (self._now - self._start) / SECOND

    def sleep(self, seconds: float) -> None:
        self.advance(seconds * SECOND)


def system_ms() -> int:
    """Epoch milliseconds of the machine, for the socket server."""
    return time.time_ns() // 1_000_000
