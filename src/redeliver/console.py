"""Where a run tells a person what it is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


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
