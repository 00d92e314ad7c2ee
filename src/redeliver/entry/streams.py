"""The standard streams: what is printed on them may be lost, and nothing else is.

A stream can be closed from the start, be a file on a full disk, or lead to a program that has ended. Printing never
fails here. What could not be printed is told at the end, and is a reason to exit with 1.
"""

from __future__ import annotations

import io
import os
import select
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TextIO

from redeliver.errors import NotPrinted
from redeliver.text import for_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

Level = Literal["error", "warning"]


@contextmanager
def lossy_streams() -> Iterator[None]:
    """Within this block, whatever is printed on the standard streams, nothing fails.

    Raises:
        SystemExit: the block's own, with the exit code 1 in place of 0 if something could not be printed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # It is closed, and a file that is opened later would be given its number: the lowest that is free. To write
            # to what it is given here is an error, as it was.
            os.open(os.devnull, os.O_RDONLY)
    out, err = _Lossy(sys.stdout, 1), _Lossy(sys.stderr, 2)
    sys.stdout, sys.stderr = out.text, err.text
    try:
        yield
    except SystemExit as ending:
        out.text.flush()
        err.text.flush()
        for lossy, name, other in ((out, "standard output", err), (err, "standard error", out)):
            if lossy.fault and not other.fault and not other.holds_data:
                why = lossy.fault.strerror or type(lossy.fault).__name__
                other.text.write(for_log(f"error: {NotPrinted(stream=name, why=why)}") + "\n")
                other.text.flush()
        if (out.fault or err.fault) and not ending.code:
            raise SystemExit(NotPrinted.exit_code) from None
        raise


def print_data(text: str) -> None:
    """Print what a program reads on the standard output. No sentence is ever added to it."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Lossy):
        raw.holds_data = True
    sys.stdout.write(text)


def in_journal(level: Level) -> str:
    """How a line begins if the standard error stream goes straight to systemd's journal; else empty, for people.

    Sources: JOURNAL_STREAM in systemd.exec(5), and sd-daemon(3) for the priorities.
    """
    try:
        stream = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):  # it is closed, or not a file
        return ""
    priority = {"error": "<3>", "warning": "<4>"}[level]
    return priority if os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}" else ""


def print_message(level: Level, *texts: str, about: str = "") -> None:
    """Print sentences on the standard error stream, and where to read more about them."""
    for line in (*(f"{level}: {text}" for text in texts), *([f"  {about}"] if about else [])):
        sys.stderr.write(in_journal(level) + for_log(line) + "\n")
        sys.stderr.flush()


class _Lossy(io.RawIOBase):
    """The bytes of a stream for text, which takes whatever is printed on it, and passes on what it can."""

    holds_data = False
    """Whether it holds what a program reads."""
    fault: OSError | None = None
    """The first reason why something was dropped, as far as the stream was flushed."""

    def __init__(self, stream: TextIO | None, number: int) -> None:
        """``stream``: Python's own; None: it was closed. ``number``: its descriptor."""
        buffer = getattr(stream, "buffer", None)
        self._raw: io.RawIOBase = getattr(buffer, "raw", buffer) or io.FileIO(number, "wb", closefd=False)
        self._number = number
        self.text = io.TextIOWrapper(
            io.BufferedWriter(self),
            encoding=stream.encoding if stream else "utf-8",
            errors="backslashreplace",  # a stream may have no letter for what is printed
            # Where Python does not buffer, lines have to be there at once, but need not be written in pieces.
            line_buffering=getattr(stream, "line_buffering", False) or getattr(stream, "write_through", False),
        )

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return self._raw.isatty()

    def write(self, data: Buffer, /) -> int:
        try:
            while (written := self._raw.write(data)) is None:
                # A program that shares the stream has set it to wait for nobody.
                select.select([], [self._number], [])
        except OSError as fault:
            self.fault = self.fault or fault
            return memoryview(data).nbytes
        return written
