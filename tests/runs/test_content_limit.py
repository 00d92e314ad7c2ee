"""An outage where GitHub counts redeliveries as requests that create content: 80 a minute, 500 an hour.

GitHub does not say whether it does. If so, what a run cannot send is left with its reason, and later runs send it.
"""

from __future__ import annotations

import pytest

from githubsim.clock import HOUR, MINUTE, SECOND
from githubsim.limits import COUNTED
from githubsim.outcomes import UNAVAILABLE
from runs import promises
from runs.model import Run, World

pytestmark = pytest.mark.slow

A_MINUTE, AN_HOUR = COUNTED
EVERY = 15 * MINUTE
#: One limit of the minute and one of the hour, and some more.
EVENTS = 600


def after_an_outage(events: int) -> World:
    """A world whose endpoint is up again."""
    world = World(latency_ms=100)
    policy = world.sim.limits.policy
    policy.redeliveries_a_minute, policy.redeliveries_an_hour = A_MINUTE, AN_HOUR
    for place in range(events):
        world.hook.add(world.clock() - HOUR + place * SECOND, UNAVAILABLE)
    return world


def runs_on_schedule(world: World) -> list[Run]:
    """Runs every quarter of an hour, until nothing is undelivered. Every promise is kept in each of them."""
    began = world.clock()
    runs: list[Run] = []
    while world.sim.truth.undelivered():
        assert len(runs) < 20, "they do not finish"
        runs.append(run := world.watch())
        # Among the promises: no request while a limit that this run was told of lasts.
        promises.keep_all(world, run)
        due = began + ((world.clock() - began) // EVERY + 1) * EVERY
        world.clock.advance(due - world.clock())
        world.sim.run_due()
    return runs


def most_in(moments: list[int], span: int) -> int:
    """The most of them within any such span."""
    return max(sum(begin <= one < begin + span for one in moments) for begin in moments)


def test_runs_with_counted_redeliveries_send_every_event_once_within_the_limits() -> None:
    world = after_an_outage(EVENTS)
    runs = runs_on_schedule(world)
    sent = [one.accepted_at for one in world.sim.accepted]
    assert len(sent) == EVENTS
    assert world.sim.truth.needlessly_redelivered() == []
    assert (most_in(sent, MINUTE), most_in(sent, HOUR)) == COUNTED
    # A run cannot know what GitHub told the one before it: of each, the first request may be one too many.
    assert world.sim.limits.while_limited <= len(runs) - 1
    print(f"{EVENTS} events: {len(runs)} runs, {(sent[-1] - sent[0]) / MINUTE:.0f} minutes")
