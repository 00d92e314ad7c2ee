"""Long runs: each of several webhooks has its share of the time, and nobody waits long for nothing."""

from __future__ import annotations

import pytest

from githubsim.clock import HOUR, MINUTE, SECOND
from githubsim.outcomes import OK, UNAVAILABLE
from world import World


def test_each_webhook_has_half_an_hour_while_others_wait_and_keeps_its_checkpoint() -> None:
    world = World()
    hooks = [world.hook, world.sim.org_hook("octo"), world.sim.org_hook("octo")]
    now = world.clock()
    for hook in hooks[:2]:
        hook.load(hook.row(now - HOUR - place, UNAVAILABLE) for place in range(400))
    last = hooks[2].add(now - HOUR, UNAVAILABLE).guid
    report = world.run(hook_id="all", redeliveries_per_minute="5", time_limit="2h")
    times = [[one.accepted_at for one in world.sim.accepted if one.hook is hook] for hook in hooks]
    assert 25 * MINUTE < times[0][-1] - now <= 30 * MINUTE
    assert 25 * MINUTE < times[1][-1] - times[0][-1] <= 31 * MINUTE
    assert [one.guid for one in world.sim.accepted if one.hook is hooks[2]] == [last]
    assert [hook.checkpoint is not None for hook in report.hooks] == [True] * 3
    assert report.errors == ()


def test_last_webhook_has_all_the_time_that_is_left() -> None:
    world = World()
    other = world.sim.org_hook("octo")
    other.load(other.row(world.clock() - HOUR - place, UNAVAILABLE) for place in range(300))
    report = world.run(hook_id="all", redeliveries_per_minute="5", time_limit="2h")
    assert report.recovered == 300
    assert len(world.sim.accepted) == 300


@pytest.mark.parametrize(("failed", "minutes", "is_read"), [(False, 50, False), (True, 50, True), (False, 8, True)])
def test_only_a_run_with_something_to_send_waits_long_for_a_limit(minutes: int, *, failed: bool, is_read: bool) -> None:
    world = World()
    now = world.clock()
    world.hook.load(world.hook.row(now - place * SECOND, OK) for place in range(2_000, 0, -1))
    if failed:
        world.fail(0.01)
    world.sim.limits.spend("token-1", 5_000 - 25, now)
    world.clock.advance((60 - minutes) * MINUTE)
    world.variables.seed("CHECKPOINT", str(now - 40 * MINUTE))
    report = world.run()
    waited = world.clock() - world.started
    assert (waited > 10 * MINUTE) is (failed and minutes > 10)
    assert report.hooks[0].read is is_read
