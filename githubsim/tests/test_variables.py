"""Variables: names without case, rules for names and values, pages of ten."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from githubsim.tests.client import VARIABLES

if TYPE_CHECKING:
    from githubsim.tests.client import Client


def test_case_makes_no_difference(client: Client) -> None:
    assert client.create("last_Run") == 201
    assert client.create("LAST_RUN") == 409
    assert client.ask("PATCH", f"{VARIABLES}/Last_run", {"value": "3"}).status == 204
    read = json.loads(client.ask("GET", f"{VARIABLES}/last_run").body)
    assert (read["name"], read["value"]) == ("LAST_RUN", "3")
    assert "last_run" in client.sim.variables("octo/ops")
    now = client.clock()
    assert client.sim.variables("Octo/Ops").history == [(now, "LAST_RUN", "1"), (now, "LAST_RUN", "3")]


@pytest.mark.parametrize("name", ["1ST", "A-B", "", "GITHUB_RUN", "github_run", "A B"])
def test_names_have_rules(client: Client, name: str) -> None:
    assert client.create(name) == 422


def test_a_value_holds_48_kilobytes(client: Client) -> None:
    assert client.create("FULL", "x" * 49_152) == 201
    assert client.create("OVER", "x" * 49_153) == 422
