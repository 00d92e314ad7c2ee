"""Moments and durations, for people."""

from __future__ import annotations

from datetime import UTC, datetime


def clock_time(moment: int) -> str:
    """A moment (epoch milliseconds) as people read it, in UTC to the second."""
    return datetime.fromtimestamp(moment // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
