"""The runner's files for outputs and summary can take them, or nothing is sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from action.standins import Python

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from action.step import Runner

ERROR = "::error title=Redeliver Action::"


def a_link(file: Path) -> str:
    (file.parent / "elsewhere").touch()
    file.symlink_to(file.parent / "elsewhere")
    return "it is a symbolic link"


def a_link_to_nowhere(file: Path) -> str:
    file.symlink_to(file.parent / "nowhere")
    return "it is a symbolic link"


def a_folder(file: Path) -> str:
    file.mkdir()
    return "it is not a regular file"


def a_pipe(file: Path) -> str:
    os.mkfifo(file)
    return "it is not a regular file"


def nothing(_: Path) -> str:
    return "it does not exist"


@pytest.mark.parametrize("runtime", ["docker", "python", "auto"])
@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
@pytest.mark.parametrize("instead", [a_link, a_link_to_nowhere, a_folder, a_pipe, nothing])
def test_what_is_no_file_of_the_runners_ends_the_step(
    runner: Runner, runtime: str, name: str, instead: Callable[[Path], str]
) -> None:
    runner.user, runner.pythons = "0", {"python3": Python()}
    file = {"GITHUB_OUTPUT": runner.output, "GITHUB_STEP_SUMMARY": runner.summary}[name]
    file.unlink()
    why = instead(file)
    result = runner.step(image="image", runtime=runtime)
    assert result.returncode == 1
    said = f"{ERROR}The file that {name} names cannot take the results: {why}. Nothing was sent."
    assert result.stdout.startswith(said)
    assert runner.calls == []
    assert not (runner.bin / "chowned").exists()


@pytest.mark.parametrize("path", ["/dev/null", ""])
def test_a_device_is_no_file_and_an_empty_variable_is_none(runner: Runner, path: str) -> None:
    runner.user = "0"
    runner.environment["GITHUB_OUTPUT"] = path
    result = runner.step(image="image")
    assert result.returncode == 1
    assert "The file that GITHUB_OUTPUT names cannot take the results" in result.stdout
    assert not (runner.bin / "chowned").exists()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write whatever there is")
def test_a_file_that_may_not_be_written_ends_the_step(runner: Runner) -> None:
    runner.summary.chmod(0o400)
    assert "cannot take the results: this user may not write it." in runner.step(image="image").stdout
