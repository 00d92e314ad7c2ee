"""However fast GitHub answers, and whenever it counted a request, its limits are never passed."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redeliver.core.forecast import BUDGET, READ_POINTS, SECONDS_PER_HOUR, WRITE_POINTS
from redeliver.github.pace import BURST, GITHUB_REFUSES, POINTS_LIMIT, SEND_RATE, WINDOW, Pace, Quota

# Sums of waits are floats; GitHub's minute is not measured in nanoseconds either.
EPSILON = 1e-6
HOUR = SECONDS_PER_HOUR


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

    def request(self, points: int, *, redelivery: bool = False, latency: float = 0.0, moment: float = 0.5) -> float:
        """One request; ``moment``: how far into the call GitHub counts it, 0 to 1. Gives the wait before it."""
        waited = self.pace.turn(points, self.now, redelivery=redelivery)[0]
        self.now += waited
        self.starts.append(self.now)
        self.counted.append((self.now + moment * latency, points))
        self.now += latency
        self.pace.spent(points, self.now, redelivery=redelivery)
        return waited

    def redeliver(self, latency: float = 0.0) -> float:
        return self.request(WRITE_POINTS, redelivery=True, latency=latency)

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
def test_no_minute_holds_more_than_the_budget(
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


def test_budget_is_used_before_anything_waits() -> None:
    run = Run(100_000)
    assert [run.request(READ_POINTS) for _ in range(BUDGET)] == [0.0] * BUDGET
    turn = run.pace.turn(READ_POINTS, run.now)
    assert turn == (WINDOW, POINTS_LIMIT)
    run.now += WINDOW
    assert run.request(READ_POINTS) == 0.0


def test_points_return_as_requests_leave_the_window() -> None:
    run = Run(100_000)
    run.request(READ_POINTS)
    for _ in range(161):
        run.now += 0.1
        run.request(WRITE_POINTS)
    assert run.request(4) == 0.0
    # 1 + 805 + 4 = 810. The read, the oldest, gives back one point of the five that are needed.
    assert run.pace.turn(READ_POINTS, run.now)[0] == pytest.approx(WINDOW - 16.1)
    assert run.pace.turn(WRITE_POINTS, run.now)[0] == pytest.approx(WINDOW - 16.0)


def test_request_larger_than_the_budget_does_not_wait() -> None:
    run = Run()
    run.request(READ_POINTS)
    assert run.pace.turn(BUDGET + 1, run.now)[0] == 0.0


def test_redeliveries_follow_at_an_even_pace_after_a_burst() -> None:
    run = Run(60)
    assert [run.redeliver() for _ in range(10)] == [0.0] * BURST + [1.0] * 5
    assert run.pace.turn(WRITE_POINTS, run.now, redelivery=True)[1] == SEND_RATE
    assert run.pace.turn(WRITE_POINTS, run.now)[0] == 0.0
    run.now += 600
    assert [run.redeliver() for _ in range(7)] == [0.0] * BURST + [1.0] * 2
    assert [run.redeliver(latency=0.75) for _ in range(40)][-1] == pytest.approx(0.25), "calls are part of the pace"


@given(
    st.integers(1, 600),
    st.lists(st.tuples(st.floats(0, 3), st.just(0.0) | st.floats(0, 30)), min_size=1, max_size=40),
)
def test_no_interval_holds_more_than_burst_and_pace(per_minute: int, calls: list[tuple[float, float]]) -> None:
    run = Run(per_minute)
    for latency, idle in calls:
        run.now += idle
        run.redeliver(latency)
    for first, begin in enumerate(run.starts):
        for last, end in enumerate(run.starts[first:], first):
            assert last - first + 1 <= BURST + (end - begin) * per_minute / 60 + EPSILON


def test_shorter_wait_does_not_shorten_a_longer_one() -> None:
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


def test_half_the_pace_halves_budget_and_redeliveries() -> None:
    run = Run(60)
    run.pace.limited(0, run.now, slower=True)
    assert [run.redeliver() for _ in range(BURST)] == [0.0] * BURST
    assert run.redeliver() == pytest.approx(2.0, rel=0.05)
    run = Run(100_000)
    run.pace.limited(0, run.now, slower=True)
    assert [run.request(READ_POINTS) for _ in range(405)] == [0.0] * 405
    assert run.request(READ_POINTS) > 0.0


HOURS_END = 1_801


@pytest.mark.parametrize(
    ("quota", "seconds", "calls"),
    [
        (Quota(300, 5_000, 600), -5, 300),
        (Quota(300, 5_000, 600), 0, 300),
        (Quota(300, 5_000, 600), 599, 300),
        (Quota(300, 5_000, 600), 600, 5_300),  # the hour is over
        (Quota(300, 5_000, 600), 600 + HOUR - 1, 5_300),
        (Quota(300, 5_000, 600), 600 + HOUR, 10_300),
        (Quota(300, 5_000, 600), 5 * HOUR, 25_300),
        (Quota(3, 5_000, -2), 0, 5_003),  # it has been over
        (Quota(), 0, inf),  # a server that tells of no limit
        (Quota(), 5 * HOUR, inf),
        (Quota(300, 300), 5 * HOUR, 300),  # nothing says that more come back
    ],
)
def test_each_new_hour_brings_its_calls(quota: Quota, seconds: float, calls: float) -> None:
    assert quota.within(seconds) == calls


@pytest.mark.parametrize(
    ("quota", "call", "redelivery"),
    [
        (Quota(4_000, 5_000, HOUR / 2), 0, 0),
        (Quota(500, 5_000, HOUR / 2), 0, 0),  # half of a fifth, half an hour before its end
        (Quota(499, 5_000, HOUR / 2), 0, 3.6),
        (Quota(250, 5_000, HOUR / 2), 0, 900),
        (Quota(10, 5_000, HOUR / 2), 0, 1_764),
        (Quota(9, 5_000, HOUR / 2), HOURS_END, HOURS_END),
        (Quota(0, 5_000, HOUR / 2), HOURS_END, HOURS_END),
        (Quota(inf, 5_000, HOUR / 2), 0, 0),
        (Quota(50, 0, 600), 0, 0),  # a limit of nothing, and calls left
        (Quota(), 0, 0),
        *((Quota(0, 5_000, resets_in), 0, 0) for resets_in in (0, -3, inf)),  # over, or without an end
    ],
)
def test_redelivery_leaves_a_share_of_the_hour_to_others(quota: Quota, call: float, redelivery: float) -> None:
    assert quota.wait(10) == call
    assert quota.wait(10, redelivery=True) == pytest.approx(redelivery)
