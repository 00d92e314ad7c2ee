"""What a step says to GitHub's runner: inputs, masks, annotations, outputs, the summary."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

from redeliver.core.settings import Use, inputs
from redeliver.entry import workflow
from redeliver.errors import NotWritten
from runner import Command, commands, outputs

Kind = Literal["error", "warning", "notice"]


HOSTILE = (
    "x\n::error::y\r\n::set-output name=a::b %0A::warning::z ##[error]w \x1b[31m\u2028::add-mask::v\u202e"
    " https://user:secret@evil.example/"
)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runner's files."""
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path


@contextmanager
def no_room() -> Iterator[None]:
    """Let every write to a file fail, for root as well. That is pytest's own files too, so be brief."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[0][1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before[0])
        signal.signal(signal.SIGXFSZ, before[1])


@pytest.mark.parametrize("mapped", [True, False])
def test_inputs_that_are_not_mapped_are_empty(monkeypatch: pytest.MonkeyPatch, *, mapped: bool) -> None:
    for row in inputs(Use.RUN):
        monkeypatch.setenv(name := f"INPUT_{row.name.upper()}", f"  {row.name}\n")
        if not mapped:
            monkeypatch.delenv(name)
    assert workflow.read_inputs(Use.RUN) == {row.name: row.name if mapped else "" for row in inputs(Use.RUN)}


@pytest.mark.parametrize("secret", ["ghp_50%\nsecond line", ""])  # an empty mask would black out everything
def test_secret_is_masked_as_a_whole(secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    workflow.ActionsConsole().mask(secret)
    assert commands(capsys.readouterr().out) == ([Command("add-mask", secret)] if secret else [])


@pytest.mark.parametrize("kind", ["error", "warning", "notice"])
@pytest.mark.parametrize(
    "text", [HOSTILE, "##[group]x", "###[error]x", "#\u200b#[error]x", "##[" * 2_000, "x" * 10_000], ids=range(6)
)
def test_annotation_fits_into_what_github_keeps(kind: Kind, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    workflow.ActionsConsole().tell(kind, text)
    shown = capsys.readouterr().out
    (command,) = commands(shown)
    assert command.name == kind
    assert shown.startswith(f"::{kind} title=Redeliver Action::")
    assert command.data.startswith("x ::error::y ::set-output name=a::b %0A::warning::z") or text != HOSTILE
    assert "\n" not in command.data
    assert "##[" not in shown
    assert min(1_000, len(text) // 2) < len(command.data) <= 4_096


def test_group_ends_after_an_exception(capsys: pytest.CaptureFixture[str]) -> None:
    console = workflow.ActionsConsole()

    def fail() -> None:
        console.line(HOSTILE)
        raise RuntimeError

    with pytest.raises(RuntimeError), console.group(HOSTILE):
        fail()
    shown = capsys.readouterr().out
    assert [command.name for command in commands(shown)] == ["group", "endgroup"]
    assert len(shown.splitlines()) == 3


@pytest.mark.parametrize(("debug", "names"), [("1", ["debug"]), ("", []), ("0", []), ("true", [])])
def test_details_are_printed_in_debug_mode(
    debug: str, names: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUNNER_DEBUG", debug)
    workflow.ActionsConsole().detail(HOSTILE)
    assert [command.name for command in commands(capsys.readouterr().out)] == names


def test_outputs_are_read_back_unchanged(files: Path) -> None:
    told = {
        "redelivered-count": "7",
        "checkpoint": "",
        "report": '{"a":"b<<c=d"}',
        "hostile": "x\n\nghadelimiter_1\nname=value\n<<EOF\nEOF\n::error::y",
        "last": "漢\u202e",
    }
    (files / "GITHUB_OUTPUT").write_text("mine=1\n")
    workflow.check_files()
    workflow.write_outputs(told)
    assert outputs(files / "GITHUB_OUTPUT") == {"mine": "1"} | told


def test_summary_is_appended(files: Path) -> None:
    (files / "GITHUB_STEP_SUMMARY").write_text("# mine\n")
    workflow.write_summary("## 🟢 漢\n")
    assert (files / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8") == "# mine\n## 🟢 漢\n"


WRITERS: dict[str, Callable[[], None]] = {
    "GITHUB_OUTPUT": lambda: workflow.write_outputs({"a": "b"}),
    "GITHUB_STEP_SUMMARY": lambda: workflow.write_summary("x"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_unusable_file_is_an_error_that_names_it(files: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*uses: Callable[[], None], why: str = "") -> None:
        for use in uses:
            with pytest.raises(NotWritten, match=f"{name} .*: {why}"):
                use()

    with no_room():
        refused(WRITERS[name], why="File too large")
    (files / name).unlink()
    refused(workflow.check_files, WRITERS[name])
    assert not (files / name).exists()
    os.mkfifo(files / name)  # to open which would wait for a reader
    refused(workflow.check_files)
    (files / name).unlink()
    (files / name).mkdir()
    refused(WRITERS[name])
    # Of the system's own files, which not even root may open for writing.
    monkeypatch.setenv(name, "/proc/self/status")
    with pytest.raises(NotWritten, match=r"/proc/self/status .*: "):
        workflow.check_files()


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_is_written_without_a_file(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for value in ("", None):
        for each in WRITERS:
            monkeypatch.setenv(each, "")
        if value is None:
            monkeypatch.delenv(name)
        workflow.check_files()
        WRITERS[name]()
    assert capsys.readouterr().out == ""
