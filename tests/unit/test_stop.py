"""Real signals: a call or a wait ends at once, what is between them does not, and the last word can still be said."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from redeliver import stop as module
from redeliver.errors import OutOfTime, Stopped
from redeliver.github.transport import AnswerLost
from redeliver.stop import Stop, StoppableClock, StoppableTransport
from samples import Script, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from redeliver.github.transport import Response, Verb

#: Seconds that nobody waits for: a signal comes before.
LONG = 30.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
either = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@pytest.fixture
def stop() -> Iterator[Stop]:
    """Installed, and taken out again."""
    before = [signal.getsignal(number) for number in SIGNALS]
    stop = Stop(time)
    stop.install()
    yield stop
    signal.setitimer(signal.ITIMER_REAL, 0)
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
    """A connection whose answer takes its time; meanwhile something happens."""

    def __init__(self, seconds: float = LONG, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.seconds = seconds
        self.meanwhile = meanwhile
        self.calls = 0

    def exchange(
        self, verb: Verb, path: str, *, query: Mapping[str, str] | None = None, body: Mapping[str, str] | None = None
    ) -> Response:
        self.calls += 1
        self.meanwhile()
        time.sleep(self.seconds)
        return answer(200, f"{verb} {path} {query} {body}")


# -- before the end ---------------------------------------------------------------------------------------------


@either
def test_a_signal_ends_a_call_at_once(stop: Stop, number: int) -> None:
    with soon(number), pytest.raises(Stopped) as caught:
        StoppableTransport(Slow(), stop).exchange("GET", "/")
    assert caught.value.signal_number == stop.signal_number == number


@either
def test_a_signal_ends_a_wait_at_once(stop: Stop, number: int) -> None:
    with soon(number), pytest.raises(Stopped):
        StoppableClock(time, stop).sleep(LONG)
    assert stop.signal_number == number


def test_a_signal_between_calls_waits_for_the_next_one_which_is_not_begun(stop: Stop) -> None:
    slow = Slow()
    signal.raise_signal(signal.SIGTERM)
    assert stop.signal_number == signal.SIGTERM
    with pytest.raises(Stopped):
        StoppableTransport(slow, stop).exchange("POST", "/")
    assert slow.calls == 0
    with pytest.raises(Stopped):
        StoppableClock(time, stop).sleep(LONG)


def test_a_stop_is_not_taken_for_a_failed_request() -> None:
    assert not issubclass(Stopped, Exception)


def test_without_a_signal_calls_and_waits_are_what_they_are(stop: Stop) -> None:
    script = Script([answer(200, "yes")])
    transport, clock = StoppableTransport(script, stop), StoppableClock(time, stop)
    assert transport.exchange("PATCH", "/x", query={"a": "1"}, body={"b": "2"}).body == "yes"
    assert script.calls == [("PATCH", "/x", {"a": "1"}, {"b": "2"})]
    before = clock.monotonic()
    clock.sleep(0.001)
    assert clock.monotonic() > before


# -- a call's own limit -----------------------------------------------------------------------------------------


def test_a_call_that_drips_for_ever_is_given_up(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CALL_LIMIT", 0.02)
    with pytest.raises(AnswerLost, match="it took too long"):
        StoppableTransport(Slow(), stop).exchange("GET", "/")
    assert stop.signal_number is None


def test_the_limit_of_one_call_does_not_strike_later(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CALL_LIMIT", 0.03)
    StoppableTransport(Slow(0), stop).exchange("GET", "/")
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    StoppableClock(time, stop).sleep(0.05)


def test_an_alarm_outside_of_a_call_does_nothing(stop: Stop) -> None:
    signal.raise_signal(signal.SIGALRM)
    assert stop.signal_number is None


def test_a_stop_that_is_not_installed_leaves_the_alarm_alone() -> None:
    before = signal.getitimer(signal.ITIMER_REAL)[0]
    StoppableTransport(Slow(0), Stop(time)).exchange("GET", "/")
    assert (signal.getitimer(signal.ITIMER_REAL)[0] > 0) is (before > 0)


# -- putting things in order ------------------------------------------------------------------------------------


def test_without_a_signal_there_is_plenty_of_time_to_put_things_in_order(stop: Stop) -> None:
    assert stop.close() == module.CLOSING_LIMIT


def test_after_a_signal_there_is_as_much_as_the_runner_leaves(stop: Stop) -> None:
    signal.raise_signal(signal.SIGINT)
    # SIGTERM follows after 7.5 s and the end 2.5 s later.
    assert stop.close() == module.STOPPED_LIMIT < 7.5
    assert StoppableTransport(Slow(0), stop).exchange("PATCH", "/").status == 200


@either
def test_a_signal_does_not_cut_the_last_call_short(stop: Stop, number: int) -> None:
    stop.close()
    slow = Slow(0.01, lambda: signal.raise_signal(number))
    assert StoppableTransport(slow, stop).exchange("PATCH", "/").status == 200
    assert stop.signal_number == number


def test_a_signal_shortens_what_time_the_last_call_has(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOPPED_LIMIT", 0.05)
    stop.close()
    with soon(signal.SIGTERM), pytest.raises(AnswerLost):
        StoppableTransport(Slow(), stop).exchange("PATCH", "/")


def test_a_signal_shortens_what_time_the_last_wait_has(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOPPED_LIMIT", 0.05)
    stop.close()
    with soon(signal.SIGTERM), pytest.raises(OutOfTime, match="the run was stopped"):
        StoppableClock(time, stop).sleep(LONG)


def test_a_signal_between_the_last_calls_shortens_the_time_as_well(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOPPED_LIMIT", 0.05)
    stop.close()
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(AnswerLost):
        StoppableTransport(Slow(), stop).exchange("PATCH", "/")


def test_when_the_time_is_over_no_call_is_begun(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSING_LIMIT", 0.0)
    slow = Slow()
    stop.close()
    with pytest.raises(AnswerLost):
        StoppableTransport(slow, stop).exchange("PATCH", "/")
    assert slow.calls == 0


def test_another_hooks_run_is_open_again(stop: Stop) -> None:
    stop.close()
    stop.reopen()
    with soon(signal.SIGINT), pytest.raises(Stopped):
        StoppableClock(time, stop).sleep(LONG)


# -- who cannot wait --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("closing", [True, False])
def test_a_second_signal_ends_the_process(stop: Stop, monkeypatch: pytest.MonkeyPatch, *, closing: bool) -> None:
    class Ended(BaseException):
        pass

    def end(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(os, "_exit", end)
    signal.raise_signal(signal.SIGINT)
    if closing:
        stop.close()
    with pytest.raises(Ended, match="143"):
        signal.raise_signal(signal.SIGTERM)
    assert stop.signal_number == signal.SIGINT
