"""Files in folders that others may use, too: never opened through a link, and replaced in one step."""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import suppress
from glob import escape
from secrets import token_hex
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Follow no link, and wait for nobody at the other end of a FIFO. Windows has neither flag.
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
#: Seconds after which a file that is still beside its target is a killed process's: no write takes that long.
_LEFT_BEHIND = 600


def check_folder(folder: Path) -> None:
    """See to it that files can be created in a folder. Raises OSError."""
    with TemporaryFile(dir=folder):
        pass


def replace_file(path: Path, content: bytes, *, for_everybody: bool = False) -> None:
    """Replace a file's content, in one step that a crash leaves either done or undone.

    Several processes may do it at once: the last one's content stays. What a killed one left beside the file is
    removed after ten minutes, by the next call.

    ``for_everybody``: everybody who can enter the folder may read the file, whatever the umask.

    Raises:
        OSError: the old file is still there.
    """
    for left in path.parent.glob(f".{escape(path.name)}.*.new"):
        with suppress(OSError):  # another process removed it first, or it is another user's
            if time.time() - left.lstat().st_mtime > _LEFT_BEHIND:
                left.unlink()
    # Its end is not the file's own: node_exporter reads whatever ends in .prom.
    new = path.with_name(f".{path.name}.{token_hex(8)}.new")
    try:
        with open(new, "xb", opener=lambda name, flags: os.open(name, flags, 0o644)) as file:
            file.write(content)
            file.flush()
            if for_everybody and sys.platform != "win32":
                os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    if sys.platform != "win32":  # which does not let a program open a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the folder holds the new name
        finally:
            os.close(folder)


def why(fault: OSError) -> str:
    """What the system says is wrong, without the path."""
    if fault.errno == errno.ELOOP:
        return "it is a symbolic link"
    return fault.strerror or type(fault).__name__
