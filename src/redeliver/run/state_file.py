"""Checkpoints in a file, for servers: written whole or not at all, by one run at a time."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from redeliver.errors import CheckpointNotSaved, StateLocked, StateUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from redeliver.github.api import Caller

_CHECKPOINTS = TypeAdapter(dict[str, int])


class StateFile:
    """A file of checkpoints, one for each hook, as a JSON object of epoch milliseconds."""

    def __init__(self, path: Path, owner: str) -> None:
        """``owner`` tells apart what several owners, at whatever GitHub, keep in one file."""
        self.path = path
        self._owner = owner

    def store(self, hook_id: str) -> FileCheckpoint:
        """Where one hook's checkpoint lives."""
        return FileCheckpoint(self, f"{self._owner}/hooks/{hook_id}" if hook_id else f"{self._owner}/hook")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out, until the block ends or the process does, however it ends.

        Raises:
            StateLocked: another run is at work.
            CheckpointNotSaved: the lock's file cannot be written.
        """
        path = self.path.with_name(self.path.name + ".lock")
        try:
            lock = path.open("a+b")
        except OSError as fault:
            raise CheckpointNotSaved(place=self.path, why=f"{_why(fault)}.") from fault
        with lock:
            if not _take(lock.fileno()):
                raise StateLocked(path=path)
            yield

    def read(self) -> dict[str, int]:
        """All checkpoints; none when there is no file yet.

        Raises:
            StateUnreadable: what is there is no such file. It is left as it is.
        """
        try:
            return _CHECKPOINTS.validate_json(self.path.read_bytes(), strict=True)
        except FileNotFoundError:
            return {}
        except OSError as fault:
            raise StateUnreadable(path=self.path, why=_why(fault)) from fault
        except ValidationError as fault:
            raise StateUnreadable(path=self.path, why="it is not a JSON object of numbers") from fault

    def write(self, checkpoints: dict[str, int]) -> None:
        """Replace the file in one step that a crash leaves either done or undone.

        Raises:
            CheckpointNotSaved: the old file stands.
        """
        try:
            # One name is enough, as only the lock's holder writes; what a killed run left there goes first.
            new = self.path.with_name(f".{self.path.name}.new")
            new.unlink(missing_ok=True)
            with new.open("xb") as file:
                file.write(_CHECKPOINTS.dump_json(checkpoints, indent=1) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as fault:
            raise CheckpointNotSaved(place=self.path, why=f"{_why(fault)}.") from fault


class FileCheckpoint:
    """One hook's checkpoint in a state file. See :class:`redeliver.github.variable.CheckpointStore`."""

    def __init__(self, file: StateFile, key: str) -> None:
        self._file = file
        self._key = key
        self.place = f"{file.path} ({key})"

    def read(self, _caller: Caller) -> int | None:
        """The checkpoint, or None when there is none yet. Raises StateUnreadable."""
        return self._file.read().get(self._key)

    def write(self, _caller: Caller, moment: int) -> None:
        """Keep another one. Raises CheckpointNotSaved."""
        try:
            others = self._file.read()
        except StateUnreadable as fault:
            raise CheckpointNotSaved(place=self.place, why=fault.problem) from fault
        self._file.write(others | {self._key: moment})


def _take(descriptor: int) -> bool:
    """Lock an open file without waiting. The system lets go of it when the process ends."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415  Windows alone has it

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415  and this one everybody else

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """The new name is kept by the folder, which Windows does not let one open."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _why(fault: OSError) -> str:
    return fault.strerror or type(fault).__name__
