"""Runs every hour, over receivers of many kinds: nothing is lost or given up for what speaks of the receiver."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import TYPE_CHECKING

import pytest

from githubsim.behaviour import Behaviour
from githubsim.clock import HOUR, MINUTE, SECOND
from githubsim.outcomes import OK, Kind
from githubsim.receivers import Receiver, failure
from receivers import HALF_LOST, SCENARIOS, THREE_GOOD, TYPES, Missed, Scenario, down, healthy, limited
from redeliver.core.case import Outcome
from redeliver.core.forecast import BUDGET
from redeliver.output.report_json import as_json
from runs.lengths import SOAK
from world import World

if TYPE_CHECKING:
    from redeliver.core.report import Report

pytestmark = pytest.mark.slow
SEEDS = range(1, 6 if SOAK else 2)
VARIABLE = "CHECKPOINT"


@dataclass
class Hours:
    """A webhook, and a run of the action every hour."""

    scenario: Scenario
    seed: int = 1
    log_lag: int = 0
    """Milliseconds until an attempt that has ended shows in the log."""
    reports: list[Report] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    """How many redeliveries each run was granted."""

    def __post_init__(self) -> None:
        self.chance = chance = Random(self.seed)
        behaviour = Behaviour(redelivery_ms=lambda: chance.randrange(500, 2_000), appears_ms=200 + self.log_lag)
        self.world = World(behaviour=behaviour)
        self.world.random = chance
        self.start = self.world.clock()
        self.receiver = self.world.hook.endpoint = self.scenario.make(chance, self.start)
        self.backlog = dict[str, bool]()
        """The guids of what was missed, and whether it is poison."""
        hook = self.world.hook
        for name, at, code, is_poison in self.scenario.past(chance, self.start):
            guid = hook.add(at, failure(code), kind=Kind(name)).guid
            self.backlog[guid] = is_poison
            if is_poison:
                self.receiver.poison[guid] = failure(code)
        for name, at in self.scenario.future(chance, self.start):
            hook.emit(Kind(name), at=at)
        if self.scenario.live < inf:
            hook.add(self.start - HOUR // 2, OK)
        self.world.variables.seed(VARIABLE, str(self.start - 3 * HOUR))

    def run(self, **inputs: str) -> Report:
        """The run of the next hour, or of this one if it is the first."""
        if self.reports:
            passed = (self.world.clock() - self.start) // HOUR + 1
            due = self.start + passed * HOUR + self.chance.randrange(5 * MINUTE)
            self.world.clock.advance(due - self.world.clock())
            self.world.sim.run_due()
        before = len(self.world.sent)
        self.reports.append(self.world.run({"time_limit": "30m"} | inputs, latency_ms=100))
        self.sent.append(len(self.world.sent) - before)
        return self.reports[-1]

    def run_until_delivered(self, hours: int = 75) -> None:
        while len(self.reports) < hours and (len(self.reports) < 3 or self.waiting):
            self.run()

    @property
    def waiting(self) -> list[str]:
        """What was missed, can be delivered, and has not been."""
        return [guid for guid, is_poison in self.backlog.items() if not is_poison and not self.receiver.arrivals[guid]]

    @property
    def hours(self) -> float:
        """Until the last of what was missed was delivered."""
        log = self.world.hook.log
        ends = [
            row.delivered_at
            for guid, is_poison in self.backlog.items()
            for row in log.attempts_of(guid)
            if not is_poison and row.outcome.succeeded
        ]
        return (max(ends) - self.start) / HOUR

    @property
    def lost(self) -> list[str]:
        """What was given up or expired though it could have been delivered."""
        events = [event for report in self.reports for event in report.events]
        lost = {event.guid for event in events if event.outcome in {Outcome.GIVEN_UP, Outcome.EXPIRED}}
        return [guid for guid in lost if not self.backlog.get(guid, False)]

    @property
    def called_down(self) -> int:
        """How many runs called the receiver down."""
        return sum(report.count(Outcome.ENDPOINT_DOWN) > 0 for report in self.reports)

    def keep_promises(self) -> None:
        sim = self.world.sim
        assert sim.truth.needlessly_redelivered() == []
        assert self.lost == []
        assert sim.limits.violations == 0
        assert sim.limits.most_points <= BUDGET


@pytest.mark.parametrize("name", SCENARIOS)
def test_everything_arrives_and_nothing_is_given_up(name: str) -> None:
    scenario = SCENARIOS[name]
    for seed in SEEDS:
        it = Hours(scenario, seed)
        it.run_until_delivered()
        it.keep_promises()
        assert it.waiting == []
        assert it.hours <= scenario.hours + 0.1
        assert sum(it.sent) <= scenario.posts
        if it.receiver.takes < inf:
            assert sum(it.sent) <= 2 * sum(it.receiver.arrivals.values())
            assert it.receiver.peak(it.start + MINUTE) <= (4 if it.receiver.takes <= 2 else 2.5)
        if scenario.is_up:
            assert it.called_down == 0


def test_half_of_it_lost_is_no_receiver_that_is_down() -> None:
    for seed in SEEDS:
        it = Hours(HALF_LOST, seed)
        it.run_until_delivered(24)
        assert it.called_down == 0
        assert len(it.lost) <= 3
        assert sum(it.sent) <= 2.3 * sum(it.receiver.arrivals.values())


def test_three_good_ones_among_225_are_found_within_two_days() -> None:
    for seed in range(30 if SOAK else 1):
        it = Hours(THREE_GOOD, seed)
        it.run_until_delivered()
        it.keep_promises()
        assert it.waiting == []
        assert it.hours <= THREE_GOOD.hours
        assert sum(it.sent) <= THREE_GOOD.posts
        assert it.called_down == 0


@pytest.mark.parametrize("code", [500, 503, 504])
@pytest.mark.parametrize(("names", "most"), [(("push",), 3), (TYPES, 12), (tuple("abcdefghijkl"), 12)])
def test_dead_receiver_is_sent_a_few_of_each_type(code: int, names: tuple[str, ...], most: int) -> None:
    for seed in SEEDS:
        it = Hours(Scenario(down(code, 0, inf), (Missed(120, names),), 0, 0, live=inf), seed)
        for _ in range(6):
            it.run()
        it.keep_promises()
        assert it.sent == [most] * 6
        assert it.called_down == 6


def test_receiver_that_worked_within_the_hour_is_not_called_down() -> None:
    it = Hours(Scenario(down(500, 0, inf), (Missed(120),), 0, 0, live=inf))
    it.world.hook.add(it.start - HOUR // 2, OK)
    called_down = []
    for _ in range(3):
        it.run()
        called_down.append(it.called_down)
    assert called_down == [0, 1, 2]


@pytest.mark.parametrize(("code", "names"), [(429, TYPES), (500, ("push",)), (500, TYPES), (502, TYPES), (504, TYPES)])
def test_receiver_that_goes_down_again_is_sent_at_most_a_hundred(code: int, names: tuple[str, ...]) -> None:
    for seed in SEEDS:
        for minute in (1, 2, 10) if SOAK else (10,):
            it = Hours(Scenario(down(code, minute * MINUTE, inf), (Missed(2_000, names),), 0, 0), seed)
            it.run()
            it.keep_promises()
            since = it.start + minute * MINUTE
            assert sum(one.accepted_at >= since for one in it.world.sim.accepted) <= 100


def test_healthy_receiver_is_sent_everything_at_full_pace() -> None:
    it = Hours(Scenario(healthy, (Missed(300),), 0, 0))
    it.run()
    it.keep_promises()
    times = [one.accepted_at for one in it.world.sim.accepted]
    assert len(times) == 300
    assert 299 * SECOND / (times[-1] - times[0]) >= 2.4


def test_log_that_is_two_minutes_late_slows_sending_and_stops_nothing() -> None:
    it = Hours(Scenario(healthy, (Missed(600),), 0, 0), log_lag=2 * MINUTE)
    it.run()
    it.keep_promises()
    assert it.waiting == []
    assert it.hours <= 0.3


def test_log_that_never_shows_anything_is_sent_a_dozen_a_minute() -> None:
    it = Hours(Scenario(healthy, (Missed(1_000),), 0, 0, live=inf), log_lag=HOUR)
    it.run(time_limit="10m")
    assert 80 < len(it.world.sent) <= 12 * 10


def in_a_pause() -> Hours:
    """A receiver that was up for half a minute, and is overloaded from then on."""
    return Hours(Scenario(down(429, MINUTE // 2, inf), (Missed(300),), 0, 0, live=inf))


def test_signal_in_a_pause_ends_the_run_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    it = in_a_pause()
    clock, stopped_at = it.world.clock, list[int]()

    def sleep(seconds: float) -> None:
        clock.advance(seconds * SECOND / 2)
        if seconds > 5 and not stopped_at:
            stopped_at.append(clock())
            it.world.run_clock.on_signal(signal.SIGTERM)
        clock.advance(seconds * SECOND / 2)

    monkeypatch.setattr(clock, "sleep", sleep)
    report = it.run()
    it.keep_promises()
    assert all(one.accepted_at < stopped_at[0] for one in it.world.sim.accepted)
    assert clock() - stopped_at[0] < 10 * SECOND
    assert report.count(Outcome.STOPPED) == len(it.backlog) - it.sent[0] > 0
    assert int(it.world.checkpoint or 0) < it.start


def test_time_limit_in_a_pause_ends_the_run_in_order() -> None:
    it = in_a_pause()
    report = it.run(time_limit="2m")
    it.keep_promises()
    assert it.world.clock() - it.start <= 2 * MINUTE + 5 * SECOND
    assert report.count(Outcome.OUT_OF_TIME) == len(it.backlog) - it.sent[0] > 0
    assert int(it.world.checkpoint or 0) < it.start


def test_limited_receiver_costs_another_webhook_nothing() -> None:
    it = Hours(Scenario(limited(10, 429), (Missed(100),), 0, 0, live=inf))
    world = it.world
    other = world.sim.org_hook("octo", endpoint=Receiver())
    for number in range(100):
        other.add(it.start - HOUR + number * SECOND, failure(500))
    it.run(hook_id="all")
    it.keep_promises()
    assert [event.guid for event in world.sim.truth.undelivered(other)] == []
    assert len(it.waiting) < 50


def test_report_tells_the_pace_why_it_slowed_and_which_types_fail() -> None:
    it = Hours(Scenario(limited(10, 429), (Missed(120, ("push",)),), 0, 0))
    report = it.run()
    sending = json.loads(as_json(report))["hooks"][0]["sending"]
    assert (sending["slowed_by"], sending["failing_types"]) == ("HTTP 429", [])
    assert sending["slowdowns"] >= 3
    times = [one.accepted_at for one in it.world.sim.accepted]
    assert sending["per_minute"] == pytest.approx(60 * SECOND * (len(times) - 1) / (times[-1] - times[0]), abs=1)
    poisoned = Hours(Scenario(healthy, (Missed(225, ("check_suite",), is_poison=True), Missed(1, ("push",))), 0, 0))
    report = poisoned.run()
    (kind,) = json.loads(as_json(report))["hooks"][0]["sending"]["failing_types"]
    assert (kind["event"], kind["waiting"], kind["cause"]) == (
        "check_suite",
        report.count(Outcome.TYPE_FAILS),
        "HTTP 500",
    )
    assert kind["guid"] in {event.guid for event in report.events if event.outcome is Outcome.FAILED_AGAIN}


def test_receiver_that_goes_down_in_a_run_is_reported_as_of_then() -> None:
    it = Hours(Scenario(down(502, 2 * MINUTE, inf), (Missed(1_000, TYPES),), 0, 0))
    (hook,) = it.run().hooks
    assert hook.outage is not None
    assert 2 * MINUTE <= (hook.outage.since or 0) - it.start <= 3 * MINUTE
    assert not hook.outage.at_least
    assert hook.outage.cause == "HTTP 502"
    assert hook.outage.tests == it.sent[0] - hook.recovered
