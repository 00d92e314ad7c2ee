"""tracking-issue/action.yml: an issue kept up to date as a step of a workflow."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

import reports
from action.step import ACTION, GITHUB, TRACKING_ACTION, step_environment
from command.program import REDELIVER, environment
from githubsim import Fault, SimGitHub
from githubsim.clock import system_ms
from githubsim.faults import json_answer
from githubsim.server import serve
from redeliver.core.redelivery import Outcome
from redeliver.core.settings import Use
from redeliver.errors import IssuesDisabled
from redeliver.output.report_json import MOST, as_json
from redeliver.tracking.run import TRACKING_OUTPUTS
from runner import commands, outputs
from write_docs import of_action

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from command.program import Commands
    from githubsim.server import Served

REPOSITORY = GITHUB["repository"]
TOKEN = GITHUB["token"]
SETTLED = as_json(reports.one())
UNDELIVERED = as_json(reports.one(*reports.events(Outcome.FAILED_AGAIN)))


@pytest.fixture
def github() -> Iterator[Served]:
    sim = SimGitHub(system_ms)
    sim.token(TOKEN, kind="actions", permissions={"issues": "write"}, sees=[REPOSITORY])
    with serve(sim) as served:
        yield served


def given_to(folder: Path, github: Served, **inputs: str) -> dict[str, str]:
    """What the launcher puts into the core's environment."""
    output = folder / "output"
    output.write_text("")
    given = {"report": UNDELIVERED, "label": "webhooks", "api_url": github.url} | inputs
    run = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_RUN_ID": "42"}
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(output),
        **run,
        **step_environment(given, TRACKING_ACTION),
    }


def step(forks: Commands, folder: Path, github: Served, **inputs: str) -> tuple[int, str, dict[str, str]]:
    """Its exit code, what it said, and its outputs."""
    said = forks.run_step("tracking-issue", given=given_to(folder, github, **inputs))
    return said.code, said.everything, outputs(folder / "output")


def errors(said: str) -> list[str]:
    return [one.data for one in commands(said) if one.name == "error"]


def test_its_inputs_and_outputs_are_those_of_the_tables() -> None:
    declared = {name: dict(row) for name, row in TRACKING_ACTION["inputs"].items()}
    rows = of_action(Use.TRACKING)
    assert declared == {row.name: {"description": row.description, "default": row.default} for row in rows}
    (one,) = TRACKING_ACTION["runs"]["steps"]
    assert one["env"] == {f"INPUT_{name.upper()}": f"${{{{ inputs.{name} }}}}" for name in declared}
    assert {name: row["value"] for name, row in TRACKING_ACTION["outputs"].items()} == {
        name: f"${{{{ steps.{one['id']}.outputs.{name} }}}}" for name in TRACKING_OUTPUTS
    }
    assert "${{" not in one["run"]
    for name in ("api-url", "image", "runtime"):
        assert TRACKING_ACTION["inputs"][name] == ACTION["inputs"][name]


def test_it_opens_an_issue_leaves_it_alone_and_closes_it(tmp_path: Path, forks: Commands, github: Served) -> None:
    assert step(forks, tmp_path, github)[2] == {"issue-number": "1", "change": "opened"}
    (issue,) = github.sim.issues(REPOSITORY).all()
    assert f"https://github.com/{REPOSITORY}/actions/runs/42" in issue.body
    code, _, given = step(forks, tmp_path, github)
    assert (code, given) == (0, {"issue-number": "1", "change": "none"})
    assert step(forks, tmp_path, github, report=SETTLED)[2] == {"issue-number": "1", "change": "closed"}
    assert step(forks, tmp_path, github, report=SETTLED)[2] == {"issue-number": "", "change": "none"}


def test_a_run_without_a_report_opens_one(tmp_path: Path, forks: Commands, github: Served) -> None:
    code, _, given = step(forks, tmp_path, github, report="")
    assert (code, given["change"]) == (0, "opened")


def test_the_largest_report_there_is_reaches_it(tmp_path: Path, github: Served) -> None:
    report = as_json(reports.one(*reports.events(*[Outcome.FAILED_AGAIN] * 5_000)))
    assert MOST - 1_000 < len(report) <= MOST
    # In a process of its own from the first instruction on, which the system itself gives the environment.
    done = subprocess.run(
        [*REDELIVER, "tracking-issue"],
        env=environment(**given_to(tmp_path, github, report=report)),
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert (done.returncode, outputs(tmp_path / "output")["change"]) == (0, "opened"), done.stdout
    assert "5,000 events" in github.sim.issues(REPOSITORY).all()[0].body


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"report": "{}"}, "report: must be the output report of Redeliver Action (version: missing)"),
        ({"report": "::error::x"}, "report: must be the output report of Redeliver Action (it is not JSON)"),
        ({"label": ""}, "label: is required, one for each workflow"),
        ({"label": "a,b"}, "label: must be a label of at most 50 characters, without a comma, not 'a,b'"),
        ({"label": "x" * 51}, f"label: must be a label of at most 50 characters, without a comma, not '{'x' * 51}'"),
        ({"repository": "octo"}, "repository: must be a repository's full name, owner/name, not 'octo'"),
        ({"repository": ""}, "repository: is required, the one that has the issue"),
        ({"token": ""}, "token: is required, one that can write issues"),
    ],
)
def test_what_cannot_be_used_is_refused_without_a_request(
    tmp_path: Path, forks: Commands, github: Served, inputs: dict[str, str], problem: str
) -> None:
    code, said, given = step(forks, tmp_path, github, **inputs)
    assert (code, given, errors(said)) == (2, {}, [problem])
    assert github.sim.journal.entries == []


def test_a_token_without_the_permission_fails_the_step_and_is_told_which_one(
    tmp_path: Path, forks: Commands, github: Served
) -> None:
    github.sim.token(TOKEN, kind="actions", permissions={})
    code, said, _ = step(forks, tmp_path, github)
    assert code == 1
    (error,) = errors(said)
    assert "permissions: issues: write" in error
    assert TOKEN not in said.replace(f"::add-mask::{TOKEN}", "")


def test_issues_that_are_switched_off_fail_the_step(tmp_path: Path, forks: Commands, github: Served) -> None:
    github.sim.issues(REPOSITORY).enabled = False
    code, said, _ = step(forks, tmp_path, github)
    assert (code, len(errors(said))) == (1, 1)
    assert str(IssuesDisabled(repository=REPOSITORY)) == errors(said)[0]


def test_a_repository_that_is_not_there_fails_the_step(tmp_path: Path, forks: Commands, github: Served) -> None:
    code, said, _ = step(forks, tmp_path, github, repository="octo-org/other")
    assert code == 1
    assert len(errors(said)) == 1
    assert "octo-org/other" in errors(said)[0]


def test_a_lost_reply_fails_the_step_and_is_not_tried_again(tmp_path: Path, forks: Commands, github: Served) -> None:
    github.sim.faults.add(Fault(json_answer(502, "Bad Gateway"), path="*/issues", verb="POST", times=None))
    code, said, _ = step(forks, tmp_path, github)
    assert code == 1
    assert len(errors(said)) == 1
    assert len([one for one in github.sim.journal.entries if one.verb == "POST" and one.path.endswith("/issues")]) == 1
