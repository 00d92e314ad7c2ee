"""Redeliveries: accepted at once, carried out later, and never a change to an old row."""

from __future__ import annotations

import pytest

from githubsim import outcomes
from githubsim.clock import MINUTE, SECOND
from githubsim.endpoint import Outage
from githubsim.log import Row
from githubsim.tests.client import Client


@pytest.fixture
def failed(client: Client) -> Row:
    return client.hook.add(client.clock() - MINUTE, outcomes.UNAVAILABLE)


def newest(client: Client) -> tuple[int, bool, str]:
    row = client.pages()[0][0]
    return row["id"], row["redelivery"], row["status"]


def test_redelivery_is_a_new_row_that_appears_later(client: Client, failed: Row) -> None:
    assert client.redeliver(failed.id).status == 202
    client.clock.sleep(0.9)
    assert newest(client) == (failed.id, False, "Invalid HTTP Response: 503")
    assert client.sim.stub.attempts == {}, "it waits its turn"
    client.clock.sleep(1)
    new_id, redelivery, status = newest(client)
    assert new_id > failed.id
    assert (redelivery, status) == (True, "OK")
    assert client.hook.log.find(failed.id) == failed
    assert [row.guid for row in client.hook.log.rows] == [failed.guid] * 2


def test_attempt_is_made_when_it_is_due(client: Client, failed: Row) -> None:
    now = client.clock()
    client.sim.stub.outages.append(Outage(now, now + 2 * SECOND))
    client.redeliver(failed.id)
    client.clock.sleep(3_600)
    assert newest(client)[2] == "Invalid HTTP Response: 503", "the outage was on at the time"


def test_needless_redelivery_is_recognized(client: Client, failed: Row) -> None:
    client.redeliver(failed.id)
    assert client.sim.truth.needlessly_redelivered() == []
    # It has arrived, and is still on its way into the log.
    client.clock.sleep(1.2)
    client.redeliver(failed.id)
    assert client.sim.stub.arrivals[failed.guid] == 1
    assert client.sim.truth.needlessly_redelivered() == []
    client.clock.sleep(5)
    assert client.redeliver(newest(client)[0]).status == 202
    (needless,) = client.sim.truth.needlessly_redelivered()
    assert needless.guid == failed.guid
    event = client.sim.truth.event(client.hook, failed.guid)
    assert (event.delivered, len(event.attempts), event.original) == (True, 3, failed)


def test_hidden_row_cannot_be_redelivered(client: Client) -> None:
    hidden = client.hook.add(client.clock(), outcomes.UNAVAILABLE, visible_at=client.clock() + MINUTE)
    assert client.redeliver(hidden.id).status == 404
    assert client.redeliver(1).status == 404
    assert client.sim.accepted == []


def test_new_event_goes_to_the_endpoint_and_into_the_log(client: Client) -> None:
    client.sim.stub.fail_with(outcomes.TIMED_OUT)
    guid = client.hook.emit()
    assert client.sim.truth.undelivered()[0].guid == guid
    client.sim.stub.heal()
    guid = client.hook.emit()
    assert client.sim.stub.arrivals[guid] == 1
    # The time-out took ten seconds, so that it is dated after what came later.
    timed_out, delivered = client.hook.log.rows
    assert timed_out.id < delivered.id
    assert timed_out.delivered_at > delivered.delivered_at
