"""Moments and durations, for users: one format, one rounding. Moments are epoch milliseconds, shown in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Milliseconds.
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
#: Further apart than this, a day without its year could be another one.
_SAME_YEAR = 180 * DAY
# Not strftime's, which are in the machine's language.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def utc(moment: int, now: int | None = None) -> str:
    """A moment to the minute: ``9 Nov 15:20 UTC``.

    With ``now``, another moment, the day is left out if it is the same, and the year stands there if it may be another.
    """
    if now is None:
        return f"{day_time(moment)} UTC"
    if _at(moment).date() == _at(now).date():
        return f"{time_of_day(moment)} UTC"
    return f"{day_time(moment, '%Y %H:%M' if abs(moment - now) > _SAME_YEAR else '%H:%M')} UTC"


def utc_from_now(moment: int, now: int) -> str:
    """The same, and how far away that is: ``09:06 UTC (1 h ago)``, ``3 Dec 09:06 UTC (2 d 23 h left)``."""
    return f"{utc(moment, now)} ({distance(moment, now)})"


def distance(moment: int, now: int) -> str:
    """How far away a moment is: ``1 h ago``, ``2 d 23 h left``, ``now``. Of time that is left, none is added."""
    if moment == now:
        return "now"
    if moment > now:
        return f"{duration((moment - now) / 1000, floor)} left"
    return f"{duration((now - moment) / 1000)} ago"


def timestamp(moment: int) -> str:
    """A moment as programs exchange it (RFC 3339)."""
    return f"{_at(moment):%Y-%m-%dT%H:%M:%S}.{moment % 1000:03}Z"


def time_of_day(moment: int) -> str:
    """A moment of a known day, to the minute."""
    return f"{_at(moment):%H:%M}"


def day_time(moment: int, form: str = "%H:%M") -> str:
    """A moment where a title says that it is UTC: ``9 Nov 15:20``. ``form``: of its time of day."""
    at = _at(moment)
    return f"{at.day} {_MONTHS[at.month - 1]} {at:{form}}"


def duration(seconds: float, rounded: Callable[[float], int] = round) -> str:
    """How long something takes or took, rounded to two units: ``65 s``, ``3 min``, ``1 h 20 min``, ``2 d 23 h``."""
    seconds = min(seconds, 1_000 * 86_400)  # GitHub may ask for any number, even infinity
    if (shown := max(rounded(seconds), int(seconds > 0))) < 120:
        return f"{shown} s"
    minutes, hours = rounded(seconds / 60), rounded(seconds / 3_600)
    large, small, names = (*divmod(minutes, 60), ("h", "min")) if minutes < 1_440 else (*divmod(hours, 24), ("d", "h"))
    return " ".join(f"{number:,} {name}" for number, name in zip((large, small), names, strict=True) if number)


def _at(moment: int) -> datetime:
    return datetime.fromtimestamp(moment // 1000, UTC)
