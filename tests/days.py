"""Days of a webhook's life in virtual time, with a run every quarter of an hour: what each run costs in requests."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from githubsim.clock import DAY, HOUR, MINUTE
from githubsim.endpoint import Outage
from githubsim.outcomes import OK, invalid_response
from world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from githubsim.log import Row
    from githubsim.outcomes import Outcome
    from redeliver.core.report import Report

EVERY = 15 * MINUTE
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


def went_well(world: World, report: Report) -> None:
    """Refuse a run that failed, or broke a limit.

    Raises:
        AssertionError: it did.
    """
    limits = world.sim.limits
    failed = report.errors and not (report.lost or report.urgent or any(hook.gap for hook in report.hooks))
    if failed or limits.violations or limits.while_limited:
        raise AssertionError(report.errors or "a limit of GitHub's was broken")


def redeliver_meanwhile(world: World, rows: Iterable[Row], start: int, every: int) -> None:
    """Somebody else has these events redelivered unless they are: one every so many ms, from that moment on."""
    turns = deque(enumerate(rows))

    def go_on(*_: object) -> None:
        while turns and world.clock() >= start + turns[0][0] * every:
            row = turns.popleft()[1]
            if len(world.hook.log.attempts_of(row.guid)) == 1:
                world.sim.desk.accept(world.hook, row)

    world.sim.observers.append(go_on)


def sent_twice(world: World) -> list[str]:
    """The guids of events that were redelivered more than once, by whomever."""
    times = Counter(one.guid for one in world.sim.accepted)
    return [guid for guid, number in times.items() if number > 1]


@dataclass
class Days:
    """A webhook with so many deliveries a day, evenly."""

    a_day: int
    poisoned_a_day: int = 0
    """Of these, evenly: no attempt will ever deliver them."""
    down_hours: float = 0
    """The endpoint is down for so long, from an hour after the beginning."""
    hourly: int = 5_000
    """How many requests GitHub allows an hour."""
    settings: dict[str, str] = field(default_factory=dict)
    """Inputs of the action, with ``_`` for ``-``."""
    is_live: bool = False
    """Whether events go on arriving while a run is under way."""
    sim: dict[str, Any] = field(default_factory=dict)
    """Fields of ``SimGitHub``."""

    def __post_init__(self) -> None:
        self.world = World(**self.sim)
        self.world.sim.limits.policy.hourly = self.hourly
        self.poisoned: dict[str, int] = {}
        """When each of them was sent first."""
        start = self.world.clock() + HOUR
        self.outage = Outage(start, start + round(self.down_hours * HOUR))
        self.world.sim.stub.outages.append(self.outage)
        if self.is_live:
            self.world.sim.observers.append(lambda *_: self._arrive())
        self._arrived = 0
        self._born = float(self.world.clock())
        self.world.variables.seed("CHECKPOINT", str(self.world.clock()))

    def pass_by(self, milliseconds: int) -> None:
        """Time goes by without a run; everything that arrived meanwhile is in the log."""
        self.world.clock.advance(milliseconds)
        self.world.hook.load(self._arrivals())
        self.world.sim.run_due()

    def runs(self, days: float) -> Iterator[Cost]:
        """Runs for so many days. As with a schedule, one that falls into another run is left out."""
        clock, sim = self.world.clock, self.world.sim
        began = clock()
        end = began + round(days * DAY)
        while (due := began + ((clock() - began) // EVERY + 1) * EVERY) <= end:
            self.pass_by(due - clock())
            sim.journal.clear()
            report = self.world.run(self.settings, latency_ms=100)
            went_well(self.world, report)
            yield Cost(due, clock(), len(sim.journal.of("GET", "/deliveries")), len(sim.journal.entries), report)

    def runs_until_all_is_well(self, days: float) -> Iterator[Cost]:
        """Runs until one after the outage leaves nothing undelivered.

        Raises:
            AssertionError: so many days were not enough.
        """
        for run in self.runs(days):
            yield run
            (hook,) = run.report.hooks
            if run.began > self.outage.end and hook.read and not hook.undelivered:
                return
        raise AssertionError(f"{days} days were not enough")

    def _arrive(self) -> None:
        for row in self._arrivals():
            self.world.hook.log.add(row)

    def _arrivals(self) -> Iterator[Row]:
        each = self.a_day // self.poisoned_a_day if self.poisoned_a_day else 0
        now = self.world.clock()
        while self._born < now:
            at = round(self._born)
            poisoned = bool(each) and self._arrived % each == each - 1
            row = self.world.hook.row(at, POISON if poisoned else self._usual(at))
            if poisoned:
                self.world.sim.stub.by_guid[row.guid] = POISON
                self.poisoned[row.guid] = at
            yield row
            self._arrived += 1
            self._born += DAY / self.a_day

    def _usual(self, at: int) -> Outcome:
        return next((outage.outcome for outage in self.world.sim.stub.outages if outage.lasts_at(at)), OK)
