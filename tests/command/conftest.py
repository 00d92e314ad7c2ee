from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from command.program import Commands, Server, server


@pytest.fixture(name="commands")
def _commands(forks: Commands) -> Commands:
    return forks


@pytest.fixture
def here(tmp_path: Path, commands: Commands) -> Iterator[Server]:
    """A server with one webhook of an organization's."""
    with server(tmp_path, commands) as one:
        yield one
