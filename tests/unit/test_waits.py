"""Waiting ends with the run's time, and is said when it is worth a word."""

from __future__ import annotations

import pytest

from redeliver.errors import OutOfTime
from redeliver.timing import RunClock
from samples import Patience, Said


def test_a_wait_that_just_fits_is_waited_and_a_longer_one_is_not_begun() -> None:
    clock = Patience()
    run_clock = RunClock(clock, 10, Said())
    run_clock.wait(10, "the end")
    assert (clock.slept, run_clock.now(), run_clock.remaining()) == ([10], 10, 0)
    with pytest.raises(OutOfTime, match=r"time limit ended the run: 1 s more would be needed \(another request\)\."):
        run_clock.wait(1, "another request")
    assert clock.slept == [10]


def test_after_the_deadline_there_is_no_time_for_anything() -> None:
    clock = Patience()
    run_clock = RunClock(clock, 10, Said())
    clock.sleep(11)
    assert run_clock.remaining() == -1
    with pytest.raises(OutOfTime, match="no time was left for another request"):
        run_clock.wait(0, "another request")


def test_no_wait_is_no_sleep() -> None:
    clock = Patience()
    RunClock(clock, 10, Said()).wait(0, "nothing")
    assert clock.slept == []


@pytest.mark.parametrize(("seconds", "said"), [(5.0, ["Waiting 5 s: GitHub asked to wait"]), (4.9, [])])
def test_long_waits_are_told_and_short_ones_are_not(seconds: float, said: list[str]) -> None:
    console = Said()
    RunClock(Patience(), 10, console).wait(seconds, "GitHub asked to wait")
    assert console.lines == said


def test_waits_for_the_same_thing_are_not_told_each_time() -> None:
    console, clock = Said(), Patience()
    run_clock = RunClock(clock, 1_000, console)
    for _ in range(20):
        run_clock.wait(10, "the pace of redeliveries")
    assert [line for line in console.lines if line.startswith("Waiting 10 s")] == [
        "Waiting 10 s: the pace of redeliveries"
    ] * 4
    run_clock.wait(10, "something else")
    assert console.lines[-1] == "Waiting 10 s: something else"


def test_a_long_wait_is_told_again_and_again() -> None:
    console, clock = Said(), Patience()
    RunClock(clock, 1_000, console).wait(700, "GitHub asked to wait")
    assert clock.slept == [300, 300, 100]
    assert console.lines == [
        "Waiting 12 min: GitHub asked to wait",
        "Still waiting, 7 min more: GitHub asked to wait",
        "Still waiting, 100 s more: GitHub asked to wait",
    ]


def test_what_is_reserved_is_not_waited_for_until_the_block_has_ended() -> None:
    clock = Patience()
    run_clock = RunClock(clock, 10, Said())
    with run_clock.reserving(4):
        assert run_clock.remaining() == 6
        with pytest.raises(OutOfTime):
            run_clock.wait(7, "the end")
    run_clock.wait(7, "the end")


def test_a_clock_that_oversleeps_a_little_is_no_signal() -> None:
    class Oversleeping(Patience):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds + 1e-7)

    RunClock(Oversleeping(), 700, Said()).wait(700, "the end")
