from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from docker.act import Act, build_wheel, take_the_action


@pytest.fixture(scope="session", autouse=True)
def engine() -> None:
    """A missing engine fails; it does not skip."""
    asked = subprocess.run(["docker", "version"], check=False, capture_output=True, text=True)
    assert asked.returncode == 0, f"These tests need a Docker engine: {asked.stderr}"


@pytest.fixture(scope="session")
def action(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The action as users get it; one copy, and so one image."""
    return take_the_action(tmp_path_factory.mktemp("action"))


@pytest.fixture
def act(tmp_path: Path, action: Path) -> Act:
    """A runner of the organization's own repository."""
    return Act(tmp_path, action)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory, action: Path) -> Path:
    """The package."""
    return build_wheel(action, tmp_path_factory.mktemp("wheel"))
