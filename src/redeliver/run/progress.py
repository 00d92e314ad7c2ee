"""How far a long walk through the log has come, for whoever watches."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from redeliver.core.deliveries import moment
from redeliver.output.headline import count
from redeliver.times import clock_time

if TYPE_CHECKING:
    from redeliver.console import Console
    from redeliver.core.deliveries import Page
    from redeliver.run.scan import Scan
    from redeliver.timing import RunClock

#: Seconds between two lines of progress.
EVERY = 10.0


class Progress:
    """Says now and then how much has been read; each page is a detail."""

    def __init__(self, clock: RunClock, console: Console) -> None:
        self._clock = clock
        self._console = console
        self._told_at = clock.now()

    def of_walk(self, scan: Scan, oldest: float, since: float) -> None:
        """A page of a plain walk down to ``since`` was read, and by now everything back to ``oldest`` (epoch ms)."""
        if oldest == inf:
            return  # an empty page, and there are more
        read = f"{count(scan.scanned, 'attempt')} read"
        if oldest == -inf:
            self._say(f"{read}, to the end of the log")
            return
        oldest = max(oldest, since)
        share = min(1.0, max(0.0, (scan.newest - oldest) / max(1.0, scan.newest - since)))
        self._say(f"{read} so far, back to {clock_time(int(oldest))} ({share:.0%})")

    def of_failures(self, page: Page) -> None:
        """A page of failures was read."""
        if page.rows:
            self._say(f"Failures read so far, back to {clock_time(min(map(moment, page.rows)))}")

    def _say(self, text: str) -> None:
        if self._clock.now() - self._told_at < EVERY:
            self._console.detail(text)
            return
        self._told_at = self._clock.now()
        self._console.line(text)
