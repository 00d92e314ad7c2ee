"""Checkpoints in a file, for servers: written whole or not at all, by one run at a time.

Next to it is a lock file, which the current run holds. Other users of the machine must be able neither to hold that
lock, or no run could start, nor to replace either file with a file or a link of their own.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from redeliver.errors import CheckpointNotSaved, StateLocked, StateLockedTooLong, StateUnreadable, StateUnsafe
from redeliver.files import SAFELY, replace_file, why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CHECKPOINTS = TypeAdapter(dict[str, int])
#: Seconds after its time limit in which a run still makes its last calls; three minutes would do.
_CLOSING = 300.0
#: Seconds in which a run that has just taken the lock says until when it may hold it.
_SETTLING = 1.0
#: The errors that mean a lock is held, and not that there are no locks.
_HELD = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})


class StateFile:
    """A file of checkpoints, one for each hook, as a JSON object of epoch milliseconds."""

    def __init__(
        self,
        path: Path,
        owner: str,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``owner`` separates the checkpoints of several owners, on any GitHub, in one file.

        ``now`` gives epoch seconds: the processes that share a lock share no other clock.
        """
        self.path = path
        self._owner = owner
        self._now = now
        self._sleep = sleep

    def store(self, hook_id: str) -> FileCheckpoint:
        """The store of one hook's checkpoint."""
        return FileCheckpoint(self, f"{self._owner}/hooks/{hook_id}" if hook_id else f"{self._owner}/hook")

    @contextmanager
    def locked(self, time_limit: float) -> Iterator[None]:
        """Keep other runs out until the block or the process ends.

        ``time_limit``: seconds that this run may take.

        Raises:
            StateLocked: another run is in progress.
            StateLockedTooLong: another process holds the lock, though its run should be over.
            StateUnsafe: other users could take the lock or replace the files.
            CheckpointNotSaved: the lock's file cannot be written.
        """
        path = self.path.with_name(self.path.name + ".lock")
        with ExitStack() as until_over:
            try:
                lock = until_over.enter_context(os.fdopen(_open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b"))
                self._take(lock.fileno(), path, time_limit + _CLOSING)
            except OSError as fault:
                raise CheckpointNotSaved(place=str(self.path), why=f"{why(fault)}.") from fault
            yield

    def _take(self, lock: int, path: Path, seconds: float) -> None:
        """Take the lock, and record until when it may be held: as the time at which its file was "changed"."""
        for _ in range(2):
            if _lock(lock):
                until = self._now() + seconds
                os.utime(lock if os.utime in os.supports_fd else path, (until, until))
                return
            if self._now() <= os.fstat(lock).st_mtime:
                raise StateLocked(path=str(path))
            # That time may be from a past run: the current one may have taken the lock just now.
            self._sleep(_SETTLING)
        raise StateLockedTooLong(path=str(path))

    def read(self) -> dict[str, int]:
        """All checkpoints; none when there is no file yet.

        Raises:
            StateUnsafe: somebody else could have written it.
            StateUnreadable: it is not a file of checkpoints. It is not changed.
        """
        try:
            with os.fdopen(_open(self.path, os.O_RDONLY), "rb") as file:
                return _CHECKPOINTS.validate_json(file.read(), strict=True)
        except FileNotFoundError:
            return {}
        except OSError as fault:
            raise StateUnreadable(path=str(self.path), why=why(fault)) from fault
        except ValidationError as fault:
            raise StateUnreadable(path=str(self.path), why="it is not a JSON object of numbers") from fault

    def write(self, checkpoints: dict[str, int]) -> None:
        """Replace the file in one step that a crash leaves either done or undone.

        Raises:
            CheckpointNotSaved: the old file is still there.
        """
        try:
            # Only the lock's holder writes.
            replace_file(self.path, _CHECKPOINTS.dump_json(checkpoints, indent=1) + b"\n")
        except OSError as fault:
            raise CheckpointNotSaved(place=str(self.path), why=f"{why(fault)}.") from fault


class FileCheckpoint:
    """One hook's checkpoint in a state file. See :class:`redeliver.core.ports.Store`."""

    def __init__(self, file: StateFile, key: str) -> None:
        self._file = file
        self._key = key
        self.place = f"{file.path} ({key})"

    def read(self) -> int | None:
        """The checkpoint, or None when there is none yet. Raises StateUnreadable and StateUnsafe."""
        return self._file.read().get(self._key)

    def write(self, moment: int) -> None:
        """Replace it. Raises CheckpointNotSaved."""
        try:
            others = self._file.read()
        except (StateUnreadable, StateUnsafe) as fault:
            raise CheckpointNotSaved(place=self.place, why=fault.problem) from fault
        self._file.write(others | {self._key: moment})


# -- files that only this user can change ------------------------------------------------------------------------


def _open(path: Path, flags: int, mode: int = 0) -> int:
    """Open a file that no other user can have put there or can write to. Returns its descriptor.

    With ``mode``, a missing file is created, and an existing one gets that mode.

    Raises:
        StateUnsafe: others could have put it there, or can write to it or replace it.
        OSError: it cannot be opened.
    """
    try:
        folder = path.parent.stat()
        descriptor = os.open(path, flags | SAFELY, mode)
    except OSError as fault:
        if fault.errno == errno.ELOOP:
            raise StateUnsafe(path=str(path), why=why(fault)) from fault
        raise
    try:
        _make_safe(descriptor, path, folder, mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _make_safe(descriptor: int, path: Path, folder: os.stat_result, mode: int) -> None:
    file = os.fstat(descriptor)
    if unsafe := _what_is_unsafe(file, folder):
        raise StateUnsafe(path=str(path), why=unsafe)
    if mode and stat.S_IMODE(file.st_mode) != mode and sys.platform != "win32":
        os.fchmod(descriptor, mode)


def _what_is_unsafe(file: os.stat_result, folder: os.stat_result) -> str:
    """What lets other users change or replace a file; empty: nothing."""
    if not stat.S_ISREG(file.st_mode):
        return "it is not a regular file"
    if sys.platform == "win32":
        return ""  # there are no such numbers there
    # Root and the folder's owner can replace it in any case.
    if file.st_uid not in {os.geteuid(), folder.st_uid, 0}:
        return f"it belongs to another user (uid {file.st_uid})"
    if folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX:
        return "every user may write to its folder"
    if file.st_mode & stat.S_IWOTH:
        return "every user may write to it"
    return ""


# -- the lock ----------------------------------------------------------------------------------------------------


def _lock(descriptor: int) -> bool:
    """Lock an open file without waiting. The system releases it when the process ends.

    Raises:
        OSError: the file system has no locks.
    """
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415  Windows alone has it

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415  and all others have this one

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        if fault.errno in _HELD:
            return False
        raise
    return True
