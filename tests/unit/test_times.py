"""Moments and durations: one format, one rounding."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf

import pytest

from redeliver.times import DAY, HOUR, MINUTE, day_time, duration, utc, utc_from_now

NOW = round(datetime(2026, 11, 9, 10, 4, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (NOW, "10:04 UTC (now)"),
        (NOW - HOUR, "09:04 UTC (1 h ago)"),
        (NOW - 20 * HOUR, "8 Nov 14:04 UTC (20 h ago)"),
        (NOW + 3 * DAY - HOUR - 4 * MINUTE, "12 Nov 09:00 UTC (2 d 22 h left)"),
        (NOW + 2 * MINUTE + 59_999, "10:06 UTC (2 min left)"),
        (NOW - 400 * DAY, "5 Oct 2025 10:04 UTC (400 d ago)"),
    ],
)
def test_moment_is_shown_with_its_distance(moment: int, shown: str) -> None:
    assert utc_from_now(moment, NOW) == shown
    assert utc(moment, NOW) == shown.partition(" (")[0]
    assert utc(moment) == f"{day_time(moment)} UTC"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (0.1, "1 s"),
        (119.4, "119 s"),
        (119.6, "2 min"),
        (3_600 - 31, "59 min"),
        (3_600 + 31, "1 h 1 min"),
        (86_400 - 31, "23 h 59 min"),
        (86_400 - 29, "1 d"),
        (3 * 86_400 - 3_600, "2 d 23 h"),
        (inf, "1,000 d"),
    ],
)
def test_duration_is_rounded_to_two_units(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
