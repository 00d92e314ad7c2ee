"""Variables: names without case, rules for names and values, pages of ten."""

from __future__ import annotations

import json

from githubsim.tests.client import VARIABLES, Client


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


def test_list_has_pages_of_thirty_at_most(client: Client) -> None:
    for number in range(31):
        client.create(f"V{number:02}", str(number))
    told = client.ask("GET", VARIABLES, per_page="100")
    assert (len(json.loads(told.body)["variables"]), json.loads(told.body)["total_count"]) == (30, 31)
    assert "page=2" in told.headers["link"]
    (last,) = json.loads(client.ask("GET", VARIABLES, per_page="30", page="2").body)["variables"]
    assert (last["name"], last["value"]) == ("V30", "30")
