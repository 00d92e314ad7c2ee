"""The runner that judges here takes for commands what the real one takes for commands."""

from __future__ import annotations

import pytest

from runner import Command, commands


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("::error::x", Command("error", "x")),
        ("\u3000\t ::Error file=a,line=1::x::y", Command("Error", "x::y")),
        ("::add-mask::a%0Ab%25", Command("add-mask", "a\nb%")),
        ("::debug::", Command("debug", "")),
        ("a ##[group]b", Command("group", "b")),
        ("##[error file=a;line=1]x", Command("error", "x")),
        ("\x1b[31m##[error]x", Command("error", "x")),
        ("::::##[error]x", Command("error", "x")),
    ],
)
def test_lines_are_commands(line: str, command: Command) -> None:
    assert commands(f"before\r{line}\r\nafter") == [command]


@pytest.mark.parametrize(
    "line",
    [
        "x ::error::y",
        "::error:x",
        "::error",
        ": :error::x",
        "##[error",
        "## [error]",
        ":: error::x",
        "\ufe0f::error::x",
    ],
)
def test_lines_are_no_commands(line: str) -> None:
    assert commands(line) == []
