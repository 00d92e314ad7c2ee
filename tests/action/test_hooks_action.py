"""hooks/action.yml: webhooks as a matrix, for jobs of their own."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

import pytest

from action.step import ACTION, HOOKS_ACTION, step_environment
from command.keys import key_pair
from githubsim import Fault, Lose, SimGitHub
from githubsim.clock import system_ms
from githubsim.server import serve
from redeliver.errors import BadToken, NoHooks, Unexpected
from redeliver.run.lookup import MATRIX_JOBS
from runner import commands, outputs
from wording import figures, says, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from command.program import Commands
    from githubsim.server import Served

TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"


@pytest.fixture
def github() -> Iterator[Served]:
    sim = SimGitHub(system_ms)
    sim.token(TOKEN)
    with serve(sim) as served:
        yield served


def given_to(folder: Path, github: Served, **inputs: str) -> dict[str, str]:
    """What the launcher puts into the core's environment."""
    output = folder / "output"
    output.touch()
    given = {"org": "octo", "token": TOKEN, "api_url": github.url} | inputs
    return {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(output), **step_environment(given, HOOKS_ACTION)}


def step(forks: Commands, folder: Path, github: Served, **inputs: str) -> tuple[int, str, dict[str, str]]:
    """Its exit code, what it said, and its outputs."""
    said = forks.run_step("hooks", given=given_to(folder, github, **inputs))
    return said.code, said.everything, outputs(folder / "output")


def hook_ids(given: dict[str, str]) -> list[str]:
    matrix = json.loads(given["matrix"])
    assert set(matrix) == {"include"}
    return [job["hook-id"] for job in matrix["include"]]


def test_its_inputs_are_the_actions_own_as_far_as_it_has_them() -> None:
    for name, row in HOOKS_ACTION["inputs"].items():
        if name not in {"org", "repository", "hook-id", "token"}:  # those mean several, or ask for less
            assert row == ACTION["inputs"][name]
    assert HOOKS_ACTION["inputs"]["hook-id"]["default"] == "all"
    assert set(HOOKS_ACTION["outputs"]) == {"matrix", "hooks-count"}


def test_its_step_maps_each_input_and_output() -> None:
    (one,) = HOOKS_ACTION["runs"]["steps"]
    assert one["env"] == {f"INPUT_{name.upper()}": f"${{{{ inputs.{name} }}}}" for name in HOOKS_ACTION["inputs"]}
    assert {name: row["value"] for name, row in HOOKS_ACTION["outputs"].items()} == {
        name: f"${{{{ steps.{one['id']}.outputs.{name} }}}}" for name in HOOKS_ACTION["outputs"]
    }
    assert "${{" not in one["run"]


def test_each_active_webhook_has_a_job_and_an_id_that_makes_a_list(
    tmp_path: Path, forks: Commands, github: Served
) -> None:
    ids = [github.sim.org_hook("octo").id for _ in range(3)]
    github.sim.org_hook("octo", active=False)
    github.sim.org_hook("somebody-else")
    code, said, given = step(forks, tmp_path, github)
    assert (code, given["hooks-count"]) == (0, "3")
    assert hook_ids(given) == [f"{one}," for one in ids]
    assert ["3", "3"] in map(figures, said.splitlines())


def test_a_pattern_chooses_among_them(tmp_path: Path, forks: Commands, github: Served) -> None:
    github.sim.org_hook("octo", url="https://elsewhere.example/")
    chosen = github.sim.org_hook("octo", url="https://hooks.example/a").id
    _, _, given = step(forks, tmp_path, github, hook_id="https://hooks.example/*")
    assert hook_ids(given) == [f"{chosen},"]


def test_more_webhooks_than_jobs_are_dealt_out(tmp_path: Path, forks: Commands, github: Served) -> None:
    ids = {github.sim.org_hook("octo").id for _ in range(600)}
    _, _, given = step(forks, tmp_path, github)
    jobs = hook_ids(given)
    assert (len(jobs), given["hooks-count"]) == (MATRIX_JOBS, "600")
    assert [one.count(",") for one in jobs] == [3] * 88 + [2] * 168
    assert {int(one) for job in jobs for one in job.split(",") if one} == ids


def test_no_webhook_at_all_is_a_warning_and_an_empty_matrix(tmp_path: Path, forks: Commands, github: Served) -> None:
    code, said, given = step(forks, tmp_path, github)
    assert code == 0
    assert given == {"matrix": '{"include": []}', "hooks-count": "0"}
    (warning,) = [one.data for one in commands(said) if one.name == "warning"]
    assert told(NoHooks, warning)["owner"].endswith("octo")


def test_the_apps_own_webhook_is_one_job(tmp_path: Path, forks: Commands, github: Served) -> None:
    github.sim.app(7, key_pair().public)
    given = {"org": "", "token": "", "hook_id": "", "app_id": "7", "private_key": key_pair().private}
    _, _, found = step(forks, tmp_path, github, **given)
    assert hook_ids(found) == [""]


def test_a_token_that_github_does_not_know_fails_the_step_and_is_masked(
    tmp_path: Path, forks: Commands, github: Served
) -> None:
    code, said, given = step(forks, tmp_path, github, token="ghp_wrong")
    assert (code, given) == (1, {})
    told = {one.name: one.data for one in commands(said)}
    assert says(BadToken, told["error"])
    assert told["add-mask"] == "ghp_wrong"


def test_every_wrong_input_is_named(tmp_path: Path, forks: Commands, github: Served) -> None:
    code, said, _ = step(forks, tmp_path, github, org="no/such", token="")
    assert code == 2
    problems = [one.data.partition(":")[0] for one in commands(said) if one.name == "error"]
    assert sorted(problems) == ["org", "token"]


def test_a_bug_of_ours_is_told_by_its_type_alone_and_leaves_no_matrix(
    tmp_path: Path, forks: Commands, github: Served
) -> None:
    given = given_to(tmp_path, github)
    said = forks.run_step("hooks", given=given, breaks="redeliver.github.hooks.Owner.pick")
    assert said.code == 1
    (error,) = [one.data for one in commands(said.everything) if one.name == "error"]
    assert told(Unexpected, error) == {"kind": "ZeroDivisionError"}
    assert "Traceback" not in said.everything
    assert "hush" not in said.everything
    assert outputs(tmp_path / "output") == {}


def test_a_signal_ends_it_at_once(tmp_path: Path, forks: Commands, github: Served) -> None:
    github.sim.faults.add(Fault(Lose("silence")))
    with forks.start("hooks", given=given_to(tmp_path, github)) as process:
        while not github.sim.journal.entries:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 128 + signal.SIGINT
