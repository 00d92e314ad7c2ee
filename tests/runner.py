"""How GitHub's runner reads what a step writes (actions/runner: ActionCommand.cs, FileCommandManager.cs)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_V2 = re.compile(r"::(?P<name>[a-z-]+)(?: (?P<properties>[^:]*))?::(?P<data>.*)", re.DOTALL)
_V1 = re.compile(r"##\[(?P<name>[a-z-]+)(?: [^\]]*)?\](?P<data>.*)", re.DOTALL)


@dataclass(frozen=True)
class Command:
    name: str
    data: str


def commands(log: str) -> list[Command]:
    """The workflow commands in a step's output: ``::name::`` first in a line, or ``##[name]`` anywhere in one."""
    found = []
    for line in re.split(r"\r\n|\r|\n", log):
        match = _V2.match(line.lstrip()) or _V1.search(line)
        if match:
            data = match["data"].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
            found.append(Command(match["name"], data))
    return found


def outputs(file: Path) -> dict[str, str]:
    """A file of outputs, each ``name=value`` on one line or ``name<<delimiter``, lines, ``delimiter``."""
    found = {}
    lines = iter(file.read_text(encoding="utf-8").split("\n"))
    for line in lines:
        if not line:
            continue
        name, equals, value = line.partition("=")
        heredoc, arrows, delimiter = line.partition("<<")
        if arrows and (not equals or len(heredoc) < len(name)):
            held: list[str] = []
            for inner in lines:
                if inner == delimiter:
                    break
                held.append(inner)
            else:
                msg = f"no end of {heredoc}"
                raise ValueError(msg)
            found[heredoc] = "\n".join(held)
        elif equals:
            found[name] = value
        else:
            msg = f"no output: {line}"
            raise ValueError(msg)
    return found
