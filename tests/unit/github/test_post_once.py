"""A POST that must not be repeated is made once, and what is not known is not claimed."""

from __future__ import annotations

import pytest

from redeliver.core.case import Acceptance, Reply
from redeliver.errors import BadToken, MissingPermission, Moved, RedeliverError
from redeliver.github.pace import SEND_RATE
from redeliver.github.responses import Response, ResponseLost
from samples import TASK, Calls, answer

LIMITS = (answer(429), answer(403, retry_after="9"), answer(403, x_ratelimit_remaining="0"), answer(403, "rate limit"))


def posted(told: Response | ResponseLost) -> Reply | None:
    """What came of a POST that is answered so. However it is answered, there is one."""
    calls = Calls(told, answer(202))
    try:
        return calls.caller.post_once("/attempts", TASK)
    finally:
        assert calls.script.calls == [("POST", "/attempts", {}, {})]
        assert calls.clock.slept == []


@pytest.mark.parametrize(
    ("acceptance", "answers"),
    [
        (Acceptance.ACCEPTED, [202]),
        (Acceptance.UNKNOWN, [200, 201, 204, 206, 226, 500, 502, 503, 504, 599, ResponseLost("no response in time")]),
        (Acceptance.REFUSED, [400, 404, 405, 409, 410, 422, 451]),
        (None, [*LIMITS]),
    ],
)
def test_only_202_is_an_acceptance(acceptance: Acceptance | None, answers: list[int | Response | ResponseLost]) -> None:
    for told in answers:
        reply = posted(answer(told) if isinstance(told, int) else told)
        assert (reply and reply.acceptance) is acceptance
        if reply and acceptance in {Acceptance.UNKNOWN, Acceptance.REFUSED}:
            assert reply.why == (f"GitHub answered {told}" if isinstance(told, int) else str(told))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, BadToken), (403, MissingPermission), *((status, Moved) for status in (300, 301, 302, 304, 307, 308))],
)
def test_refusal_that_meets_every_redelivery_is_an_error(status: int, kind: type[RedeliverError]) -> None:
    with pytest.raises(kind, match=str(status)):
        posted(answer(status))


def test_limit_sets_the_wait_before_the_next_redelivery() -> None:
    calls = Calls(answer(429, retry_after="9"))
    calls.caller.post_once("/attempts", TASK)
    calls.caller.wait_for_turn(5, redelivery=True)
    assert calls.clock.slept == [9.0]


def test_redelivery_uses_points_and_the_pace_of_redeliveries() -> None:
    calls = Calls(answer(202))
    for _ in range(6):
        calls.caller.post_once("/attempts", TASK)
    assert calls.pace.turn(780, 0.0)[0] == 0.0
    assert calls.pace.turn(781, 0.0)[0] > 0.0
    assert calls.pace.turn(5, 0.0, redelivery=True)[1] == SEND_RATE
