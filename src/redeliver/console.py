"""Where a run logs what it is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


#: What a line is about: it begins with this word. Empty: it belongs to the line or the group above it.
Word = Literal[
    "",
    "Check",
    "Set up",
    "Read",
    "Plan",
    "Deadline",
    "Test",
    "Send",
    "Wait",
    "Stop",
    "Saved",
    "Help",
    "Health",
    "Result",
]


def headed(word: Word, text: str) -> str:
    """A line as plain text, so that what follows the words stands in one column."""
    return f"{word:<10}{text}" if word else text


class Bar(Protocol):
    """Shows how far something has come."""

    def __call__(self, done: int, line: str = "", /) -> None:
        """``line``: the same in words, for a log; empty: it is too early for another line."""


class Console(Protocol):
    """A log for users. Implementations make every line safe to show."""

    def line(self, text: str, word: Word = "", *, passing: bool = False) -> None:
        """Log one line. ``passing``: it is soon out of date, so a terminal shows it only until the next one."""

    def detail(self, text: str) -> None:
        """Log one line for users who asked for details."""

    def group(self, title: str) -> AbstractContextManager[None]:
        """Group the lines within this block under a title."""

    def progress(self, of: int) -> AbstractContextManager[Bar]:
        """Show how many of these are done, within this block."""
