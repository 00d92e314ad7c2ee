"""What makes a run fail before anything is lost: a near deadline, a webhook that is off."""

from __future__ import annotations

import pytest

from githubsim.clock import DAY, HOUR
from githubsim.outcomes import OK
from redeliver.core.facts import FactKind
from redeliver.core.report import Report
from redeliver.core.settings import FailOn
from world import World

NEAR = {FactKind.DEADLINE_NEAR, FactKind.UNREAD_DEADLINE_NEAR}
OFF = {FactKind.SWITCHED_OFF_ERROR, FactKind.SWITCHED_OFF_WARNING}


def code(report: Report, fail_on: FailOn = FailOn.ERROR) -> int:
    return report.exit_code(fail_on)


# -- little time left -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours_ago", "exit_code"), [(59, 0), (61, 1)])
def test_event_with_little_time_left_fails_the_run(hours_ago: int, exit_code: int) -> None:
    world = World()
    world.sim.stub.fail_with()
    for minute in range(20):
        world.fail(hours_ago * 60 + minute)
    report = world.run(lookback="3d")
    assert (len(report.events), code(report), code(report, FailOn.NEVER)) == (20, exit_code, 0)
    assert sum(fact.kind in NEAR for fact in report.facts) == exit_code


@pytest.mark.parametrize("inputs", [{"events": "issues"}, {"max_age": "60h"}])
def test_event_that_is_not_wanted_fails_no_run(inputs: dict[str, str]) -> None:
    world = World()
    world.sim.stub.fail_with()
    world.fail(61 * 60)
    assert code(world.run(lookback="3d")) == 1
    assert code(world.run({"lookback": "3d", "variable_name": ""} | inputs)) == 0


@pytest.mark.parametrize(("latency", "exit_code"), [(1, 0), (2_000, 1)])
def test_time_left_is_that_at_the_end_of_the_run(latency: int, exit_code: int) -> None:
    world = World()
    world.fail(60 * 60 - 1 / 12)  # five seconds before it is little
    world.sim.stub.fail_with()
    assert code(world.run(lookback="3d", wait_for_results="0", latency_ms=latency)) == exit_code


# -- off --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scan", ["full", "failures"])
def test_webhook_that_is_off_fails_the_run_until_its_log_is_empty(scan: str) -> None:
    world = World()
    world.hook.add(world.clock() - DAY, OK)
    assert code(world.run(scan=scan)) == 0
    world.hook.active = False
    for hours, exit_code in ((1, 1), (46, 1), (2, 0)):
        world.clock.advance(hours * HOUR)
        report = world.run(scan=scan)
        assert (code(report), code(report, FailOn.NEVER)) == (exit_code, 0)
        (fact,) = report.facts
        assert fact.kind in OFF


def test_webhook_that_is_off_and_not_named_by_id_fails_no_run() -> None:
    world = World()
    world.hook.add(world.clock() - DAY, OK)
    world.sim.org_hook("octo", active=False).add(world.clock() - DAY, OK)
    assert [hook.active for hook in world.run(hook_id="all").hooks] == [True]
    assert code(world.run(hook_id="all")) == 0


def test_log_of_failures_alone_costs_one_call_more_while_the_webhook_is_off() -> None:
    world = World()
    calls = []
    for active in (True, False):
        world.hook.active = active
        world.sim.journal.clear()
        world.run(scan="failures")
        calls.append(len(world.requests()))
    assert calls == [1, 2]
