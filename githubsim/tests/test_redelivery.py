"""Redeliveries: accepted at once, carried out later, and never a change to an old row."""

from __future__ import annotations

import json

import pytest

from githubsim import MINUTE, SECOND, Outage, SimGitHub, VirtualClock, outcomes
from githubsim.inprocess import InProcessTransport


class World:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.sim = SimGitHub(self.clock)
        self.sim.token("pat")
        self.hook = self.sim.org_hook("octo")
        self.transport = InProcessTransport(self.sim, "pat", self.clock)

    def redeliver(self, row_id: int) -> int:
        return self.transport.exchange("POST", f"{self.hook.path}/deliveries/{row_id}/attempts").status

    def newest(self) -> tuple[int, bool, str]:
        response = self.transport.exchange("GET", f"{self.hook.path}/deliveries", query={"per_page": "1"})
        (row,) = json.loads(response.body)
        return row["id"], row["redelivery"], row["status"]


@pytest.fixture
def world() -> World:
    return World()


def test_a_redelivery_is_a_new_row_that_appears_later(world: World) -> None:
    failed = world.hook.add(world.clock() - MINUTE, outcomes.UNAVAILABLE)
    assert world.redeliver(failed.id) == 202
    world.clock.sleep(0.9)
    assert world.newest() == (failed.id, False, "Invalid HTTP Response: 503")
    assert world.sim.stub.attempts == {}, "it waits its turn"
    world.clock.sleep(1)
    new_id, redelivery, status = world.newest()
    assert new_id > failed.id
    assert (redelivery, status) == (True, "OK")
    assert world.hook.log.find(failed.id) == failed
    assert [row.guid for row in world.hook.log.rows] == [failed.guid] * 2


def test_an_attempt_is_made_when_it_is_due_and_not_when_somebody_looks(world: World) -> None:
    now = world.clock()
    world.sim.stub.outages.append(Outage(now, now + 2 * SECOND))
    failed = world.hook.add(now - MINUTE, outcomes.UNAVAILABLE)
    world.redeliver(failed.id)
    world.clock.sleep(3_600)
    assert world.newest()[2] == "Invalid HTTP Response: 503", "the outage was on at the time"


def test_any_row_can_be_redelivered_and_the_truth_knows_if_it_was_needless(world: World) -> None:
    failed = world.hook.add(world.clock() - MINUTE, outcomes.UNAVAILABLE)
    assert world.redeliver(failed.id) == 202
    assert world.sim.truth.needlessly_redelivered() == []
    world.clock.sleep(5)
    run_started_at = world.clock()
    assert world.redeliver(world.newest()[0]) == 202
    (needless,) = world.sim.truth.needlessly_redelivered()
    assert needless.guid == failed.guid
    assert world.sim.truth.needlessly_redelivered(since=run_started_at) == [needless]
    event = world.sim.truth.event(world.hook, failed.guid)
    assert (event.delivered, len(event.redeliveries), event.original) == (True, 2, failed)


def test_a_success_that_nobody_could_see_yet_does_not_make_a_redelivery_needless(world: World) -> None:
    failed = world.hook.add(world.clock() - MINUTE, outcomes.UNAVAILABLE)
    run_started_at = world.clock()
    world.redeliver(failed.id)
    world.clock.sleep(5)
    world.redeliver(failed.id)
    assert len(world.sim.truth.needlessly_redelivered()) == 1
    assert world.sim.truth.needlessly_redelivered(since=run_started_at) == []


def test_a_success_that_is_still_on_its_way_into_the_log_makes_nothing_needless(world: World) -> None:
    failed = world.hook.add(world.clock() - MINUTE, outcomes.UNAVAILABLE)
    world.redeliver(failed.id)
    world.clock.sleep(1.2)
    world.redeliver(failed.id)
    assert world.sim.stub.arrivals[failed.guid] == 1
    assert world.sim.truth.needlessly_redelivered() == []


def test_what_is_not_there_cannot_be_redelivered(world: World) -> None:
    hidden = world.hook.add(world.clock(), outcomes.UNAVAILABLE, visible_at=world.clock() + MINUTE)
    assert world.redeliver(hidden.id) == 404
    assert world.redeliver(1) == 404
    assert world.sim.accepted == []


def test_a_new_event_goes_to_the_endpoint_and_into_the_log(world: World) -> None:
    world.sim.stub.fail_with(outcomes.TIMED_OUT)
    guid = world.hook.emit()
    assert world.sim.truth.undelivered()[0].guid == guid
    world.sim.stub.heal()
    guid = world.hook.emit()
    assert world.sim.stub.arrivals[guid] == 1
    # The time-out took ten seconds, so that it is dated after what came later.
    timed_out, delivered = world.hook.log.rows
    assert timed_out.id < delivered.id
    assert timed_out.delivered_at > delivered.delivered_at
