"""Checkpoints in a file: one for each webhook, in files and folders that only this user can change.

tests/command/test_state_file.py is about the processes that share it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from redeliver.errors import (
    CheckpointNotSaved,
    FirstCheckpointNotSaved,
    StateLocked,
    StateLockedTooLong,
    StateLockLost,
    StateUnreadable,
    StateUnsafe,
    StateUnusable,
)
from redeliver.run.state_file import StateFile
from wording import told

SERVER = "api.github.com"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return tmp_path / "state.json"


def test_each_webhook_has_its_own_checkpoint(path: Path) -> None:
    state = StateFile(path, SERVER)
    one, two, apps = state.store("/orgs/octo/hooks/1"), state.store("/Repos/Octo/x/hooks/2"), state.store("/app/9/hook")
    assert one.read() is None
    for moment, store in enumerate((one, two, apps, one), 1):
        store.write(moment)
    assert (one.read(), two.read(), apps.read()) == (4, 2, 3)
    assert state.read() == {
        f"{SERVER}/orgs/octo/hooks/1": 4,
        f"{SERVER}/repos/octo/x/hooks/2": 2,
        f"{SERVER}/app/9/hook": 3,
    }
    assert one.place == f"{path} ({SERVER}/orgs/octo/hooks/1)"
    assert StateFile(path, "another").store("/orgs/octo/hooks/1").read() is None


def test_unreadable_file_is_named(path: Path) -> None:
    path.write_text("{", encoding="utf-8")
    with pytest.raises(StateUnreadable) as torn:
        StateFile(path, SERVER).read()
    assert told(StateUnreadable, str(torn.value))["path"] == str(path)
    path.unlink()
    path.parent.joinpath("file").touch()
    below = path.parent / "file" / "state.json"
    with pytest.raises(StateUnreadable) as nowhere:
        StateFile(below, SERVER).read()
    assert told(StateUnreadable, str(nowhere.value)) == {"path": str(below), "why": "Not a directory"}


def link(path: Path) -> None:
    path.rename(path.with_name("target"))
    path.symlink_to(path.with_name("target"))


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (link, "it is a symbolic link"),
        (fifo, "it is not a regular file"),
        (lambda path: path.chmod(0o646), "every user may write to it"),
        (lambda path: path.parent.chmod(0o777), "every user may write to its folder"),
        (lambda path: path.parent.chmod(0o1777), "every user may write to its folder"),
    ],
    ids=range(5),
)
def test_file_that_others_could_have_made_is_refused(path: Path, change: Callable[[Path], None], why: str) -> None:
    path.write_text("{}", encoding="utf-8")
    change(path)
    with pytest.raises(StateUnsafe) as refused:
        StateFile(path, SERVER).read()
    assert told(StateUnsafe, str(refused.value)) == {"path": str(path), "why": why}


@pytest.mark.parametrize("mode", [0o755, 0o775])
def test_file_that_others_cannot_replace_is_used(path: Path, mode: int) -> None:
    path.parent.chmod(mode)
    state = StateFile(path, SERVER)
    with state.locked(60):
        state.store("/app/9/hook").write(1)
        assert stat.S_IMODE(path.with_name("state.json.lock").stat().st_mode) == 0o600
    assert path.read_text(encoding="utf-8") == f'{{\n "{SERVER}/app/9/hook": 1\n}}\n'


def test_existing_lock_is_closed_to_others(path: Path) -> None:
    lock = path.with_name("state.json.lock")
    lock.touch(mode=0o644)
    with StateFile(path, SERVER).locked(60):
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600


def test_lock_of_another_run_is_named(path: Path) -> None:
    now = 1_794_000_000.0
    state = StateFile(path, SERVER, now=lambda: now, sleep=lambda _seconds: None)
    with state.locked(60):
        with pytest.raises(StateLocked) as held, state.locked(60):
            pass
        assert told(StateLocked, str(held.value)) == {"path": f"{path}.lock"}
        now += 10_000
        with pytest.raises(StateLockedTooLong) as too_long, state.locked(60):
            pass
        assert told(StateLockedTooLong, str(too_long.value)) == {"path": f"{path}.lock"}


def test_removed_lock_is_lost_and_nothing_is_written(path: Path) -> None:
    state = StateFile(path, SERVER)
    store = state.store("")
    with state.locked(60):
        state.check_lock()
        store.write(1)
        path.with_name("state.json.lock").unlink()
        for check in (state.check_lock, partial(store.write, 2)):
            with pytest.raises(StateLockLost, match=r"state\.json\.lock was removed"):
                check()
    assert store.read() == 1
    state.check_lock()  # it holds none any more


def test_unusable_file_is_an_error_when_the_lock_is_taken(path: Path) -> None:
    path.write_text("{", encoding="utf-8")
    with pytest.raises(StateUnreadable), StateFile(path, SERVER).locked(60):
        pass
    with pytest.raises(StateUnusable) as nowhere, StateFile(path / "below", SERVER).locked(60):
        pass
    assert told(StateUnusable, str(nowhere.value)) == {"path": str(path / "below"), "why": "Not a directory"}
    assert {StateUnreadable.exit_code, StateUnusable.exit_code, StateUnsafe.exit_code} == {2}


def test_first_checkpoint_that_cannot_be_saved_has_its_own_advice(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = StateFile(path, SERVER)
    one, two = state.store("1"), state.store("2")
    one.write(5)

    def full(_descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    for store, kind in ((one, CheckpointNotSaved), (two, FirstCheckpointNotSaved)):
        with pytest.raises(CheckpointNotSaved) as unsaved:
            store.write(6)
        assert unsaved.value.advice == kind.advice
    assert "Nothing is lost" not in FirstCheckpointNotSaved.advice
    assert "lookback" in FirstCheckpointNotSaved.advice
