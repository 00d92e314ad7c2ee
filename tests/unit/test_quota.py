"""What an hour's calls come to over a time, and what is left of them for others."""

from __future__ import annotations

from math import inf

import pytest

from redeliver.quota import HOUR, Quota


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
    assert Quota().for_others == 0


def test_of_what_is_not_told_to_come_back_there_is_no_more() -> None:
    assert Quota(left=300, hourly=300).within(5 * HOUR) == 300
    assert Quota(left=300, hourly=300).for_others == 0


@pytest.mark.parametrize(("resets_in", "left_alone"), [(HOUR, 1_000), (HOUR / 2, 500), (0, 0), (-3, 0)])
def test_a_fifth_is_left_to_others_and_less_as_the_hour_goes_by(resets_in: float, left_alone: int) -> None:
    assert Quota(left=4_000, hourly=5_000, resets_in=resets_in).for_others == left_alone
