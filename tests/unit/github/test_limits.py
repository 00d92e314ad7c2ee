"""What GitHub says about its limits is heeded to the second, and nothing else is taken for a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from redeliver.errors import MissingPermission, OutOfTime
from redeliver.github.api import LIMIT_WAIT, RESERVE
from redeliver.github.pace import GITHUB_REFUSES, HOURLY_LIMIT, READ_POINTS, WRITE_POINTS
from samples import Calls, answer
from wording import figures

if TYPE_CHECKING:
    from redeliver.github.responses import Response

DATE = "Thu, 05 Nov 2026 10:40:00 GMT"
NOON = 1_793_875_200
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
GOOD = answer(200, "1", date=DATE)


@pytest.mark.parametrize("status", [403, 429])
def test_the_seconds_that_github_names_are_waited_for(status: int) -> None:
    calls = Calls(answer(status, SECONDARY, retry_after="7"), GOOD)
    assert calls.get() == 1
    assert calls.clock.slept == [7.0]
    (line,) = calls.console.lines
    assert GITHUB_REFUSES in line
    assert figures(line) == ["7"]


@pytest.mark.parametrize("status", [403, 429])
def test_a_date_instead_of_seconds_is_met_with_a_minute(status: int) -> None:
    calls = Calls(answer(status, retry_after="Thu, 05 Nov 2026 11:40:00 GMT"), GOOD)
    calls.get()
    assert calls.clock.slept == [LIMIT_WAIT] == [60.0]


@pytest.mark.parametrize("status", [403, 429])
def test_a_spent_hour_is_waited_out_to_the_second_after_it(status: int) -> None:
    spent = answer(status, date=DATE, x_ratelimit_remaining="0", x_ratelimit_reset=str(NOON + 90))
    calls = Calls(spent, GOOD)
    calls.get()
    assert calls.clock.slept == [91.0]


def test_it_is_waited_out_for_the_checkpoint_too_although_that_may_use_the_hours_last_calls() -> None:
    calls = Calls(answer(403, date=DATE, x_ratelimit_remaining="0", x_ratelimit_reset=str(NOON + 90)), GOOD)
    with calls.run_clock.closing():
        calls.get()
    assert sum(calls.clock.slept) == 91.0


def test_an_hour_that_is_over_by_now_is_met_as_a_limit_that_names_no_time() -> None:
    spent = answer(403, date=DATE, x_ratelimit_remaining="0", x_ratelimit_reset=str(NOON - 90))
    calls = Calls(spent, spent, spent, GOOD)
    calls.get()
    assert calls.clock.slept == [60.0, 120.0, 240.0]
    assert calls.pace.share(calls.clock.monotonic()) < 1 / 2


def test_a_wait_that_was_not_enough_is_followed_by_longer_ones() -> None:
    limit = answer(429, retry_after="1")
    calls = Calls(limit, limit, limit, GOOD)
    calls.get()
    assert calls.clock.slept == [1.0, 60.0, 120.0]


@pytest.mark.parametrize("reset", ["", "soon"])
def test_a_spent_hour_without_an_end_is_met_with_a_minute(reset: str) -> None:
    calls = Calls(answer(403, x_ratelimit_remaining="0", x_ratelimit_reset=reset), GOOD)
    calls.get()
    assert calls.clock.slept == [60.0]


def test_the_seconds_go_before_the_end_of_the_hour() -> None:
    calls = Calls(answer(403, retry_after="3", x_ratelimit_remaining="0", x_ratelimit_reset=str(NOON + 90)), GOOD)
    calls.get()
    assert calls.clock.slept == [3.0]


@pytest.mark.parametrize(
    "limit",
    [answer(429), answer(429, "<html>"), answer(403, SECONDARY), answer(403, "<p>API RATE LIMIT exceeded</p>")],
    ids=["429", "429 html", "403 json", "403 html"],
)
def test_a_limit_that_names_no_time_is_met_with_a_minute_and_then_longer(limit: object) -> None:
    calls = Calls(limit, limit, limit, GOOD)  # type: ignore[arg-type]
    assert calls.get() == 1
    assert calls.clock.slept == [60.0, 120.0, 240.0]


def test_after_an_answer_the_next_limit_is_met_with_a_minute_again() -> None:
    calls = Calls(answer(429), GOOD, answer(429), GOOD)
    calls.get()
    calls.get()
    assert calls.clock.slept == [60.0, 60.0]


def test_limits_do_not_use_up_the_tries_and_tries_do_not_use_up_the_limits() -> None:
    limit, fault = answer(429, retry_after="1"), answer(502)
    calls = Calls(fault, limit, fault, limit, limit, fault, limit, GOOD)
    assert calls.get() == 1
    assert [wait for wait in calls.clock.slept if wait > 1] == [3.0, 60.0, 9.0]


def test_a_limit_that_does_not_fit_into_the_run_ends_it_at_once() -> None:
    calls = Calls(answer(429, retry_after="61"), limit=60)
    with pytest.raises(OutOfTime, match=rf"{GITHUB_REFUSES}.*\b61 s\b"):
        calls.get()
    assert calls.clock.slept == []


def test_an_endless_wait_is_no_crash() -> None:
    with pytest.raises(OutOfTime):
        Calls(answer(429, retry_after="9" * 400)).get()


@pytest.mark.parametrize(
    "no",
    [
        answer(403, {"message": "Resource not accessible by personal access token"}),
        answer(403, {"message": "Must have admin rights"}, x_ratelimit_remaining="4999", x_ratelimit_reset="1"),
        answer(403, ""),
    ],
    ids=["message", "headers", "empty"],
)
def test_a_missing_permission_is_no_limit(no: object) -> None:
    calls = Calls(no)  # type: ignore[arg-type]
    with pytest.raises(MissingPermission):
        calls.get()
    assert (calls.count, calls.clock.slept) == (1, [])
    assert calls.pace.share(calls.clock.monotonic()) == 1.0


@pytest.mark.parametrize(("seconds_to_reset", "reserve"), [(3_600, 1_000), (1_800, 500), (360, 100), (1, 10)])
def test_redeliveries_leave_a_fifth_of_the_hours_calls_to_others_and_less_as_it_goes_by(
    seconds_to_reset: int, reserve: int
) -> None:
    def told(left: int) -> Response:
        reset = str(NOON + seconds_to_reset)
        limits = {"x_ratelimit_limit": "5000", "x_ratelimit_remaining": str(left), "x_ratelimit_reset": reset}
        return answer(200, "1", date=DATE, **limits)

    calls = Calls(told(reserve), told(reserve - 1), limit=1)
    calls.get()
    calls.caller.wait_for_turn(WRITE_POINTS, redelivery=True)
    calls.get()
    with pytest.raises(OutOfTime, match=HOURLY_LIMIT):
        calls.caller.wait_for_turn(WRITE_POINTS, redelivery=True)
    if reserve > RESERVE:
        calls.caller.wait_for_turn(READ_POINTS)


@pytest.mark.parametrize("limit", [answer(429), answer(403, SECONDARY), answer(403, retry_after="1")], ids=range(3))
def test_a_secondary_limit_halves_the_pace(limit: object) -> None:
    calls = Calls(limit, GOOD)  # type: ignore[arg-type]
    calls.get()
    assert calls.pace.share(calls.clock.monotonic()) == 1 / 2


def test_a_spent_hour_does_not_slow_the_pace_down() -> None:
    calls = Calls(answer(403, date=DATE, x_ratelimit_remaining="0", x_ratelimit_reset=str(NOON)), GOOD)
    calls.get()
    assert calls.pace.share(calls.clock.monotonic()) == 1.0


def test_a_limit_without_a_date_is_waited_out_as_one_that_names_no_time() -> None:
    limit = answer(403, x_ratelimit_remaining="0", x_ratelimit_reset="1793875800")
    calls = Calls(limit, answer(200, "1", date=DATE))
    calls.get()
    assert calls.script.lines == ["GET /log"] * 2
    assert sum(calls.clock.slept) == LIMIT_WAIT
