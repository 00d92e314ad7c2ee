"""The reusable workflow has what the action has, and loses nothing on the way."""

from __future__ import annotations

import re
from typing import Any

import yaml

from action.step import ROOT
from redeliver.core.settings import Use
from redeliver.output.report_json import OUTPUTS
from write_docs import INPUTS, of_action

# YAML 1.1 takes the word on for a truth.
WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "redeliver.yml").read_text())
CALL = WORKFLOW[True]["workflow_call"]
JOB, TRACKING = WORKFLOW["jobs"]["redeliver"], WORKFLOW["jobs"]["tracking-issue"]
(STEP,) = JOB["steps"]
SECRETS = {"token", "private-key", "variable-token"}
OF_THE_JOBS = {"runs-on", "timeout-minutes", "tracking-issue", "tracking-label"}
TYPES = {"explain": "boolean", "dry-run": "boolean", "max-attempts": "number", "redeliveries-per-minute": "number"}


def test_inputs_and_secrets_are_the_actions_own_and_typed() -> None:
    for row in INPUTS:
        given = CALL["secrets" if row.name in SECRETS else "inputs"][row.name]
        assert given["description"] == row.description
        if row.name in SECRETS:
            assert given["required"] is False
        else:
            assert given["type"] == TYPES.get(row.name, "string")
            # An expression stands in the step: an input that is passed on empty would be empty there.
            default = "" if row.default.startswith("${{") else row.default
            assert str(given["default"]).removesuffix(".0").lower() == default
    assert CALL["inputs"].keys() | CALL["secrets"].keys() == {row.name for row in INPUTS} | OF_THE_JOBS


def test_each_is_handed_to_the_action() -> None:
    passed = STEP["with"]
    assert list(passed) == [row.name for row in INPUTS]
    for row in INPUTS:
        context = "secrets" if row.name in SECRETS else "inputs"
        default = re.fullmatch(r"\$\{\{ (.+) \}\}", row.default)
        instead = f" || {default[1]}" if default else ""
        assert passed[row.name] == f"${{{{ {context}.{row.name}{instead} }}}}"


def test_outputs_are_handed_back() -> None:
    assert {name: row["description"] for name, row in CALL["outputs"].items()} == OUTPUTS
    for name in OUTPUTS:
        assert CALL["outputs"][name]["value"] == f"${{{{ jobs.redeliver.outputs.{name} }}}}"
        assert JOB["outputs"][name] == f"${{{{ steps.{STEP['id']}.outputs.{name} }}}}"


def test_it_may_do_nothing_by_itself_and_cancels_nothing() -> None:
    assert WORKFLOW["jobs"].keys() == {"redeliver", "tracking-issue"}
    assert JOB["permissions"] == {}
    assert JOB["concurrency"]["cancel-in-progress"] is False
    assert "github.workflow" not in JOB["concurrency"]["group"]  # that is the caller's name: it would wait for itself
    assert JOB["timeout-minutes"] == "${{ inputs.timeout-minutes }}"


def test_the_job_of_the_tracking_issue_sees_no_secret_and_has_the_rights_that_the_caller_gives() -> None:
    # A call is refused where a job of the called workflow names a right that the caller lacks, even if it is skipped.
    assert "permissions" not in TRACKING
    assert "permissions" not in WORKFLOW
    assert "secrets." not in str(TRACKING)
    assert "inputs.tracking-issue" in TRACKING["if"]
    assert CALL["inputs"]["tracking-issue"]["default"] is False
    (step,) = TRACKING["steps"]
    assert step["with"].keys() <= {row.name for row in of_action(Use.TRACKING)}
    assert step["with"]["report"] == "${{ needs.redeliver.outputs.report }}"


def test_examples_call_the_newest_release_of_the_line() -> None:
    # The reusable workflow names the very version it belongs to: tests/docker/test_version.py.
    texts = [path.read_text() for path in (ROOT / "examples").glob("*.yml")]
    versions = {found for text in texts for found in re.findall(r"uses: org/redeliver-action[\w./-]*@(\S+)", text)}
    assert versions == {"v1"}
