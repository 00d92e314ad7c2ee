"""The state of a receiver, as whole runs report it: each state, and figures that agree with the simulation."""

from __future__ import annotations

import signal
from math import ceil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import HOUR, MINUTE, SECOND
from githubsim.faults import Call, Fault, json_answer
from githubsim.outcomes import FAILURES, NO_CONNECTION, OK, REDIRECTED, UNAVAILABLE, Kind, invalid_response
from redeliver.core.health import Health
from world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from githubsim.outcomes import Outcome
    from redeliver.core.health import DeliveryStats
    from redeliver.core.report import Report


def of_one(report: Report) -> DeliveryStats:
    (hook,) = report.hooks
    assert hook.stats is not None
    return hook.stats


def arrive(world: World, number: int, *, since: float = 60) -> None:
    for place in range(number):
        world.fail(since - place * since / number, OK)


def arrives(world: World, number: int, outcome: Outcome) -> None:
    """So many events, now."""
    for _ in range(number):
        world.fail(0, outcome)


# -- states -----------------------------------------------------------------------------------------------------


def test_all_delivered_is_healthy() -> None:
    world = World()
    arrive(world, 30)
    assert world.run().health is Health.HEALTHY


def test_recovered_is_degraded_where_too_few_arrived_at_first_and_healthy_where_nearly_all_did() -> None:
    world = World()
    arrive(world, 18)
    world.fail(5)
    report = world.run()
    assert (report.undelivered, report.health) == (0, Health.DEGRADED)
    world = World()
    arrive(world, 19)
    world.fail(5)
    report = world.run()
    assert (report.undelivered, report.health) == (0, Health.HEALTHY)


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
def test_sixteen_hours_of_nothing_but_failures_are_never_called_healthy(
    changed: dict[str, str], health: Health
) -> None:
    world = World()
    world.sim.stub.fail_with(NO_CONNECTION)
    for number in range(16 * 12):
        world.fail(16 * 60 - number * 5, NO_CONNECTION)
    for _ in range(4):
        assert world.run(changed).health is health
        world.clock.advance(15 * MINUTE)


def test_what_is_given_up_is_degraded_and_a_window_after_it_without_events_is_not_called_healthy() -> None:
    world = World()
    refused = invalid_response(400)
    world.sim.stub.fail_with(refused)
    world.fail(30, refused)
    report = world.run(max_attempts="1")
    assert (report.lost, report.health) == (1, Health.DEGRADED)
    world.clock.advance(HOUR)
    report = world.run(max_attempts="1")
    assert (of_one(report).events, report.health) == (0, Health.UNKNOWN)


def test_events_that_are_filtered_out_count_since_the_receiver_failed_them() -> None:
    world = World()
    for number in range(10):
        world.fail(5 + number, UNAVAILABLE, kind=Kind("issues", "opened"))
    report = world.run(events="push")
    assert (report.undelivered, of_one(report).delivered_first_try) == (0, 0)
    assert report.health is Health.DEGRADED


def test_a_gap_is_degraded() -> None:
    world = World()
    arrive(world, 5)
    world.variables.seed("CHECKPOINT", str(world.clock() - 100 * HOUR))
    assert world.run().health is Health.DEGRADED


def test_a_webhook_that_is_switched_off_is_never_healthy() -> None:
    world = World()
    arrive(world, 5)
    world.hook.active = False
    assert world.run().health is Health.UNKNOWN


def test_where_only_failures_were_asked_for_and_none_was_found_nothing_is_known() -> None:
    world = World()
    arrive(world, 5)
    world.fail(3, REDIRECTED)  # which the filter does not show
    (hook,) = world.run(scan="failures").hooks
    assert (hook.stats, hook.health) == (None, Health.UNKNOWN)


def test_a_server_that_ignores_the_filter_lets_everything_be_read() -> None:
    world = World()
    world.sim.behaviour.status_filter = False
    arrive(world, 5)
    assert world.run(scan="failures").health is Health.HEALTHY


def test_a_log_that_could_not_be_read_is_unknown() -> None:
    world = World()
    arrive(world, 300)
    world.sim.faults.add(Fault(json_answer(404, "no"), path="*/deliveries", nth=2))
    (hook,) = world.run().hooks
    assert (hook.read, hook.stats, hook.health) == (False, None, Health.UNKNOWN)


def test_a_run_that_failed_after_it_had_read_everything_is_not_called_healthy() -> None:
    world = World()
    arrive(world, 30)
    world.sim.faults.add(Fault(json_answer(403, "no"), verb="POST", path="*/variables"))
    report = world.run()
    assert report.errors
    assert report.health is Health.UNKNOWN


def test_a_signal_in_the_middle_of_the_log_leaves_it_unknown_and_webhooks_not_reached_too() -> None:
    world = World()
    arrive(world, 300)
    world.sim.org_hook("octo").add(world.clock() - MINUTE, OK)
    stop = Call(lambda: world.run_clock.on_signal(signal.SIGTERM))
    world.sim.faults.add(Fault(stop, path="*/deliveries", nth=2))
    report = world.run(hook_id="all")
    assert (report.unreached, report.health) == (1, Health.UNKNOWN)


def test_of_several_webhooks_the_worst_counts_and_those_without_events_do_not() -> None:
    world = World()
    arrive(world, 30)
    idle = world.sim.org_hook("octo")
    assert world.run(hook_id="all", variable_name="").health is Health.HEALTHY
    world.sim.org_hook("octo").add(world.clock() - MINUTE, UNAVAILABLE)
    report = world.run(hook_id="all", variable_name="")
    assert {hook.hook_id: hook.health for hook in report.hooks}[str(idle.id)] is Health.UNKNOWN
    assert report.health is Health.DEGRADED


def test_webhooks_of_which_none_had_an_event_are_unknown() -> None:
    assert World().run().health is Health.UNKNOWN


# -- figures ----------------------------------------------------------------------------------------------------

took = st.one_of(st.integers(0, 2_000), st.integers(0, 10_000))
outcome = st.builds(
    lambda kind, milliseconds, throttled: kind._replace(duration_ms=milliseconds, throttled=throttled),
    st.sampled_from([OK, OK, OK, OK, *FAILURES]),
    took,
    st.booleans(),
)
attempt = st.tuples(st.integers(0, 3 * 3_600), outcome, st.sampled_from(["push", "issues", "ping"]))


@given(st.lists(attempt, max_size=250), st.sampled_from(["", "/api/v3"]), st.sampled_from(["keyset", "offset"]))
def test_the_figures_agree_with_what_really_happened(
    log: Sequence[tuple[int, Outcome, str]], root: str, paging: str
) -> None:
    world = World(root=root)
    world.sim.behaviour.paging = "offset" if paging == "offset" else "keyset"
    for seconds_ago, how, name in log:
        world.hook.add(world.clock() - seconds_ago * SECOND, how, kind=Kind(name))
    # New deliveries while it reads push rows from page to page, where pages go by number.
    world.sim.faults.add(Fault(Call(lambda: arrives(world, 1, UNAVAILABLE)), path="*/deliveries", nth=2))
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
    durations = sorted(row.outcome.duration_ms for row in rows)
    if durations:
        assert stats.p50 == pytest.approx(durations[ceil(0.5 * len(rows)) - 1], rel=0.1, abs=1)
        assert stats.p95 == pytest.approx(durations[ceil(0.95 * len(rows)) - 1], rel=0.1, abs=1)
        assert stats.longest == durations[-1]
    for one in stats.by_event:
        assert one.events == sum(row.kind.event == one.event for row in rows)


def test_rows_that_a_growing_log_pushes_from_page_to_page_count_once() -> None:
    world = World()
    world.sim.behaviour.paging = "offset"
    arrive(world, 250)
    for page in (2, 3):
        # Between the head and the rest of the window, too.
        world.sim.faults.add(Fault(Call(lambda: arrives(world, 40, OK)), path="*/deliveries", nth=page))
    report = world.run(dry_run="true")
    assert of_one(report).events == report.scanned == 250
