"""An endpoint that is down for long: no run reads all of the outage again, and none of it is lost."""

from __future__ import annotations

import pytest

from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.faults import Answer, Fault
from githubsim.outcomes import OK, UNAVAILABLE
from redeliver.core.case import Outcome
from redeliver.core.facts import FactKind
from redeliver.run.scan import LONG_OUTAGE
from runs import promises
from runs.lengths import SOAK
from runs.model import World
from runs.parts import VARIABLE
from wording import says
from world import of

pytestmark = pytest.mark.slow

#: One event in ten seconds, for more than seven hours before the first run.
EVENTS = 2_600
APART = 10 * SECOND
RUNS = 12 if SOAK else 3
#: Redeliveries that a dead endpoint gets of one type.
TESTS = 3


def outage(**settings: str) -> World:
    """An endpoint that has been down since the checkpoint, and still is."""
    world = World(None, latency_ms=100, **settings)
    now = world.clock()
    world.life.anchor = now - EVENTS * APART - DAY
    world.variables.seed(VARIABLE, str(now - EVENTS * APART - MINUTE))
    world.hook.load(world.hook.row(now - place * APART, UNAVAILABLE) for place in range(1, EVENTS + 1))
    world.life.endpoint.fail_with()
    return world


def a_quarter_passes(world: World) -> None:
    for _ in range(90):
        world.hook.emit()
        world.clock.advance(APART)
    world.sim.run_due()


@pytest.mark.long
@pytest.mark.parametrize("scan", ["full", "failures"])
def test_runs_during_an_outage_cost_the_same_however_long_it_lasts(scan: str) -> None:
    world = outage(scan=scan)
    kept = world.life.kept
    costs = set()
    for _ in range(RUNS):
        a_quarter_passes(world)
        run = promises.checked_run(world)
        assert [says(FactKind.DOWN, run.told.warnings[0]), says(FactKind.NEWEST_READ, run.told.warnings[1])] == [
            True,
            True,
        ]
        assert not run.told.errors
        assert len(run.accepted) == TESTS
        assert world.life.kept == kept, "what was not read is behind the checkpoint"
        costs.add(run.list_calls)
    pages = LONG_OUTAGE // 100 * (2 if scan == "failures" else 1)
    assert max(costs) <= pages + 4, "a few more, to watch"
    print(f"list calls of each of {RUNS} runs while it lasts, with `scan: {scan}`: {min(costs)} to {max(costs)}")


@pytest.mark.parametrize("scan", ["full", "failures"])
def test_recovered_endpoint_receives_every_event(scan: str) -> None:
    world = outage(scan=scan, time_limit="1h")
    promises.checked_run(world)
    world.clock.advance(15 * MINUTE)
    world.life.endpoint.heal()
    run = promises.checked_run(world)
    assert not run.told.hooks[0].partial
    assert run.told.warnings == ()
    assert (run.told.failed, run.told.recovered) == (EVENTS, EVENTS)
    assert run.told.redelivered == len(run.accepted) == EVENTS
    assert set(world.life.endpoint.arrivals.values()) == {1}


def test_first_run_saves_a_checkpoint_before_it_probes() -> None:
    world = outage(lookback="12h")
    del world.variables[VARIABLE]
    world.life.anchor = None
    began = world.clock()
    promises.checked_run(world)
    assert world.life.kept is not None
    assert abs(world.life.kept - (began - 12 * HOUR)) < 2 * SECOND


def test_error_after_the_probe_keeps_the_checkpoint_and_reports_what_was_sent() -> None:
    world = outage()
    kept = world.life.kept
    world.life.endpoint.heal()
    broken = Fault(Answer(500), path="*/deliveries", nth=LONG_OUTAGE // 100 + 4, times=None)
    run = promises.checked_run(world, faults=(broken,))
    assert run.told.errors
    assert run.told.hooks[0].partial
    assert run.told.redelivered == run.told.recovered == TESTS
    assert run.told.count(Outcome.RUN_FAILED, Outcome.UNCHECKED) == run.told.failed - TESTS
    assert world.life.kept == kept


def test_event_that_succeeded_before_the_read_part_is_not_probed_with() -> None:
    """Somebody redelivered three events of long ago that had arrived, and the youngest rows are all of it."""
    world = outage()
    guids = [world.hook.add(world.clock() - 12 * HOUR - place, OK).guid for place in range(3)]
    for place, guid in enumerate(guids):
        world.hook.add(world.clock() - place - 1, UNAVAILABLE, guid=guid, redelivery=True)
    run = promises.checked_run(world)
    assert not {one.guid for one in run.accepted} & set(guids)
    assert {of(run.told, guid).outcome for guid in guids} == {Outcome.NOT_DUE}
    assert not any(says(FactKind.FAILURES_FIRST, warning) for warning in run.told.warnings)
