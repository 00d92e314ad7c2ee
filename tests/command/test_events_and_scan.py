"""Only some events, only young ones; and a log so large that failures are asked for first."""

from __future__ import annotations

import json

import pytest

from githubsim.clock import HOUR, MINUTE
from githubsim.outcomes import BAD_CERTIFICATE, REDIRECTED, UNAVAILABLE
from redeliver.core.case import Outcome
from redeliver.core.settings import FailOn
from redeliver.output.report_json import as_json
from world import World, kind, of


@pytest.fixture
def world() -> World:
    return World()


# -- only some events -------------------------------------------------------------------------------------------


def test_only_named_events_are_sent_and_others_hold_no_checkpoint(world: World) -> None:
    push = world.fail(60, kind=kind("push"))
    opened = world.fail(50, kind=kind("pull_request", "opened"))
    closed = world.fail(40, kind=kind("pull_request", "closed"))
    issue = world.fail(30, kind=kind("issues", "opened"))
    report = world.run(events="push, pull_request.opened")
    assert world.sent == [push, opened]
    assert (report.failed, report.recovered, report.undelivered) == (2, 2, 0)
    assert [of(report, guid).outcome for guid in (closed, issue)] == [Outcome.FILTERED_OUT, Outcome.FILTERED_OUT]
    assert report.exit_code(FailOn.UNDELIVERED) == 0
    assert world.checkpoint == str(report.start)
    (hook,) = json.loads(as_json(report))["hooks"]
    assert (hook["failed"], hook["filtered_out"]) == (2, 2)


# -- only young ones --------------------------------------------------------------------------------------------


def test_events_that_are_too_old_are_reported_and_hold_no_checkpoint(world: World) -> None:
    job = world.fail(4 * 60, kind=kind("workflow_job", "queued"))
    push = world.fail(4 * 60 + 1)
    star = world.fail(20 * 60, kind=kind("star", "created"))
    report = world.run(max_age="workflow_job=3h, push=1d", wait_for_results="10s")
    assert sorted(world.sent) == sorted([push, star])
    assert (report.failed, report.recovered, report.undelivered, report.lost) == (3, 2, 1, 0)
    assert of(report, job).outcome is Outcome.TOO_OLD
    assert (report.errors, report.deadline, of(report, job).next_attempt_at) == ((), None, None)
    assert [report.exit_code(fail_on) for fail_on in (FailOn.ERROR, FailOn.UNDELIVERED)] == [0, 1]
    assert world.checkpoint == str(report.start)
    assert any(line.startswith("Plan      2 to send · 1 too old") for line in world.console.lines)
    (hook,) = json.loads(as_json(report))["hooks"]
    assert (hook["undelivered"], hook["lost"], hook["too_old"]) == (1, 0, 1)


@pytest.mark.parametrize(
    ("outcome", "hours", "sent"), [(UNAVAILABLE, 5, False), (REDIRECTED, 5, False), (REDIRECTED, 2, True)]
)
def test_age_of_an_event_is_that_of_its_first_attempt(world: World, outcome: object, hours: int, *, sent: bool) -> None:
    guid = world.fail(hours * 60, outcome)  # type: ignore[arg-type]  # one of the simulation's outcomes
    world.again(guid, 30)
    world.variables.seed("CHECKPOINT", str(world.clock() - HOUR))
    report = world.run(max_age="3h", wait_for_results="10s")
    assert of(report, guid).outcome is (Outcome.RECOVERED if sent else Outcome.TOO_OLD)
    assert world.sent == ([guid] if sent else [])


def test_event_that_will_be_too_old_has_no_next_attempt(world: World) -> None:
    world.sim.stub.fail_with()
    soon, later = world.fail(10), world.fail(175)
    for guid in (soon, later):
        world.again(guid, 5)
    report = world.run(max_age="3h", retry_spacing="1h")
    assert [of(report, guid).outcome for guid in (soon, later)] == [Outcome.NOT_DUE] * 2
    assert of(report, soon).next_attempt_at == world.clock() - 5 * MINUTE + HOUR
    assert of(report, later).next_attempt_at is None


# -- failures first ---------------------------------------------------------------------------------------------


def test_failures_that_the_filter_hides_are_seen_beside_others(world: World) -> None:
    hidden = [world.fail(15, REDIRECTED), world.fail(10, BAD_CERTIFICATE)]
    assert world.run(scan="failures", variable_name="").failed == 0
    assert world.run(dry_run="true", variable_name="").failed == 2
    older = world.fail(20)
    world.run(scan="failures", variable_name="")
    assert world.sent == [older, *hidden]
