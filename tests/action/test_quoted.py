"""What pip, Docker and a registry say is shown when they fail, and none of it is a workflow command."""

from __future__ import annotations

import pytest

from action.standins import Python
from action.step import Runner
from hostile.strange import COMMANDS
from runner import commands

#: How many are shown of a build.
LINES = 20
BEFORE = ("", "\t ", "\r", "before\r\n", "\u3000", "\u200b", "\x00")
SAID = [
    *(f"{before}{command}" for command in COMMANDS for before in BEFORE),
    "# #\x00[error]x",
    "####[error]x",
    "##\u00ad[error]x",
    "\x1b[31m##[error]x",
    "\udcff::error::x",
    "\u2028::error::x",
]


@pytest.fixture(params=["pip", "pull", "build"])
def failing(runner: Runner, request: pytest.FixtureRequest) -> tuple[Runner, dict[str, str]]:
    """A runner on which something fails, and the inputs that lead to it."""
    if request.param == "pip":
        runner.pythons = {"python3": Python(pip=1)}
        return runner, {"runtime": "python"}
    setattr(runner, request.param, 1)
    return runner, {"image": "registry.example/image"} if request.param == "pull" else {}


def said_by_the_failing(failing: tuple[Runner, dict[str, str]], text: str) -> str:
    runner, inputs = failing
    runner.said = text
    for python in runner.pythons.values():
        python.said = text
    result = runner.step(**inputs)
    assert result.returncode == 1
    return result.stdout


@pytest.mark.parametrize("texts", [SAID[at : at + LINES - 4] for at in range(0, len(SAID), LINES - 4)])
def test_no_quoted_line_is_a_command(runner: Runner, texts: list[str]) -> None:
    runner.build = 1
    said = said_by_the_failing((runner, {}), "\n".join(texts))
    assert [command.name for command in commands(said)] == ["error"]
    assert said.count("\n| ") >= len(texts)


def test_quoted_lines_can_still_be_read(failing: tuple[Runner, dict[str, str]]) -> None:
    text = "ERROR: [Errno 2] No such file: '/opt/a b'\r\n\r\n  $x\\n 100% \N{CHECK MARK}\n"
    lines = said_by_the_failing(failing, text).splitlines()
    assert lines[1:-1] == ["| ERROR: [Errno 2] No such file: '/opt/a b'", "|   $x\\n 100% ???"]


def test_quoted_lines_are_bounded(failing: tuple[Runner, dict[str, str]]) -> None:
    lines = said_by_the_failing(failing, "x\n" * 1000 + "y" * 100_000).splitlines()
    assert len(lines) <= LINES + 2
    assert max(map(len, lines)) < 600
