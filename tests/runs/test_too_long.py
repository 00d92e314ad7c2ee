"""Logs that are too long: for the time, for the hour's calls, or for looking back without good reason."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from githubsim.clock import DAY, HOUR, MINUTE, SECOND, VirtualClock
from githubsim.model import SimGitHub
from githubsim.outcomes import OK, REDIRECTED, UNAVAILABLE, invalid_response
from redeliver.core.case import Outcome
from redeliver.core.facts import FactKind
from redeliver.core.settings import FailOn
from redeliver.errors import DidNotWait, HourSpent
from redeliver.output.pieces import mark
from runs import promises
from runs.model import World
from runs.parts import VARIABLE
from wording import says

if TYPE_CHECKING:
    from githubsim.log import Row
    from runs.model import Run

pytestmark = pytest.mark.slow

#: As many attempts as three days hold at one every six seconds and a half.
LOG = 40_000
SPACING = 6_480
POISON = invalid_response(422)


def outcome_of(run: Run, guid: str) -> Outcome | None:
    """What the report says became of an event; None: it is not in it."""
    return next((event.outcome for event in run.told.events if event.guid == guid), None)


def long_log(**settings: str) -> World:
    """Three days of attempts that succeeded, read up to now."""
    world = World(None, latency_ms=100, **settings)
    now = world.clock()
    world.hook.load(successes(now))
    world.variables.seed(VARIABLE, str(now))
    world.life.anchor = now - DAY
    return world


@cache
def successes(now: int) -> tuple[Row, ...]:
    """Made once for all tests, since it takes longer than most of them."""
    hook = SimGitHub(VirtualClock(now), seed=1).org_hook()
    return tuple(hook.row(now - place * SPACING) for place in range(1, LOG + 1))


# -- history, in a log of 40,000 ---------------------------------------------------------------------------------


def test_one_poisoned_event_far_back_costs_a_long_walk_only_when_it_is_sent() -> None:
    world = long_log(max_attempts="20")
    guid = world.hook.add(world.clock() - 16 * HOUR, POISON).guid
    world.life.endpoint.by_guid[guid] = POISON
    for ago in (15 * HOUR, 12 * HOUR, 8 * HOUR, 4 * HOUR - 7 * MINUTE):
        world.hook.add(world.clock() - ago, POISON, guid=guid, redelivery=True)
    world.variables.seed(VARIABLE, str(world.clock() - 4 * HOUR))
    costs = []
    for _ in range(96):
        run = world.watch()
        promises.nothing_is_sent_in_vain(world, run)
        promises.limits_are_kept(run)
        costs.append(run.list_calls)
        for _ in range(9):
            world.clock.advance(100 * SECOND)
            world.hook.emit()
    whole = sum(cost >= 90 for cost in costs)
    assert whole <= 96 * 15 // 240 + 1  # when it is due, every four hours
    assert sorted(costs)[len(costs) // 2] <= 40
    print(f"list calls of 96 runs a quarter of an hour apart: median {sorted(costs)[48]}, most {max(costs)},", end=" ")
    print(f"{whole} of them over 90; attempts made: {world.life.endpoint.attempts[guid]}")


def test_an_earlier_success_is_found_however_far_back() -> None:
    world = long_log()
    guid = world.hook.add(world.clock() - 2 * DAY, OK).guid
    world.hook.add(world.clock() - 5 * MINUTE, UNAVAILABLE, guid=guid, redelivery=True)
    world.clock.advance(10 * MINUTE)
    run = promises.checked_run(world)
    assert run.accepted == []
    assert outcome_of(run, guid) is None


# -- a window that is too long -----------------------------------------------------------------------------------


@pytest.mark.parametrize("short_of", ["time", "calls"])
def test_a_window_too_long_to_read_is_noticed_early_and_its_failures_are_asked_for(short_of: str) -> None:
    world = long_log(lookback="3d", time_limit="30s" if short_of == "time" else "30m")
    del world.variables[VARIABLE]
    world.life.anchor = None
    guids = [world.hook.add(world.clock() - ago * HOUR, UNAVAILABLE).guid for ago in (1, 3, 50)]
    if short_of == "calls":
        world.sim.limits.policy.hourly = 450
    run = promises.checked_run(world)
    report = run.told
    assert report.exit_code(FailOn.ERROR) == 0
    assert any(says(FactKind.FAILURES_FIRST, warning) for warning in report.warnings)
    assert report.failed == len(guids)
    assert outcome_of(run, guids[0]) is Outcome.RECOVERED
    assert run.list_calls < 300


def test_what_a_new_hours_calls_will_do_for_waits_for_them_and_is_found_whole() -> None:
    world = long_log(time_limit="30m")
    kept = str(world.clock() - 2 * DAY)
    world.variables.seed(VARIABLE, kept)
    world.sim.limits.spend("token-1", 4_800, world.clock())
    guids = [world.hook.add(world.clock() - ago * HOUR, REDIRECTED).guid for ago in (40, 20, 1)]
    run = promises.checked_run(world)
    (said,) = run.told.warnings
    assert says(HourSpent, said)
    assert mark(run.told) == "🟡"
    assert run.told.exit_code(FailOn.ERROR) == 0
    assert run.list_calls < 50, "calls that others could have had"
    assert world.variables[VARIABLE] == kept
    # The hour ends early enough within this run's time.
    world.clock.advance(55 * MINUTE)
    run = promises.checked_run(world)
    assert run.told.warnings == ()
    assert [outcome_of(run, guid) for guid in guids] == [Outcome.RECOVERED] * 3


def test_a_new_hour_is_not_waited_for_for_ever() -> None:
    world = long_log()
    world.sim.limits.policy.hourly = 500
    world.variables.seed(VARIABLE, str(world.clock() - 2 * DAY))
    guid = world.hook.add(world.clock() - HOUR, UNAVAILABLE).guid
    waited = 0
    while not world.life.endpoint.arrivals[guid]:
        # Half of every hour's calls are somebody else's, so that no hour has as many as the window takes.
        world.sim.limits.spend("token-1", 250, world.clock())
        run = promises.checked_run(world, time_limit="10m")
        waited += not run.told.hooks[0].read
        world.clock.advance(HOUR + MINUTE - (world.clock() - run.began))
        assert world.clock() < run.began + 2 * HOUR
        assert waited < 20, "until GitHub has forgotten it"
    assert waited > 5


@pytest.mark.parametrize(("ago", "waits"), [(HOUR, False), (2 * DAY + 13 * HOUR, True)], ids=["early", "nearly late"])
def test_a_run_that_knows_of_nothing_to_send_waits_long_only_if_later_runs_may_be_too_late(
    *, ago: int, waits: bool
) -> None:
    world = long_log()
    kept = str(world.clock() - ago)
    world.variables.seed(VARIABLE, kept)
    world.sim.limits.account("token-1", world.clock()).resets_at = world.clock() + 20 * MINUTE
    world.sim.limits.spend("token-1", 4_995, world.clock())
    run = world.watch()
    promises.nothing_is_lost(world, run.part)
    assert run.told.hooks[0].read is waits
    assert run.told.exit_code(FailOn.ERROR) == 0
    if not waits:
        assert [says(DidNotWait, warning) for warning in run.told.warnings] == [True]
        assert world.variables[VARIABLE] == kept


def test_a_new_hour_that_was_waited_for_has_calls_of_its_own() -> None:
    world = long_log()
    world.variables.seed(VARIABLE, str(world.clock() - DAY))
    guid = world.hook.add(world.clock() - 20 * HOUR, REDIRECTED).guid
    account = world.sim.limits.account("token-1", world.clock())
    account.resets_at = world.clock() + 9 * MINUTE
    world.sim.limits.spend("token-1", 4_993, world.clock())
    run = promises.checked_run(world)
    assert outcome_of(run, guid) is Outcome.RECOVERED


@pytest.mark.parametrize("a_minute", [100, 40])
def test_waits_for_limits_are_part_of_what_a_page_takes(a_minute: int) -> None:
    world = long_log(time_limit="5m")
    world.sim.limits.policy.points_a_minute = a_minute
    world.variables.seed(VARIABLE, str(world.clock() - 2 * DAY))
    guid = world.hook.add(world.clock() - HOUR, UNAVAILABLE).guid
    run = world.watch()
    assert run.told.errors == (), "it broke off where it could have asked for failures"
    assert outcome_of(run, guid) is not None
    assert len(run.accepted) == 1


def test_unchecked_event_is_reported_holds_the_checkpoint_and_is_sent_later() -> None:
    world = long_log(lookback="3d")
    del world.variables[VARIABLE]
    world.life.anchor = None
    old, *young = [world.hook.add(world.clock() - ago * HOUR, UNAVAILABLE).guid for ago in (50, 3, 1)]
    for _ in range(3):
        run = promises.checked_run(world, time_limit="30s")
        assert outcome_of(run, old) is Outcome.UNCHECKED
        world.clock.advance(15 * MINUTE)
    assert [world.life.endpoint.arrivals[guid] for guid in (old, *young)] == [0, 1, 1]
    run = promises.checked_run(world, time_limit="30m")
    assert [world.life.endpoint.arrivals[guid] for guid in (old, *young)] == [1, 1, 1]
