"""What an hour's calls come to over a time, and what is left of them for others."""

from __future__ import annotations

from math import inf

import pytest

from redeliver.github.pace import SECONDS_PER_HOUR as HOUR
from redeliver.github.pace import Quota

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
def test_every_hour_that_ends_brings_a_whole_hours_calls(quota: Quota, seconds: float, calls: float) -> None:
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
def test_a_redelivery_leaves_a_fifth_to_others_and_less_as_the_hour_goes_by(
    quota: Quota, call: float, redelivery: float
) -> None:
    assert quota.wait(10) == call
    assert quota.wait(10, redelivery=True) == pytest.approx(redelivery)
