"""What GitHub says about its limits is heeded to the second, and nothing else is taken for a limit."""

from __future__ import annotations

import pytest

from redeliver.core.forecast import READ_POINTS, WRITE_POINTS
from redeliver.errors import DidNotWait, MissingPermission, OutOfTime, PauseTooLong
from redeliver.github.api import LIMIT_WAIT
from redeliver.github.responses import Response
from redeliver.timing import PATIENCE
from samples import Calls, answer

DATE = "Thu, 05 Nov 2026 10:40:00 GMT"
NOON = 1_793_875_200
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
GOOD = answer(200, "1", date=DATE)


def spent(status: int, reset: object, **headers: str) -> Response:
    return answer(status, x_ratelimit_remaining="0", x_ratelimit_reset=str(reset), **headers)


@pytest.mark.parametrize(
    ("limit", "waits", "share"),
    [
        *((answer(status, SECONDARY, retry_after="7"), [7.0], 1 / 2) for status in (403, 429)),
        # A wait that was not enough is followed by longer ones.
        (answer(429, retry_after="1"), [1.0, 60.0, 120.0], 0),
        # A date instead of seconds, and limits that name no time.
        *((answer(status, retry_after="Thu, 05 Nov 2026 11:40:00 GMT"), [60.0], 1 / 2) for status in (403, 429)),
        (answer(429), [60.0, 120.0, 240.0], 0),
        (answer(429, "<html>"), [60.0, 120.0, 240.0], 0),
        (answer(403, SECONDARY), [60.0, 120.0, 240.0], 0),
        (answer(403, "<p>API RATE LIMIT exceeded</p>"), [60.0, 120.0, 240.0], 0),
        # The hour's calls are spent: that does not slow the pace down.
        *((spent(status, NOON + 90, date=DATE), [91.0], 1) for status in (403, 429)),
        (spent(403, NOON, date=DATE), [1.0], 1),
        (spent(403, NOON + 90, date=DATE, retry_after="3"), [3.0], 1),
        # No end of the hour is known, or no time.
        (spent(403, "", date=DATE), [60.0], 1 / 2),
        (spent(403, "soon", date=DATE), [60.0], 1 / 2),
        (spent(403, NOON + 600), [60.0], 1 / 2),
    ],
)
def test_limit_is_waited_out_to_the_second(limit: Response, waits: list[float], share: float) -> None:
    calls = Calls(*[limit] * len(waits), GOOD)
    assert calls.get() == 1
    assert calls.clock.slept == waits
    if share:
        assert calls.pace.share(calls.clock.monotonic()) == share


def test_spent_hour_is_waited_out_for_the_checkpoint_too() -> None:
    calls = Calls(spent(403, NOON + 90, date=DATE), GOOD)
    with calls.run_clock.closing():
        calls.get()
    assert sum(calls.clock.slept) == 91.0


def test_reset_in_the_past_waits_as_an_unknown_time() -> None:
    over = spent(403, NOON - 90, date=DATE)
    calls = Calls(over, over, over, GOOD)
    calls.get()
    assert calls.clock.slept == [60.0, 120.0, 240.0]
    assert calls.pace.share(calls.clock.monotonic()) < 1 / 2


def test_limit_after_a_response_waits_a_minute_again() -> None:
    calls = Calls(answer(429), GOOD, answer(429), GOOD)
    calls.get()
    calls.get()
    assert calls.clock.slept == [LIMIT_WAIT] * 2


def test_limits_and_tries_are_counted_apart() -> None:
    limit, fault = answer(429, retry_after="1"), answer(502)
    calls = Calls(fault, limit, fault, limit, limit, fault, limit, GOOD)
    assert calls.get() == 1
    assert [wait for wait in calls.clock.slept if wait > 1] == [3.0, 60.0, 9.0]


def test_limit_longer_than_the_run_ends_it_at_once() -> None:
    calls = Calls(answer(429, retry_after="61"), limit=60)
    with pytest.raises(PauseTooLong, match=r"\b61 s\b.*\b60 s\b"):
        calls.get()
    assert calls.clock.slept == []


def test_endless_retry_after_ends_the_run() -> None:
    with pytest.raises(OutOfTime):
        Calls(answer(429, retry_after="9" * 400)).get()


@pytest.mark.parametrize(
    "refusal",
    [
        answer(403, {"message": "Resource not accessible by personal access token"}),
        answer(403, {"message": "Must have admin rights"}, x_ratelimit_remaining="4999", x_ratelimit_reset="1"),
        answer(403, ""),
    ],
    ids=range(3),
)
def test_missing_permission_is_no_limit(refusal: Response) -> None:
    calls = Calls(refusal)
    with pytest.raises(MissingPermission):
        calls.get()
    assert (calls.count, calls.clock.slept) == (1, [])
    assert calls.pace.share(calls.clock.monotonic()) == 1.0


def test_redeliveries_end_where_the_reserve_of_the_hour_begins() -> None:
    limits = {"x_ratelimit_limit": "5000", "x_ratelimit_reset": str(NOON + 1_800)}
    calls = Calls(
        *(answer(200, "1", date=DATE, x_ratelimit_remaining=left, **limits) for left in ("500", "499")), limit=1
    )
    calls.get()
    calls.caller.wait_for_turn(WRITE_POINTS, redelivery=True)
    calls.get()
    with pytest.raises(OutOfTime):
        calls.caller.wait_for_turn(WRITE_POINTS, redelivery=True)
    calls.caller.wait_for_turn(READ_POINTS)


@pytest.mark.parametrize("redelivery", [False, True])
def test_hour_that_is_not_worth_waiting_for_is_no_time_limit_that_is_spent(*, redelivery: bool) -> None:
    spent_hour = answer(
        200, "1", date=DATE, x_ratelimit_limit="5000", x_ratelimit_remaining="9", x_ratelimit_reset=str(NOON + 900)
    )
    calls = Calls(spent_hour)
    calls.get()
    calls.run_clock.patience = PATIENCE
    with pytest.raises(DidNotWait, match="hourly rate limit"):
        calls.caller.wait_for_turn(READ_POINTS, redelivery=redelivery)
    assert calls.clock.slept == []
    calls.clock.sleep(1_400)
    calls.caller.wait_for_turn(READ_POINTS, redelivery=redelivery)
