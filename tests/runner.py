"""How GitHub's runner reads what a step writes.

After actions/runner: OutputManager.cs (lines), ActionCommand.cs (commands), FileCommandManager.cs (outputs). Where the
real one knows only the commands that are registered, this one takes every word for a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = re.compile(r"[a-z-]+", re.IGNORECASE)  # registered names are compared without case
_LINE_ENDS = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Command:
    name: str
    data: str


def commands(log: str) -> list[Command]:
    """The workflow commands in a step's output: ``::name::`` first in a line, or ``##[name]`` anywhere in one."""
    found = (_double_colon(line) or _bracket(line) for line in _LINE_ENDS.split(log))
    return [command for command in found if command]


def _double_colon(line: str) -> Command | None:
    line = line.lstrip()
    start = _find(line, "::", 0)
    end = _find(line, "::", 2)
    if start is None or end is None or _visible(line[:start]):
        return None
    name = line[2:end].split(" ", 1)[0]
    return Command(name, _unescaped(line[end + 2 :])) if _NAME.fullmatch(name) else None


def _bracket(line: str) -> Command | None:
    start = _find(line, "##[", 0)
    end = -1 if start is None else line.find("]", start)
    if start is None or end < 0:
        return None
    name = line[start + 3 : end].split(" ", 1)[0]
    return Command(name, _unescaped(line[end + 1 :])) if _NAME.fullmatch(name) else None


def _find(line: str, sign: str, start: int) -> int | None:
    """Where a sign stands, as a comparison by a language's rules finds it: over characters that those rules ignore.

    The runner compares that way, and then counts characters as if each of them counted.
    """
    ignored = "".join(f"{mark}(?:{_IGNORED})*" for mark in map(re.escape, sign))
    match = re.compile(ignored).search(line, start)
    return match.start() if match else None


_IGNORED = (
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)


def _visible(text: str) -> str:
    return re.sub(_IGNORED, "", text)


def _unescaped(data: str) -> str:
    return data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def outputs(file: Path) -> dict[str, str]:
    """A file of outputs, each ``name=value`` on one line or ``name<<delimiter``, lines, ``delimiter``."""
    found = {}
    lines = iter(file.read_bytes().decode("utf-8").split("\n"))
    for line in lines:
        if not line:
            continue
        name, equals, value = line.partition("=")
        heredoc, arrows, delimiter = line.partition("<<")
        if arrows and (not equals or len(heredoc) < len(name)):
            found[heredoc] = "\n".join(_until(delimiter, lines))
        elif equals:
            found[name] = value
        else:
            msg = f"no output: {line}"
            raise ValueError(msg)
    return found


def _until(delimiter: str, lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line == delimiter:
            return
        yield line
    msg = f"no end of {delimiter}"
    raise ValueError(msg)
