"""The file that a run's metrics go into, for node_exporter's textfile collector."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from redeliver.errors import MetricsFileUnusable, MetricsNotWritten
from redeliver.files import NO_FOLLOW, check_folder, replace_file, why

if TYPE_CHECKING:
    from pathlib import Path

    from redeliver.core.report import Report

#: Characters of an older file that are read, enough for 10,000 webhooks.
_MOST = 20_000_000


def check_metrics_file(path: Path) -> None:
    """See to it that the file can be written, before anything is asked of GitHub.

    Raises:
        MetricsPackageMissing: there is nothing to write it with.
        MetricsFileUnusable: it cannot be written, or is another program's.
    """
    try:
        _read(path)
        check_folder(path.parent)
    except OSError as fault:
        raise MetricsFileUnusable(path=str(path), why=why(fault)) from fault


def write_metrics(path: Path, report: Report, ended: float) -> None:
    """Replace the file with a run's metrics. ``ended``: now, in epoch seconds. Raises MetricsNotWritten."""
    from redeliver.output.metrics import run_metrics  # noqa: PLC0415  an extra, which most people do without

    try:
        text = run_metrics(report, ended, _read(path))
        replace_file(path, text.encode(), for_everybody=True)
    except OSError as fault:
        raise MetricsNotWritten(path=str(path), why=why(fault)) from fault


def _read(path: Path) -> str:
    """The text that is there; empty: none.

    Raises:
        OSError: it cannot be read, or nobody may replace it with metrics.
    """
    from redeliver.output.metrics import BEGINNING  # noqa: PLC0415  an extra, which most people do without

    try:
        with open(
            path, encoding="utf-8", errors="replace", opener=lambda name, flags: os.open(name, flags | NO_FOLLOW)
        ) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(errno.EINVAL, "it is not a regular file")
            text = file.read(_MOST)
    except FileNotFoundError:
        return ""
    if text and not text.startswith(BEGINNING):
        raise OSError(errno.EEXIST, "it holds something else than metrics of this program")
    return text
