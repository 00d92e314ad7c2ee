"""Files in folders that others may use, too: never opened through a link, and replaced in one step."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Follow no link, and wait for nobody at the other end of a FIFO. Windows has neither flag.
SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def replace_file(path: Path, content: bytes, *, for_everybody: bool = False) -> None:
    """Replace a file's content, in one step that a crash leaves either done or undone.

    Only one process at a time may do it: what a killed one left beside the file is removed.

    ``for_everybody``: everybody who can enter the folder may read the file, whatever the umask.

    Raises:
        OSError: the old file is still there.
    """
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with open(new, "xb", opener=_opener) as file:
        file.write(content)
        file.flush()
        if for_everybody and sys.platform != "win32":
            os.fchmod(file.fileno(), 0o644)
        os.fsync(file.fileno())
    new.replace(path)
    _sync_folder(path.parent)


def why(fault: OSError) -> str:
    """What the system says is wrong, without the path."""
    if fault.errno == errno.ELOOP:
        return "it is a symbolic link"
    return fault.strerror or type(fault).__name__


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags, 0o644)


def _sync_folder(folder: Path) -> None:
    """Make the new name last: the folder holds it. Windows does not let a program open a folder."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
