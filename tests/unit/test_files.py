"""Files that several processes may replace at once: each reader finds a whole one, and each writer succeeds."""

from __future__ import annotations

import os
import time
from pathlib import Path
from unittest import mock

import pytest

from redeliver.files import replace_file


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
