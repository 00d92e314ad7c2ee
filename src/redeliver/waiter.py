"""Waiting, within the run's time limit and with a word to the person who watches."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from redeliver.errors import OutOfTime
from redeliver.times import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redeliver.clock import Clock
    from redeliver.console import Console

#: Waits shorter than this many seconds are nothing to talk about.
WORTH_A_WORD = 5.0
#: Waits for the same thing, one after the other, are told once in so many seconds; a long one again and again.
AGAIN = 60.0
STILL = 300.0


class Waiter:
    """Waits on an injected clock until a deadline, and not beyond."""

    def __init__(self, clock: Clock, seconds: float, console: Console) -> None:
        self._clock = clock
        self._console = console
        self._deadline = clock.monotonic() + seconds
        self._told: tuple[str, float] = ("", float("-inf"))

    def now(self) -> float:
        """The clock's monotonic seconds."""
        return self._clock.monotonic()

    def remaining(self) -> float:
        """Seconds until the deadline; below 0 after it."""
        return self._deadline - self.now()

    @contextmanager
    def keeping(self, seconds: float) -> Iterator[None]:
        """Within this block the deadline is that much earlier, for the sake of what comes after."""
        self._deadline -= seconds
        try:
            yield
        finally:
            self._deadline += seconds

    def wait(self, seconds: float, why: str) -> None:
        """Wait that long.

        Raises:
            OutOfTime: at once, when the wait would end after the deadline.
        """
        if seconds > self.remaining():
            late = f"{duration(seconds)} more would be needed ({why})" if seconds else f"no time was left for {why}"
            raise OutOfTime(why=late)
        self._tell(seconds, why)
        while seconds > 0:
            self._clock.sleep(min(seconds, STILL))
            seconds -= STILL
            if seconds > 0:
                self._console.line(f"Still waiting, {duration(seconds)} more: {why}")

    def _tell(self, seconds: float, why: str) -> None:
        last, when = self._told
        if seconds < WORTH_A_WORD or (seconds < AGAIN / 2 and why == last and self.now() < when + AGAIN):
            if seconds > 0:
                self._console.detail(f"Waiting {seconds:.1f} s: {why}")
            return
        self._told = (why, self.now())
        self._console.line(f"Waiting {duration(seconds)}: {why}")
