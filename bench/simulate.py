"""``make bench``, fourth part: days of runs in virtual time, counted in requests; the same numbers on every machine."""

from __future__ import annotations

import statistics
import sys
from typing import TYPE_CHECKING

from days import EVERY, Days
from githubsim.clock import HOUR, MINUTE

if TYPE_CHECKING:
    from days import Cost


def row(what: str, runs: list[Cost]) -> str:
    """What so many runs cost."""
    lists = [run.lists for run in runs]
    an_hour = statistics.mean(run.requests for run in runs) * HOUR / EVERY
    minutes = statistics.mean(run.ended - run.began for run in runs) / MINUTE
    return (
        f"| {what} | {statistics.median(lists):.0f} | {statistics.mean(lists):.0f} | {max(lists)} "
        f"| {an_hour:,.0f} | {minutes:.1f} |"
    )


def main() -> int:
    print("A run every 15 minutes, 100 ms a call. GitHub allows 5,000 requests an hour, an App up to 15,000.\n")
    print("| deliveries | list calls a run: median | mean | most | requests an hour | minutes a run |")
    print("| :-- | --: | --: | --: | --: | --: |")
    for what, hook, days in (
        ("10,000 a day, all well", Days(10_000), 1),
        ("100,000 a day, all well", Days(100_000), 1),
        ("100,000 a day, all well, `scan: failures`", Days(100_000, scan="failures"), 1),
        ("100,000 a day, 2 poisoned events a day, three days", Days(100_000, 2), 3),
        ("100,000 a day, 20 poisoned events a day, three days", Days(100_000, 20), 3),
        ("1,000,000 a day, all well", Days(1_000_000), 0.25),
        ("1,000,000 a day, all well, `scan: failures`", Days(1_000_000, scan="failures"), 0.25),
    ):
        print(row(what, [*hook.runs(days)]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
