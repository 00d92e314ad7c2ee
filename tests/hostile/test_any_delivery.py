"""Whatever a full delivery holds, looking it up takes little time beyond the limit, and costs no result."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from command.program import Commands
from hostile.answers import DELIVERIES, body
from hostile.api import Api, guid
from hostile.rawserver import RawServer
from hostile.test_any_answer import TOKEN, step
from runner import outputs
from runs.lengths import SOAK

#: Seconds: the time limit, and how much longer anything may take.
LIMIT, BEYOND = 10, 15


@pytest.mark.parametrize("name", DELIVERIES)
def test_hostile_delivery_takes_little_time_and_costs_no_output(name: str, tmp_path: Path, forks: Commands) -> None:
    api = Api([body(DELIVERIES[name])], "GET a delivery")
    with RawServer(api) as server:
        given = step(api, 0, server.url, tmp_path, time_limit=LIMIT)
        code, printed = run(forks, [], given, tmp_path)
    assert code == 0, printed
    assert [asked.path for asked in api.asked if asked.path.endswith("/9")]
    (hook,) = json.loads(outputs(tmp_path / "0.output")["report"])["hooks"]
    assert (hook["redelivered"], hook["explanations"]) == (2, [])
    assert (tmp_path / "0.md").read_text("utf-8").startswith("## ")


@pytest.mark.parametrize("name", DELIVERIES if SOAK else ["an address of 5 MiB", "60,000 headers"])
def test_hostile_delivery_is_not_shown_and_others_are(name: str, tmp_path: Path, forks: Commands) -> None:
    api = Api([body(DELIVERIES[name])], "GET a delivery")
    with RawServer(api) as server:
        given = ["--api-url", server.url, "--org", "run-0", "--hook-id", "7", "--time-limit", f"{LIMIT}s"]
        arguments = ["show", *given, "--format", "json", guid(9), guid(8)]
        code, printed = run(forks, arguments, {"REDELIVER_TOKEN": TOKEN}, tmp_path)
    assert code == 1
    told = {one["delivery_id"]: one["response"] for event in json.loads(printed) for one in event["attempts"]}
    assert told["9"] is None
    assert told["8"]["body"] == "no"


def run(forks: Commands, arguments: list[str], environment: dict[str, str], folder: Path) -> tuple[int, str]:
    """Its exit code, if it ends in time, and what it printed."""
    out = folder / "out"
    out.touch()
    with forks.start(*arguments, given=environment, out=str(out), err=os.devnull) as process:
        code = process.wait(LIMIT + BEYOND)
    return code, out.read_text("utf-8")
