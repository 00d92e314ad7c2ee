"""Checkpoints in a file, for servers: written whole or not at all, by one run at a time.

Next to it is a lock file, which the current run or replay holds. Other users of the machine must be able neither to
hold that lock, or no run could start, nor to replace either file with a file or a link of their own. Whoever may write
to the folder can remove the lock's file, and the next run locks a new one. So its holder looks, before each POST and
each write, whether the file of that name is still the one that it holds, and stops if it is not.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter, ValidationError

from redeliver.errors import (
    CheckpointNotSaved,
    FirstCheckpointNotSaved,
    RedeliverError,
    StateLocked,
    StateLockedTooLong,
    StateLockLost,
    StateUnreadable,
    StateUnsafe,
    StateUnusable,
)
from redeliver.files import NO_FOLLOW, check_folder, replace_file, why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO


#: In epoch milliseconds; as many digits as in a variable.
_CHECKPOINTS = TypeAdapter(dict[str, Annotated[int, Field(ge=0, lt=10**15)]])
#: Seconds after its time limit in which a run still makes its last calls; three minutes would do.
_CLOSING = 300.0
#: Seconds in which a run that has just taken the lock says until when it may hold it.
_SETTLING = 1.0
_LOCK_MODE = 0o600
#: The errors that mean a lock is held, and not that there are no locks.
_HELD = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})


class StateFile:
    """A file of checkpoints, one for each hook, as a JSON object of epoch milliseconds."""

    def __init__(
        self,
        path: Path,
        server: str,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``server`` separates the checkpoints of several GitHubs in one file.

        ``now`` gives epoch seconds: the processes that share a lock share no other clock.
        """
        self.path = path
        self._lock_path = path.with_name(path.name + ".lock")
        self._lock: BinaryIO | None = None
        self._server = server
        self._now = now
        self._sleep = sleep

    def store(self, key: str) -> FileCheckpoint:
        """The store of one hook's checkpoint. ``key``: see :class:`redeliver.github.hooks.Hook`."""
        # In lower case, since GitHub accepts names in any case.
        return FileCheckpoint(self, f"{self._server}{key}".lower())

    @contextmanager
    def locked(self, time_limit: float, *, busy: type[RedeliverError] = StateLocked) -> Iterator[None]:
        """Keep other runs out until the block or the process ends. The file can be read and replaced at its beginning.

        ``time_limit``: seconds that this run may take.

        Raises:
            busy: another run is in progress.
            StateLockedTooLong: another process holds the lock, though its run should be over.
            StateUnsafe: other users could take the lock or replace the files.
            StateUnreadable: the file is none of checkpoints.
            StateUnusable: a file cannot be written there.
        """
        with ExitStack() as until_over:
            try:
                self._lock = until_over.enter_context(self._take(time_limit + _CLOSING, busy))
                check_folder(self.path.parent)
            except OSError as fault:
                raise StateUnusable(path=str(self.path), why=why(fault)) from fault
            self.read()
            yield

    def _take(self, seconds: float, busy: type[RedeliverError]) -> BinaryIO:
        """Take the lock, and record until when it may be held: as the time at which its file was "changed"."""
        for _ in range(2):
            with ExitStack() as unless_taken:
                lock = unless_taken.enter_context(_open(self._lock_path, is_lock=True))
                if _lock(lock.fileno()):
                    if self._what_became_of(lock):
                        continue  # since it was opened
                    until = self._now() + seconds
                    os.utime(lock.fileno() if os.utime in os.supports_fd else self._lock_path, (until, until))
                    unless_taken.pop_all()
                    return lock
                if self._now() <= os.fstat(lock.fileno()).st_mtime:
                    raise busy(path=str(self._lock_path))
            # That time may be from a past run: the current one may have taken the lock just now.
            self._sleep(_SETTLING)
        raise StateLockedTooLong(path=str(self._lock_path))

    def check_lock(self) -> None:
        """See to it that no other run can have taken the lock while this one held it. Raises StateLockLost."""
        if self._lock and not self._lock.closed and (what := self._what_became_of(self._lock)):
            raise StateLockLost(place=str(self.path), why=what)

    def _what_became_of(self, lock: BinaryIO) -> str:
        """What happened to an open lock file, so that its name is not its own any more; empty: nothing."""
        if sys.platform == "win32":
            return ""  # an open file cannot be removed there
        try:
            same = os.path.samestat(os.fstat(lock.fileno()), self._lock_path.lstat())
        except OSError:
            return f"{self._lock_path.name} was removed"
        return "" if same else f"{self._lock_path.name} was replaced"

    def read(self) -> dict[str, int]:
        """All checkpoints; none when there is no file yet.

        Raises StateUnsafe: somebody else could have written it; or StateUnreadable: it holds no checkpoints.
        """
        try:
            with _open(self.path) as file:
                return _CHECKPOINTS.validate_json(file.read(), strict=True)
        except FileNotFoundError:
            return {}
        except OSError as fault:
            raise StateUnreadable(path=str(self.path), why=why(fault)) from fault
        except ValidationError as fault:
            raise StateUnreadable(
                path=str(self.path), why="it is not a JSON object of times in epoch milliseconds"
            ) from fault


class FileCheckpoint:
    """One hook's checkpoint in a state file. See :class:`redeliver.github.variable.Store`."""

    def __init__(self, file: StateFile, key: str) -> None:
        self._file = file
        self._key = key
        self.place = f"{file.path} ({key})"

    def read(self) -> int | None:
        """The checkpoint, or None when there is none yet. Raises StateUnreadable and StateUnsafe."""
        return self._file.read().get(self._key)

    def write(self, moment: int, *, is_last: bool = False) -> None:  # noqa: ARG002  each write is made at once
        """Replace it, in one step that a crash leaves either done or undone. Raises CheckpointNotSaved."""
        try:
            checkpoints = self._file.read()
        except RedeliverError as fault:
            raise CheckpointNotSaved(place=self.place, why=fault.problem) from fault
        self._file.check_lock()
        try:
            replace_file(self._file.path, _CHECKPOINTS.dump_json(checkpoints | {self._key: moment}, indent=1) + b"\n")
        except OSError as fault:
            kind = CheckpointNotSaved if self._key in checkpoints else FirstCheckpointNotSaved
            raise kind(place=str(self._file.path), why=f"{why(fault)}.") from fault


# -- files that only this user can change ------------------------------------------------------------------------


def _open(path: Path, *, is_lock: bool = False) -> BinaryIO:
    """Open a file that no other user can have put there or can write to.

    A lock's file is created where it is missing, and only its owner can open it. If root does that, it belongs to the
    folder's owner, who could not open it otherwise.

    Raises StateUnsafe: others could have put it there, or can write to it or replace it; or OSError.
    """
    try:
        folder = path.parent.stat()
        descriptor = os.open(path, (os.O_RDWR | os.O_CREAT if is_lock else os.O_RDONLY) | NO_FOLLOW, _LOCK_MODE)
    except OSError as fault:
        if fault.errno == errno.ELOOP:
            raise StateUnsafe(path=str(path), why=why(fault)) from fault
        raise
    with ExitStack() as unless_safe:
        unless_safe.callback(os.close, descriptor)
        file = os.fstat(descriptor)
        if unsafe := _what_is_unsafe(file, folder):
            raise StateUnsafe(path=str(path), why=unsafe)
        if is_lock and sys.platform != "win32":
            if stat.S_IMODE(file.st_mode) != _LOCK_MODE:
                os.fchmod(descriptor, _LOCK_MODE)
            if os.geteuid() == 0:
                os.fchown(descriptor, folder.st_uid, folder.st_gid)
        unless_safe.pop_all()
    return os.fdopen(descriptor, "r+b" if is_lock else "rb")


def _what_is_unsafe(file: os.stat_result, folder: os.stat_result) -> str:
    """What lets other users change or replace a file; empty: nothing."""
    if not stat.S_ISREG(file.st_mode):
        return "it is not a regular file"
    if sys.platform == "win32":
        return ""  # there are no such numbers there
    # Root and the folder's owner can replace it in any case.
    if file.st_uid not in {os.geteuid(), folder.st_uid, 0}:
        return f"it belongs to another user (uid {file.st_uid})"
    # With the sticky bit, too, as in /tmp: anybody could be the first to create the lock's file there.
    if folder.st_mode & stat.S_IWOTH:
        return "every user may write to its folder"
    return "every user may write to it" if file.st_mode & stat.S_IWOTH else ""


# -- the lock ----------------------------------------------------------------------------------------------------


def _lock(descriptor: int) -> bool:
    """Lock an open file without waiting. The system releases it when the process ends.

    Raises OSError if the file system has no locks.
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
