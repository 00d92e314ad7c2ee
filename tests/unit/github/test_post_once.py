"""A POST that must not be repeated is made once, and what is not known is not claimed."""

from __future__ import annotations

import pytest

from redeliver.core.redelivery import Acceptance, Reply
from redeliver.errors import ApiError, BadToken, MissingPermission, Moved
from redeliver.github.pace import SEND_RATE
from redeliver.github.responses import Response, ResponseLost
from samples import TASK, Calls, answer


def posted(told: Response | ResponseLost) -> Reply:
    """What came of a POST that is answered so. However it is answered, there is one."""
    calls = Calls(told, answer(202))
    try:
        return calls.caller.post_once("/attempts", TASK)
    finally:
        assert calls.script.calls == [("POST", "/attempts", {}, {})]
        assert calls.clock.slept == []


def test_202_is_the_only_yes() -> None:
    assert posted(answer(202)) == Reply(Acceptance.ACCEPTED)


@pytest.mark.parametrize("status", [200, 201, 204, 206, 226])
def test_another_2xx_says_nothing(status: int) -> None:
    assert posted(answer(status)) == Reply(Acceptance.UNKNOWN, f"GitHub answered {status}")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_after_a_5xx_it_may_have_happened(status: int) -> None:
    assert posted(answer(status)) == Reply(Acceptance.UNKNOWN, f"GitHub answered {status}")


def test_after_a_lost_answer_it_may_have_happened() -> None:
    assert posted(ResponseLost("no response in time")) == Reply(Acceptance.UNKNOWN, "no response in time")


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 422, 451])
def test_another_4xx_is_about_this_one_alone(status: int) -> None:
    assert posted(answer(status)) == Reply(Acceptance.REFUSED, f"GitHub answered {status}")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, BadToken),
        (403, MissingPermission),
        (300, Moved),
        (301, Moved),
        (302, Moved),
        (304, Moved),
        (307, Moved),
        (308, Moved),
    ],
)
def test_what_would_meet_every_other_one_too_is_an_error(status: int, kind: type[ApiError]) -> None:
    with pytest.raises(kind, match=str(status)):
        posted(answer(status))


@pytest.mark.parametrize(
    "limit",
    [answer(429), answer(403, retry_after="9"), answer(403, x_ratelimit_remaining="0"), answer(403, "rate limit")],
    ids=range(4),
)
def test_a_limit_is_no_no(limit: Response) -> None:
    assert posted(limit) == Reply(Acceptance.LIMITED)


def test_after_a_limit_the_pace_knows_how_long_to_wait() -> None:
    calls = Calls(answer(429, retry_after="9"))
    calls.caller.post_once("/attempts", TASK)
    calls.caller.wait_for_turn(5, redelivery=True)
    assert calls.clock.slept == [9.0]


def test_it_is_paid_for_as_a_write_and_as_a_redelivery() -> None:
    calls = Calls(answer(202))
    for _ in range(6):
        calls.caller.post_once("/attempts", TASK)
    assert calls.pace.turn(780, 0.0).seconds == 0.0
    assert calls.pace.turn(781, 0.0).seconds > 0.0
    assert calls.pace.turn(5, 0.0, redelivery=True).what == SEND_RATE
