"""Moments and durations, for users."""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil

#: Milliseconds.
MINUTE = 60_000
HOUR = 60 * MINUTE
# Not strftime's, which are in the machine's language.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def clock_time(moment: int) -> str:
    """A moment (epoch milliseconds) for users, in UTC to the second."""
    return _at(moment).strftime("%Y-%m-%d %H:%M:%S UTC")


def timestamp(moment: int) -> str:
    """A moment (epoch milliseconds) as programs exchange it (RFC 3339)."""
    return f"{_at(moment):%Y-%m-%dT%H:%M:%S}.{moment % 1000:03}Z"


def time_near(moment: int, now: int) -> str:
    """A moment (epoch milliseconds) not far from another one, in UTC: ``15:20 UTC``, ``9 Nov 15:20 UTC``."""
    is_today = _at(moment).date() == _at(now).date()
    return f"{time_of_day(moment) if is_today else day_time(moment)} UTC"


def time_of_day(moment: int) -> str:
    """A moment (epoch milliseconds) of a known day, in UTC to the minute."""
    return f"{_at(moment):%H:%M}"


def day_time(moment: int, form: str = "%H:%M") -> str:
    """A moment (epoch milliseconds) of this week or so, in UTC: ``9 Nov 15:20``. ``form``: of its time of day."""
    at = _at(moment)
    return f"{at.day} {_MONTHS[at.month - 1]} {at:{form}}"


def span(milliseconds: int) -> str:
    """How long something has lasted or will last, rounded down: ``50 min``, ``5 h 20 min``, ``71 h``."""
    hours, minutes = divmod(max(0, milliseconds) // MINUTE, 60)
    if hours == 0:
        return f"{minutes} min" if minutes else "less than a minute"
    return f"{hours} h {minutes} min" if minutes and hours < 12 else f"{hours:,} h"


def duration(seconds: float) -> str:
    """How long something takes, rounded up: ``65 s``, ``3 min``, ``1 h 20 min``."""
    if seconds < 120:
        return f"{ceil(seconds)} s"
    seconds = min(seconds, 1_000 * 3_600)  # GitHub may ask for any number, even infinity
    hours, minutes = divmod(ceil(seconds / 60), 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes else [])])


def _at(moment: int) -> datetime:
    return datetime.fromtimestamp(moment // 1000, UTC)
