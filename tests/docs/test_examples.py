"""What every example promises its readers: no rights, no overlap, an end. test_workflows.py looks at its pins."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from githubsim.contract import description
from redeliver import REPOSITORY
from redeliver.core.settings import parse

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples"
EXAMPLES = sorted(FOLDER.glob("*.yml"))
#: YAML 1.1 takes the word on for a truth.
ON = True


def load(path: Path) -> dict[Any, Any]:
    workflow: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return workflow


#: What has a time limit.
RUNS = re.compile(rf"{REPOSITORY}(/replay)?@")
TARGET = {"org": "octo", "hook-id": "1", "token": "t"}
each = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


@each
def test_example_is_listed_takes_no_rights_and_keeps_off_the_hour(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")
    assert f"({path.name})" in (FOLDER / "README.md").read_text(encoding="utf-8")
    assert load(path)["permissions"] == {}
    assert load(path)["concurrency"]["cancel-in-progress"] is False
    assert "workflow_dispatch" in load(path)[ON]
    for one in load(path)[ON].get("schedule", []):
        minutes = one["cron"].split()[0].split(",")
        assert not {"0", "*"} & set(minutes)
        assert len(minutes) in {1, 4}


@each
def test_example_jobs_end_after_the_actions_own_limit(path: Path) -> None:
    for job in load(path)["jobs"].values():
        if "steps" in job:
            runs = [step for step in job["steps"] if RUNS.match(step.get("uses", ""))]
            limits = [parse({"time-limit": step["with"].get("time-limit", "")} | TARGET).time_limit for step in runs]
            assert job["timeout-minutes"] * 60 >= sum(limits) + 600 * len(runs)


def test_examples_use_the_newest_release_of_the_line() -> None:
    # The reusable workflow names the very version it belongs to: tests/docker/test_version.py.
    used = [re.findall(rf"uses: {REPOSITORY}[\w./-]*@(\S+)", path.read_text("utf-8")) for path in EXAMPLES]
    assert {version for versions in used for version in versions} == {"v1"}


def test_examples_share_a_concurrency_group_only_if_one_replaces_the_other() -> None:
    groups = {path.stem: load(path)["concurrency"]["group"] for path in EXAMPLES}
    for beside in ("enterprise-server", "manual-dry-run"):
        assert groups.pop(beside) == groups["scheduled"]
    assert len(set(groups.values())) == len(groups)


def variables() -> dict[str, str]:
    """The variable in which each example keeps its checkpoint, by the example's name."""
    found = {}
    for path in EXAMPLES:
        for job in load(path)["jobs"].values():
            for step in [job, *job.get("steps", [])]:
                if "variable-name" in step.get("with", {}):
                    found[path.stem] = step["with"]["variable-name"]
    return found


def test_examples_share_no_variable_within_a_github() -> None:
    kept = variables()
    assert kept.keys() == {path.stem for path in EXAMPLES} - {"manual-dry-run", "replay", "replay-by-guid"}
    assert kept.pop("enterprise-server") == kept["scheduled"]  # two servers, so two variables
    assert len(set(kept.values())) == len(kept)
    # What is made of a name for several webhooks is no other example's name.
    assert not [name for name in kept.values() if re.search(r"_[0-9]+$", name)]


@each
def test_example_secrets_come_from_an_environment(path: Path) -> None:
    for job in load(path)["jobs"].values():
        if "secrets." not in str(job):
            assert job.get("environment") in {None, "replay"}  # what somebody approves
        elif "uses" in job:
            assert path.stem == "reusable"
        elif path.stem == "enterprise-server":
            assert job["environment"] == "redeliver"  # a server may not know `deployment` yet
        else:
            assert job["environment"] == {"name": "redeliver", "deployment": False}


def test_example_replay_sends_what_was_approved() -> None:
    jobs = load(FOLDER / "replay.yml")["jobs"]
    plan, send = jobs["plan"]["steps"][0]["with"], jobs["send"]["steps"][0]["with"]
    window = {name: f"${{{{ needs.plan.outputs.{name} }}}}" for name in ("from", "to")}
    assert send == plan | window | {"send": True}
    # GitHub makes a missing environment, without reviewers: by itself it holds nothing up.
    assert load(FOLDER / "replay.yml")[ON]["workflow_dispatch"]["inputs"]["send"]["default"] == ""
    assert jobs["approve"]["if"] == "${{ inputs.send != '' && inputs.send != '0' }}"
    assert jobs["approve"]["environment"] == "replay"
    assert "concurrency" not in jobs["approve"]
    assert "approve" in jobs["send"]["needs"]
    assert jobs["send"]["concurrency"]["group"] == load(FOLDER / "scheduled.yml")["concurrency"]["group"]


def test_alerts_payload_is_in_no_script_and_limited() -> None:
    (step,) = load(FOLDER / "replay-by-guid.yml")["jobs"]["replay"]["steps"]
    assert "client_payload" in step["with"]["guid"]
    assert int(step["with"]["limit"]) <= 20
    assert "run" not in step


def test_receivers_start_call_starts_that_example() -> None:
    text = (FOLDER / "when-the-receiver-starts.yml").read_text(encoding="utf-8")
    ((call, path),) = re.findall(r"(curl .*) https://api\.github\.com(/\S+)", text)
    assert "$START_TOKEN" not in call  # where a list of processes would show it
    found = description().find("POST", path)
    assert found
    asked = found.content["requestBody"]["content"]["application/json"]["schema"]
    (body,) = re.findall(r"--data '(.*?)'", call)
    assert set(asked["required"]) == set(json.loads(body))


def test_issue_job_has_one_right_and_no_secret() -> None:
    for path in EXAMPLES:
        for name, job in load(path)["jobs"].items():
            assert job.get("permissions", {}) == ({"issues": "write"} if name == "tracking-issue" else {})
    jobs = load(FOLDER / "tracking-issue.yml")["jobs"]
    assert not re.search(r"secrets|environment|github\.token", str(jobs["tracking-issue"]))
    (step,) = jobs["tracking-issue"]["steps"]
    assert step["with"]["report"] == "${{ needs.redeliver.outputs.report }}"
    assert jobs["redeliver"]["outputs"]["report"] == "${{ steps.redeliver.outputs.report }}"
    assert jobs["tracking-issue"]["if"] == "${{ !cancelled() }}"  # else a run that failed would be told to nobody


def test_token_of_an_example_step_is_narrowed() -> None:
    step = load(FOLDER / "github-app-token.yml")["jobs"]["redeliver"]["steps"][0]
    narrowed = {name: value for name, value in step["with"].items() if name.startswith(("permission-", "repositories"))}
    assert narrowed == {
        "repositories": "your-repository",
        "permission-organization-hooks": "write",
        "permission-actions-variables": "write",
    }
    assert "app-id" not in step["with"]  # deprecated there


@pytest.mark.parametrize("name", ["fleet", "fleet-of-repositories"])
def test_fleet_may_be_empty_and_keeps_the_tokens_limits(name: str) -> None:
    # A real GitHub fails a workflow for a matrix without jobs; the runner of the tests does not.
    fleet = load(FOLDER / f"{name}.yml")["jobs"]
    assert fleet["hooks"]["outputs"]["count"] == "${{ steps.hooks.outputs.hooks-count }}"
    assert fleet["redeliver"]["if"] == "needs.hooks.outputs.count != '0'"
    strategy = fleet["redeliver"]["strategy"]
    assert strategy["fail-fast"] is False
    (step,) = fleet["redeliver"]["steps"]
    assert strategy["max-parallel"] * int(step["with"]["redeliveries-per-minute"]) * 5 <= 900 * 3 / 4
