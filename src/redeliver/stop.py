"""Stopping in order: signals, and a limit on how long one call may take.

The runner cancels a step with SIGINT, sends SIGTERM 7.5 s later and kills it 2.5 s after that. A signal
therefore ends what is going on at once, even inside a slow call, but only there and in waits: between them the
program's own state is never cut in two.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING

from redeliver.errors import OutOfTime, Stopped
from redeliver.github.transport import AnswerLost, Response, Transport, Verb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

    from redeliver.clock import Clock

#: Seconds that one call may take in all, however slowly its answer drips in.
CALL_LIMIT = 60.0
#: Seconds for the last calls of a run, and of one that a signal stops.
CLOSING_LIMIT = 120.0
STOPPED_LIMIT = 3.0


class Stop:
    """Whether a signal asked the run to stop, and what may still be done after it."""

    def __init__(self, clock: Clock) -> None:
        self.signal_number: int | None = None
        self._clock = clock
        self._closing_until: float | None = None
        self._when_over: Exception | None = None

    def install(self) -> None:
        """Take over SIGINT, SIGTERM and the alarm. Call it once, in the main thread."""
        signal.signal(signal.SIGINT, self._asked)
        signal.signal(signal.SIGTERM, self._asked)
        if hasattr(signal, "SIGALRM"):
            signal.signal(signal.SIGALRM, self._alarm)

    def close(self) -> float:
        """From now on no signal cuts anything short: the run is putting things in order. Gives its time, in seconds."""
        seconds = CLOSING_LIMIT if self.signal_number is None else STOPPED_LIMIT
        self._closing_until = self._clock.monotonic() + seconds
        return seconds

    def reopen(self) -> None:
        """Another hook's run begins."""
        self._closing_until = None

    @contextmanager
    def interruptible(self, when_over: Exception, seconds: float = inf) -> Iterator[None]:
        """Within this block a signal raises Stopped at once, and ``when_over`` is raised after so many seconds.

        Once the run is closing, signals raise nothing but shorten what time there is.
        """
        if self._closing_until is not None:
            seconds = min(seconds, self._closing_until - self._clock.monotonic())
        if seconds <= 0:
            raise when_over
        try:
            self._when_over = when_over
            if self.signal_number is not None and self._closing_until is None:
                raise Stopped(self.signal_number)
            self._set_alarm(seconds)
            yield
        finally:
            self._when_over = None
            self._set_alarm(inf)

    def _set_alarm(self, seconds: float) -> None:
        if hasattr(signal, "setitimer") and signal.getsignal(signal.SIGALRM) == self._alarm:
            signal.setitimer(signal.ITIMER_REAL, 0 if seconds == inf else seconds)

    def _asked(self, number: int, _frame: FrameType | None) -> None:
        if self.signal_number is not None:
            os._exit(128 + number)
        self.signal_number = number
        if self._closing_until is not None:
            self._closing_until = self._clock.monotonic() + STOPPED_LIMIT
            if self._when_over is not None:
                self._set_alarm(STOPPED_LIMIT)
        elif self._when_over is not None:
            raise Stopped(number)

    def _alarm(self, _number: int, _frame: FrameType | None) -> None:
        if self._when_over is not None:
            raise self._when_over


class StoppableTransport:
    """A transport whose calls a signal cuts short."""

    def __init__(self, inner: Transport, stop: Stop) -> None:
        self._inner = inner
        self._stop = stop

    def exchange(
        self,
        verb: Verb,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
    ) -> Response:
        """As the inner transport; raises Stopped as well."""
        with self._stop.interruptible(AnswerLost("it took too long"), CALL_LIMIT):
            return self._inner.exchange(verb, path, query=query, body=body)


class StoppableClock:
    """A clock whose waits a signal cuts short."""

    def __init__(self, inner: Clock, stop: Stop) -> None:
        self._inner = inner
        self._stop = stop

    def monotonic(self) -> float:
        """Seconds, as the inner clock."""
        return self._inner.monotonic()

    def sleep(self, seconds: float) -> None:
        """As the inner clock; raises Stopped as well."""
        with self._stop.interruptible(OutOfTime(why="the run was stopped")):
            self._inner.sleep(seconds)
