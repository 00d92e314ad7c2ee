"""Where a run's window begins, what it reads of the time before, and which checkpoint it leaves."""

from __future__ import annotations

from unittest import mock

import pytest

from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.outcomes import OK, REDIRECTED, UNAVAILABLE
from redeliver.core.redelivery import Outcome
from redeliver.core.settings import FailOn, parse
from redeliver.errors import CheckpointInFuture
from redeliver.run.job import rules_of
from redeliver.times import clock_time
from wording import told
from world import World, of

# -- the window -------------------------------------------------------------------------------------------------


def test_a_checkpoint_of_this_moment_does_not_lie_in_the_future() -> None:
    world = World()
    start = world.run().start
    assert world.checkpoint == str(start)
    again = world.run()
    assert (again.errors, again.start) == ((), start)


@pytest.mark.parametrize(("overlap", "cutoff"), [("0", -HOUR), ("10m", -HOUR - 10 * MINUTE)])
def test_the_window_begins_an_overlap_before_the_checkpoint_and_with_a_whole_second(overlap: str, cutoff: int) -> None:
    world = World()
    second = world.clock() // SECOND * SECOND
    world.variables.seed("CHECKPOINT", str(second - HOUR + 500))
    assert world.run(overlap=overlap).cutoff == second + cutoff


@pytest.mark.parametrize(
    ("inputs", "stored", "word"),
    [
        ({}, True, "10 min before"),
        ({"overlap": "3m"}, True, "3 min before"),
        ({"lookback": "2h"}, False, "yet"),
        ({"variable_name": ""}, False, "variable-name"),
    ],
)
def test_the_first_line_of_a_run_says_what_decided_how_far_back_it_reads(
    inputs: dict[str, str], word: str, *, stored: bool
) -> None:
    world = World()
    if stored:
        world.variables.seed("CHECKPOINT", str(world.clock() - HOUR))
    cutoff = world.run(inputs).cutoff
    assert clock_time(cutoff) in world.console.lines[0]
    assert word in world.console.lines[0]


def test_a_checkpoint_in_the_future_is_named_with_its_place_and_value_and_the_time() -> None:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() + MINUTE + 1))
    (error,) = world.run().errors
    place, now = "the variable CHECKPOINT of octo/ops", world.clock()
    assert told(CheckpointInFuture, error) == {"place": place, "value": str(now + MINUTE + 1), "now": str(now)}


def test_a_checkpoint_of_a_clock_that_is_a_minute_fast_counts_as_now() -> None:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() + MINUTE))
    report = world.run(overlap="0")
    assert (report.errors, report.cutoff) == ((), report.start)
    assert world.checkpoint == str(report.start)


def test_a_first_run_that_ends_early_claims_no_time_that_github_had_forgotten_before_it() -> None:
    world = World()
    world.fail(5)
    with mock.patch("redeliver.github.api.Caller.post_once", side_effect=ZeroDivisionError):
        first = world.run(lookback="30d")
    assert world.checkpoint == str(first.start - 3 * DAY)
    world.clock.advance(10 * MINUTE)
    again = world.run(lookback="30d")
    assert again.hooks[0].gap == (first.start - 3 * DAY, again.start - 3 * DAY + MINUTE)


def test_with_failures_alone_a_healthy_webhook_takes_one_call() -> None:
    world = World()
    world.hook.load(world.hook.row(world.clock() - place * SECOND) for place in range(1, 1_000))
    world.run(scan="failures")
    assert [one.query.get("status") for one in world.requests()] == ["failure"]


def test_what_github_forgets_while_the_log_is_read_is_a_gap() -> None:
    world = World()
    now = world.clock()
    kept = now - 3 * DAY + 90 * SECOND
    world.hook.load(world.hook.row(now - place * 3 * MINUTE) for place in range(1_390))
    world.variables.seed("CHECKPOINT", str(kept))
    report = world.run(latency_ms=10_000)
    # A call for the checkpoint, one for the webhook, fourteen pages: the last answer came half a call before their end.
    read_at = now + 155 * SECOND
    assert report.hooks[0].gap == (kept, read_at - 3 * DAY + MINUTE)


@pytest.mark.parametrize(("hours", "waits"), [(59, True), (61, False)])
def test_a_new_hours_calls_are_not_waited_for_where_github_would_forget_meanwhile(hours: int, *, waits: bool) -> None:
    world = World()
    now = world.clock()
    world.hook.load(world.hook.row(now - place * hours * SECOND) for place in range(3_600))
    world.variables.seed("CHECKPOINT", str(now - hours * HOUR))
    world.sim.limits.policy.hourly = 100
    world.sim.limits.spend("token-1", 65, now)
    report = world.run(overlap="0")
    assert ("failure" in {one.query.get("status") for one in world.requests()}) is not waits
    assert report.hooks[0].read is not waits


# -- what came before the window --------------------------------------------------------------------------------


def with_history(*earlier: tuple[float, object], checkpoint: int = HOUR) -> tuple[World, str]:
    """An event that was redelivered in vain five minutes ago, and what became of it so many hours ago before."""
    world = World()
    (hours, outcome), *others = earlier
    now = world.clock()
    guid = world.hook.add(now - round(hours * HOUR), outcome).guid  # type: ignore[arg-type]  # an outcome
    for hours, outcome in others:
        world.hook.add(now - round(hours * HOUR), outcome, guid=guid, redelivery=True)  # type: ignore[arg-type]
    world.again(guid, 5)
    world.hook.load(
        world.hook.row(now - place * 3 * MINUTE) for place in range(1_400)
    )  # the window is two pages of them
    world.variables.seed("CHECKPOINT", str(now - checkpoint))
    return world, guid


@pytest.mark.parametrize("first", [UNAVAILABLE, REDIRECTED])
@pytest.mark.parametrize(("most", "outcome"), [("3", Outcome.GIVEN_UP), ("4", Outcome.RECOVERED)])
def test_attempts_before_the_window_count(first: object, most: str, outcome: Outcome) -> None:
    world, guid = with_history((30, first), (20, UNAVAILABLE))
    report = world.run(max_attempts=most, retry_spacing="0")
    assert of(report, guid).outcome is outcome
    assert world.sent == [guid] * (outcome is Outcome.RECOVERED)


def test_attempts_are_counted_past_the_failures_of_other_events() -> None:
    world, guid = with_history((70, UNAVAILABLE), (20, UNAVAILABLE))
    now = world.clock()
    world.hook.load(world.hook.row(now - 2 * HOUR - place * 10 * MINUTE, UNAVAILABLE) for place in range(250))
    assert of(world.run(max_attempts="3", retry_spacing="0"), guid).outcome is Outcome.GIVEN_UP
    # Then everything, since an earlier success would show that it need not be given up.
    assert [one.query.get("status") for one in world.requests()] == [None] * 2 + ["failure"] * 3 + [None] * 15


def test_an_events_age_is_judged_again_once_its_first_attempt_is_known() -> None:
    world, guid = with_history((30, UNAVAILABLE))
    report = world.run(max_age="1h", retry_spacing="0")
    assert of(report, guid).outcome is Outcome.TOO_OLD
    assert world.sent == []


def test_what_could_not_be_read_in_time_is_not_sent_and_holds_the_checkpoint() -> None:
    world, guid = with_history((60, REDIRECTED))
    report = world.run(latency_ms=5_000, time_limit="1m", retry_spacing="0")
    assert of(report, guid).outcome is Outcome.UNCHECKED
    assert world.sent == []
    assert world.checkpoint == str(world.started - 5 * MINUTE - 1)


def test_what_is_not_due_is_not_read_further_back_for() -> None:
    world, guid = with_history((30, REDIRECTED), (20, UNAVAILABLE))
    report = world.run(retry_spacing="1h")
    assert of(report, guid).outcome is Outcome.NOT_DUE
    assert [one.query.get("status") for one in world.requests()] == [None, None, "failure"]


def test_a_first_attempt_that_was_not_read_is_no_newer_than_the_window() -> None:
    world, guid = with_history((30, REDIRECTED))
    report = world.run(retry_spacing="1h")
    assert of(report, guid).outcome is Outcome.NOT_DUE
    assert report.deadline == of(report, guid).forgotten_at
    assert report.deadline <= report.cutoff + 3 * DAY


def test_what_no_run_sends_is_not_read_further_back_for() -> None:
    world, guid = with_history((30, REDIRECTED), (20, UNAVAILABLE))
    report = world.run(events="issues")
    assert of(report, guid).outcome is Outcome.FILTERED_OUT
    assert len(world.requests()) == 2


def test_a_success_before_the_window_settles_an_event() -> None:
    world, guid = with_history((30, OK))
    report = world.run(retry_spacing="0")
    assert (report.failed, world.sent) == (0, [])
    assert guid not in {event.guid for event in report.events}
    assert world.checkpoint == str(report.start)


def test_an_event_whose_first_attempt_is_gone_is_lost_and_lets_the_checkpoint_go() -> None:
    world, guid = with_history((73, UNAVAILABLE))
    report = world.run(retry_spacing="0")
    assert of(report, guid).outcome is Outcome.RECOVERED
    assert (world.sent, report.lost, report.exit_code(FailOn.ERROR)) == ([guid], 0, 0)
    assert world.checkpoint == str(report.start)


def test_an_event_whose_first_attempt_is_gone_is_lost_if_its_last_try_fails_and_is_not_tried_again() -> None:
    world, guid = with_history((73, UNAVAILABLE))
    world.sim.stub.by_guid[guid] = UNAVAILABLE
    for _ in range(2):
        report = world.run(retry_spacing="0")
        assert of(report, guid).outcome is Outcome.EXPIRED
        assert (world.sent, report.lost, report.exit_code(FailOn.ERROR)) == ([guid], 1, 1)
        assert world.checkpoint == str(report.start)
        world.clock.advance(5 * MINUTE)


# -- the checkpoint ---------------------------------------------------------------------------------------------


def test_it_is_written_as_it_is_before_anything_is_sent_and_once() -> None:
    world = World()
    world.fail(5)
    kept = world.clock() - HOUR
    world.variables.seed("CHECKPOINT", str(kept))
    report = world.run()
    bodies = [one.body.decode() for one in world.sim.journal.of("PATCH")]
    assert [body.count(f'"{moment}"') for body, moment in zip(bodies, (kept, report.start), strict=True)] == [1, 1]
    assert world.calls == "L=!LL="
    assert report.hooks[0].checkpoint == report.start


def test_with_nothing_to_send_it_is_written_at_the_end_alone() -> None:
    world = World()
    world.run()
    assert world.calls == "L=="  # it is not there yet: a PATCH, then a POST


def test_with_failures_alone_it_stays_where_such_a_run_finds_the_event_again() -> None:
    world = World()
    guid = world.fail(50)
    world.again(guid, 30, REDIRECTED)
    world.hook.add(world.clock() - MINUTE, OK)
    report = world.run(scan="failures", retry_spacing="2h")
    assert of(report, guid).outcome is Outcome.NOT_DUE
    assert world.checkpoint == str(world.clock() - 50 * MINUTE - 1)
    world.run(retry_spacing="2h")
    assert world.checkpoint == str(world.clock() - 30 * MINUTE - 1)


# -- time -------------------------------------------------------------------------------------------------------


def test_half_of_the_time_that_is_left_is_for_watching_and_what_was_not_sent_is_told() -> None:
    world = World()
    guids = [world.fail(60 - number) for number in range(10)]
    report = world.run(redeliveries_per_minute="3", time_limit="130s", wait_for_results="10m")
    assert world.sent == guids[:8]  # five at once, and one every twenty seconds of sixty-five
    assert [of(report, guid).outcome for guid in guids] == [Outcome.RECOVERED] * 8 + [Outcome.OUT_OF_TIME] * 2
    assert (report.errors, len(report.warnings)) == ((), 1)
    assert world.checkpoint == str(world.started - 52 * MINUTE - 1)


# -- the rules --------------------------------------------------------------------------------------------------


def test_the_rules_are_the_settings_in_milliseconds() -> None:
    settings = parse(
        World().inputs(
            max_attempts="7",
            retry_spacing="3m",
            events="push, issues.opened",
            max_age="workflow_job=3h, push=72h, issues=73h, 2h",
        )
    )
    rules = rules_of(settings)
    assert (rules.max_attempts, rules.retry_spacing) == (7, 3 * MINUTE)
    assert rules.events == {"push", "issues.opened"}
    # GitHub forgets an event after 72 hours: a longer age is none.
    assert rules.max_ages == {"workflow_job": 3 * HOUR, "push": 72 * HOUR, "issues": 0, "": 2 * HOUR}
