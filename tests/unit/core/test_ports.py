"""What an hour's calls come to over a time, and what is left of them for others."""

from __future__ import annotations

from math import inf

import pytest

from redeliver.core.ports import SECONDS_PER_HOUR as HOUR
from redeliver.core.ports import Quota


@pytest.mark.parametrize(
    ("seconds", "calls"),
    [
        (-5, 300),
        (0, 300),
        (599, 300),
        (600, 5_300),  # the hour is over
        (600 + HOUR - 1, 5_300),
        (600 + HOUR, 10_300),
        (5 * HOUR, 25_300),
    ],
)
def test_every_hour_that_ends_brings_a_whole_hours_calls(seconds: float, calls: int) -> None:
    assert Quota(left=300, hourly=5_000, resets_in=600).within(seconds) == calls


def test_an_hour_that_is_over_has_brought_them() -> None:
    assert Quota(left=3, hourly=5_000, resets_in=-2).within(0) == 5_003


@pytest.mark.parametrize("seconds", [0, 5 * HOUR])
def test_who_is_not_told_of_a_limit_has_none(seconds: float) -> None:
    assert Quota().within(seconds) == inf
    assert Quota().wait(10, redelivery=True) == 0


def test_of_what_is_not_told_to_come_back_there_is_no_more() -> None:
    assert Quota(left=300, hourly=300).within(5 * HOUR) == 300


HOURS_END = 1_801


@pytest.mark.parametrize(
    ("left", "call", "redelivery"),
    [
        (4_000, 0, 0),
        (500, 0, 0),  # half of a fifth, half an hour before its end
        (499, 0, 3.6),
        (250, 0, 900),
        (10, 0, 1_764),
        (9, HOURS_END, HOURS_END),
        (0, HOURS_END, HOURS_END),
        (inf, 0, 0),
    ],
)
def test_a_redelivery_leaves_a_fifth_to_others_and_less_as_the_hour_goes_by(
    left: float, call: float, redelivery: float
) -> None:
    quota = Quota(left, hourly=5_000, resets_in=HOUR / 2)
    assert quota.wait(10) == call
    assert quota.wait(10, redelivery=True) == pytest.approx(redelivery)


def test_a_limit_of_nothing_with_calls_left_is_no_reason_to_wait() -> None:
    assert Quota(left=50, hourly=0, resets_in=600).wait(10, redelivery=True) == 0


@pytest.mark.parametrize("resets_in", [0, -3, inf])
def test_an_hour_that_is_over_or_has_no_end_is_not_waited_for(resets_in: float) -> None:
    assert Quota(left=0, hourly=5_000, resets_in=resets_in).wait(10, redelivery=True) == 0
