"""Moments and durations, for people."""

from __future__ import annotations

from datetime import UTC, datetime

#: Milliseconds.
MINUTE = 60_000
HOUR = 60 * MINUTE


def clock_time(moment: int) -> str:
    """A moment (epoch milliseconds) as people read it, in UTC to the second."""
    return _at(moment).strftime("%Y-%m-%d %H:%M:%S UTC")


def short_time(moment: int, *, with_day: bool) -> str:
    """A moment (epoch milliseconds) as short as a label must be, in UTC to the minute."""
    return _at(moment).strftime("%d %H:%M" if with_day else "%H:%M")


def _at(moment: int) -> datetime:
    return datetime.fromtimestamp(moment // 1000, UTC)
