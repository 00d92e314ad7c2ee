"""Pieces of Markdown, and how much of a page they take. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Space:
    """The bytes that a page may still take. Text written line by line is cut when they are used up."""

    def __init__(self, size: int) -> None:
        self._left = size

    def fit(self, lines: Iterable[str], most: int) -> list[str]:
        """The first of these lines, at most ``most``, and no more than there is space for."""
        shown: list[str] = []
        for line in lines:
            size = len(line.encode()) + 1
            if len(shown) == most or size > self._left:
                break
            self._left -= size
            shown.append(line)
        return shown


def table(header: str, rule: str, rows: list[str]) -> str:
    """A table; empty if it has no rows."""
    return "\n".join([header, rule, *rows]) if rows else ""


def folded(title: str, *parts: str) -> str:
    """Parts under a title, folded away."""
    # GitHub reads Markdown within HTML only between blank lines.
    return "\n\n".join([f"<details><summary>{title}</summary>", *(part for part in parts if part), "</details>"])


def linked(shown: str, address: str) -> str:
    """A link; the text alone if there is no address."""
    return f"[{shown}]({address})" if address else shown


def whole(text: str) -> str:
    """Text that stays on one line."""
    return text.replace(" ", "&nbsp;")


def more(number: int, what: str) -> str:
    """How many more there are; empty if there are none."""
    return f"and {number:,} more {what}" if number > 0 else ""
