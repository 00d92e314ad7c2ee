"""What is lost for good is an error of the run that finds it out, and what is not lost is not said to be."""

from __future__ import annotations

from typing import Any

import pytest

from githubsim.behaviour import Behaviour
from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.outcomes import UNAVAILABLE, invalid_response
from redeliver.core.case import Outcome
from redeliver.core.facts import FactKind
from redeliver.core.report import URGENT, HookReport
from redeliver.core.settings import FailOn
from runs import promises
from runs.lengths import SOAK
from runs.model import World
from runs.parts import VARIABLE
from wording import says

pytestmark = pytest.mark.slow

REFUSED = invalid_response(422)
#: Events in an outage of days.
EACH_HOUR = 30 if SOAK else 15


def run(world: World, **settings: Any) -> HookReport:  # noqa: ANN401  inputs of the action
    """A run that keeps every promise, and what it reports."""
    made = promises.checked_run(world, **settings)
    assert (made.told.exit_code(FailOn.ERROR) == 1) is bool(made.told.errors)
    assert made.told.exit_code(FailOn.NEVER) == 0
    return made.told.hooks[0]


def at_work() -> World:
    """A webhook whose runs have kept a checkpoint for a while."""
    world = World()
    world.life.anchor = world.clock() - DAY
    world.variables.seed(VARIABLE, str(world.clock()))
    return world


def test_ten_days_without_runs_leave_a_gap_that_one_run_reports() -> None:
    world = at_work()
    off_since = world.clock()
    lost = world.hook.add(off_since + DAY, UNAVAILABLE).guid
    world.clock.advance(10 * DAY)
    saved = world.hook.add(world.clock() - HOUR, UNAVAILABLE).guid
    report = run(world)
    (error,) = report.errors
    assert says(FactKind.GAP, error)
    assert report.gap is not None
    assert report.gap[0] == off_since
    assert abs(report.gap[1] - (world.clock() - 3 * DAY)) < 2 * MINUTE
    # The rest of its work is done all the same.
    assert world.life.endpoint.arrivals == {saved: 1}
    assert (report.failed, report.recovered) == (1, 1)
    assert lost not in {event.guid for event in report.events}
    world.clock.advance(15 * MINUTE)
    following = run(world)
    assert (following.errors, following.warnings, following.gap) == ((), (), None)


@pytest.mark.long
def test_long_outage_is_reported_with_its_deadline_and_then_with_its_losses() -> None:
    world = at_work()
    world.life.endpoint.fail_with()
    began = world.clock()
    for hour in range(3, 96, 3):
        for _ in range(EACH_HOUR * 3):
            world.hook.emit()
            world.clock.advance(HOUR // EACH_HOUR)
        world.sim.run_due()
        report = run(world)
        assert report.outage is not None
        assert report.deadline is not None
        if hour < 72:
            # Nothing is lost, but soon will be.
            told = [says(FactKind.DEADLINE_NEAR, error) for error in report.errors]
            assert told == [True] * (report.deadline - world.clock() < URGENT), f"after {hour} hours"
            # Of events that were probed with, only later attempts may have been read.
            assert began - 11 * MINUTE <= report.deadline - 3 * DAY <= began + 4 * HOUR
        elif hour > 76:
            assert report.gap is not None
            assert any(says(FactKind.GAP, error) for error in report.errors)
            # Each run tells what was lost since the one before it.
            assert report.gap[1] - report.gap[0] <= 3 * HOUR + 5 * MINUTE
            assert report.deadline > world.clock() - MINUTE
        assert "None of it is lost" not in "".join((*report.errors, *report.warnings))
    world.life.endpoint.heal()
    for _ in range(3):
        run(world, time_limit="5h")
        world.clock.advance(4 * HOUR)
    report = run(world)
    assert (report.errors, report.warnings, report.undelivered) == ((), (), 0)


def test_run_that_uses_up_the_last_attempt_is_red() -> None:
    world = at_work()
    guid = world.hook.add(world.clock() + SECOND, REFUSED).guid
    world.life.endpoint.by_guid[guid] = REFUSED
    world.clock.advance(5 * MINUTE)
    reports = []
    for _ in range(8):
        reports.append(run(world, max_attempts="3"))
        world.clock.advance(15 * MINUTE)
    outcomes = [event.outcome for report in reports for event in report.events]
    assert outcomes[:2] == [Outcome.FAILED_AGAIN, Outcome.GIVEN_UP]
    assert [report.lost for report in reports[:2]] == [0, 1]
    assert guid in reports[1].errors[0]
    # It is told as long as the window holds it, and no longer.
    assert reports[-1].errors == ()
    assert world.life.endpoint.attempts[guid] == 2


def test_event_that_is_deleted_while_the_log_is_read_is_reported_as_a_gap() -> None:
    world = World(Behaviour(page_cap=10), latency_ms=1_000, lookback="3d")
    now = world.clock()
    # Two and a half minutes of reading, within which GitHub deletes the oldest event.
    world.hook.load(world.hook.row(now - place * 170 * SECOND) for place in range(1, 1_500))
    oldest = world.hook.add(now - 3 * DAY + 90 * SECOND, UNAVAILABLE).guid
    world.variables.seed(VARIABLE, str(now - 3 * DAY + 90 * SECOND - 1))
    world.life.anchor = now - 4 * DAY
    report = run(world, time_limit="3h")
    assert oldest not in {event.guid for event in report.events}
    assert report.gap is not None
    assert report.errors
