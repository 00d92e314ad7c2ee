"""How long sending takes, in how many runs, and whether that is before GitHub deletes the oldest event. Pure.

Facts (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api): 900 points a minute, of which a
redelivery costs 5; 5,000 calls an hour for a personal token, and up to 15,000 for an App's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf

from redeliver.times import duration

READ_POINTS = 1
WRITE_POINTS = 5
#: GitHub's limit of points in any minute, and how much of it is used: a tenth is kept free.
POINTS_A_MINUTE = 900
BUDGET = POINTS_A_MINUTE * 9 // 10
SECONDS_PER_HOUR = 3_600.0
#: The share of an hour's calls that redeliveries leave to others, decreasing as the hour passes. Otherwise later runs,
#: and those over other webhooks, could not even read their logs.
FOR_OTHERS = 1 / 5
#: Redeliveries a minute that GitHub's points allow.
_MOST_A_MINUTE = BUDGET // WRITE_POINTS
#: What a job of a workflow may last on GitHub's own runners, in hours, and the most calls an hour that GitHub gives.
#: Source: https://docs.github.com/en/actions/reference/limits
_LONGEST_JOB = 6
_MOST_CALLS = 15_000
#: The share of the time that something has to save to be worth a word.
_WORTH_IT = 0.9


@dataclass(frozen=True, slots=True)
class Forecast:
    """What sending will take. ``str()`` says it in a sentence without its full stop."""

    events: int
    """To send."""
    seconds: int
    per_run: int
    """Events that a run can send within ``time-limit``, beside reading the log."""
    runs: int
    """How many runs that takes."""
    time_left: float
    """Seconds until GitHub begins to delete the oldest of them."""
    in_one_run: str
    """The ``time-limit`` with which one run sends all; empty: one does already."""
    faster: tuple[str, ...]
    """What would take less time, and how long it then takes; none if one run sends all in time."""
    an_hour: int = 0
    """Events that GitHub's limit of calls an hour leaves, if that is what sending waits for; 0: it is not."""

    @property
    def in_time(self) -> bool:
        """Whether all are sent before that, if one run follows the other."""
        return self.seconds <= self.time_left

    @property
    def condition(self) -> str:
        """How often a run has to start, so that several send all in time; empty: it does not depend on that."""
        if self.runs == 1 or not self.in_time or self.time_left == inf:
            return ""
        apart = (self.time_left - self.seconds / self.runs) / self.runs
        if apart < self.seconds / self.runs or apart < 60:
            return "in time if each starts when the one before has ended"
        unit = 3_600 if apart >= 2 * 3_600 else 60
        return f"in time if one starts at least every {duration(apart // unit * unit)}"

    @property
    def advice(self) -> tuple[tuple[str, str], ...]:
        """What would be better, and how, as a user may choose it."""
        pairs = ("Faster", "; or ".join(self.faster)), ("In one run", self.in_one_run)
        choice = " (not needed)" * self.in_time
        return tuple((f"{better}{choice}", how) for better, how in pairs if how)

    def __str__(self) -> str:
        runs = "1 run" if self.runs == 1 else f"{self.runs:,} runs of {self.per_run:,}"
        limit = " (each run also reads the log)" * (self.runs > 1)
        limit = f" (GitHub's API limit allows {self.an_hour:,} an hour)" if self.an_hour else limit
        return f"{duration(self.seconds)}{limit}, in {runs}"


def forecast(events: int, per_minute: int, hourly: float, *, run_seconds: float, time_left: float) -> Forecast:
    """What it takes to send so many events.

    ``per_minute``: redeliveries, as the settings say. ``hourly``: API calls of a whole hour. ``run_seconds``: what a
    run has for sending, of its ``time-limit``. ``time_left``: seconds until GitHub deletes the oldest.
    """
    seconds = seconds_to_redeliver(events, per_minute, hourly)
    by_the_minute = run_seconds / 60 * min(per_minute, BUDGET / WRITE_POINTS)
    by_the_hour = (hourly * (1 - FOR_OTHERS) or inf) * max(1.0, run_seconds / SECONDS_PER_HOUR)
    per_run = max(1, int(min(by_the_minute, by_the_hour)))
    runs = max(1, ceil(events / per_run))
    in_one_run, faster = "", []
    if runs > 1:
        minutes = ceil(seconds * 1.1 / 600) * 10  # a tenth more, for reading the log
        limit = f"{minutes}m" if minutes < 120 else f"{ceil(minutes / 60)}h"
        where = f", on your own server (GitHub's runners allow {_LONGEST_JOB}h)" if minutes > _LONGEST_JOB * 60 else ""
        in_one_run = f"time-limit: {limit}{where}"
    if runs > 1 or seconds > time_left:
        paces = {
            f"redeliveries-per-minute: {_MOST_A_MINUTE}": (max(per_minute, _MOST_A_MINUTE), hourly),
            f"an App, whose API calls (up to {_MOST_CALLS:,} an hour) allow {min(per_minute, _MOST_A_MINUTE)} "
            "redeliveries a minute": (per_minute, max(hourly, _MOST_CALLS)),
        }
        takes = {how: seconds_to_redeliver(events, *pace) for how, pace in paces.items()}
        faster = [f"{how} ({duration(it)})" for how, it in takes.items() if it < seconds * _WORTH_IT]
    an_hour = int(hourly * (1 - FOR_OTHERS)) if seconds > seconds_to_redeliver(events, per_minute, inf) else 0
    return Forecast(events, seconds, per_run, runs, time_left, in_one_run, tuple(faster), an_hour)


def seconds_to_redeliver(number: int, per_minute: int, hourly: float) -> int:
    """How long this many redeliveries take at that pace, within the limits per minute and per hour.

    ``hourly``: calls of a whole hour; a server that says 0 is taken to have no such limit.
    """
    in_an_hour = hourly * (1 - FOR_OTHERS)
    by_the_minute = number * 60 / min(per_minute, BUDGET / WRITE_POINTS)
    if not in_an_hour or number <= in_an_hour:
        return round(by_the_minute)
    return round(max(by_the_minute, number / in_an_hour * SECONDS_PER_HOUR))
