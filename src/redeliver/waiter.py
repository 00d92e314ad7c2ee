"""Waiting, within the run's time limit and with a word to the person who watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.errors import OutOfTime

if TYPE_CHECKING:
    from redeliver.clock import Clock
    from redeliver.console import Console

#: Waits shorter than this many seconds are nothing to talk about.
WORTH_A_WORD = 5.0


class Waiter:
    """Waits on an injected clock until a deadline, and not beyond."""

    def __init__(self, clock: Clock, seconds: float, console: Console) -> None:
        self._clock = clock
        self._console = console
        self._deadline = clock.monotonic() + seconds

    def now(self) -> float:
        """The clock's monotonic seconds."""
        return self._clock.monotonic()

    def remaining(self) -> float:
        """Seconds until the deadline; below 0 after it."""
        return self._deadline - self.now()

    def wait(self, seconds: float, why: str) -> None:
        """Wait that long.

        Raises:
            OutOfTime: at once, when the wait would end after the deadline.
        """
        if seconds > self.remaining():
            raise OutOfTime(why=f"{why} would have taken {seconds:.0f} s more" if seconds else f"no time for {why}")
        if seconds >= WORTH_A_WORD:
            self._console.line(f"Waiting {seconds:.0f} s: {why}")
        if seconds > 0:
            self._clock.sleep(seconds)
