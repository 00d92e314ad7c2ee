"""The clock of a run: its deadline, its waits, and the signals that stop it.

The runner cancels a step with SIGINT, sends SIGTERM 7.5 s later and kills it 2.5 s after that. A signal therefore ends
a call or a wait at once. At other times it is only recorded, so that the program's state is never left half changed.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING, Protocol

from redeliver.errors import DidNotWait, OutOfTime, PauseTooLong, Stopped, StoppedClosing
from redeliver.times import duration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from redeliver.console import Console

#: Seconds that one call may take in all, however slowly its response arrives.
CALL_LIMIT = 60.0
#: Seconds for the last calls of a run, and for those of a run that a signal stopped.
CLOSING_LIMIT = 120.0
STOPPED_LIMIT = 3.0
#: Seconds of the longest wait for who has nothing to send.
PATIENCE = 600.0
#: Shorter waits (seconds) are not worth a line in the log.
_WORTH_A_LINE = 5.0
#: Shorter waits (seconds) of GitHub's that do not fit into the time limit mean that it is used up.
_PAUSE = 30.0
#: Short waits for the same reason are logged once in this many seconds.
_REPEAT_LINE = 60.0
#: Seconds between two lines of a wait, and the most lines of a long one. While closing, a wait checks for a signal
#: every second.
_STILL_WAITING = 10.0
_MOST_LINES = 60
_LOOK_FOR_SIGNAL = 1.0


class Clock(Protocol):
    """A clock that only moves forward, and a way to wait on it. Python's ``time`` module is one."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""

    def sleep(self, seconds: float, /) -> None:
        """Wait for that many seconds."""


class RunClock:
    """The clock of a run: waits end at the time limit, and a signal ends calls and waits."""

    def __init__(self, clock: Clock, seconds: float, console: Console) -> None:
        """``seconds`` is the time limit; it counts from now."""
        self.signal_number: int | None = None
        """The signal that asked the run to stop; None: none has."""
        self.is_closing = False
        """Whether the run is making its last calls."""
        self.patience = inf
        """Seconds of the longest wait that is worth it."""
        self._clock = clock
        self._console = console
        self._deadline = self._end = clock.monotonic() + seconds
        self._limit = duration(seconds)
        self._reserved = 0.0
        self._call_until = inf
        self._interruptible = False
        self._last_line: tuple[str, float] = ("", -inf)

    def listen_to_signals(self) -> None:
        """Take over SIGINT and SIGTERM. Call it once, in the main thread."""
        signal.signal(signal.SIGINT, self.on_signal)
        signal.signal(signal.SIGTERM, self.on_signal)

    def now(self) -> float:
        """The clock's monotonic seconds."""
        return self._clock.monotonic()

    def remaining(self) -> float:
        """Seconds that may be waited for; below 0 after the deadline."""
        # While closing, what was reserved was for that.
        return self._end - (0.0 if self.is_closing else self._reserved) - self.now()

    @contextmanager
    def reserving(self, seconds: float) -> Iterator[None]:
        """Within this block, waits must end that much earlier, which leaves time for what follows."""
        self._reserved += seconds
        try:
            yield
        finally:
            self._reserved -= seconds

    @contextmanager
    def at_most(self, seconds: float) -> Iterator[None]:
        """Within this block, waits must end within that many seconds."""
        with self.reserving(max(0.0, self.remaining() - seconds)):
            yield

    # -- waits and calls ----------------------------------------------------------------------------------------

    def wait(self, seconds: float, what: str, *, asked_by_github: bool = False) -> None:
        """Wait that long. ``what``: what for, as a noun phrase: "the send rate".

        ``asked_by_github``: a limit of GitHub's demands it.

        Raises:
            OutOfTime: at once, when the wait would end after the deadline, or is longer than it is worth.
            Stopped: a signal came; not while closing.
        """
        if seconds > (left := self.remaining()):
            if asked_by_github and seconds > _PAUSE:
                raise PauseTooLong(pause=duration(seconds), left=duration(max(0.0, left)))
            raise OutOfTime(limit=self._limit)
        if seconds > self.patience:
            raise DidNotWait(seconds=duration(seconds), what=what)
        self._say(seconds, what)
        longest = _LOOK_FOR_SIGNAL if self.is_closing else max(_STILL_WAITING, seconds / _MOST_LINES)
        while seconds > 0:
            with self._until_signal():
                self._clock.sleep(min(seconds, longest))
            seconds -= longest
            if seconds > 0 and self.signal_number is not None and seconds > self.remaining():
                raise StoppedClosing(number=self.signal_number)
            if seconds > 0 and not self.is_closing:
                self._console.line(f"{duration(seconds)} to go: {what}", "Wait", passing=True)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Make one call within this block. A signal ends it.

        Raises:
            Stopped: a signal came; not while closing.
        """
        self._call_until = self.now() + CALL_LIMIT
        try:
            with self._until_signal():
                yield
        finally:
            self._call_until = inf

    def call_time_left(self) -> float:
        """Seconds that the call being made may still take. A signal while closing shortens it."""
        return min(self._call_until, self._end) - self.now()

    # -- the end of a run ---------------------------------------------------------------------------------------

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Within this block there is a little time, whatever is left of the time limit. A signal only shortens it."""
        seconds = CLOSING_LIMIT if self.signal_number is None else STOPPED_LIMIT
        self._end = self.now() + seconds
        self.is_closing = True
        try:
            yield
        finally:
            self.is_closing = False
            self._end = self._deadline

    def on_signal(self, number: int, _frame: FrameType | None = None) -> None:
        """A signal arrived. The second one ends the process.

        Raises:
            Stopped: during a call or a wait; not while closing.
        """
        if self.signal_number is not None:
            os._exit(128 + number)
        self.signal_number = number
        if self.is_closing:
            self._end = min(self._end, self.now() + STOPPED_LIMIT)
        elif self._interruptible:
            raise Stopped(number)

    @contextmanager
    def _until_signal(self) -> Iterator[None]:
        try:
            # Set first: a signal between the two lines would otherwise be noticed only when the block has ended.
            self._interruptible = True
            if self.signal_number is not None and not self.is_closing:
                raise Stopped(self.signal_number)
            yield
        finally:
            self._interruptible = False

    def _say(self, seconds: float, what: str) -> None:
        last, when = self._last_line
        repeated = seconds < _REPEAT_LINE / 2 and what == last and self.now() < when + _REPEAT_LINE
        if seconds >= _WORTH_A_LINE and not repeated:
            self._last_line = (what, self.now())
            self._console.line(f"{duration(seconds)} for {what}", "Wait")
        elif seconds > 0:
            self._console.detail(f"{seconds:.1f} s for {what}")
