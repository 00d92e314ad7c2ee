from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from places.command import Commands, Server, commands, server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session", name="commands")
def _commands() -> Iterator[Commands]:
    """One for all, since starting it takes as long as ten runs."""
    with commands() as one:
        yield one


@pytest.fixture
def here(tmp_path: Path, commands: Commands) -> Iterator[Server]:
    """A server with one webhook of an organization's."""
    with server(tmp_path, commands) as one:
        yield one
