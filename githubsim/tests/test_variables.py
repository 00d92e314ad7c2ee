"""Variables: names without case, rules for names and values, pages of ten."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from githubsim.tests.client import VARIABLES

if TYPE_CHECKING:
    from githubsim.tests.client import Client


def test_names_are_compared_without_case(client: Client) -> None:
    assert client.create("last_Run") == 201
    assert client.create("LAST_RUN") == 409
    assert client.ask("PATCH", f"{VARIABLES}/Last_run", {"value": "3"}).status == 204
    read = json.loads(client.ask("GET", f"{VARIABLES}/last_run").body)
    assert (read["name"], read["value"]) == ("LAST_RUN", "3")
    assert "last_run" in client.sim.variables("octo/ops")
    now = client.clock()
    assert client.sim.variables("Octo/Ops").history == [(now, "LAST_RUN", "1"), (now, "LAST_RUN", "3")]


def test_names_and_values_follow_githubs_rules(client: Client) -> None:
    assert {client.create(name) for name in ("1ST", "A-B", "", "GITHUB_RUN", "github_run", "A B")} == {422}
    assert client.create("FULL", "x" * 49_152) == 201
    assert client.create("OVER", "x" * 49_153) == 422
