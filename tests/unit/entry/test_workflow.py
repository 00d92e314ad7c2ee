"""What a step says to GitHub's runner: inputs, masks, annotations, outputs, the summary."""

from __future__ import annotations

import os
import resource
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from redeliver.core.settings import Use, inputs
from redeliver.entry import workflow
from redeliver.errors import NotWritten
from runner import Command, commands, outputs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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


# -- inputs -----------------------------------------------------------------------------------------------------


def test_inputs_are_read_by_their_names_in_capitals_and_with_hyphens(monkeypatch: pytest.MonkeyPatch) -> None:
    for row in inputs(Use.RUN):
        monkeypatch.setenv(f"INPUT_{row.name.upper()}", f"  {row.name}\n")
    assert workflow.read_inputs(Use.RUN) == {row.name: row.name for row in inputs(Use.RUN)}


def test_an_input_that_is_not_mapped_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for row in inputs(Use.RUN):
        monkeypatch.delenv(f"INPUT_{row.name.upper()}", raising=False)
    assert set(workflow.read_inputs(Use.RUN).values()) == {""}


# -- the log ----------------------------------------------------------------------------------------------------


def test_a_secret_is_masked_as_a_whole(capsys: pytest.CaptureFixture[str]) -> None:
    workflow.mask("ghp_50%\nsecond line")
    assert commands(capsys.readouterr().out) == [Command("add-mask", "ghp_50%\nsecond line")]


def test_nothing_is_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    # An empty mask would black out everything.
    workflow.mask("")
    assert capsys.readouterr().out == ""


def test_a_line_is_a_line_and_is_there_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    workflow.ActionsConsole().line(HOSTILE)
    shown = capsys.readouterr().out
    assert shown.endswith("\n")
    assert len(shown.splitlines()) == 1
    assert commands(shown) == []


@pytest.mark.parametrize("text", ["::error::x", "  ::error::x", "\t::error::x", "##[error]x", "\u2028::error::x"])
def test_a_line_is_never_a_command(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    workflow.ActionsConsole().line(text)
    assert commands(capsys.readouterr().out) == []


@pytest.mark.parametrize("kind", ["error", "warning", "notice"])
def test_an_annotation_is_one_command_whatever_it_says(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    getattr(workflow.ActionsConsole(), kind)(HOSTILE)
    (command,) = commands(capsys.readouterr().out)
    assert command.name == kind
    assert command.data.startswith("x ::error::y ::set-output name=a::b %0A::warning::z")
    assert "\n" not in command.data


@pytest.mark.parametrize("kind", ["error", "warning", "notice"])
@pytest.mark.parametrize("text", [HOSTILE, "##[group]x", "###[error]x", "#\u200b#[error]x", "##[" * 2_000])
def test_an_annotation_holds_no_command_of_the_other_kind(
    kind: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    getattr(workflow.ActionsConsole(), kind)(text)
    shown = capsys.readouterr().out
    assert "##[" not in shown
    assert len(commands(shown)[0].data) <= 4_096


@pytest.mark.parametrize("kind", ["error", "warning", "notice"])
def test_an_annotation_fits_into_what_github_keeps(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    getattr(workflow.ActionsConsole(), kind)("x" * 10_000)
    (command,) = commands(capsys.readouterr().out)
    assert 1_000 < len(command.data) <= 4_096


@pytest.mark.parametrize("kind", ["error", "warning", "notice"])
def test_an_annotation_has_a_title_and_names_no_file(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    getattr(workflow.ActionsConsole(), kind)("It was slow.")
    assert capsys.readouterr().out == f"::{kind} title=Redeliver Action::It was slow.\n"


def test_lines_within_a_group_fold_and_the_group_ends_whatever_happens(capsys: pytest.CaptureFixture[str]) -> None:
    console = workflow.ActionsConsole()

    def fail() -> None:
        console.line("within")
        raise RuntimeError

    with pytest.raises(RuntimeError), console.group(HOSTILE):
        fail()
    shown = capsys.readouterr().out
    assert [command.name for command in commands(shown)] == ["group", "endgroup"]
    assert shown.splitlines()[1] == "within"


@pytest.mark.parametrize(("debug", "names"), [("1", ["debug"]), ("", []), ("0", []), ("true", [])])
def test_details_are_for_those_who_debug(
    debug: str, names: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUNNER_DEBUG", debug)
    workflow.ActionsConsole().detail(HOSTILE)
    assert [command.name for command in commands(capsys.readouterr().out)] == names


# -- outputs ----------------------------------------------------------------------------------------------------


def test_outputs_come_back_as_they_were_whatever_they_hold(files: Path) -> None:
    told = {
        "redelivered-count": "7",
        "checkpoint": "",
        "report": '{"a":"b<<c=d"}',
        "hostile": "x\n\nghadelimiter_1\nname=value\n<<EOF\nEOF\n::error::y",
        "last": "漢\u202e",
    }
    workflow.write_outputs(told)
    assert outputs(files / "GITHUB_OUTPUT") == told


def test_outputs_are_added_to_those_of_others(files: Path) -> None:
    (files / "GITHUB_OUTPUT").write_text("mine=1\n")
    workflow.write_outputs({"a": "b"})
    assert outputs(files / "GITHUB_OUTPUT") == {"mine": "1", "a": "b"}


def test_without_a_file_for_outputs_nothing_is_said_instead(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    workflow.write_outputs({"a": "b"})
    monkeypatch.setenv("GITHUB_OUTPUT", "")
    workflow.write_outputs({"a": "b"})
    assert capsys.readouterr().out == ""


def test_a_file_for_outputs_that_is_not_there_is_told(files: Path) -> None:
    (files / "GITHUB_OUTPUT").unlink()
    with pytest.raises(NotWritten, match="GITHUB_OUTPUT: "):
        workflow.write_outputs({"a": "b"})
    assert not (files / "GITHUB_OUTPUT").exists()


def test_a_folder_in_place_of_the_file_is_told(files: Path) -> None:
    (files / "GITHUB_OUTPUT").unlink()
    (files / "GITHUB_OUTPUT").mkdir()
    with pytest.raises(NotWritten):
        workflow.write_outputs({"a": "b"})


@pytest.mark.usefixtures("files")
def test_outputs_that_cannot_be_written_are_told() -> None:
    with pytest.raises(NotWritten, match="GITHUB_OUTPUT: File too large"), no_room():
        workflow.write_outputs({"a": "b"})


def test_files_that_can_be_written_are_left_as_they_are(files: Path) -> None:
    (files / "GITHUB_OUTPUT").write_text("mine=1\n")
    workflow.check_files()
    assert (files / "GITHUB_OUTPUT").read_text() == "mine=1\n"
    assert (files / "GITHUB_STEP_SUMMARY").read_text() == ""


@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_a_file_that_is_not_there_or_none_at_all_is_found_out_without_making_it(files: Path, name: str) -> None:
    (files / name).unlink()
    with pytest.raises(NotWritten, match=f"{name}: "):
        workflow.check_files()
    assert not (files / name).exists()
    os.mkfifo(files / name)  # to open which would wait for a reader
    with pytest.raises(NotWritten, match=name):
        workflow.check_files()


def test_a_file_that_may_not_be_written_is_found_out(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of the system's own files, which not even root may open for writing.
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/proc/self/status")
    with pytest.raises(NotWritten, match="/proc/self/status: "):
        workflow.check_files()
    assert (files / "GITHUB_OUTPUT").read_text() == ""


def test_without_files_there_is_nothing_to_find_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    workflow.check_files()


# -- the summary ------------------------------------------------------------------------------------------------


def test_the_summary_is_added_to_that_of_others(files: Path) -> None:
    (files / "GITHUB_STEP_SUMMARY").write_text("# mine\n")
    workflow.write_summary("## 🟢 漢\n")
    assert (files / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8") == "# mine\n## 🟢 漢\n"


def test_without_a_file_for_the_summary_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    workflow.write_summary("x")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "")
    workflow.write_summary("x")


def test_a_file_for_the_summary_that_is_not_there_is_told(files: Path) -> None:
    (files / "GITHUB_STEP_SUMMARY").unlink()
    with pytest.raises(NotWritten, match="GITHUB_STEP_SUMMARY"):
        workflow.write_summary("x")


@pytest.mark.usefixtures("files")
def test_a_summary_that_cannot_be_written_is_told() -> None:
    with pytest.raises(NotWritten, match="GITHUB_STEP_SUMMARY: File too large"), no_room():
        workflow.write_summary("x")
