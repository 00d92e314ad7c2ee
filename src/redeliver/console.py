"""Where a run logs what it is doing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Shows how far something has come: how much is done, and the same in words for a log, unless it is too early for
#: another line.
Bar = Callable[[int, str], None]

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


class Console:
    """A log for users, which keeps nothing. Those that do make every line safe to show."""

    def line(self, text: str, word: Word = "", *, passing: bool = False) -> None:
        """Log one line. ``passing``: it is soon out of date, so a terminal shows it only until the next one."""

    def detail(self, text: str) -> None:
        """Log one line for users who asked for details."""

    def mask(self, secret: str) -> None:
        """Hide a secret wherever it would be shown, if others keep the log."""

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Group the lines within this block under a title."""
        self.line(title)
        yield

    @contextmanager
    def progress(self, of: int) -> Iterator[Bar]:  # noqa: ARG002  a line says it
        """Show how many of these are done, within this block."""

        def bar(_done: int, line: str) -> None:
            if line:
                self.line(line, "Send")

        yield bar
