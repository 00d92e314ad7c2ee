"""Whatever goes wrong in a run, what it has done until then is known, and the checkpoint is kept."""

from __future__ import annotations

from unittest import mock

from githubsim.clock import MINUTE
from githubsim.faults import Answer, Fault
from githubsim.outcomes import UNAVAILABLE
from redeliver.core.case import Outcome
from redeliver.core.report import Report
from redeliver.core.settings import FailOn
from world import World, of

BUG = "The action hit an internal error: ZeroDivisionError."


def with_a_bug(world: World, where: str) -> Report:
    with mock.patch(where, side_effect=ZeroDivisionError("hush")):
        return world.run()


def test_a_bug_in_what_is_said_at_the_end_loses_neither_the_report_nor_the_checkpoint() -> None:
    world = World()
    guid = world.fail(5)
    report = with_a_bug(world, "redeliver.run.job.log_outcomes")
    assert of(report, guid).outcome is Outcome.RECOVERED
    assert world.checkpoint == str(report.start)
    assert BUG in report.errors[0]


def test_a_bug_after_a_redelivery_was_requested_leaves_it_unknown() -> None:
    world = World()
    guid = world.fail(5)
    report = with_a_bug(world, "redeliver.github.api.Caller.post_once")
    assert of(report, guid).outcome is Outcome.UNKNOWN
    assert BUG in report.errors[0]


def test_a_bug_in_keeping_the_checkpoint_does_not_lose_the_report() -> None:
    world = World()
    report = with_a_bug(world, "redeliver.github.variable.Variable.write")
    assert BUG in report.errors[0]
    assert report.hooks[0].read
    assert world.checkpoint is None


def test_a_bug_in_one_webhooks_report_costs_the_others_nothing() -> None:
    world = World()
    other = world.sim.org_hook("octo")
    world.fail(5)
    guid = other.add(world.clock() - 5 * MINUTE, UNAVAILABLE).guid
    broken_once = mock.PropertyMock(side_effect=[ZeroDivisionError("hush"), True])
    with mock.patch("redeliver.core.case.Case.was_accepted", broken_once):
        report = world.run(hook_id=f"{world.hook.id},{other.id}")
    broken, whole = report.hooks
    assert BUG in broken.errors[0]
    assert (broken.hook_id, broken.read, broken.redelivered) == (str(world.hook.id), False, 1)
    assert broken.checkpoint == broken.start
    assert (whole.errors, whole.recovered) == ((), 1)
    assert [event.guid for event in report.events] == [guid]
    assert report.exit_code(FailOn.ERROR) == 1


def test_a_webhook_that_cannot_be_asked_whether_it_is_active_is_read_all_the_same() -> None:
    world = World()
    guid = world.fail(5)
    world.sim.faults.add(Fault(Answer(500), path=f"*/hooks/{world.hook.id}", times=None))
    report = world.run()
    assert report.hooks[0].active is None
    assert of(report, guid).outcome is Outcome.RECOVERED
    assert report.errors == ()
