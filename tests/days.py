"""Days of a webhook's life in virtual time, with a run now and then: what each run costs in requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from githubsim.clock import DAY, MINUTE
from githubsim.endpoint import Outage
from githubsim.outcomes import OK, UNAVAILABLE, Outcome, invalid_response
from world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from githubsim.hooks import Hook
    from githubsim.log import Row
    from redeliver.report import Report

POISON = invalid_response(500)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost. Moments are the world's own, in epoch milliseconds."""

    began: int
    ended: int
    lists: int
    """Pages of the log."""
    requests: int
    report: Report


@dataclass
class Days:
    """Hooks with so many deliveries a day among them, evenly, and a run every quarter of an hour."""

    a_day: int
    poisoned_a_day: int = 0
    """Of these, evenly: no attempt will ever deliver them."""
    hooks: int = 1
    hourly: int = 5_000
    """The calls that GitHub allows within an hour."""
    every: int = 15 * MINUTE
    latency_ms: int = 100
    settings: dict[str, str] = field(default_factory=dict)
    sim: dict[str, Any] = field(default_factory=dict)
    """Fields of ``SimGitHub``."""

    def __post_init__(self) -> None:
        self.world = World(**self.sim)
        self.world.sim.limits.policy.hourly = self.hourly
        self.all_hooks = [self.world.hook, *(self.world.sim.org_hook("octo") for _ in range(self.hooks - 1))]
        self.poisoned: dict[str, int] = {}
        """When each of them was sent first."""
        self._arrived = 0
        self._born = float(self.world.clock())
        names = ("CHECKPOINT", *(f"CHECKPOINT_{hook.id}" for hook in self.all_hooks))
        for name in names:
            self.world.variables.seed(name, str(self.world.clock()))
        if self.hooks > 1:
            self.settings = {"hook_id": "all"} | self.settings

    def pass_by(self, milliseconds: int) -> None:
        """Time goes by without a run; everything that arrived meanwhile is in the log."""
        self.world.clock.advance(milliseconds)
        self._arrive()
        self.world.sim.run_due()

    def go_down(self, milliseconds: int) -> None:
        """From now on and for so long, every endpoint is down."""
        now = self.world.clock()
        self.world.sim.stub.outages.append(Outage(now, now + milliseconds, UNAVAILABLE))

    def runs(self, days: float) -> Iterator[Cost]:
        """Runs for so many days. As with a schedule, one that falls into another run is left out."""
        clock, sim = self.world.clock, self.world.sim
        began = clock()
        end = began + round(days * DAY)
        while (due := began + ((clock() - began) // self.every + 1) * self.every) <= end:
            self.pass_by(due - clock())
            sim.journal.clear()
            report = self.world.run(self.settings, latency_ms=self.latency_ms)
            if report.errors or sim.limits.violations:
                raise AssertionError(report.errors or "a limit of GitHub's was broken")
            yield Cost(due, clock(), len(sim.journal.of("GET", "/deliveries")), len(sim.journal.entries), report)

    def _arrive(self) -> None:
        each = self.a_day // self.poisoned_a_day if self.poisoned_a_day else 0
        rows: list[list[Row]] = [[] for _ in self.all_hooks]
        now = self.world.clock()
        while self._born < now:
            number = self._arrived % len(self.all_hooks)
            poisoned = bool(each) and self._arrived % each == each - 1
            row = self._row(self.all_hooks[number], round(self._born), poisoned=poisoned)
            rows[number].append(row)
            self._arrived += 1
            self._born += DAY / self.a_day
        for hook, of_it in zip(self.all_hooks, rows, strict=True):
            hook.load(of_it)

    def _row(self, hook: Hook, at: int, *, poisoned: bool) -> Row:
        stub = self.world.sim.stub
        outcome: Outcome = POISON if poisoned else OK
        for outage in stub.outages:
            if outage.start <= at < outage.end:
                outcome = outage.outcome
        row = hook.row(at, outcome)
        if poisoned:
            stub.by_guid[row.guid] = POISON
            self.poisoned[row.guid] = at
        return row
