"""Sending in bulk, and every kind of limit, at 100 ms a call and in virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from githubsim.clock import HOUR, MINUTE, SECOND
from githubsim.faults import Fault, json_answer
from githubsim.outcomes import UNAVAILABLE
from redeliver.core.case import Outcome
from redeliver.core.settings import FailOn
from redeliver.errors import OutOfTime
from runs import promises
from runs.model import World

if TYPE_CHECKING:
    from runs.model import Run

pytestmark = pytest.mark.slow

EVENTS = 300
LATENCY = 100
#: What octokit does by itself, and how much faster than that the issue asks us to be.
ONE_A_SECOND = EVENTS * SECOND
AT_LEAST = 2.4


def failed(events: int = EVENTS, hooks: int = 1, **settings: str) -> World:
    """A world whose endpoints were down and are up again, with so many events in all."""
    world = World(None, hooks, latency_ms=LATENCY, **settings)
    for place in range(events):
        hook = world.lives[place % hooks].hook
        hook.add(world.clock() - HOUR + place * SECOND, UNAVAILABLE)
    return world


def sending(run: Run) -> list[int]:
    """When GitHub accepted each redelivery."""
    return [one.accepted_at for one in run.accepted]


def test_three_hundred_redeliveries_break_no_limit_at_many_times_the_usual_pace() -> None:
    world = failed()
    run = promises.checked_run(world)
    times = sending(run)
    took = times[-1] - times[0]
    assert len(times) == EVENTS
    assert world.sim.limits.violations == 0
    assert ONE_A_SECOND / took >= AT_LEAST, f"{ONE_A_SECOND / took:.2f} times a pace of one a second"
    print(f"{EVENTS} redeliveries in {took / SECOND:.0f} s: {ONE_A_SECOND / took:.2f} times a pace of one a second")
    print(f"most points in any minute: {world.sim.limits.most_points}, violations: {world.sim.limits.violations}")


@pytest.mark.parametrize("hooks", [1, 3])
def test_a_pace_without_bound_stays_within_the_points(hooks: int) -> None:
    world = failed(EVENTS, hooks, redeliveries_per_minute="100000")
    run = promises.checked_run(world)
    assert len(run.accepted) == EVENTS
    assert world.sim.limits.violations == 0
    assert world.sim.limits.most_points <= 900


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("retry_after", [True, False])
def test_a_limit_met_in_between_is_waited_for_and_never_asked_again_too_soon(status: int, retry_after: bool) -> None:  # noqa: FBT001
    world = failed()
    policy = world.sim.limits.policy
    policy.status, policy.retry_after, policy.block_ms = status, retry_after, MINUTE
    run = promises.checked_run(world, happenings={120: lambda: world.sim.limits.block("token-1", world.clock())})
    assert len(run.accepted) == EVENTS
    # The one that met it could not know; after that nobody may ask until the time is over.
    assert world.sim.limits.violations == len(run.limits_met) == 1
    assert run.told.recovered == EVENTS


def nearly_spent(world: World, left: int) -> None:
    """Somebody else has used up most of the hour."""
    world.sim.limits.spend("token-1", 5_000 - left, world.clock())


def test_the_hours_limit_is_never_broken_but_waited_for_until_its_reset() -> None:
    world = failed(time_limit="3h")
    nearly_spent(world, 100)
    run = promises.checked_run(world)
    assert len(run.accepted) == EVENTS
    assert world.sim.limits.violations == 0
    assert sending(run)[0] > run.began + 50 * MINUTE


@pytest.mark.parametrize("kind", ["primary", "secondary"])
def test_a_wait_that_does_not_fit_ends_the_run_in_order(kind: str) -> None:
    world = failed(time_limit="10m")

    def limit() -> None:
        if kind == "primary":
            world.sim.limits.spend("token-1", 5_000, world.clock())
        else:
            world.sim.limits.block("token-1", world.clock(), HOUR)

    run = promises.checked_run(world, happenings={100: limit})
    report = run.told
    assert 0 < len(run.accepted) < EVENTS
    assert report.count(Outcome.OUT_OF_TIME) == EVENTS - len(run.accepted)
    assert any(isinstance(fact.fields.get("error"), OutOfTime) for fact in report.facts)
    # The checkpoint cannot be written in the time that is left either: what was kept before the sending stands.
    assert world.life.kept is not None
    assert world.life.kept < run.began - 50 * MINUTE
    assert report.exit_code(FailOn.ERROR) == 1


def test_a_pace_too_slow_for_the_time_limit_is_a_normal_ending() -> None:
    world = failed(time_limit="2m", redeliveries_per_minute="60")
    runs = []
    for _ in range(5):
        runs.append(run := world.watch())
        promises.keep_all(world, run)
        assert not run.told.errors
        world.clock.advance(5 * MINUTE)
    assert runs[0].report is not None
    assert runs[0].report.count(Outcome.OUT_OF_TIME) > 0
    assert sum(len(run.accepted) for run in runs) == EVENTS
    assert not world.sim.truth.undelivered()
    assert world.sim.truth.needlessly_redelivered() == []


def test_a_run_with_much_to_send_leaves_a_fifth_of_what_is_left_of_the_hour_to_others() -> None:
    world = failed(1_200, redeliveries_per_minute="1000")
    world.sim.limits.policy.hourly = 1_000  # a fifth of what there is, as of the events
    sent = []
    for _ in range(5):
        run = promises.checked_run(world)
        assert not run.told.errors, "it could not even look"
        sent.append(len(run.accepted))
        for call in run.calls:
            if call.redelivers:
                left, ends = (int(call.headers[f"x-ratelimit-{what}"]) for what in ("remaining", "reset"))
                assert left >= 200 * (ends * SECOND - call.answered_at) / HOUR - 2
        world.clock.advance(max(MINUTE, 15 * MINUTE - (world.clock() - run.began)))
    assert sum(sent) == 1_200
    assert sent[0] > 600
    assert world.sim.limits.violations == 0
    print(f"1,200 events in {len(sent)} runs: {sent}")


def test_a_limit_on_every_call_is_not_hammered() -> None:
    world = failed(10, time_limit="1h")
    run = world.watch(faults=(Fault(json_answer(429, "Slow down"), times=None),))
    promises.keep_all(world, run)
    # A minute, two, four, eight: sixteen is longer than a run waits that knows of nothing to send.
    assert len(run.calls) == 4 + 1
    assert run.accepted == []
