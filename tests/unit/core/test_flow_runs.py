"""Hourly runs against receivers of many kinds: what they cost, and how long until everything is delivered."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest

from receivers import HALF_LOST, SCENARIOS, THREE_GOOD, TYPES, Missed, Scenario, down, healthy
from redeliver.core.flow import Ending
from redeliver.core.forecast import BUDGET
from runs.lengths import SOAK
from unit.core.flow_world import HOUR, MINUTE, World, hourly

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.slow
SEEDS = range(1, 6 if SOAK else 3)


def dead(names: Sequence[str], code: int) -> Scenario:
    return Scenario(down(code, 0, inf), (Missed(120, tuple(names)),), 0, 0, live=inf)


@pytest.mark.parametrize("name", SCENARIOS)
def test_everything_arrives_and_nothing_is_given_up(name: str) -> None:
    scenario = SCENARIOS[name]
    for seed in SEEDS:
        result = hourly(World(scenario, seed))
        assert (result.lost, result.given_up, result.undelivered) == (0, 0, 0)
        assert result.hours <= scenario.hours
        assert result.posts <= scenario.posts
        assert result.most_points <= BUDGET
        if result.world.receiver.takes < inf:
            assert result.posts <= 2 * result.delivered
            assert result.peak(MINUTE) <= (4 if result.world.receiver.takes <= 2 else 2.5)
        if scenario.is_up:
            assert result.endings[Ending.DOWN] == 0


def test_half_of_it_lost_is_no_receiver_that_is_down() -> None:
    for seed in SEEDS:
        result = hourly(World(HALF_LOST, seed), runs=24)
        assert result.endings[Ending.DOWN] == 0
        assert result.lost + result.given_up <= 3
        assert result.posts <= 2.3 * result.delivered


def test_three_good_ones_among_225_are_found_within_two_days() -> None:
    for seed in range(30 if SOAK else 6):
        result = hourly(World(THREE_GOOD, seed))
        assert (result.lost, result.given_up, result.undelivered) == (0, 0, 0)
        assert result.hours <= THREE_GOOD.hours
        assert result.posts <= THREE_GOOD.posts
        assert result.endings[Ending.DOWN] == 0


@pytest.mark.parametrize("code", [500, 503, 504])
@pytest.mark.parametrize(("names", "most"), [(["push"], 3), (TYPES, 12), ([f"type{n}" for n in range(20)], 12)])
def test_dead_receiver_is_sent_a_few_of_each_type(code: int, names: list[str], most: int) -> None:
    for seed in SEEDS:
        result = hourly(World(dead(names, code), seed), runs=6)
        assert {run.ending for run in result.runs} == {Ending.DOWN}
        assert {len(run.asked) for run in result.runs} == {most}


def test_receiver_that_worked_within_the_hour_is_not_called_down() -> None:
    world = World(dead(TYPES, 500))
    world.successes = [-30 * MINUTE]
    result = hourly(world, runs=3)
    assert [run.ending for run in result.runs] == [Ending.LEFT, Ending.DOWN, Ending.DOWN]


@pytest.mark.parametrize("code", [429, 500, 502, 504])
@pytest.mark.parametrize("names", [("push",), TYPES])
def test_receiver_that_goes_down_again_is_sent_at_most_a_hundred(code: int, names: tuple[str, ...]) -> None:
    for seed in SEEDS:
        for minute in (1, 2, 10):
            scenario = Scenario(down(code, minute * 60_000, inf), (Missed(3_000, names),), 0, 0)
            (run,) = hourly(World(scenario, seed), runs=1).runs
            assert sum(at >= minute * MINUTE for at in run.asked) <= 100
            assert run.ending in {Ending.DOWN, Ending.LEFT}


@pytest.mark.parametrize("number", [300, 1_000])
def test_healthy_receiver_is_sent_everything_at_full_pace(number: int) -> None:
    result = hourly(World(Scenario(healthy, (Missed(number),), 0, 0)))
    assert result.posts == number
    assert result.pace >= 2.4


def test_healthy_receiver_is_looked_at_twice_a_minute() -> None:
    number = 100_000 if SOAK else 5_000
    world = World(Scenario(healthy, (Missed(number),), 0, 0, live=inf))
    result = hourly(world, runs=1, time_limit=24 * HOUR, calls=10**9)
    assert result.delivered == number
    assert world.looks <= 1_300 * number / 100_000 + 40


def test_log_that_is_two_minutes_late_slows_sending_and_stops_nothing() -> None:
    result = hourly(World(Scenario(healthy, (Missed(600),), 0, 0), log_lag=2 * MINUTE))
    assert (result.posts, result.undelivered) == (600, 0)
    assert result.hours <= 0.25


def test_log_that_never_shows_anything_is_sent_a_dozen_a_minute() -> None:
    (run,) = hourly(World(Scenario(healthy, (Missed(1_000),), 0, 0, live=inf), log_lag=inf), runs=1).runs
    assert run.ending is None
    assert 200 < len(run.asked) <= 12 * 30
