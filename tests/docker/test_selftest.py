"""The self-test's own workflow, as far as it can run here: on one machine, which is Linux and has Docker."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from docker.act import STANDINS
from docker.house import IDENTITY, git

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOW = ".github/workflows/selftest.yml"


@pytest.fixture
def checkout(tmp_path: Path, action: Path) -> Path:
    folder = tmp_path / "checkout"
    shutil.copytree(action, folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "remote", "add", "origin", "https://github.com/org/redeliver-action.git")
    git(folder, "add", ".")
    git(folder, *IDENTITY, "commit", "--quiet", "--message=All")
    return folder


@pytest.mark.parametrize(("job", "steps"), [("works", 4), ("fails", 6)])
def test_each_job_of_it_is_green(job: str, steps: int, checkout: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    python = (checkout / WORKFLOW).read_text().partition("actions/setup-python@")[2][:40]
    command = [
        "act",
        "push",
        f"--workflows={WORKFLOW}",
        f"--job={job}",
        "--matrix=runner:ubuntu-24.04",
        *(["--matrix=runtime:docker"] if job == "works" else []),
        "--platform=ubuntu-24.04=-self-hosted",
        "--pull=false",
        "--no-cache-server",
        f"--action-cache-path={home / 'actions'}",
        f"--local-repository=actions/setup-python@{python}={STANDINS / 'setup-python'}",
        f"--env=SIMULATION_PYTHON={sys.executable}",
        *(f"--env={name}={value}" for name, value in os.environ.items() if name.startswith(("REDELIVER_", "PIP_"))),
    ]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(
        command, cwd=checkout, env=environment, check=False, capture_output=True, text=True, timeout=100
    )
    # A hosted runner ends what a job leaves running; act does not.
    os.kill(int(re.findall(r"set-output:: pid=(\d+)", done.stdout)[0]), signal.SIGTERM)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✅  Success - Main") >= steps
