"""A list of what a receiver has: what is read of it, and what is no such list."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from redeliver.errors import SettingsError
from redeliver.replay.guids import LARGEST, read_guids
from redeliver.replay.plan import Arrived

GUID, OTHER = "3b1f2a00-0000-11ee-8000-00000000dead", "3b1f2a00-0000-11ee-8000-00000000beef"
NOW = 1_794_000_000_000


@pytest.mark.parametrize(
    "content",
    [
        f"{GUID}\n{OTHER}\n",
        f"{GUID}\r\n{OTHER.upper()}\r\n\r\n",
        f'\ufeff"{GUID}"\n  "{OTHER}"  \n{GUID}',
        f"'{OTHER}'\n\n\n'{GUID}'",
    ],
)
def test_list_is_read_as_databases_write_it(tmp_path: Path, content: str) -> None:
    file = tmp_path / "arrived.txt"
    file.write_text(content, encoding="utf-8", newline="")
    os.utime(file, (0, NOW / 1000 - 90))
    assert read_guids(str(file), NOW) == Arrived(frozenset({GUID, OTHER}), 90_000)
    assert read_guids(str(file), NOW - 100_000) == Arrived(frozenset({GUID, OTHER}), 0)  # never in the future


def test_list_in_a_pipe_has_no_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(GUID.encode())))
    assert read_guids("-", NOW) == Arrived(frozenset({GUID}), None)
    os.mkfifo(pipe := tmp_path / "pipe")
    threading.Thread(target=pipe.write_text, args=(OTHER,)).start()
    assert read_guids(str(pipe), NOW) == Arrived(frozenset({OTHER}), None)


def test_closed_input_is_an_empty_list_and_no_list_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SettingsError, match="1 problem") as wrong:
        read_guids("-", NOW)
    assert "is empty" in wrong.value.problems[0]
    assert read_guids("", NOW) is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n  \n", "is empty"),
        (f"{GUID}\nguid\n".encode(), "line 2 is no GUID"),
        (f"{GUID},{OTHER}".encode(), "line 1 is no GUID"),
        (b"\x89PNG\r\n\x1a\n\xff", "line 1 is no GUID"),
        (b"ghp_" + b"0" * 36, "line 1 is no GUID"),
    ],
)
def test_what_is_no_list_is_refused_and_not_repeated(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "arrived.txt"
    file.write_bytes(content)
    with pytest.raises(SettingsError) as wrong:
        read_guids(str(file), NOW)
    (problem,) = wrong.value.problems
    assert problem.startswith("except-guids-file: ")
    assert says in problem
    assert "ghp_" not in problem


@pytest.mark.parametrize("size", [LARGEST + 1, 5 * 2**30])
def test_list_that_is_too_large_is_not_kept(tmp_path: Path, size: int) -> None:
    file = tmp_path / "arrived.txt"
    with file.open("wb") as sparse:
        sparse.truncate(size)
    with pytest.raises(SettingsError, match="1 problem") as wrong:
        read_guids(str(file), NOW)
    assert wrong.value.problems == ("except-guids-file: must be no larger than 64 MiB",)


@pytest.mark.parametrize("name", ["missing.txt", "."])
def test_path_that_cannot_be_read_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        read_guids(str(tmp_path / name), NOW)
    assert "could not be read" in wrong.value.problems[0]
