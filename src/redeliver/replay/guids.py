"""A list of GUIDs that a receiver has, from a file or a pipe, for a replay of everything else."""

from __future__ import annotations

import os
import stat
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from redeliver.core.inputs import is_guid
from redeliver.errors import SettingsError
from redeliver.replay.plan import Arrived

if TYPE_CHECKING:
    from typing import BinaryIO

#: The largest list, in bytes: some 1,700,000 GUIDs. A webhook has fewer deliveries in three days than that.
LARGEST = 64 * 2**20
_NAME = "except-guids-file"


def read_guids(path: str, now: int) -> Arrived | None:
    """Read a list: one GUID a line. None: there is none.

    ``path``: ``-`` for standard input, empty for no list; ``now``: this machine's time, epoch milliseconds.

    Raises:
        SettingsError: it cannot be read, is too large, is empty, or is no list of GUIDs.
    """
    if not path:
        return None
    try:
        if path == "-":
            return Arrived(_guids_of(sys.stdin.buffer if sys.stdin else BytesIO()), None)  # it may be closed
        with Path(path).open("rb") as file:
            status = os.fstat(file.fileno())
            written = round(status.st_mtime * 1000) if stat.S_ISREG(status.st_mode) else None
            return Arrived(_guids_of(file), None if written is None else max(0, now - written))
    except OSError as fault:
        raise SettingsError((f"{_NAME}: could not be read: {fault.strerror}",)) from fault


def _guids_of(file: BinaryIO) -> frozenset[str]:
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise SettingsError((f"{_NAME}: must be no larger than {LARGEST // 2**20} MiB",))
    guids = set()
    # A byte order mark and quotes are what databases write around such a list.
    for number, line in enumerate(content.decode("utf-8-sig", "replace").splitlines(), 1):
        guid = line.strip().strip("\"'").lower()
        if guid and not is_guid(guid):
            raise SettingsError((f"{_NAME}: line {number:,} is no GUID: one a line, and nothing else",))
        guids.add(guid)
    guids.discard("")
    if not guids:
        raise SettingsError((f"{_NAME}: is empty. To replay everything, leave it out",))
    return frozenset(guids)
