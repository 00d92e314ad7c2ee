"""Files that several processes may replace at once: each reader finds a whole one, and each writer succeeds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import pytest

from redeliver.files import replace_file

#: Writes files of one letter each until it has written as many as it was told to.
WRITER = """
import pathlib, sys
from redeliver.files import replace_file
for number in range(int(sys.argv[3])):
    replace_file(pathlib.Path(sys.argv[1]), sys.argv[2].encode() * (1 + number % 7) * 9_999)
"""


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_concurrent_writes_both_succeed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "redeliver.prom"
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        monkeypatch.setattr(os, "fsync", real)
        replace_file(path, b"the other process's")
        assert path.read_bytes() == b"the other process's"

    monkeypatch.setattr(os, "fsync", fsync)
    replace_file(path, b"this process's")
    assert path.read_bytes() == b"this process's"
    assert names(tmp_path) == [path.name]


def test_concurrent_writers_leave_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "redeliver.prom"
    replace_file(path, b"a")
    commands = [[sys.executable, "-c", WRITER, str(path), letter, "150"] for letter in "abc"]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    reads = 0
    while any(writer.poll() is None for writer in writers):
        text = path.read_text(encoding="utf-8")
        assert text == text[0] * len(text)
        reads += 1
    assert [writer.communicate()[1] for writer in writers] == [""] * 3
    assert reads > 3
    assert names(tmp_path) == [path.name]


def leftover(path: Path, age: float) -> Path:
    """What a writer that was killed leaves: its file, as long ago as that."""
    before = set(path.parent.iterdir())
    killed = mock.Mock(side_effect=KeyboardInterrupt)
    with mock.patch.multiple(Path, replace=killed, unlink=killed), pytest.raises(KeyboardInterrupt):
        replace_file(path, b"half")
    (left,) = set(path.parent.iterdir()) - before
    moment = time.time() - age
    os.utime(left, (moment, moment))
    return left


def test_leftovers_of_killed_writers_are_removed(tmp_path: Path) -> None:
    path = tmp_path / "redeliver.prom"
    recent, old, foreign = leftover(path, 60), leftover(path, 3_600), leftover(tmp_path / "other.prom", 3_600)
    assert not [one for one in (old, recent, foreign) if one.suffix == ".prom"]  # which node_exporter would read
    replace_file(path, b"whole")
    assert names(tmp_path) == sorted([path.name, recent.name, foreign.name])


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "redeliver.prom"
    replace_file(path, b"old")
    with mock.patch.object(os, "fsync", side_effect=OSError("no space left")), pytest.raises(OSError, match="no space"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == [path.name]
