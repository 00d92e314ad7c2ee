"""``max-age``: what nobody wants any more is left alone, and said; everything else is sent as ever."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from githubsim.clock import DAY, HOUR, MINUTE
from githubsim.outcomes import OK, REDIRECTED, UNAVAILABLE
from redeliver.core.redelivery import Outcome
from redeliver.core.settings import FailOn
from redeliver.output.report_json import as_json
from wording import figures
from world import World, kind, of

if TYPE_CHECKING:
    from command.program import Server


def test_events_that_are_too_old_are_left_counted_and_told_and_hold_no_checkpoint() -> None:
    world = World()
    old = world.fail(4 * 60)
    young = world.fail(2 * 60)
    report = world.run(max_age="3h", wait_for_results="10s")
    assert world.sent == [young]
    assert (of(report, old).outcome, of(report, young).outcome) == (Outcome.TOO_OLD, Outcome.RECOVERED)
    assert (report.failed, report.recovered, report.undelivered, report.lost) == (2, 1, 1, 0)
    assert (report.errors, report.deadline, of(report, old).next_attempt_at) == ((), None, None)
    assert world.checkpoint == str(report.start)
    assert any(figures(line) == ["2", "2", "1", "1"] and "1 too old" in line for line in world.console.lines)
    (hook,) = json.loads(as_json(report))["hooks"]
    assert (hook["undelivered"], hook["lost"], hook["too_old"]) == (1, 0, 1)


def test_they_are_undelivered_for_those_who_want_to_hear_of_that() -> None:
    world = World()
    world.fail(4 * 60)
    report = world.run(max_age="3h")
    assert [report.exit_code(fail_on) for fail_on in (FailOn.ERROR, FailOn.UNDELIVERED)] == [0, 1]


def test_without_an_age_none_is_too_old() -> None:
    world = World()
    guid = world.fail(71 * 60)
    assert of(world.run(lookback="3d", wait_for_results="10s"), guid).outcome is Outcome.RECOVERED


def test_each_event_has_its_own_age() -> None:
    world = World()
    job = world.fail(4 * 60, kind=kind("workflow_job", "queued"))
    push = world.fail(4 * 60 + 1)
    star = world.fail(20 * 60, kind=kind("star", "created"))
    report = world.run(max_age="workflow_job=3h, push=1d", wait_for_results="10s")
    assert of(report, job).outcome is Outcome.TOO_OLD
    assert sorted(world.sent) == sorted([push, star])


@pytest.mark.parametrize("outcome", [UNAVAILABLE, REDIRECTED], ids=["listed as a failure", "not listed"])
@pytest.mark.parametrize(("hours", "sent"), [(5, False), (2, True)])
def test_an_event_whose_first_attempt_is_before_the_window_is_as_old_as_that(
    outcome: object, hours: int, *, sent: bool
) -> None:
    world = World()
    guid = world.fail(hours * 60, outcome)  # type: ignore[arg-type]  # one of the simulation's outcomes
    world.again(guid, 30)
    world.variables.seed("CHECKPOINT", str(world.clock() - HOUR))
    report = world.run(max_age="3h", wait_for_results="10s")
    assert of(report, guid).outcome is (Outcome.RECOVERED if sent else Outcome.TOO_OLD)
    assert world.sent == ([guid] if sent else [])


def test_one_that_was_delivered_in_the_end_is_not_told_at_all() -> None:
    world = World()
    guid = world.fail(4 * 60)
    world.again(guid, 60, OK)
    assert world.run(max_age="3h").events == ()


@pytest.mark.parametrize(
    ("age", "outcome"), [("3d", Outcome.TOO_OLD), ("7d", Outcome.EXPIRED), ("star=3h", Outcome.EXPIRED)]
)
def test_what_github_has_forgotten_is_no_loss_to_those_who_do_not_want_it_any_more(age: str, outcome: Outcome) -> None:
    world = World()
    guid = world.fail(3 * 24 * 60 + 1)
    for minutes_ago in (80, 60):
        world.again(guid, minutes_ago)
    report = world.run(max_age=age, lookback="3d")
    assert of(report, guid).outcome is outcome
    assert bool(report.errors) == (outcome is Outcome.EXPIRED)
    assert world.sent == []


def test_an_event_that_is_too_old_before_its_next_turn_is_promised_none() -> None:
    world = World()
    world.sim.stub.fail_with()
    soon, later = world.fail(10), world.fail(175)
    for guid in (soon, later):
        world.again(guid, 5)
    report = world.run(max_age="3h", retry_spacing="1h")
    assert [of(report, guid).outcome for guid in (soon, later)] == [Outcome.NOT_DUE] * 2
    assert of(report, soon).next_attempt_at == world.clock() - 5 * MINUTE + HOUR
    assert of(report, later).next_attempt_at is None


def test_a_run_after_an_outage_passes_over_nothing_that_is_still_wanted() -> None:
    """Events age while the endpoint is down: each is sent in time or left, and the checkpoint never passes one."""
    world = World()
    world.sim.stub.fail_with()
    guids = [world.fail(minutes, kind=kind("push")) for minutes in range(350, 0, -50)]
    for _ in range(4):
        report = world.run(max_age="3h", retry_spacing="0", wait_for_results="10s")
        young = [guid for guid in guids if of(report, guid).outcome is not Outcome.TOO_OLD]
        oldest = min(one.last_attempt_at for one in world.sim.truth.events() if one.guid in young)
        assert world.checkpoint == str(min(report.start, oldest - 1))
        guids = young
        world.clock.advance(10 * MINUTE)
    world.sim.stub.heal()
    report = world.run(max_age="3h", retry_spacing="0", wait_for_results="10s")
    assert [of(report, guid).outcome for guid in guids] == [Outcome.RECOVERED] * 2


# -- as a command -----------------------------------------------------------------------------------------------


def test_a_flag_says_how_old_events_may_be(here: Server) -> None:
    now = here.live.sim.clock()
    old, young = (here.hook.add(now - ago, UNAVAILABLE).guid for ago in (DAY - HOUR, HOUR))
    (hook,) = here.run("--max-age", "push=3h", "--format", "json", code=0).json["hooks"]
    assert {event["guid"]: event["outcome"] for event in hook["events"]} == {old: "too_old", young: "pending"}
    assert here.live.sent == [young]
    assert "too old" in here.run("--max-age", "3h", "--overlap", "2d", code=0).out


@pytest.mark.parametrize("age", ["3", "push", "push=", "Push=3h", "3h 1d, 2h"])
def test_an_age_that_is_none_is_told_before_anything_is_asked(here: Server, age: str) -> None:
    said = here.run("--max-age", age, code=2)
    assert said.err.startswith("error: max-age: ")
    assert said.out == ""
    assert here.live.sim.journal.entries == []
