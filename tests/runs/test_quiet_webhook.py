"""A webhook with few events, whose endpoint is down for longer than max-attempts lasts: no event is given up for it."""

from __future__ import annotations

from collections.abc import Collection
from itertools import product

import pytest

from githubsim.clock import HOUR, MINUTE
from githubsim.outcomes import invalid_response
from redeliver.core.case import Outcome
from runs import promises
from runs.lengths import SOAK
from runs.model import World

pytestmark = pytest.mark.slow

OUTAGE = 60 * HOUR


def over(world: World, hours: int, every: int, arrivals: Collection[int]) -> list[Outcome]:
    """Time passes, with a run each ``every`` minutes. What runs have said of events, one outcome for each and run."""
    said = []
    for minute in range(0, hours * 60, every):
        if minute in arrivals:
            world.hook.emit()
        world.clock.advance(every * MINUTE)
        world.sim.run_due()
        run = promises.checked_run(world)
        said += [one.outcome for one in run.told.events]
    return said


@pytest.mark.parametrize(
    ("events", "every"), [*product([1, 3, 10], [60, 15])] if SOAK else [(1, 15), (3, 60), (10, 15)]
)
def test_weekend_outage_loses_nothing(events: int, every: int) -> None:
    world = World(None, latency_ms=100)
    world.hook.emit()
    over(world, 2, every, ())
    world.life.endpoint.fail_with()
    hours = OUTAGE // HOUR
    apart = hours * 60 // events
    said = over(world, hours, every, {apart * number // every * every for number in range(events)})
    attempts = [len(rows) for rows in world.life.failed_events().values()]
    assert len(attempts) == events
    assert max(attempts) > 10, "no event has had more attempts than max-attempts"
    assert Outcome.GIVEN_UP not in said
    world.life.endpoint.heal()
    over(world, 5, every, {0})
    assert all(any(row.outcome.succeeded for row in rows) for rows in world.life.failed_events().values())


def test_event_that_fails_while_others_are_delivered_is_given_up() -> None:
    world = World(None, latency_ms=100)
    world.hook.emit()
    world.clock.advance(5 * MINUTE)
    world.life.endpoint.fail_with(invalid_response(500))
    poisoned = world.hook.emit()
    world.life.endpoint.by_guid[poisoned] = invalid_response(500)
    world.life.endpoint.heal()
    said = []
    # Its last attempt is after the start of the run that gives it up. Runs that see that attempt alone know when it is
    # due, four hours later, that it was given up.
    for _ in range(25):
        for _ in range(12):
            world.hook.emit()
            world.clock.advance(5 * MINUTE)
        run = promises.checked_run(world)
        said += [one.outcome for one in run.told.events]
    assert len(world.life.failed_events()[poisoned]) == 10
    assert Outcome.GIVEN_UP in said
    assert world.life.kept is not None
    assert world.life.kept > world.clock() - HOUR
