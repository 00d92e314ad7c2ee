from __future__ import annotations

from pathlib import Path

import pytest

from action.standins import Python
from action.step import Runner


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner with an engine."""
    return Runner(tmp_path)


@pytest.fixture
def both(runner: Runner) -> Runner:
    """A runner with an engine and a Python."""
    runner.pythons = {"python3": Python()}
    return runner
