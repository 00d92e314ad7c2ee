"""Where a run logs what it is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class Bar(Protocol):
    """Shows how far something has come."""

    def __call__(self, done: int, line: str = "", /) -> None:
        """``line``: the same in words, for a log; empty: it is too early for another line."""


class Console(Protocol):
    """A log for users. Implementations make every line safe to show."""

    def line(self, text: str) -> None:
        """Log one line."""

    def detail(self, text: str) -> None:
        """Log one line for users who asked for details."""

    def group(self, title: str) -> AbstractContextManager[None]:
        """Group the lines within this block under a title."""

    def progress(self, of: int) -> AbstractContextManager[Bar]:
        """Show how many of these are done, within this block."""
