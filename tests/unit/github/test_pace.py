"""However fast GitHub answers, and whenever it counted a request, its limit is never passed."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redeliver.github.pace import (
    BUDGET,
    BURST,
    GITHUB_REFUSES,
    POINTS_LIMIT,
    READ_POINTS,
    SEND_RATE,
    WINDOW,
    WRITE_POINTS,
    Pace,
    seconds_to_redeliver,
)

# Sums of waits are floats; GitHub's minute is not measured in nanoseconds either.
EPSILON = 1e-6


@dataclass
class Run:
    """A run's requests, one after the other, each as soon as the pace lets it."""

    per_minute: int = 150
    now: float = 1_000.0
    starts: list[float] = field(default_factory=list)
    counted: list[tuple[float, int]] = field(default_factory=list)
    """When GitHub counted a request, and for how much."""

    def __post_init__(self) -> None:
        self.pace = Pace(self.per_minute)

    def request(
        self, points: int, *, redelivery: bool = False, latency: float = 0.0, moment: float = 0.5, idle: float = 0.0
    ) -> float:
        """One request; ``moment``: how far into the call GitHub counts it, 0 to 1. Gives the wait before it."""
        self.now += idle
        waited = self.pace.turn(points, self.now, redelivery=redelivery)[0]
        self.now += waited
        self.starts.append(self.now)
        self.counted.append((self.now + moment * latency, points))
        self.now += latency
        self.pace.spent(points, self.now, redelivery=redelivery)
        return waited

    def redeliver(self, latency: float = 0.0, idle: float = 0.0) -> float:
        return self.request(WRITE_POINTS, redelivery=True, latency=latency, idle=idle)

    @property
    def most_points(self) -> int:
        """The largest sum of points in any 60 seconds, as GitHub counted."""
        counted = sorted(self.counted)
        sums = [0, *accumulate(points for _, points in counted)]
        times = [moment for moment, _ in counted]
        return max(
            sums[bisect_right(times, moment)] - sums[bisect_right(times, moment - WINDOW + EPSILON)] for moment in times
        )


# Runs of like requests, since only many together come near the limit.
stretches = st.lists(
    st.tuples(
        st.integers(1, 250),
        st.booleans(),
        st.floats(0, 2) | st.floats(0, 61),
        st.floats(0, 1),
        st.just(0.0) | st.floats(0, 70),
    ),
    min_size=1,
    max_size=6,
)


@given(stretches, st.integers(1, 5_000))
def test_no_minute_holds_more_than_the_budget_whatever_the_latency(
    stretches: list[tuple[int, bool, float, float, float]], per_minute: int
) -> None:
    run = Run(per_minute)
    for number, write, latency, moment, idle in stretches:
        run.now += idle
        for turn in range(number):
            # Within a stretch the moment alternates: the worst for a window that is cut at either end.
            run.request(
                WRITE_POINTS if write else READ_POINTS,
                redelivery=write,
                latency=latency,
                moment=moment if turn % 2 else 1 - moment,
            )
    assert run.most_points <= BUDGET == 810


def test_the_budget_is_used_up_before_anything_has_to_wait() -> None:
    run = Run(100_000)
    assert [run.request(READ_POINTS) for _ in range(BUDGET)] == [0.0] * BUDGET
    turn = run.pace.turn(READ_POINTS, run.now)
    assert turn == (WINDOW, POINTS_LIMIT)
    assert run.request(READ_POINTS, idle=WINDOW) == 0.0


def test_room_is_made_by_what_leaves_the_window_first() -> None:
    run = Run(100_000)
    run.request(READ_POINTS, idle=0)
    for _ in range(161):
        run.request(WRITE_POINTS, idle=0.1)
    assert run.request(4, idle=0) == 0.0
    # 1 + 805 + 4 = 810. The read, the oldest, gives back one point of the five that are needed.
    assert run.pace.turn(READ_POINTS, run.now)[0] == pytest.approx(WINDOW - 16.1)
    assert run.pace.turn(WRITE_POINTS, run.now)[0] == pytest.approx(WINDOW - 16.0)


def test_a_request_larger_than_the_whole_budget_is_not_waited_for_in_vain() -> None:
    run = Run()
    run.request(READ_POINTS)
    assert run.pace.turn(BUDGET + 1, run.now)[0] == 0.0


# -- redeliveries a minute --------------------------------------------------------------------------------------


def test_a_few_leave_at_once_and_the_rest_at_an_even_pace() -> None:
    run = Run(60)
    assert [run.redeliver() for _ in range(8)] == [0.0] * BURST + [1.0] * 3
    assert run.pace.turn(WRITE_POINTS, run.now, redelivery=True)[1] == SEND_RATE
    assert run.pace.turn(WRITE_POINTS, run.now)[0] == 0.0


def test_after_a_pause_a_few_leave_at_once_again_but_not_more() -> None:
    run = Run(60)
    for _ in range(10):
        run.redeliver()
    assert run.redeliver(idle=600) == 0.0
    assert [run.redeliver() for _ in range(6)] == [0.0] * (BURST - 1) + [1.0] * 2


def test_the_time_that_a_call_takes_is_part_of_the_pace() -> None:
    run = Run(60)
    waits = [run.redeliver(latency=0.75) for _ in range(40)]
    assert waits[-1] == pytest.approx(0.25)


@given(
    st.integers(1, 600),
    st.lists(st.tuples(st.floats(0, 3), st.just(0.0) | st.floats(0, 30)), min_size=1, max_size=40),
)
def test_no_stretch_of_time_holds_more_redeliveries_than_a_burst_and_the_pace(
    per_minute: int, calls: list[tuple[float, float]]
) -> None:
    run = Run(per_minute)
    for latency, idle in calls:
        run.redeliver(latency, idle)
    for first, begin in enumerate(run.starts):
        for last, end in enumerate(run.starts[first:], first):
            assert last - first + 1 <= BURST + (end - begin) * per_minute / 60 + EPSILON


@pytest.mark.parametrize(
    ("number", "per_minute", "hourly", "seconds"),
    [
        (150, 150, 5_000, 60),
        (600, 150, inf, 240),
        (1_620, 1_000, 5_000, 600),  # 810 points a minute, 5 each
        (4_000, 150, 5_000, 1_600),  # a fifth of the hour's calls is for others
        (4_001, 150, 5_000, 3_601),
        (8_000, 100, 5_000, 7_200),
        (8_000, 50, 5_000, 9_600),
        (300, 150, 0, 120),  # a server that names no calls limits none
    ],
)
def test_how_long_redeliveries_take_is_told_by_the_pace_or_the_points_or_the_hours_calls(
    number: int, per_minute: int, hourly: float, seconds: int
) -> None:
    assert seconds_to_redeliver(number, per_minute, hourly) == seconds


# -- when GitHub says no ----------------------------------------------------------------------------------------


def test_a_shorter_wait_does_not_cut_a_longer_one_short() -> None:
    pace = Pace(150)
    pace.limited(30, 100, slower=False)
    pace.limited(5, 101, slower=False)
    turn = pace.turn(READ_POINTS, 101)
    assert turn == (29, GITHUB_REFUSES)
    assert pace.turn(READ_POINTS, 130)[0] == 0.0
    assert pace.share(130) == 1.0


@pytest.mark.parametrize(
    ("limits", "now", "share"),
    [
        # When each came, and how long it asked to wait.
        *(
            ([(0, 10)] * times, 0, share)
            for times, share in enumerate([1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 16])
        ),
        # The full pace comes back slowly once the wait is over.
        ([(0, 60)], 60, 1 / 2),
        ([(0, 60)], 60 + 60, 1 / 2 + 1 / 16),
        ([(0, 60)], 60 + 6 * 60, 1 / 2 + 6 / 16),
        ([(0, 60)], 60 + 8 * 60, 1),
        ([(0, 60)], 10**9, 1),
        # What has come back is halved.
        ([(0, 0), (4 * 60, 0)], 4 * 60, (1 / 2 + 4 / 16) / 2),
    ],
)
def test_each_secondary_limit_halves_the_pace(limits: list[tuple[float, float]], now: float, share: float) -> None:
    pace = Pace(150)
    for moment, seconds in limits:
        pace.limited(seconds, moment, slower=True)
    assert pace.share(now) == share


def test_at_half_the_pace_both_the_budget_and_the_redeliveries_are_halved() -> None:
    run = Run(60)
    run.pace.limited(0, run.now, slower=True)
    assert [run.redeliver() for _ in range(BURST)] == [0.0] * BURST
    assert run.redeliver() == pytest.approx(2.0, rel=0.05)
    run = Run(100_000)
    run.pace.limited(0, run.now, slower=True)
    assert [run.request(READ_POINTS) for _ in range(405)] == [0.0] * 405
    assert run.request(READ_POINTS) > 0.0
