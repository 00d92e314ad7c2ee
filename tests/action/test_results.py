"""The runner's files for outputs and summary can take them, or nothing is sent."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from action.step import ERROR, Runner


def link(file: Path) -> None:
    (file.parent / "elsewhere").touch()
    file.symlink_to(file.parent / "elsewhere")


def dangling_link(file: Path) -> None:
    file.symlink_to(file.parent / "nowhere")


def nothing(_: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("name", "put", "why"),
    [
        ("GITHUB_OUTPUT", link, "it is a symbolic link"),
        ("GITHUB_STEP_SUMMARY", dangling_link, "it is a symbolic link"),
        ("GITHUB_OUTPUT", os.mkdir, "it is not a regular file"),
        ("GITHUB_STEP_SUMMARY", os.mkfifo, "it is not a regular file"),
        ("GITHUB_OUTPUT", nothing, "it does not exist"),
    ],
)
@pytest.mark.parametrize("runtime", ["docker", "python"])
def test_unusable_result_file_ends_the_step(
    both: Runner, runtime: str, name: str, put: Callable[[Path], None], why: str
) -> None:
    both.user = "0"
    file = {"GITHUB_OUTPUT": both.output, "GITHUB_STEP_SUMMARY": both.summary}[name]
    file.unlink()
    put(file)
    result = both.step(image="image", runtime=runtime)
    assert result.returncode == 1
    said = f"{ERROR}The file that {name} names cannot take the results: {why}. Nothing was sent."
    assert result.stdout.startswith(said)
    assert both.calls == []
    assert not (both.bin / "chowned").exists()


@pytest.mark.parametrize("path", ["/dev/null", ""])
def test_device_or_empty_name_is_no_result_file(runner: Runner, path: str) -> None:
    runner.user = "0"
    runner.environment["GITHUB_OUTPUT"] = path
    result = runner.step(image="image")
    assert result.returncode == 1
    assert "The file that GITHUB_OUTPUT names cannot take the results" in result.stdout
    assert not (runner.bin / "chowned").exists()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write whatever there is")
def test_read_only_result_file_ends_the_step(runner: Runner) -> None:
    runner.summary.chmod(0o400)
    assert "cannot take the results: this user may not write it." in runner.step(image="image").stdout
