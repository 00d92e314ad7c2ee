"""Where a run tells a person what it is doing."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Console(Protocol):
    """A log that somebody reads. Implementations make every line safe to show."""

    def line(self, text: str) -> None:
        """Say one line."""
        ...

    def detail(self, text: str) -> None:
        """Say one line to those who asked for details."""
        ...

    def group(self, title: str) -> AbstractContextManager[None]:
        """Keep the lines within together, under a title."""
        ...
