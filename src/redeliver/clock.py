"""Time, injected: a run waits for hours in a test that takes milliseconds."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A clock that only runs forward, and a way to wait on it."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for that many seconds."""
        ...


class SystemClock:
    """The machine's own monotonic clock."""

    def monotonic(self) -> float:
        """Seconds, from the operating system."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block this thread for that many seconds."""
        time.sleep(seconds)
