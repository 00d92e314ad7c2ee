"""Real signals: a call or a wait ends at once, what is between them does not, and the last word can still be said."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext

import pytest

from redeliver import timing
from redeliver.errors import OutOfTime, Stopped
from redeliver.github.api import Caller
from redeliver.github.pace import Pace
from redeliver.github.responses import TOO_LONG, Body, Response, ResponseLost, Transport, Verb
from redeliver.timing import RunClock
from samples import Said, answer

#: Seconds that nobody waits for: a signal comes before.
LONG = 30.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)
either = pytest.mark.parametrize("number", SIGNALS)


@pytest.fixture
def clock() -> Iterator[RunClock]:
    """One that listens to signals, and no longer does so after the test."""
    before = [signal.getsignal(number) for number in SIGNALS]
    clock = RunClock(time, 9_999, Said())
    clock.listen_to_signals()
    yield clock
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


@contextmanager
def soon(number: int, seconds: float = 0.02) -> Iterator[None]:
    """Send this process a signal in a moment, as the runner does, while something else goes on."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), number))
    timer.start()
    try:
        yield
    finally:
        timer.join()


class Slow:
    """A connection whose answer arrives late. Like the real one, it looks at the time that is left while it reads."""

    def __init__(self, clock: RunClock, seconds: float = LONG, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.clock = clock
        self.seconds = seconds
        self.meanwhile = meanwhile
        self.calls = 0

    def exchange(
        self, verb: Verb, path: str, *, query: Mapping[str, str] | None = None, body: Body | None = None
    ) -> Response:
        self.calls += 1
        self.meanwhile()
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            time.sleep(0.005)
            if self.clock.call_time_left() <= 0:
                raise ResponseLost("it took too long")
        return answer(200, f"{verb} {path} {query} {body}")


def exchange(transport: Transport, clock: RunClock, verb: Verb) -> Response:
    response = Caller(lambda: transport, Pace(150), clock)._exchange(verb, "/")
    assert response
    return response


DO: dict[str, Callable[[RunClock], object]] = {
    "call": lambda clock: exchange(Slow(clock), clock, "GET"),
    "wait": lambda clock: clock.wait(LONG, "the test"),
}


@either
@pytest.mark.parametrize("do", DO)
@pytest.mark.parametrize("closed", [True, False])
def test_signal_ends_a_call_or_a_wait_at_once(clock: RunClock, number: int, do: str, *, closed: bool) -> None:
    with clock.closing() if closed else nullcontext():
        assert clock.remaining() > timing.CLOSING_LIMIT - 1
    with soon(number), pytest.raises(Stopped) as caught:
        DO[do](clock)
    assert caught.value.signal_number == clock.signal_number == number
    assert not isinstance(caught.value, Exception)  # or it would be taken for a failed request


def test_signal_between_calls_stops_the_next_call(clock: RunClock) -> None:
    slow = Slow(clock)
    signal.raise_signal(signal.SIGTERM)
    assert clock.signal_number == signal.SIGTERM
    with pytest.raises(Stopped):
        exchange(slow, clock, "POST")
    assert slow.calls == 0
    with pytest.raises(Stopped):
        clock.wait(LONG, "the test")


def test_call_has_its_own_limit_and_no_more_time_than_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    short = RunClock(time, 0.02, Said())
    with short.reserving(9_999), pytest.raises(ResponseLost, match=TOO_LONG):
        exchange(Slow(short), short, "GET")
    monkeypatch.setattr(timing, "CALL_LIMIT", 0.02)
    clock = RunClock(time, 9_999, Said())
    with pytest.raises(ResponseLost, match=TOO_LONG):
        exchange(Slow(clock), clock, "GET")


def test_call_may_use_the_time_reserved_from_waits(clock: RunClock) -> None:
    with clock.reserving(9_999):
        assert exchange(Slow(clock, 0.01), clock, "GET").status == 200


def test_closing_after_a_signal_has_the_time_the_runner_leaves(clock: RunClock) -> None:
    signal.raise_signal(signal.SIGINT)
    # SIGTERM follows after 7.5 s and the end 2.5 s later.
    with clock.closing():
        assert clock.remaining() <= timing.STOPPED_LIMIT < 7.5
        assert exchange(Slow(clock, 0), clock, "PATCH").status == 200


@either
def test_signal_does_not_interrupt_the_last_call(clock: RunClock, number: int) -> None:
    with clock.closing():
        slow = Slow(clock, 0.01, lambda: signal.raise_signal(number))
        assert exchange(slow, clock, "PATCH").status == 200
        assert clock.signal_number == number


@pytest.mark.parametrize("between", [True, False])
@pytest.mark.parametrize("do", DO)
def test_signal_shortens_closing(clock: RunClock, monkeypatch: pytest.MonkeyPatch, do: str, *, between: bool) -> None:
    monkeypatch.setattr(timing, "STOPPED_LIMIT", 0.05)
    with clock.closing():
        if between:
            signal.raise_signal(signal.SIGTERM)
        with nullcontext() if between else soon(signal.SIGTERM), pytest.raises((ResponseLost, OutOfTime)):
            DO[do](clock)


def test_no_call_begins_after_the_closing_time(clock: RunClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "CLOSING_LIMIT", 0.0)
    slow = Slow(clock)
    with clock.closing():
        with pytest.raises(ResponseLost):
            exchange(slow, clock, "PATCH")
        assert slow.calls == 0
