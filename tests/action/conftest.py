from __future__ import annotations

from pathlib import Path

import pytest

from action.standins import Python
from action.step import IMAGE, OTHER_TOKEN, PULLING, TOKEN, Runner


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner with an engine."""
    return Runner(tmp_path)


@pytest.fixture
def both(runner: Runner) -> Runner:
    """A runner with an engine and a Python."""
    runner.pythons = {"python3": Python()}
    return runner


# Of the module: several tests look at one step.
@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A runner after a step whose image was not there yet, in a job with secrets of others."""
    runner = Runner(tmp_path_factory.mktemp("usual"))
    runner.environment |= dict.fromkeys(("ACTIONS_RUNTIME_TOKEN", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY"), "secret")
    ended, process = runner.start(org="octo-org", hook_id="7", token=TOKEN, variable_token=OTHER_TOKEN, image=IMAGE)
    assert (ended.returncode, ended.stdout) == (0, f"{PULLING}what the container said\n")
    assert runner.container.pid == process  # the step becomes docker, so that signals reach it
    return runner
