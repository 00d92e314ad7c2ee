"""Waiting ends with the run's time, and is said when it is worth a word."""

from __future__ import annotations

import pytest

from redeliver.errors import OutOfTime
from redeliver.timing import RunClock
from samples import Patience, Said
from wording import figures


def test_wait_that_fits_is_waited_and_a_longer_one_refused() -> None:
    clock = Patience()
    run_clock = RunClock(clock, 10, Said())
    run_clock.wait(10, "the end")
    run_clock.wait(0, "nothing")
    assert (clock.slept, run_clock.now(), run_clock.remaining()) == ([10], 10, 0)
    with pytest.raises(OutOfTime, match=r"\b10 s\b"):
        run_clock.wait(1, "another request")
    assert clock.slept == [10]
    clock.sleep(1)
    assert run_clock.remaining() == -1
    with pytest.raises(OutOfTime):
        run_clock.wait(0, "another request")


@pytest.mark.parametrize(("seconds", "said"), [(5.0, ["5"]), (4.9, [])])
def test_only_long_waits_are_logged(seconds: float, said: list[str]) -> None:
    console = Said()
    RunClock(Patience(), 10, console).wait(seconds, "the end")
    assert [*map(figures, console.lines)] == [[one] for one in said]
    assert all("the end" in line for line in console.lines)


def test_repeated_waits_are_not_logged_each_time() -> None:
    console, clock = Said(), Patience()
    run_clock = RunClock(clock, 1_000, console)
    for _ in range(20):
        run_clock.wait(10, "the end")
    assert len(console.lines) == 4
    assert all("the end" in line and figures(line) == ["10"] for line in console.lines)
    run_clock.wait(10, "something else")
    assert "something else" in console.lines[-1]


def test_very_long_wait_is_logged_repeatedly() -> None:
    console, clock = Said(), Patience()
    run_clock = RunClock(clock, 10_000, console)
    run_clock.wait(35, "the end")
    assert [*map(figures, console.lines)] == [["35"], ["25"], ["15"], ["5"]]
    run_clock.wait(6_000, "the end")
    assert clock.slept == [35, 6_000]
    assert len(console.lines) == 4 + 60
    assert all("the end" in line for line in console.lines)


def test_reserved_time_is_not_used_for_waits() -> None:
    clock = Patience()
    run_clock = RunClock(clock, 10, Said())
    with run_clock.reserving(4):
        assert run_clock.remaining() == 6
        with pytest.raises(OutOfTime):
            run_clock.wait(7, "the end")
    run_clock.wait(7, "the end")


def test_clock_that_oversleeps_is_no_signal() -> None:
    class Oversleeping(Patience):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds + 1e-7)

    RunClock(Oversleeping(), 700, Said()).wait(700, "the end")
