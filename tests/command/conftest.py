from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from command.program import Commands, Server, server


@pytest.fixture
def here(tmp_path: Path, forks: Commands) -> Iterator[Server]:
    """A server with one webhook of an organization's."""
    with server(tmp_path, forks) as one:
        yield one
