"""Where a run's window begins, what it reads of the time before, and which checkpoint it leaves."""

from __future__ import annotations

from unittest import mock

import pytest

from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.outcomes import REDIRECTED, UNAVAILABLE, invalid_response
from redeliver.core.case import Outcome
from redeliver.core.settings import parse
from redeliver.run.job import rules_of
from world import World, of


@pytest.mark.parametrize(("overlap", "cutoff"), [("0", -HOUR), ("10m", -HOUR - 10 * MINUTE)])
def test_window_begins_an_overlap_before_the_checkpoint(overlap: str, cutoff: int) -> None:
    world = World()
    second = world.clock() // SECOND * SECOND
    world.variables.seed("CHECKPOINT", str(second - HOUR + 500))
    assert world.run(overlap=overlap).hooks[0].cutoff == second + cutoff


def test_first_run_that_fails_claims_no_deleted_time() -> None:
    world = World()
    world.fail(5)
    with mock.patch("redeliver.github.api.Caller.post_once", side_effect=ZeroDivisionError):
        first = world.run(lookback="30d")
    assert world.checkpoint == str(first.start - 3 * DAY)
    world.clock.advance(10 * MINUTE)
    again = world.run(lookback="30d")
    assert again.hooks[0].gap == (first.start - 3 * DAY, again.start - 3 * DAY + MINUTE)


def test_time_deleted_while_reading_is_a_gap() -> None:
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
def test_new_hour_is_not_waited_for_if_events_would_expire(hours: int, *, waits: bool) -> None:
    world = World()
    now = world.clock()
    world.hook.load(world.hook.row(now - place * hours * SECOND) for place in range(3_600))
    world.variables.seed("CHECKPOINT", str(now - hours * HOUR))
    world.sim.limits.policy.hourly = 100
    world.sim.limits.spend("token-1", 65, now)
    report = world.run(overlap="0", time_limit="30m")
    assert ("failure" in {one.query.get("status") for one in world.requests()}) is not waits
    assert report.hooks[0].read is not waits


REFUSED = invalid_response(404)


def with_history(*earlier: tuple[float, object], checkpoint: int = HOUR) -> tuple[World, str]:
    """An event that was redelivered in vain five minutes ago, and what became of it so many hours ago before."""
    world = World()
    (hours, outcome), *others = earlier
    now = world.clock()
    guid = world.hook.add(now - round(hours * HOUR), outcome).guid  # type: ignore[arg-type]  # an outcome
    for hours, outcome in others:
        world.hook.add(now - round(hours * HOUR), outcome, guid=guid, redelivery=True)  # type: ignore[arg-type]
    world.again(guid, 5, REFUSED)
    world.hook.load(
        world.hook.row(now - place * 3 * MINUTE) for place in range(1_400)
    )  # the window is two pages of them
    world.variables.seed("CHECKPOINT", str(now - checkpoint))
    return world, guid


@pytest.mark.parametrize("first", [REFUSED, REDIRECTED])
@pytest.mark.parametrize(("most", "outcome"), [("3", Outcome.GIVEN_UP), ("4", Outcome.RECOVERED)])
def test_attempts_before_the_window_count(first: object, most: str, outcome: Outcome) -> None:
    world, guid = with_history((30, first), (20, REFUSED))
    report = world.run(max_attempts=most, retry_spacing="0")
    assert of(report, guid).outcome is outcome
    assert world.sent == [guid] * (outcome is Outcome.RECOVERED)


def test_attempts_are_counted_past_failures_of_other_events() -> None:
    world, guid = with_history((70, REFUSED), (20, REFUSED))
    now = world.clock()
    world.hook.load(world.hook.row(now - 2 * HOUR - place * 10 * MINUTE, UNAVAILABLE) for place in range(250))
    assert of(world.run(max_attempts="3", retry_spacing="0"), guid).outcome is Outcome.GIVEN_UP
    # Then everything, since an earlier success would show that it need not be given up.
    assert [one.query.get("status") for one in world.requests()] == [None] * 2 + ["failure"] * 3 + [None] * 15


@pytest.mark.parametrize(
    ("settings", "outcome", "filters"),
    [
        # Its age is judged again once its first attempt is known.
        ({"max_age": "1h", "retry_spacing": "0"}, Outcome.TOO_OLD, None),
        # What is not due is counted, and read no further back for.
        ({"retry_spacing": "1h"}, Outcome.NOT_DUE, [None, None, "failure"]),
        # For what no run sends nothing more is read.
        ({"events": "issues"}, Outcome.FILTERED_OUT, [None, None]),
    ],
)
def test_unsent_event_is_read_back_no_further_than_needed(
    settings: dict[str, str], outcome: Outcome, filters: list[str | None] | None
) -> None:
    world, guid = with_history((30, REDIRECTED if filters else UNAVAILABLE), (20, UNAVAILABLE))
    report = world.run(settings)
    assert of(report, guid).outcome is outcome
    assert world.sent == []
    assert filters is None or [one.query.get("status") for one in world.requests()] == filters


def test_rules_are_the_settings_in_milliseconds() -> None:
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
