"""What a run does on a good day: finds, sends once, watches, keeps its place, and tells the truth.

``test_snapshots`` has the usual runs to the letter, ``test_model`` whatever may happen to one.
"""

from __future__ import annotations

import random

from githubsim.clock import MINUTE, SECOND
from githubsim.outcomes import ACCEPTED, FAILURES, OK, UNAVAILABLE, invalid_response
from redeliver.core.case import Outcome
from redeliver.output.report_json import outputs
from world import World, of


def test_a_thousand_deliveries_with_failures_of_every_kind_are_sent_oldest_first_and_never_again() -> None:
    world = World()
    chance = random.Random(7)
    failed: list[str] = []
    for number in range(1_000):
        minutes_ago = 1_400 - number * 1.3
        outcome = chance.choice([*FAILURES, OK, ACCEPTED]) if number % 3 == 0 else OK
        guid = world.fail(minutes_ago, outcome)
        if outcome.succeeded:
            continue
        if chance.random() < 0.3:  # somebody has redelivered this one already
            world.again(guid, minutes_ago - 1, OK)
        else:
            failed.append(guid)
    assert {world.sim.truth.event(world.hook, guid).attempts[0].outcome for guid in failed} == set(FAILURES)
    report = world.run()
    assert world.sent == failed
    assert (report.failed, report.redelivered, report.recovered, report.undelivered) == (*(len(failed),) * 3, 0)
    assert world.sim.truth.undelivered() == []
    world.clock.advance(15 * MINUTE)
    second = world.run()
    assert world.sent == failed
    assert (second.failed, second.redelivered) == (0, 0)


def test_an_event_that_fails_again_is_sent_once_more_when_it_is_due_and_hides_no_younger_one() -> None:
    world = World()
    world.sim.stub.by_guid[guid := world.fail(5)] = invalid_response(422)
    report = world.run()
    assert of(report, guid).outcome is Outcome.FAILED_AGAIN
    assert (report.failed, report.recovered, report.undelivered) == (1, 0, 1)
    assert world.checkpoint == str(report.start)
    world.clock.advance(5 * MINUTE)
    younger = world.fail(1)
    assert of(world.run(), guid).outcome is Outcome.NOT_DUE
    latest = world.sim.truth.event(world.hook, guid).attempts[-1]
    assert (world.sent, world.checkpoint) == ([guid, younger], str(latest.delivered_at - 1))
    world.sim.stub.by_guid.clear()
    world.clock.advance(6 * MINUTE)
    assert of(world.run(), guid).outcome is Outcome.RECOVERED
    assert world.sent == [guid, younger, guid]


def test_whole_second_times_around_the_checkpoint_hide_nothing() -> None:
    world = World()
    world.sim.behaviour.whole_seconds = True
    base = world.clock() // SECOND * SECOND
    world.variables.seed("CHECKPOINT", str(base - 10 * SECOND + 500))
    # Told as 500 ms before the checkpoint.
    _, late = (world.hook.add(base - 10 * SECOND + 700, outcome).guid for outcome in (OK, UNAVAILABLE))
    world.run(overlap="0")
    assert world.sent == [late]


def test_without_a_variable_every_run_looks_back_and_keeps_nothing() -> None:
    world = World()
    world.fail(70)
    inside = world.fail(50)
    report = world.run(variable_name="", lookback="1h", overlap="0")
    assert (world.sent, world.checkpoint, outputs(report)["checkpoint"]) == ([inside], None, "")


def test_variable_token_writes_the_checkpoint_and_token_reads_the_log() -> None:
    world = World()
    world.sim.token("hooks", permissions={"organization_hooks": "write"})
    world.sim.token("variables", permissions={"actions_variables": "write"})
    world.fail(5)
    report = world.run(token="hooks", variable_token="variables")
    assert (report.errors, report.recovered, world.checkpoint) == ((), 1, str(report.start))
