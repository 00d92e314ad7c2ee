"""Rate limits: 900 points in any minute, so many requests an hour, and what going on regardless is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from githubsim import HOUR, SECOND, SimGitHub, VirtualClock
from githubsim.inprocess import InProcessTransport
from githubsim.limits import COUNTED

if TYPE_CHECKING:
    from redeliver.github.transport import Response


class World:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.sim = SimGitHub(self.clock)
        self.sim.token("pat")
        self.hook = self.sim.org_hook("octo")
        self.transport = InProcessTransport(self.sim, "pat", self.clock)

    def read(self) -> Response:
        return self.transport.exchange("GET", self.hook.path)

    def write(self) -> Response:
        return self.transport.exchange("POST", f"{self.hook.path}/deliveries/1/attempts")


@pytest.fixture
def world() -> World:
    return World()


def test_180_writes_fit_into_a_minute_and_no_more(world: World) -> None:
    assert {world.write().status for _ in range(180)} == {404}
    refused = world.write()
    assert (refused.status, refused.headers["retry-after"]) == (403, "60")
    assert "secondary rate limit" in refused.body
    assert (world.sim.limits.violations, world.sim.limits.most_points) == (1, 900)


def test_the_minute_slides(world: World) -> None:
    for _ in range(4):
        assert {world.write().status for _ in range(45)} == {404}
        world.clock.sleep(15)
    assert {world.write().status for _ in range(45)} == {404}
    assert world.write().status == 403


def test_reads_cost_one_point(world: World) -> None:
    assert {world.read().status for _ in range(900)} == {200}
    assert world.read().status == 403


def test_going_on_while_limited_is_counted(world: World) -> None:
    world.sim.limits.block("token-1", world.clock(), 5 * SECOND)
    assert world.read().headers["retry-after"] == "5"
    world.clock.sleep(4)
    assert world.read().status == 403
    world.clock.sleep(1)
    assert world.read().status == 200
    assert (world.sim.limits.violations, world.sim.limits.while_limited) == (2, 2)


def test_the_refusal_can_come_as_429_without_a_hint(world: World) -> None:
    world.sim.limits.policy.status = 429
    world.sim.limits.policy.retry_after = False
    world.sim.limits.block("token-1", world.clock())
    refused = world.read()
    assert refused.status == 429
    assert "retry-after" not in refused.headers


def test_the_hours_limit_says_when_it_ends(world: World) -> None:
    assert world.read().headers["x-ratelimit-remaining"] == "4999"
    world.sim.limits.spend("token-1", 4_999, world.clock())
    refused = world.read()
    assert (refused.status, refused.headers["x-ratelimit-remaining"]) == (403, "0")
    assert refused.headers["x-ratelimit-reset"] == str((world.clock() + HOUR) // SECOND)
    assert "API rate limit exceeded" in refused.body
    world.clock.sleep(3_600)
    assert world.read().status == 200


def test_each_credential_has_its_own_account_and_asking_for_it_is_free(world: World) -> None:
    world.sim.token("other")
    world.sim.limits.spend("token-1", 5_000, world.clock())
    assert world.read().status == 403
    other = InProcessTransport(world.sim, "other", world.clock)
    assert other.exchange("GET", world.hook.path).status == 200
    assert world.transport.exchange("GET", "/rate_limit").status == 200


# -- where a redelivery counts as a request that creates content ----------------------------------------------


@pytest.fixture
def counting(world: World) -> World:
    policy = world.sim.limits.policy
    policy.redeliveries_a_minute, policy.redeliveries_an_hour = COUNTED
    return world


def test_80_redeliveries_fit_into_a_minute_and_reading_goes_on(counting: World) -> None:
    assert {counting.write().status for _ in range(80)} == {404}
    refused = counting.write()
    assert (refused.status, refused.headers["retry-after"]) == (403, "60")
    assert "blocked from content creation" in refused.body
    assert counting.read().status == 200
    counting.clock.sleep(59)
    assert counting.write().headers["retry-after"] == "1"
    counting.clock.sleep(1)
    assert counting.write().status == 404
    assert (counting.sim.limits.violations, counting.sim.limits.while_limited) == (2, 1)


def test_500_fit_into_an_hour_and_the_answer_says_when_the_next_one_does(counting: World) -> None:
    for _ in range(500):
        assert counting.write().status == 404
        counting.clock.sleep(2)
    refused = counting.write()
    assert (refused.status, refused.headers["retry-after"]) == (403, str(3_600 - 1_000))
    counting.clock.sleep(2_600)
    assert counting.write().status == 404
