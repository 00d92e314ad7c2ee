"""What a run does on a good day: finds, sends once, watches, keeps its place, and tells the truth."""

from __future__ import annotations

import random

from githubsim.clock import HOUR, MINUTE, SECOND
from githubsim.outcomes import ACCEPTED, FAILURES, OK, TIMED_OUT, UNAVAILABLE, invalid_response
from redeliver.core.redelivery import Outcome
from redeliver.core.settings import FailOn
from redeliver.output.report_json import outputs
from world import World, of


def test_an_empty_log_is_a_run_like_any_other() -> None:
    world = World()
    report = world.run()
    assert report.exit_code(FailOn.UNDELIVERED) == 0
    assert (report.scanned, report.failed, report.redelivered) == (0, 0, 0)
    assert world.checkpoint == str(report.start)


def test_a_thousand_deliveries_with_failures_of_every_kind_are_sent_oldest_first_and_never_again() -> None:
    world = World()
    chance = random.Random(7)  # noqa: S311 - repeatable on purpose
    failed: list[str] = []
    for number in range(1_000):
        minutes_ago = 1_400 - number * 1.3
        outcome = chance.choice([*FAILURES, OK, ACCEPTED]) if number % 3 == 0 else OK
        guid = world.fail(minutes_ago, outcome)
        if outcome.succeeded:
            continue
        if chance.random() < 0.3:  # somebody else got this one home already
            world.again(guid, minutes_ago - 1, OK)
        else:
            failed.append(guid)
    assert all(row.id > 2**53 for row in world.hook.log.rows)
    assert {world.sim.truth.event(world.hook, guid).attempts[0].outcome for guid in failed} == set(FAILURES)

    report = world.run()

    assert world.sent == failed
    assert (report.failed, report.redelivered, report.recovered, report.undelivered) == (*(len(failed),) * 3, 0)
    assert world.sim.truth.undelivered() == []

    world.clock.advance(15 * MINUTE)
    second = world.run()
    assert world.sent == failed
    assert (second.failed, second.redelivered) == (0, 0)


def test_an_event_that_fails_again_is_looked_at_by_the_next_run_and_sent_when_its_time_has_come() -> None:
    world = World()
    world.sim.stub.fail_with(invalid_response(422))
    guid = world.fail(5)
    report = world.run()
    assert of(report, guid).outcome is Outcome.FAILED_AGAIN
    assert (report.failed, report.recovered, report.undelivered) == (1, 0, 1)
    assert world.checkpoint == str(report.start)
    world.clock.advance(5 * MINUTE)
    assert of(world.run(), guid).outcome is Outcome.NOT_DUE
    world.sim.stub.heal()
    world.clock.advance(6 * MINUTE)
    assert of(world.run(), guid).outcome is Outcome.RECOVERED
    assert world.sent == [guid, guid]


def test_an_event_that_is_not_due_yet_does_not_hide_a_younger_one() -> None:
    world = World()
    world.sim.stub.by_guid[poisoned := world.fail(60)] = invalid_response(500)
    world.again(poisoned, 30, invalid_response(500))
    world.again(poisoned, 5, invalid_response(500))
    fresh = world.fail(1)
    report = world.run(retry_spacing="10m")
    assert world.sent == [fresh]
    assert of(report, poisoned).outcome is Outcome.NOT_DUE
    assert of(report, poisoned).attempts == 3
    latest = world.sim.truth.event(world.hook, poisoned).attempts[-1]
    assert world.checkpoint == str(latest.delivered_at - 1)


def test_fewest_attempts_go_first_then_the_oldest() -> None:
    world = World()
    tired = world.fail(120)
    for minutes_ago in (100, 70):
        world.again(tired, minutes_ago)
    young, old = world.fail(10), world.fail(50)
    world.run()
    assert world.sent == [old, young, tired]


def test_an_event_out_of_attempts_is_reported_and_lets_the_checkpoint_go() -> None:
    world = World()
    guid = world.fail(50)
    world.hook.add(world.clock() - 40 * MINUTE)
    world.again(guid, 30)
    report = world.run(max_attempts="2")
    assert world.sent == []
    assert of(report, guid).outcome is Outcome.GIVEN_UP
    assert report.lost == 1
    assert report.exit_code(FailOn.ERROR) == 1
    assert report.exit_code(FailOn.NEVER) == 0
    assert guid in report.errors[0]
    assert world.checkpoint == str(report.start)


def test_an_endpoint_that_was_down_all_the_time_uses_up_no_attempts() -> None:
    world = World()
    guid = world.fail(50)
    world.again(guid, 30)
    world.hook.add(world.clock() - 10 * MINUTE)  # it is up again, after the latest attempt
    report = world.run(max_attempts="2")
    assert world.sent == [guid]
    assert of(report, guid).outcome is Outcome.RECOVERED
    assert report.lost == 0


def test_whole_second_times_around_the_checkpoint_hide_nothing() -> None:
    world = World()
    world.sim.behaviour.whole_seconds = True
    base = world.clock() // SECOND * SECOND
    world.variables.seed("CHECKPOINT", str(base - 10 * SECOND + 500))
    guid = world.hook.add(base - 10 * SECOND + 700).guid  # told as 500 ms before the checkpoint
    late = world.hook.add(base - 10 * SECOND + 700, UNAVAILABLE).guid
    world.run(overlap="0")
    assert world.sent == [late]
    assert guid not in world.sent


def test_the_overlap_finds_a_row_that_appeared_late() -> None:
    world = World()
    world.run()
    late = world.hook.add(world.clock() - 8 * MINUTE, TIMED_OUT, visible_at=world.clock() + MINUTE).guid
    world.clock.advance(15 * MINUTE)
    world.variables.seed("CHECKPOINT", str(world.clock() - 15 * MINUTE))
    world.run(overlap="10m")
    assert world.sent == [late]


def test_without_a_variable_every_run_looks_back_and_keeps_nothing() -> None:
    world = World()
    inside, outside = world.fail(50), world.fail(70)
    report = world.run(variable_name="", lookback="1h", overlap="0")
    assert world.sent == [inside]
    assert outside not in world.sent
    assert world.checkpoint is None
    assert outputs(report)["checkpoint"] == ""


def test_the_window_never_reaches_past_what_github_keeps() -> None:
    world = World()
    world.variables.seed("CHECKPOINT", "1")
    report = world.run()
    assert report.cutoff == report.start - 72 * HOUR


def test_a_dry_run_reports_and_touches_nothing() -> None:
    world = World()
    guid = world.fail(5)
    report = world.run(dry_run="true")
    assert of(report, guid).outcome is Outcome.DRY_RUN
    assert (report.failed, report.redelivered, report.undelivered) == (1, 0, 1)
    assert world.sent == []
    assert world.checkpoint is None
    assert {one.verb for one in world.sim.journal.entries} == {"GET"}


def test_without_waiting_the_outcome_stays_pending_and_the_next_run_learns_it() -> None:
    world = World()
    guid = world.fail(5)
    report = world.run(wait_for_results="0")
    assert of(report, guid).outcome is Outcome.PENDING
    assert (report.redelivered, report.recovered, report.undelivered) == (1, 0, 1)
    world.clock.advance(15 * MINUTE)
    assert world.run().failed == 0
    assert world.sent == [guid]


def test_a_success_that_somebody_else_brought_about_meanwhile_counts_as_recovered() -> None:
    world = World()
    due = world.fail(30)
    waiting = world.fail(60)
    world.again(waiting, 1)
    world.hook.add(world.clock() + 500, OK, guid=waiting, redelivery=True, visible_at=world.clock() + 500)
    report = world.run()
    assert world.sent == [due]
    assert of(report, waiting).outcome is Outcome.RECOVERED
    assert (report.redelivered, report.recovered, report.undelivered) == (1, 2, 0)


def test_pages_that_shift_while_they_are_read_are_counted_once() -> None:
    world = World()
    world.sim.behaviour.paging = "offset"
    for number in range(350):
        world.fail(300 - number * 0.5, OK if number % 10 else UNAVAILABLE)
    # A new row for every page that is read: each pushes one row onto the next page.
    for _ in range(4):
        world.hook.add(world.clock() + 50, visible_at=world.clock() + 50)
    report = world.run(latency_ms=100)
    assert (report.failed, report.recovered) == (35, 35)
    assert len(world.sent) == len(set(world.sent)) == 35


def test_an_empty_page_with_a_next_link_is_not_the_end() -> None:
    world = World()
    world.sim.behaviour.empty_page_every = 2
    for number in range(250):
        world.fail(300 - number * 0.5, OK)
    oldest = world.fail(1_000)
    assert world.run().failed == 1
    assert world.sent == [oldest]


def test_variable_token_writes_the_checkpoint_and_token_reads_the_log() -> None:
    world = World()
    world.sim.token("hooks", permissions={"organization_hooks": "write"})
    world.sim.token("variables", permissions={"actions_variables": "write"})
    world.fail(5)
    report = world.run(token="hooks", variable_token="variables")
    assert report.errors == ()
    assert report.recovered == 1
    assert world.checkpoint == str(report.start)
