"""The state of a receiver, as whole runs report it: each state, and figures that agree with the simulation."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import HOUR, MINUTE, SECOND
from githubsim.faults import Call, Fault, json_answer
from githubsim.outcomes import FAILURES, NO_CONNECTION, OK, REDIRECTED, UNAVAILABLE, Kind, Outcome, invalid_response
from redeliver.core.deliveries import DeliveryStats
from redeliver.core.health import Health
from redeliver.core.report import Report
from world import World

LIST = "*/deliveries"


def of_one(report: Report) -> DeliveryStats:
    (hook,) = report.hooks
    assert hook.stats is not None
    return hook.stats


def arrive(world: World, number: int, outcome: Outcome = OK, *, minutes_ago: float = 60) -> None:
    """So many events, the first of them so long ago."""
    for place in range(number):
        world.fail(minutes_ago - place * minutes_ago / number, outcome)


# -- states -----------------------------------------------------------------------------------------------------


def of_a_kind_that_is_filtered_out(world: World) -> None:
    for number in range(10):
        world.fail(5 + number, UNAVAILABLE, kind=Kind("issues", "opened"))


def given_up(world: World) -> None:
    world.sim.stub.fail_with(invalid_response(400))
    world.fail(30, invalid_response(400))


def with_a_gap(world: World) -> None:
    world.variables.seed("CHECKPOINT", str(world.clock() - 100 * HOUR))


def switched_off(world: World) -> None:
    world.hook.active = False


def without_a_filter(world: World) -> None:
    world.sim.behaviour.status_filter = False


def unreadable(world: World) -> None:
    arrive(world, 300)
    world.sim.faults.add(Fault(json_answer(404, "no"), path=LIST, nth=2))


def without_a_checkpoint(world: World) -> None:
    world.sim.faults.add(Fault(json_answer(403, "no"), verb="POST", path="*/variables"))


def stopped_in_the_log(world: World) -> None:
    arrive(world, 300)
    world.sim.org_hook("octo").add(world.clock() - MINUTE, OK)
    stop = Call(lambda: world.run_clock.on_signal(signal.SIGTERM))
    world.sim.faults.add(Fault(stop, path=LIST, nth=2))


def failing(world: World) -> object:
    return world.fail(5)


FAILURES_ONLY = {"scan": "failures"}


@pytest.mark.parametrize(
    ("delivered", "happens", "inputs", "health"),
    [
        (30, None, {}, Health.HEALTHY),
        (0, None, {}, Health.UNKNOWN),
        # Recovered: it depends on how many were delivered at first.
        (18, failing, {}, Health.DEGRADED),
        (19, failing, {}, Health.HEALTHY),
        (0, given_up, {"max-attempts": "1"}, Health.DEGRADED),
        # The receiver failed them.
        (0, of_a_kind_that_is_filtered_out, {"events": "push"}, Health.DEGRADED),
        (5, with_a_gap, {}, Health.DEGRADED),
        (5, switched_off, {}, Health.UNKNOWN),
        # The filter does not show it.
        (5, lambda world: world.fail(3, REDIRECTED), FAILURES_ONLY, Health.UNKNOWN),
        (5, without_a_filter, FAILURES_ONLY, Health.HEALTHY),
        (0, unreadable, {}, Health.UNKNOWN),
        (30, without_a_checkpoint, {}, Health.UNKNOWN),
        (0, stopped_in_the_log, {"hook-id": "all"}, Health.UNKNOWN),
    ],
)
def test_run_reports_the_receivers_health(
    delivered: int, happens: Callable[[World], object] | None, inputs: dict[str, str], health: Health
) -> None:
    world = World()
    arrive(world, delivered)
    if happens:
        happens(world)
    assert world.run(inputs).health is health


@pytest.mark.parametrize(
    ("changed", "health"),
    [
        ({}, Health.DOWN),
        ({"scan": "failures"}, Health.DOWN),
        ({"wait-for-results": "0"}, Health.DEGRADED),
        ({"dry-run": "true"}, Health.DEGRADED),
    ],
)
@pytest.mark.slow
def test_hours_of_nothing_but_failures_are_never_called_healthy(changed: dict[str, str], health: Health) -> None:
    world = World()
    world.sim.stub.fail_with(NO_CONNECTION)
    arrive(world, 16 * 12, NO_CONNECTION, minutes_ago=16 * 60)
    for _ in range(4):
        assert world.run(changed).health is health
        world.clock.advance(15 * MINUTE)


def test_worst_of_several_webhooks_counts_and_idle_ones_do_not() -> None:
    world = World()
    arrive(world, 30)
    idle = world.sim.org_hook("octo")
    assert world.run(hook_id="all", variable_name="").health is Health.HEALTHY
    world.sim.org_hook("octo").add(world.clock() - MINUTE, UNAVAILABLE)
    report = world.run(hook_id="all", variable_name="")
    assert {hook.hook_id: hook.health for hook in report.hooks}[str(idle.id)] is Health.UNKNOWN
    assert report.health is Health.DEGRADED


# -- figures ----------------------------------------------------------------------------------------------------

outcome = st.builds(
    lambda kind, milliseconds, throttled: kind._replace(duration_ms=milliseconds, throttled=throttled),
    st.sampled_from([OK, OK, OK, OK, *FAILURES]),
    st.one_of(st.integers(0, 2_000), st.integers(0, 10_000)),
    st.booleans(),
)
attempt = st.tuples(st.integers(0, 3 * 3_600), outcome, st.sampled_from(["push", "issues", "ping"]))


@given(st.lists(attempt, max_size=250), st.sampled_from(["", "/api/v3"]), st.sampled_from(["keyset", "offset"]))
def test_health_figures_agree_with_the_simulation(
    log: Sequence[tuple[int, Outcome, str]], root: str, paging: str
) -> None:
    world = World(root=root)
    world.sim.behaviour.paging = "offset" if paging == "offset" else "keyset"
    for seconds_ago, how, name in log:
        world.hook.add(world.clock() - seconds_ago * SECOND, how, kind=Kind(name))
    # New deliveries while it reads push rows from page to page, where pages go by number.
    world.sim.faults.add(Fault(Call(lambda: arrive(world, 1, UNAVAILABLE, minutes_ago=0)), path=LIST, nth=2))
    report = world.run(dry_run="true", lookback="2h", overlap="0")
    stats, (hook,) = of_one(report), report.hooks
    events = [event for event in world.sim.truth.events(world.hook) if event.original]
    rows = [event.original for event in events if event.original and event.original.delivered_at >= hook.cutoff]
    late = [row for row in rows if row.delivered_at >= hook.start and row.outcome is UNAVAILABLE]
    if stats.events != len(rows):  # it came after its page was read
        rows = [row for row in rows if row not in late]
    assert stats.events == len(rows)
    assert stats.delivered_first_try == sum(row.outcome.succeeded for row in rows)
    assert stats.throttled == sum(row.outcome.throttled for row in rows)
    limit = 24_000 if root else 8_000
    assert stats.near_timeout == sum(row.outcome.succeeded and row.outcome.duration_ms > limit for row in rows)
    durations = sorted(row.outcome.duration_ms for row in rows if row.outcome.succeeded)
    if durations:
        assert stats.p50 == pytest.approx(durations[ceil(0.5 * len(durations)) - 1], rel=0.1, abs=1)
        assert stats.p95 == pytest.approx(durations[ceil(0.95 * len(durations)) - 1], rel=0.1, abs=1)
        assert stats.longest == durations[-1]
    for one in stats.by_event:
        assert one.events == sum(row.kind.event == one.event for row in rows)
