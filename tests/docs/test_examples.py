"""What every example promises its readers: no rights, no overlap, an end. test_workflows.py looks at its pins."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples"
EXAMPLES = sorted(FOLDER.glob("*.yml"))
#: YAML 1.1 takes the word on for a truth.
ON = True


def load(path: Path) -> dict[Any, Any]:
    workflow: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return workflow


each = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


@each
def test_it_says_what_it_is_for_takes_no_rights_and_is_never_cut_short(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")
    assert f"({path.name})" in (FOLDER / "README.md").read_text(encoding="utf-8")
    assert load(path)["permissions"] == {}
    assert load(path)["concurrency"]["cancel-in-progress"] is False


@each
def test_every_job_ends_but_not_before_the_actions_own_limit(path: Path) -> None:
    for job in load(path)["jobs"].values():
        if "steps" in job:
            runs = any("redeliver-action@" in step.get("uses", "") for step in job["steps"])
            assert job["timeout-minutes"] >= (40 if runs else 1)


@each
def test_its_schedule_is_off_the_hour_and_it_can_be_started_by_hand(path: Path) -> None:
    when = load(path)[ON]
    assert "workflow_dispatch" in when
    for one in when.get("schedule", []):
        minutes = one["cron"].split()[0].split(",")
        assert not {"0", "*"} & set(minutes)
        assert len(minutes) in {1, 4}


def test_examples_use_the_newest_release_of_the_line() -> None:
    # The reusable workflow names the very version it belongs to: tests/docker/test_version.py.
    used = [re.findall(r"uses: org/redeliver-action[\w./-]*@(\S+)", path.read_text("utf-8")) for path in EXAMPLES]
    assert {version for versions in used for version in versions} == {"v1"}


def test_no_two_have_a_group_of_the_same_name_unless_one_takes_the_others_place_or_its_turn() -> None:
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


def test_no_two_share_a_variable_unless_they_are_for_different_githubs() -> None:
    kept = variables()
    assert kept.keys() == {path.stem for path in EXAMPLES} - {"manual-dry-run", "replay", "replay-by-guid"}
    assert kept.pop("enterprise-server") == kept["scheduled"]  # two servers, so two variables
    assert len(set(kept.values())) == len(kept)
    # What is made of a name for several webhooks is no other example's name.
    assert not [name for name in kept.values() if re.search(r"_[0-9]+$", name)]


@each
def test_its_secrets_are_those_of_an_environment_unless_a_call_forbids_it(path: Path) -> None:
    for job in load(path)["jobs"].values():
        if "secrets." not in str(job):
            assert job.get("environment") in {None, "replay"}  # what somebody approves
        elif "uses" in job:
            assert path.stem == "reusable"
        elif path.stem == "enterprise-server":
            assert job["environment"] == "redeliver"  # a server may not know `deployment` yet
        else:
            assert job["environment"] == {"name": "redeliver", "deployment": False}


def test_what_is_approved_is_what_is_sent_and_the_approval_holds_up_nothing_else() -> None:
    jobs = load(FOLDER / "replay.yml")["jobs"]
    plan, send = jobs["plan"]["steps"][0]["with"], jobs["send"]["steps"][0]["with"]
    window = {name: f"${{{{ needs.plan.outputs.{name} }}}}" for name in ("from", "to")}
    assert send == plan | window | {"send": True}
    assert jobs["approve"]["environment"] == "replay"
    assert "concurrency" not in jobs["approve"]
    assert "approve" in jobs["send"]["needs"]
    assert jobs["send"]["concurrency"]["group"] == load(FOLDER / "scheduled.yml")["concurrency"]["group"]


def test_what_an_alert_says_is_part_of_no_script_and_can_send_only_a_few_events() -> None:
    (step,) = load(FOLDER / "replay-by-guid.yml")["jobs"]["replay"]["steps"]
    assert "client_payload" in step["with"]["guid"]
    assert int(step["with"]["limit"]) <= 20
    assert "run" not in step


def test_the_job_that_writes_the_issue_may_do_that_alone_and_sees_no_secret() -> None:
    for path in EXAMPLES:
        for name, job in load(path)["jobs"].items():
            assert job.get("permissions", {}) == ({"issues": "write"} if name == "tracking-issue" else {})
    jobs = load(FOLDER / "tracking-issue.yml")["jobs"]
    assert not re.search(r"secrets|environment|github\.token", str(jobs["tracking-issue"]))
    (step,) = jobs["tracking-issue"]["steps"]
    assert step["with"]["report"] == "${{ needs.redeliver.outputs.report }}"
    assert jobs["redeliver"]["outputs"]["report"] == "${{ steps.redeliver.outputs.report }}"
    assert jobs["tracking-issue"]["if"] == "${{ !cancelled() }}"  # else a run that failed would be told to nobody


def test_a_token_that_a_step_makes_may_do_what_is_needed_and_nothing_else() -> None:
    step = load(FOLDER / "github-app-token.yml")["jobs"]["redeliver"]["steps"][0]
    narrowed = {name: value for name, value in step["with"].items() if name.startswith(("permission-", "repositories"))}
    assert narrowed == {
        "repositories": "your-repository",
        "permission-organization-hooks": "write",
        "permission-actions-variables": "write",
    }
    assert "app-id" not in step["with"]  # deprecated there


def test_a_fleet_that_is_empty_has_no_matrix_and_a_full_one_keeps_within_one_tokens_limits() -> None:
    # A real GitHub fails a workflow for a matrix without jobs; the runner of the tests does not.
    fleet = load(FOLDER / "fleet.yml")["jobs"]
    assert fleet["hooks"]["outputs"]["count"] == "${{ steps.hooks.outputs.hooks-count }}"
    assert fleet["redeliver"]["if"] == "needs.hooks.outputs.count != '0'"
    strategy = fleet["redeliver"]["strategy"]
    assert strategy["fail-fast"] is False
    (step,) = fleet["redeliver"]["steps"]
    assert strategy["max-parallel"] * int(step["with"]["redeliveries-per-minute"]) * 5 <= 900 * 3 / 4
