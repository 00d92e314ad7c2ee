"""The self-test's own workflow, as far as it can run here: on one machine, which is Linux and has Docker."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from docker.act import PIP, commit_all, run_act


@pytest.mark.parametrize(("job", "steps"), [("works", 4), ("fails", 6)])
def test_each_job_of_the_selftest_succeeds(job: str, steps: int, action: Path, tmp_path: Path) -> None:
    checkout, home = tmp_path / "checkout", tmp_path / "home"
    home.mkdir()
    shutil.copytree(action, checkout)
    commit_all(checkout, "org/redeliver-action")
    done = run_act(
        checkout,
        home,
        *("push", f"--job={job}", "--matrix=runner:ubuntu-24.04", "--platform=ubuntu-24.04=-self-hosted"),
        *(["--matrix=runtime:docker"] if job == "works" else []),
        workflow=".github/workflows/selftest.yml",
        environment=PIP | {"SIMULATION_PYTHON": sys.executable},
        machine={},
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("✅  Success - Main") >= steps
