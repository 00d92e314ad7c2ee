"""Rate limits: 900 points in any minute, so many requests an hour, and what going on regardless is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from githubsim.clock import HOUR, SECOND
from githubsim.limits import COUNTED

if TYPE_CHECKING:
    from githubsim.tests.client import Client
    from redeliver.github.responses import Response


def read(client: Client) -> Response:
    return client.ask("GET", client.hook.path)


def test_180_writes_fit_into_a_minute_and_no_more(client: Client) -> None:
    assert {client.redeliver(1).status for _ in range(180)} == {404}
    refused = client.redeliver(1)
    assert (refused.status, refused.headers["retry-after"]) == (403, "60")
    assert "secondary rate limit" in refused.body
    assert (client.sim.limits.violations, client.sim.limits.most_points) == (1, 900)


def test_the_minute_slides(client: Client) -> None:
    for _ in range(4):
        assert {client.redeliver(1).status for _ in range(45)} == {404}
        client.clock.sleep(15)
    assert {client.redeliver(1).status for _ in range(45)} == {404}
    assert client.redeliver(1).status == 403


def test_reads_cost_one_point(client: Client) -> None:
    assert {read(client).status for _ in range(900)} == {200}
    assert read(client).status == 403


def test_going_on_while_limited_is_counted(client: Client) -> None:
    client.sim.limits.block("token-1", client.clock(), 5 * SECOND)
    assert read(client).headers["retry-after"] == "5"
    client.clock.sleep(4)
    assert read(client).status == 403
    client.clock.sleep(1)
    assert read(client).status == 200
    assert (client.sim.limits.violations, client.sim.limits.while_limited) == (2, 2)


def test_the_refusal_can_come_as_429_without_a_hint(client: Client) -> None:
    client.sim.limits.policy.status = 429
    client.sim.limits.policy.retry_after = False
    client.sim.limits.block("token-1", client.clock())
    refused = read(client)
    assert refused.status == 429
    assert "retry-after" not in refused.headers


def test_the_hours_limit_says_when_it_ends(client: Client) -> None:
    assert read(client).headers["x-ratelimit-remaining"] == "4999"
    client.sim.limits.spend("token-1", 4_999, client.clock())
    refused = read(client)
    assert (refused.status, refused.headers["x-ratelimit-remaining"]) == (403, "0")
    assert refused.headers["x-ratelimit-reset"] == str((client.clock() + HOUR) // SECOND)
    assert "API rate limit exceeded" in refused.body
    # Each credential has an account of its own, and asking for it is free.
    client.sim.token("other")
    assert client.ask("GET", client.hook.path, token="other").status == 200
    assert client.ask("GET", "/rate_limit").status == 200
    client.clock.sleep(3_600)
    assert read(client).status == 200


# -- where a redelivery counts as a request that creates content ----------------------------------------------


@pytest.fixture
def counting(client: Client) -> Client:
    policy = client.sim.limits.policy
    policy.redeliveries_a_minute, policy.redeliveries_an_hour = COUNTED
    return client


def test_80_redeliveries_fit_into_a_minute_and_reading_goes_on(counting: Client) -> None:
    assert {counting.redeliver(1).status for _ in range(80)} == {404}
    refused = counting.redeliver(1)
    assert (refused.status, refused.headers["retry-after"]) == (403, "60")
    assert "blocked from content creation" in refused.body
    assert read(counting).status == 200
    counting.clock.sleep(59)
    assert counting.redeliver(1).headers["retry-after"] == "1"
    counting.clock.sleep(1)
    assert counting.redeliver(1).status == 404
    assert (counting.sim.limits.violations, counting.sim.limits.while_limited) == (2, 1)


def test_500_fit_into_an_hour_and_the_answer_says_when_the_next_one_does(counting: Client) -> None:
    for _ in range(500):
        assert counting.redeliver(1).status == 404
        counting.clock.sleep(2)
    refused = counting.redeliver(1)
    assert (refused.status, refused.headers["retry-after"]) == (403, str(3_600 - 1_000))
    counting.clock.sleep(2_600)
    assert counting.redeliver(1).status == 404
