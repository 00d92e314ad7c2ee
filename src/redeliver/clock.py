"""Time, injected: a run waits for hours in a test that takes milliseconds."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """A clock that only runs forward, and a way to wait on it. Python's ``time`` module is one."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Wait for that many seconds."""
        ...
