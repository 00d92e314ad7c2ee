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
    out, err = _LossyStream(sys.stdout, 1), _LossyStream(sys.stderr, 2)
    sys.stdout, sys.stderr = out, err
    try:
        yield
    except SystemExit as ending:
        out.flush()
        err.flush()
        _tell(out, "standard output", err)
        _tell(err, "standard error", out)
        if (out.lossy.fault or err.lossy.fault) and not ending.code:
            raise SystemExit(NotPrinted.exit_code) from None
        raise


def print_data(text: str) -> None:
    """Print what a program reads on the standard output. No sentence is ever added to it."""
    if isinstance(sys.stdout, _LossyStream):
        sys.stdout.holds_data = True
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


def print_message(level: Level, *texts: str) -> None:
    """Print sentences on the standard error stream."""
    for text in texts:
        sys.stderr.write(in_journal(level) + for_log(f"{level}: {text}") + "\n")
        sys.stderr.flush()


def _tell(stream: _LossyStream, name: str, other: _LossyStream) -> None:
    """Say on the other stream what this one did not take."""
    fault = stream.lossy.fault
    if fault and not other.lossy.fault and not other.holds_data:
        why = fault.strerror or type(fault).__name__
        other.write(for_log(f"error: {NotPrinted(stream=name, why=why)}") + "\n")
        other.flush()


class _LossyStream(io.TextIOWrapper):
    """A stream for text that takes whatever is printed on it, and passes on what it can."""

    holds_data = False
    """Whether it holds what a program reads."""

    def __init__(self, stream: TextIO | None, number: int) -> None:
        """``stream``: Python's own; None: it was closed. ``number``: its descriptor."""
        buffer = getattr(stream, "buffer", None)
        self.lossy = _LossyRaw(getattr(buffer, "raw", buffer) or io.FileIO(number, "wb", closefd=False), number)
        super().__init__(
            io.BufferedWriter(self.lossy),
            encoding=stream.encoding if stream else "utf-8",
            errors="backslashreplace",  # a stream may have no letter for what is printed
            # Where Python does not buffer, lines have to be there at once, but need not be written in pieces.
            line_buffering=getattr(stream, "line_buffering", False) or getattr(stream, "write_through", False),
        )


class _LossyRaw(io.RawIOBase):
    """The bytes of a stream. What cannot be written is dropped."""

    def __init__(self, raw: io.RawIOBase, number: int) -> None:
        self.fault: OSError | None = None
        """The first reason why something was dropped, as far as the stream was flushed."""
        self._raw = raw
        self._number = number

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
