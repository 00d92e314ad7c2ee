"""Only some events; and a log so large that failures are asked for first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from command.site import PLACES, Place, Site
from githubsim.clock import MINUTE
from githubsim.outcomes import BAD_CERTIFICATE, OK, REDIRECTED, UNAVAILABLE
from githubsim.seeds import Mix, seed
from redeliver.core.redelivery import Outcome
from redeliver.core.settings import FailOn
from redeliver.output.report_json import as_json
from world import World, kind, of

if TYPE_CHECKING:
    from githubsim.outcomes import Outcome as Ending

FAILURES_FIRST = {"scan": "failures", "overlap": "0"}
OLDER = PLACES[-1]


# -- only some events -------------------------------------------------------------------------------------------


def test_only_the_events_that_are_named_are_sent_and_the_others_are_neither_failed_nor_waited_for() -> None:
    world = World()
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


def test_an_event_without_its_action_means_every_action_and_an_action_never_another_event() -> None:
    world = World()
    opened = world.fail(50, kind=kind("issues", "opened"))
    closed = world.fail(40, kind=kind("issues", "closed"))
    world.fail(30, kind=kind("issues_of_another_sort", "opened"))
    world.run(events="issues")
    assert world.sent == [opened, closed]


def test_what_is_filtered_out_holds_no_checkpoint_but_what_is_wanted_does() -> None:
    world = World()
    world.fail(60, kind=kind("star"))
    waiting = world.fail(30, kind=kind("push"))
    world.again(waiting, 4)
    report = world.run(events="push")
    assert of(report, waiting).outcome is Outcome.NOT_DUE
    assert world.checkpoint == str(world.sim.truth.event(world.hook, waiting).last_attempt_at - 1)


def test_an_event_that_was_filtered_out_is_found_when_it_is_wanted_later() -> None:
    world = World()
    star = world.fail(60, kind=kind("star"))
    world.run(events="push", variable_name="")
    assert world.sent == []
    assert of(world.run(variable_name=""), star).outcome is Outcome.RECOVERED


# -- failures first ---------------------------------------------------------------------------------------------


def listed(world: World) -> list[str | None]:
    """The ``status`` that each request for a page of the log had."""
    return [one.query.get("status") for one in world.requests()]


@pytest.mark.parametrize("deliveries", [0, 50, 20_000])
def test_a_healthy_webhook_takes_one_call_however_large_its_log(deliveries: int) -> None:
    world = World()
    seed(world.hook, deliveries, until=world.clock() - MINUTE, mix=Mix(failing=0))
    report = world.run(scan="failures")
    assert listed(world) == ["failure"]
    assert (report.failed, report.errors) == (0, ())
    assert world.checkpoint == str(report.start)


def test_failures_before_the_window_do_not_make_a_healthy_webhook_cost_more() -> None:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - 15 * MINUTE))
    for number in range(250):
        world.fail(600 - number)
    assert world.run(scan="failures").failed == 0
    assert listed(world) == ["failure"]


def test_with_something_to_send_the_rest_is_read_down_to_the_oldest_of_it_and_no_further() -> None:
    world = World()
    for number in range(1_000):
        world.fail(700 - number * 0.6, OK)
    recovered = world.fail(150)
    world.again(recovered, 130, OK)
    failed = [world.fail(140), world.fail(120)]
    report = world.run(FAILURES_FIRST)
    assert world.sent == failed
    assert report.recovered == 2
    # 150 minutes of 100 deliveries an hour, and the slack beyond; not the whole window of a thousand.
    assert 80 < report.scanned < 450
    assert listed(world)[0] == "failure"
    assert set(listed(world)[1:]) == {None}


def test_what_recovered_is_not_sent_again_although_the_filter_hides_its_success() -> None:
    world = World()
    for number in range(40):
        guid = world.fail(200 - number)
        world.again(guid, 100 - number, OK)
    report = world.run(scan="failures")
    assert (world.sent, report.failed, report.undelivered) == ([], 0, 0)


@pytest.mark.parametrize("unseen", [BAD_CERTIFICATE, REDIRECTED], ids=["status 0", "status 302"])
def test_what_the_filter_does_not_show_is_seen_when_something_else_fails_and_by_a_full_scan(unseen: Ending) -> None:
    world = World()
    hidden = world.fail(10, unseen)
    assert world.run(scan="failures", variable_name="").failed == 0
    assert world.run(dry_run="true", variable_name="").failed == 1
    older = world.fail(20)
    world.run(scan="failures", variable_name="")
    assert world.sent == [older, hidden]


@pytest.mark.parametrize("place", [OLDER], ids=[OLDER.name])
def test_a_server_that_does_not_know_the_filter_is_read_whole(place: Place) -> None:
    site = Site(place, "organization", "fine-grained")
    failed = [site.fail(300, BAD_CERTIFICATE), site.fail(200), site.fail(100, REDIRECTED)]
    for number in range(300):
        site.fail(400 - number, OK)
    report = site.run(FAILURES_FIRST)
    assert site.sent == failed
    assert (report.errors, report.recovered) == ((), 3)


def test_a_server_that_does_not_know_the_filter_and_has_nothing_but_failures_is_read_whole_too() -> None:
    site = Site(OLDER, "organization", "fine-grained")
    failed = [site.fail(300 - number, UNAVAILABLE if number % 2 else BAD_CERTIFICATE) for number in range(150)]
    site.run(FAILURES_FIRST)
    assert site.sent == failed
