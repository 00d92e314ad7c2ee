"""Calls that may be repeated are repeated, refusals are final, and what each call tells of time and limits is kept."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from math import inf

import pytest

from redeliver.errors import (
    ApiError,
    ApiFailing,
    ApiRefused,
    ApiUnexpected,
    BadKey,
    BadToken,
    MissingPermission,
    Moved,
    NotFound,
    NoTimeToRetry,
    OutOfTime,
    RedeliverError,
)
from redeliver.github.api import BACKOFF
from redeliver.github.pace import GITHUB_REFUSES, Quota
from redeliver.github.responses import Response, ResponseLost
from samples import TASK, Calls, answer, plain_id
from wording import figures

DATE, NOW = "Thu, 05 Nov 2026 10:40:00 GMT", 1_793_875_200_000
LATER = "Thu, 05 Nov 2026 10:50:00 GMT"
RESET = ResponseLost("the connection was reset")


FAULTS = [answer(500), answer(502, "<html>"), answer(503), RESET, answer(200, "<html>")]


@pytest.mark.parametrize("times", [0, 1, 2, 3])
@pytest.mark.parametrize("fault", FAULTS, ids=["500", "502", "503", "reset", "html"])
def test_passing_fault_costs_only_waiting(fault: Response | ResponseLost, times: int) -> None:
    calls = Calls(*[fault] * times, answer(404, ["row"]))
    assert calls.get(accept=(404,)) == ["row"]
    assert calls.script.calls == [("GET", "/log", {"page": "1"}, {})] * (times + 1)
    assert calls.clock.slept == list(BACKOFF[:times]) == [1.0, 3.0, 9.0][:times]


@pytest.mark.parametrize(
    ("fault", "kind", "facts"),
    [
        (answer(502), ApiFailing, {"tries": 4, "what": TASK.what, "why": "it answered 502"}),
        (RESET, ApiFailing, {"tries": 4, "what": TASK.what, "why": str(RESET)}),
        (answer(200, "<html>"), ApiUnexpected, {"what": TASK.what}),
    ],
    ids=["502", "reset", "html"],
)
def test_lasting_fault_is_an_error(
    fault: Response | ResponseLost, kind: type[RedeliverError], facts: dict[str, object]
) -> None:
    calls = Calls(fault)
    with pytest.raises(kind) as caught:
        calls.get()
    assert vars(caught.value).items() >= facts.items()
    assert (calls.count, calls.clock.slept) == (4, list(BACKOFF))


def test_long_wait_says_what_went_wrong() -> None:
    calls = Calls(*[answer(502)] * 3, answer(200, "1"))
    calls.get()
    (line,) = calls.console.lines
    assert figures(line) == ["9", "502"]
    assert TASK.what in line


def test_no_time_for_another_try_ends_the_run() -> None:
    calls = Calls(answer(502), limit=2)
    with pytest.raises(NoTimeToRetry, match=rf"{TASK.what}.*\b502\b"):
        calls.get()
    assert calls.count == 2


@pytest.mark.parametrize(
    ("status", "kind", "facts"),
    [
        (401, BadToken, {"what": TASK.what}),
        (403, MissingPermission, {"what": TASK.what, "message": "Not for you", "needed": TASK.permission}),
        (404, NotFound, {"missing": TASK.missing, "needed": TASK.permission}),
        (300, Moved, {"status": 300}),
        (301, Moved, {"what": TASK.what, "status": 301}),
        (304, Moved, {"status": 304}),
        (307, Moved, {"status": 307}),
        (400, ApiRefused, {"what": TASK.what, "status": 400, "message": "Not for you"}),
        (418, ApiRefused, {"status": 418}),
        (422, ApiRefused, {"status": 422}),
    ],
)
def test_refusal_is_an_error_at_once(status: int, kind: type[RedeliverError], facts: dict[str, object]) -> None:
    calls = Calls(answer(status, {"message": "Not for you"}))
    with pytest.raises(kind, match=str(status)) as caught:
        calls.get()
    assert vars(caught.value).items() >= facts.items()
    assert (calls.count, calls.clock.slept) == (1, [])


@pytest.mark.parametrize("body", ["", "<html>", "[1]", "3", '{"no": "message"}', "[" * 100_000], ids=range(6))
def test_refusal_with_an_unreadable_body_is_an_error(body: str) -> None:
    with pytest.raises(ApiRefused, match="no message"):
        Calls(answer(400, body)).get()


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"x_accepted_github_permissions": "organization_hooks=read"}, "organization_hooks=read here; redelivering"),
        ({"x_accepted_oauth_scopes": "admin:org_hook"}, "admin:org_hook here)"),
        (
            {"x_accepted_github_permissions": "fine=read", "x_accepted_oauth_scopes": "classic"},
            "fine=read here; redelivering",
        ),
    ],
)
@pytest.mark.parametrize("status", [403, 404])
def test_sufficient_permission_is_quoted(status: int, headers: dict[str, str], named: str) -> None:
    with pytest.raises(ApiError) as caught:
        Calls(answer(status, {"message": "no"}, **headers)).get()
    assert TASK.permission in str(caught.value)
    assert f"GitHub asks for {named}" in str(caught.value)


@pytest.mark.parametrize(("verb", "points"), [("GET", 1), ("PATCH", 5)])
def test_each_call_uses_its_points(verb: str, points: int) -> None:
    calls = Calls(RESET, answer(200 if verb == "GET" else 204))  # one whose answer is lost, too
    calls.pace.spent(points * (810 // points - 3), 0)
    for _ in range(2):
        calls.get() if verb == "GET" else calls.caller.call("PATCH", "/variable", TASK, lambda told: told)
    assert calls.pace.turn(810 % points, calls.clock.monotonic())[0] == 0.0
    assert calls.pace.turn(810 % points + 1, calls.clock.monotonic())[0] > 0.0


@pytest.mark.parametrize(
    ("answers", "before", "asked"),
    [
        ([answer(200, date=DATE)], 0, 2),
        ([answer(404, date=DATE)], 0, 2),  # a server without limits
        ([answer(200, date=DATE)], 2, 0),
        ([answer(200), answer(200, date=DATE)], 1, 2),
        ([answer(200, date=DATE), answer(500)], 1, 1),
    ],
)
def test_time_is_asked_for_until_two_responses_had_it(answers: list[Response], before: int, asked: int) -> None:
    calls = Calls(*answers)
    for _ in range(before):
        calls.get()
    for _ in range(3):
        assert calls.caller.now() == NOW
    assert calls.script.lines == ["GET /log"] * before + ["GET /rate_limit"] * asked
    calls.clock.sleep(2.5)
    assert calls.caller.now() == NOW + 2_500


@pytest.mark.parametrize("status", [300, 301, 401, 407, 499])
def test_refusal_does_not_set_the_clock(status: int) -> None:
    calls = Calls(answer(status, date=DATE))
    with pytest.raises(ApiError):
        calls.caller.now()
    calls = Calls(answer(200, "1"), answer(status, date=LATER), answer(200, "1", date=DATE))
    calls.get()
    with suppress(ApiError):
        calls.get()
    calls.get()
    assert calls.caller.now() == NOW


@pytest.mark.parametrize("dates", [(DATE, LATER), (LATER, DATE), (LATER, DATE, LATER), (DATE, LATER, LATER)])
def test_earlier_of_two_clocks_counts(dates: Sequence[str]) -> None:
    calls = Calls(*(answer(200, "1", date=date) for date in dates))
    for _ in dates:
        calls.get()
    assert calls.caller.now() == NOW
    assert calls.caller.clocks_differ_by == 600_000
    assert calls.count == len(dates)


def test_time_that_passed_here_is_no_difference_between_clocks() -> None:
    calls = Calls(answer(200, "1", date=DATE), answer(200, "1", date=LATER))
    calls.get()
    calls.clock.sleep(541)
    calls.get()
    assert calls.caller.now() == NOW + 600_000
    assert calls.caller.clocks_differ_by == 0


def test_time_is_asked_for_with_retries() -> None:
    calls = Calls(answer(500), answer(200, date=DATE))
    assert calls.caller.now() == NOW
    assert calls.clock.slept == [1.0]
    with pytest.raises(ApiFailing, match=r"current time: .*4 tries"):
        Calls(answer(500)).caller.now()


@pytest.mark.parametrize(
    "date",
    [
        "",
        "garbage",
        "1793875200",
        "Thu, 99 Nov 2026 10:40:00 GMT",
        "Thu, 05 Nov 2026 10:40:00 +99999999999999999999",
        "Thu, 05 Nov 99999999 10:40:00 GMT",
        "\x00",
    ],
    ids=plain_id,
)
def test_invalid_date_is_no_date(date: str) -> None:
    calls = Calls(answer(200, date=date))
    assert calls.get() == {}
    with pytest.raises(ApiUnexpected, match=r"current time.*Date"):
        calls.caller.now()


@pytest.mark.parametrize("zone", [" GMT", "", " UTC", " +0000", " -0000"])
def test_date_is_read_as_utc_in_every_time_zone(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        calls = Calls(answer(200, date=DATE.removesuffix(" GMT") + zone))
        assert calls.caller.now() == NOW
    finally:
        monkeypatch.undo()
        time.tzset()


def test_closing_leaves_time_for_calls() -> None:
    calls = Calls(answer(200, date=DATE), limit=1)
    calls.get()
    calls.get()
    calls.clock.sleep(1.5)
    with pytest.raises(OutOfTime, match=r"\b1 s\b"):
        calls.caller.wait_for_turn(1)
    with calls.run_clock.closing():
        assert calls.caller.now() == NOW + 1_500
        calls.caller.wait_for_turn(1)


@pytest.mark.parametrize(("told", "left"), [("17", 17), ("0", 0), ("", inf), ("many", inf), ("-1", inf)])
def test_quota_is_that_of_the_last_response(told: str, left: float) -> None:
    hour = {"x_ratelimit_limit": "15000", "x_ratelimit_reset": "1793875800"}
    calls = Calls(answer(200, x_ratelimit_remaining="5000"), answer(200, date=DATE, x_ratelimit_remaining=told, **hour))
    assert calls.caller.quota == Quota()
    calls.get()
    assert calls.caller.quota == Quota(left=5_000, hourly=5_000)
    calls.get()
    calls.clock.sleep(1.5)
    assert calls.caller.quota == Quota(left=left, hourly=15_000, resets_in=598.5)


@pytest.mark.parametrize(("left", "waited"), [("9", 0.0), ("1", 0.0), ("0", 91.0)])
def test_last_calls_of_the_hour_are_left_for_the_checkpoint(left: str, waited: float) -> None:
    # The hour ends a minute and a half after DATE.
    calls = Calls(answer(200, "1", date=DATE, x_ratelimit_remaining=left, x_ratelimit_reset="1793875290"))
    calls.get()
    with calls.run_clock.closing():
        calls.caller.wait_for_turn(5)
    assert sum(calls.clock.slept) == waited
    for _ in range(2):
        calls.caller.wait_for_turn(1)
    assert sum(calls.clock.slept) == 91.0


def get_if_free(calls: Calls) -> object:
    return calls.caller.get_if_free("/log/1", lambda told: json.loads(told.body))


def test_optional_call_is_made_once_and_counts_for_the_limits() -> None:
    calls = Calls(answer(200, {"a": 1}, date=DATE, x_ratelimit_remaining="4000"))
    assert get_if_free(calls) == {"a": 1}
    assert (calls.script.lines, calls.clock.slept) == (["GET /log/1"], [])
    assert calls.caller.quota.left == 4_000


NO_TOKEN = (BadKey(what="make a token"), OutOfTime(limit="5 h"))


@pytest.mark.parametrize("fault", [*FAULTS, *map(answer, (404, 401, 302, 403, 204)), *NO_TOKEN])
def test_failed_optional_call_is_no_error_and_not_repeated(fault: Response | Exception) -> None:
    calls = Calls(fault)
    assert get_if_free(calls) is None
    assert (calls.count, calls.clock.slept) == (1, [])


def test_limit_of_an_optional_call_holds_for_the_next_call() -> None:
    calls = Calls(answer(429, retry_after="5"), answer(200, "1"))
    assert get_if_free(calls) is None
    assert (calls.count, calls.clock.slept) == (1, [])
    assert calls.get() == 1
    assert calls.clock.slept == [5.0]


@pytest.mark.parametrize(
    ("left", "asked"), [("0", False), ("9", False), ("10", False), ("600", False), ("700", True), ("4000", True)]
)
def test_optional_call_leaves_the_reserve_of_the_hour(left: str, *, asked: bool) -> None:
    limits = {"x_ratelimit_limit": "5000", "x_ratelimit_reset": "1793877600"}
    calls = Calls(answer(200, "1", date=DATE, x_ratelimit_remaining=left, **limits))
    calls.get()
    assert calls.caller.quota.resets_in == 2_400
    assert (get_if_free(calls) == 1) is asked
    assert calls.count == 1 + asked


@pytest.mark.parametrize(
    ("limit", "wait", "asked"),
    [(3_600, 60, True), (60.5, 60, True), (60, 60, False), (20, 60, False), (3_600, 61, False), (0, 0, False)],
)
def test_optional_call_waits_a_minute_if_there_is_time(limit: float, wait: float, *, asked: bool) -> None:
    calls = Calls(answer(200, "1"), limit=limit)
    calls.pace.limited(wait, calls.clock.monotonic(), slower=False)
    assert (get_if_free(calls) == 1) is asked
    assert calls.count == asked
    assert calls.clock.slept == [60.0] * asked
    assert calls.console.lines[:1] == [f"Wait      60 s for {GITHUB_REFUSES}"] * asked
