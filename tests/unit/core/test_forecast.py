"""How long sending takes, in how many runs, and what would help."""

from __future__ import annotations

from math import inf

import pytest

from redeliver.core.forecast import forecast, seconds_to_redeliver

HOUR = 3_600


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
def test_time_to_redeliver_has_three_limits(number: int, per_minute: int, hourly: float, seconds: int) -> None:
    assert seconds_to_redeliver(number, per_minute, hourly) == seconds


_AN_APP = "an App, .* allow 150 redeliveries a minute (5 h 33 min)"


@pytest.mark.parametrize(
    ("hourly", "run_seconds", "time_left", "runs", "in_time", "helps"),
    [
        (inf, 5 * HOUR, inf, 2, True, {"In one run": "time-limit: 7h"}),
        (inf, 6 * HOUR, 24 * HOUR, 1, True, {}),
        (inf, 6 * HOUR, 5 * HOUR, 1, False, {}),
        (inf, HOUR / 2, 24 * HOUR, 12, True, {"In one run": "time-limit: 7h"}),
        (5_000, 5 * HOUR, 24 * HOUR, 3, True, {"Faster": _AN_APP, "In one run": "14h, on your own"}),
        (5_000, 20 * HOUR, 10 * HOUR, 1, False, {"Faster": _AN_APP}),
        (inf, 0, inf, 50_000, True, {"In one run": "time-limit: 7h"}),
    ],
)
def test_forecast_says_how_many_runs_and_what_helps(
    hourly: float, run_seconds: float, time_left: float, runs: int, helps: dict[str, str], *, in_time: bool
) -> None:
    told = forecast(50_000, 150, hourly, run_seconds=run_seconds, time_left=time_left)
    assert (told.runs, told.in_time) == (runs, in_time)
    assert ("GitHub's API limit allows 4,000 an hour" in str(told)) is (hourly == 5_000)
    choice = " (not needed)" * in_time
    assert [better for better, _ in told.advice] == [better + choice for better in helps]
    for (_, how), expected in zip(told.advice, helps.values(), strict=True):
        start, _, end = expected.partition(".*")
        assert start in how
        assert end in how


@pytest.mark.parametrize(
    ("run_seconds", "time_left", "condition"),
    [
        (6 * HOUR, 24 * HOUR, ""),  # one run
        (HOUR / 2, inf, ""),
        (HOUR / 2, 5 * HOUR, ""),  # too late
        (HOUR / 2, 60 * HOUR, "in time if one starts at least every 4 h"),
        (HOUR / 2, 24 * HOUR, "in time if one starts at least every 1 h 57 min"),
        (HOUR / 2, 6 * HOUR, "in time if each starts when the one before has ended"),
    ],
)
def test_several_runs_are_in_time_if_they_start_often_enough(
    run_seconds: float, time_left: float, condition: str
) -> None:
    assert forecast(50_000, 150, inf, run_seconds=run_seconds, time_left=time_left).condition == condition


def test_slow_setting_is_worth_a_word() -> None:
    told = forecast(1_000, 10, inf, run_seconds=HOUR, time_left=inf)
    assert (told.seconds, told.per_run, told.runs) == (6_000, 600, 2)
    assert "redeliveries-per-minute: 162 (6 min)" in told.faster


@pytest.mark.parametrize("hourly", [0, 500, 5_000, inf])
@pytest.mark.parametrize("number", [1, 399, 400, 401, 4_001, 100_000])
def test_what_fits_into_the_time_is_what_it_takes(number: int, hourly: float) -> None:
    seconds = seconds_to_redeliver(number, 150, hourly)
    told = forecast(number, 150, hourly, run_seconds=seconds, time_left=inf)
    assert told.per_run in range(number - 3, number + 1) or told.per_run >= number
