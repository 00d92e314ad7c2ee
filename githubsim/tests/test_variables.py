"""Variables: names without case, rules for names and values, pages of ten."""

from __future__ import annotations

import json

import pytest

from githubsim import SimGitHub, VirtualClock
from githubsim.inprocess import InProcessTransport

EVERY = "/repos/octo/ops/actions/variables"


@pytest.fixture
def transport() -> InProcessTransport:
    clock = VirtualClock()
    sim = SimGitHub(clock)
    sim.token("pat")
    return InProcessTransport(sim, "pat", clock)


def test_case_makes_no_difference(transport: InProcessTransport) -> None:
    assert transport.exchange("POST", EVERY, body={"name": "last_Run", "value": "1"}).status == 201
    assert transport.exchange("POST", EVERY, body={"name": "LAST_RUN", "value": "2"}).status == 409
    assert transport.exchange("PATCH", f"{EVERY}/Last_run", body={"value": "3"}).status == 204
    read = transport.exchange("GET", f"{EVERY}/last_run")
    assert (json.loads(read.body)["name"], json.loads(read.body)["value"]) == ("LAST_RUN", "3")
    assert "last_run" in transport.sim.variables("octo/ops")
    assert transport.sim.variables("Octo/Ops").history == [
        (transport.clock(), "LAST_RUN", "1"),
        (transport.clock(), "LAST_RUN", "3"),
    ]


@pytest.mark.parametrize("name", ["1ST", "A-B", "", "GITHUB_RUN", "github_run", "A B"])
def test_names_have_rules(transport: InProcessTransport, name: str) -> None:
    assert transport.exchange("POST", EVERY, body={"name": name, "value": "1"}).status == 422


def test_a_value_holds_48_kilobytes(transport: InProcessTransport) -> None:
    assert transport.exchange("POST", EVERY, body={"name": "FULL", "value": "x" * 49_152}).status == 201
    assert transport.exchange("POST", EVERY, body={"name": "OVER", "value": "x" * 49_153}).status == 422


def test_a_list_comes_in_pages(transport: InProcessTransport) -> None:
    for number in range(25):
        transport.exchange("POST", EVERY, body={"name": f"V{number:02}", "value": "1"})
    first = transport.exchange("GET", EVERY)
    assert (len(json.loads(first.body)["variables"]), json.loads(first.body)["total_count"]) == (10, 25)
    assert "page=2" in first.headers["link"]
    last = transport.exchange("GET", EVERY, query={"page": "3"})
    assert len(json.loads(last.body)["variables"]) == 5
    assert "link" not in last.headers
