"""Rate limits: 900 points in any minute, so many requests an hour, and what going on regardless is called."""

from __future__ import annotations

import pytest

from githubsim.clock import HOUR, SECOND
from githubsim.limits import COUNTED
from githubsim.tests.client import Client
from redeliver.github.responses import Response


def read(client: Client) -> Response:
    return client.ask("GET", client.hook.path)


def test_any_minute_holds_900_points(client: Client) -> None:
    for _ in range(4):
        assert {client.redeliver(1).status for _ in range(44)} == {404}
        assert {read(client).status for _ in range(5)} == {200}
        client.clock.sleep(15)
    assert {client.redeliver(1).status for _ in range(45)} == {404}
    refused = client.redeliver(1)
    assert (refused.status, refused.headers["retry-after"]) == (403, "60")
    assert "secondary rate limit" in refused.body
    assert (client.sim.limits.violations, client.sim.limits.most_points) == (1, 900)


def test_requests_while_limited_are_counted(client: Client) -> None:
    client.sim.limits.block("token-1", client.clock(), 5 * SECOND)
    assert read(client).headers["retry-after"] == "5"
    client.clock.sleep(4)
    client.sim.limits.policy.status, client.sim.limits.policy.retry_after = 429, False
    refused = read(client)
    assert (refused.status, "retry-after" in refused.headers) == (429, False)
    client.clock.sleep(1)
    assert read(client).status == 200
    assert (client.sim.limits.violations, client.sim.limits.while_limited) == (2, 2)


def test_hourly_limit_names_its_end(client: Client) -> None:
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


@pytest.fixture
def counting(client: Client) -> Client:
    policy = client.sim.limits.policy
    policy.redeliveries_a_minute, policy.redeliveries_an_hour = COUNTED
    return client


def test_minute_holds_80_counted_redeliveries(counting: Client) -> None:
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


def test_hour_holds_500_counted_redeliveries(counting: Client) -> None:
    for _ in range(500):
        assert counting.redeliver(1).status == 404
        counting.clock.sleep(2)
    refused = counting.redeliver(1)
    assert (refused.status, refused.headers["retry-after"]) == (403, str(3_600 - 1_000))
    counting.clock.sleep(2_600)
    assert counting.redeliver(1).status == 404
