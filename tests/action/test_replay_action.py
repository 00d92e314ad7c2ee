"""replay/action.yml: a replay as a step of a workflow."""

from __future__ import annotations

import json
import re
import signal
import time
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from action.step import REPLAY_ACTION, step_environment
from githubsim import Fault, Lose, SimGitHub
from githubsim.behaviour import Behaviour
from githubsim.clock import MINUTE, system_ms
from githubsim.outcomes import OK, Kind, invalid_response
from githubsim.server import serve
from redeliver.core.settings import Use
from redeliver.replay.report_json import REPLAY_OUTPUTS
from runner import commands, outputs
from wording import figures
from write_docs import of_action

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from command.program import Commands
    from githubsim.hooks import Hook
    from githubsim.server import Served

TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
HOSTILE = "::error::x\n##[error]y | <script>z</script> [w](javascript:v) @octocat \x1b[31m\u202e```"
GUID = "3b1f2a00-0000-11ee-8000-00000000dead"


@pytest.fixture
def github() -> Iterator[Served]:
    sim = SimGitHub(system_ms, behaviour=Behaviour(redelivery_ms=20, appears_ms=10))
    sim.token(TOKEN)
    sim.org_hook("octo", id=1)
    with serve(sim) as served:
        yield served


@pytest.fixture
def hook(github: Served) -> Hook:
    return github.sim.hooks[1]


def deliver(hook: Hook, number: int = 3) -> list[str]:
    now = system_ms()
    return [hook.add(now - (40 + number - place) * MINUTE, OK).guid for place in range(number)]


def given_to(folder: Path, github: Served, **inputs: str) -> dict[str, str]:
    """What the launcher puts into the core's environment."""
    files = {"GITHUB_OUTPUT": folder / "output", "GITHUB_STEP_SUMMARY": folder / "summary.md"}
    for file in files.values():
        file.write_text("")
    given = {"org": "octo", "hook_id": "1", "token": TOKEN, "api_url": github.url, "wait_for_results": "5s"} | inputs
    named = {name: str(file) for name, file in files.items()}
    return {"GITHUB_ACTIONS": "true", **named, **step_environment(given, REPLAY_ACTION)}


def step(forks: Commands, folder: Path, github: Served, **inputs: str) -> tuple[int, str, dict[str, str]]:
    """Its exit code, what it said, and its outputs."""
    said = forks.run_step("replay", given=given_to(folder, github, **inputs))
    return said.code, said.everything, outputs(folder / "output")


def test_its_inputs_are_those_of_the_table() -> None:
    declared = {name: dict(row) for name, row in REPLAY_ACTION["inputs"].items()}
    rows = of_action(Use.REPLAY)
    assert declared == {row.name: {"description": row.description, "default": row.default} for row in rows}
    assert list(declared) == [row.name for row in rows]


def test_its_step_maps_each_input_and_output() -> None:
    (one,) = REPLAY_ACTION["runs"]["steps"]
    assert one["env"] == {f"INPUT_{name.upper()}": f"${{{{ inputs.{name} }}}}" for name in REPLAY_ACTION["inputs"]}
    assert {name: row["value"] for name, row in REPLAY_ACTION["outputs"].items()} == {
        name: f"${{{{ steps.{one['id']}.outputs.{name} }}}}" for name in REPLAY_OUTPUTS
    }
    assert "${{" not in one["run"]


def test_the_plan_names_its_window_as_times_and_those_send_the_same(
    tmp_path: Path, forks: Commands, github: Served, hook: Hook
) -> None:
    guids = deliver(hook)
    code, said, planned = step(forks, tmp_path, github, from_="1h")
    assert (code, planned["planned-count"], planned["sent-count"]) == (0, "3", "0")
    (notice,) = [one.data for one in commands(said) if one.name == "notice"]
    assert figures(notice) == ["3"]
    assert "send: true" in notice
    assert (tmp_path / "summary.md").read_text().startswith(f"## 🟢 {notice.partition('.')[0]}\n")
    hook.add(system_ms(), OK)  # after the plan, and so no part of it
    code, said, sent = step(forks, tmp_path, github, from_=planned["from"], to=planned["to"], send="true")
    assert (code, sent["sent-count"], sent["recovered-count"], sent["undelivered-guids"]) == (0, "3", "3", "")
    assert [one.guid for one in github.sim.accepted] == guids
    assert json.loads(sent["report"])["plan"]["from"] == json.loads(planned["report"])["plan"]["from"]


@pytest.mark.parametrize(
    "payload",
    [
        *(
            "$(touch /tmp/x)",
            "`id`",
            f"{GUID}; rm -rf /",
            f"{GUID}\n::error::x",
            "Object",
            "../../attempts",
            "*",
            "all",
        ),
        *(GUID + "\u0661", HOSTILE, ""),
    ],
)
def test_a_payload_that_is_no_guid_is_refused_without_a_request(
    tmp_path: Path, forks: Commands, github: Served, payload: str
) -> None:
    code, said, given = step(forks, tmp_path, github, guid=payload, send="true")
    assert (code, given) == (2, {})
    (error,) = [one.data for one in commands(said) if one.name != "add-mask"]
    assert error.startswith("guid: " if payload else "from: ")
    assert github.sim.journal.entries == []


def test_what_strangers_wrote_does_nothing(tmp_path: Path, forks: Commands, github: Served, hook: Hook) -> None:
    now = system_ms()
    hook.add(now - 50 * MINUTE, OK, guid="::error::x ##[error]y <script> @octocat | ```", kind=Kind(HOSTILE, HOSTILE))
    hook.add(now - 40 * MINUTE, invalid_response(500), guid="```", kind=Kind("push", HOSTILE))
    code, said, given = step(forks, tmp_path, github, from_="1h", send="true", wait_for_results="0")
    assert code == 0, said
    assert {one.name for one in commands(said)} <= {"add-mask", "group", "endgroup", "notice", "warning"}
    assert commands(given["report"]) == []
    assert len(json.loads(given["report"])["events"]) == 2
    page = MarkdownIt("gfm-like").render((tmp_path / "summary.md").read_text())
    assert "<script" not in page
    assert re.findall(r'<a href="([^"]*)"', page) == [
        f"{github.url}/organizations/octo/settings/hooks/1?tab=deliveries"
    ]
    assert page.count("</table>") == 2


def test_a_signal_ends_it_at_once_and_leaves_its_outputs(
    tmp_path: Path, forks: Commands, github: Served, hook: Hook
) -> None:
    deliver(hook)
    github.sim.faults.add(Fault(Lose("silence"), path="*/attempts", nth=2))
    with forks.start("replay", given=given_to(tmp_path, github, from_="1h", send="true")) as process:
        while len([one for one in github.sim.journal.entries if one.verb == "POST"]) < 2:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 128 + signal.SIGINT
    report = json.loads(outputs(tmp_path / "output")["report"])
    assert [event["outcome"] for event in report["events"]][1:] == ["unknown", "stopped"]
