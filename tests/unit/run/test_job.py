"""A run step by step: it tests a receiver that looks down first, and whatever goes wrong, what it has done is known."""

from __future__ import annotations

from unittest import mock

import pytest

from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.faults import Answer, Fault
from githubsim.outcomes import OK, UNAVAILABLE, Kind
from githubsim.outcomes import Outcome as Result
from redeliver.core.case import Outcome
from redeliver.core.report import Report
from redeliver.core.settings import FailOn
from redeliver.run.scan import LONG_OUTAGE
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


# -- a receiver that looks down is tested before the window is read: an outage of days would fill the log ----------

DUE, OTHERS = Kind("push"), Kind("issues")


def outage(due: int, *, older: int = 0) -> World:
    """A log of nothing but failures, longer than a run reads at once, of which these few are to be sent.

    ``older``: as many more that lie further back.
    """
    world = World()
    now = world.clock()
    rows = [
        world.hook.row(now - place * SECOND, UNAVAILABLE, kind=DUE if place <= due else OTHERS)
        for place in range(1, LONG_OUTAGE + 500)
    ]
    rows += [world.hook.row(now - HOUR - place * SECOND, UNAVAILABLE, kind=DUE) for place in range(older)]
    world.hook.load(rows)
    world.variables.seed("CHECKPOINT", str(now - 2 * HOUR))
    return world


def run(world: World, **changed: str) -> Report:
    return world.run({"events": "push", **changed})


def test_fewer_events_than_a_probe_needs_are_sent_when_the_window_is_read() -> None:
    world = outage(2, older=2)
    world.sim.stub.fail_with()
    report = run(world)
    assert world.calls.startswith("L" * 26 + "=L!!!")
    assert not report.hooks[0].partial


@pytest.mark.parametrize("settings", [{"wait_for_results": "0"}, {"dry_run": "true"}])
def test_a_run_that_does_not_watch_or_send_does_not_probe(settings: dict[str, str]) -> None:
    world = outage(5)
    world.sim.stub.fail_with()
    report = run(world, **settings)
    assert world.calls == ("L" * 25 + ("" if "dry_run" in settings else "=L!!!!!="))
    assert not report.hooks[0].partial


@pytest.mark.parametrize(
    ("first", "ago", "spacing"),
    [(OK, 90 * MINUTE, "0"), (UNAVAILABLE, 100 * SECOND, "10m")],
    ids=["not known to have failed", "not due"],
)
def test_an_event_that_is_not_to_be_sent_is_not_probed_with(first: Result, ago: int, spacing: str) -> None:
    world = outage(2, older=1)
    guid = world.hook.add(world.clock() - ago, first, kind=DUE).guid
    world.hook.add(world.clock() - SECOND // 2, UNAVAILABLE, guid=guid, redelivery=True, kind=DUE)
    run(world, retry_spacing=spacing)
    assert guid not in world.sent
    assert world.calls.startswith("L" * 26)


def test_a_gap_is_reported_once_though_the_endpoint_is_down() -> None:
    world = outage(5)
    world.sim.stub.fail_with()
    world.variables.seed("CHECKPOINT", str(world.clock() - 4 * DAY))
    report = run(world)
    assert report.hooks[0].gap is not None
    assert world.checkpoint == str(report.start - 3 * DAY)
