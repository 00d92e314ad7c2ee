"""tracking-issue/action.yml as a step. What it writes: tests/runs/test_tracking.py and the snapshots."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import reports
from action.step import GITHUB, TRACKING_ACTION, step_environment
from command.program import REDELIVER, environment
from githubsim.clock import system_ms
from githubsim.model import SimGitHub
from githubsim.server import serve
from redeliver.core.case import Outcome
from redeliver.errors import IssuesDisabled
from redeliver.output.report_json import MAX_REPORT_CHARS, as_json
from runner import commands, outputs
from step import Done, run_step
from world import World

REPOSITORY, TOKEN = GITHUB["repository"], GITHUB["token"]
UNDELIVERED = as_json(reports.one(*reports.events(Outcome.FAILED_AGAIN)))


def github(world: World) -> SimGitHub:
    """Its GitHub, with a job's own token."""
    world.sim.token(TOKEN, kind="actions", permissions={"issues": "write"}, sees=[REPOSITORY])
    return world.sim


def step(world: World, **inputs: str) -> Done:
    given = {"report": UNDELIVERED, "label": "webhooks", "repository": REPOSITORY, "token": TOKEN} | inputs
    return run_step(world, "tracking-issue", **given)


def errors(done: Done) -> list[str]:
    return [one.data for one in commands(done.log) if one.name == "error"]


def test_largest_report_reaches_the_step(tmp_path: Path) -> None:
    report = as_json(reports.one(*reports.events(*[Outcome.FAILED_AGAIN] * 5_000)))
    assert MAX_REPORT_CHARS - 1_000 < len(report) <= MAX_REPORT_CHARS
    # toJSON of all outputs has one more level of quotes; a variable of Linux's holds 131,072 bytes.
    assert len(json.dumps(report)) < 128_000
    sim = SimGitHub(system_ms)
    sim.token(TOKEN, kind="actions", permissions={"issues": "write"}, sees=[REPOSITORY])
    output = tmp_path / "output"
    output.touch()
    with serve(sim) as served:
        given = step_environment({"report": report, "label": "webhooks", "api_url": served.url}, TRACKING_ACTION)
        # In a process of its own from the first instruction on, which the system itself gives the environment.
        done = subprocess.run(
            [*REDELIVER, "tracking-issue"],
            env=environment(GITHUB_ACTIONS="true", GITHUB_OUTPUT=str(output), **given),
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
    assert (done.returncode, outputs(output)["change"]) == (0, "opened"), done.stdout
    assert "5,000 events" in sim.issues(REPOSITORY).all()[0].body


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"report": "{}"}, "report: must be the output report of Redeliver Action (version: missing)"),
        ({"report": "::error::x"}, "report: must be the output report of Redeliver Action (it is not JSON)"),
        ({"label": ""}, "label: is required, one for each workflow"),
        ({"label": "a,b"}, "label: must be a label of at most 50 characters, without a comma, not 'a,b'"),
        ({"label": "x" * 51}, f"label: must be a label of at most 50 characters, without a comma, not '{'x' * 51}'"),
        ({"repository": "octo/*"}, "repository: must be one repository's full name, owner/name"),
        ({"repository": ""}, "repository: is required, the one that has the issue"),
        ({"token": ""}, "token: is required, one that can write issues"),
    ],
)
def test_unusable_inputs_are_refused_without_a_request(inputs: dict[str, str], problem: str) -> None:
    world = World()
    done = step(world, **inputs)
    assert (done.code, done.outputs, errors(done)) == (2, {}, [problem])
    assert done.requests == []


def test_refused_issue_fails_the_step_and_shows_no_token() -> None:
    world = World()
    github(world).issues(REPOSITORY).enabled = False
    done = step(world)
    assert (done.code, errors(done)) == (1, [str(IssuesDisabled(repository=REPOSITORY))])
    world.sim.token(TOKEN, kind="actions", permissions={})
    done = step(world)
    assert done.code == 1
    (error,) = errors(done)
    assert "permissions: issues: write" in error
    assert TOKEN not in done.log.replace(f"::add-mask::{TOKEN}", "")
