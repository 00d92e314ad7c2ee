from __future__ import annotations

import subprocess

import pytest


@pytest.fixture(scope="session", autouse=True)
def engine() -> None:
    """A missing engine fails; it does not skip."""
    asked = subprocess.run(["docker", "version"], check=False, capture_output=True, text=True)
    assert asked.returncode == 0, f"These tests need a Docker engine: {asked.stderr}"
