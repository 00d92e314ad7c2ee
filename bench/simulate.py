"""``make bench``, fourth part: days of runs in virtual time, counted in requests; the same numbers on every machine."""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass, field

from githubsim.clock import DAY, HOUR, MINUTE
from githubsim.outcomes import Outcome, invalid_response
from world import World

LATENCY_MS = 100
EVERY = 15 * MINUTE


@dataclass
class Days:
    """A hook with so many deliveries a day, some of them poisoned, and a run every quarter of an hour."""

    a_day: int
    poisoned_a_day: int = 0
    days: float = 1.0
    scan: str = "full"
    lists: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    minutes: list[float] = field(default_factory=list)
    undelivered: int = 0

    def live(self) -> None:
        world = World()
        bad = invalid_response(500)
        spacing = DAY / self.a_day
        each = self.a_day // self.poisoned_a_day if self.poisoned_a_day else 0
        number, now = 0, world.clock()
        world.variables.seed("CHECKPOINT", str(now))
        end = now + round(self.days * DAY)
        born = float(now)
        while world.clock() < end:
            until = max(world.clock(), now + EVERY)
            rows = []
            while born < until:
                poisoned = bool(each) and number % each == each - 1
                outcome = bad if poisoned else Outcome("OK", 200)
                row = world.hook.row(round(born), outcome)
                if poisoned:
                    world.sim.stub.by_guid[row.guid] = bad
                rows.append(row)
                born += spacing
                number += 1
            world.hook.load(rows)
            world.clock.advance(until - world.clock())
            now = world.clock()
            world.sim.journal.clear()
            report = world.run(latency_ms=LATENCY_MS, scan=self.scan)
            if report.errors:
                raise SystemExit(report.errors)
            calls = world.sim.journal.entries
            self.lists.append(len(world.sim.journal.of("GET", "/deliveries")))
            self.requests.append(len(calls))
            self.minutes.append((world.clock() - now) / MINUTE)
            self.undelivered = report.undelivered
        if world.sim.limits.violations or world.sim.limits.while_limited:
            raise SystemExit("a limit of GitHub's was broken")

    def row(self, what: str) -> str:
        self.live()
        an_hour = statistics.mean(self.requests) * HOUR / EVERY
        return (
            f"| {what} | {statistics.median(self.lists):.0f} | {statistics.mean(self.lists):.0f} | {max(self.lists)} "
            f"| {an_hour:,.0f} | {statistics.mean(self.minutes):.1f} |"
        )


def main() -> int:
    print("A run every 15 minutes, 100 ms a call. GitHub allows 5,000 requests an hour, an App up to 15,000.\n")
    print("| deliveries | list calls a run: median | mean | most | requests an hour | minutes a run |")
    print("| :-- | --: | --: | --: | --: | --: |")
    for what, days in (
        ("10,000 a day, all well", Days(10_000)),
        ("100,000 a day, all well", Days(100_000)),
        ("100,000 a day, all well, `scan: failures`", Days(100_000, scan="failures")),
        ("100,000 a day, 2 poisoned events a day, three days", Days(100_000, 2, days=3)),
        ("100,000 a day, 20 poisoned events a day, three days", Days(100_000, 20, days=3)),
        ("1,000,000 a day, all well", Days(1_000_000, days=0.25)),
        ("1,000,000 a day, all well, `scan: failures`", Days(1_000_000, days=0.25, scan="failures")),
    ):
        print(days.row(what), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
