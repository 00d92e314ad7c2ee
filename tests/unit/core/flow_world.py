"""A receiver, GitHub's log and runs every hour, in virtual seconds, around the real ``Flow``. Run 0 starts at 0."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from math import inf
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from githubsim.receivers import failure
from redeliver.core.case import Acceptance, Case, Redelivery, Reply
from redeliver.core.deliveries import Attempt, Event, cause_of
from redeliver.core.flow import Ending, Flow
from redeliver.core.forecast import READ_POINTS, WRITE_POINTS
from redeliver.github.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from receivers import Scenario

MINUTE, HOUR = 60.0, 3600.0
RETENTION = 72 * HOUR
#: Seconds that a call takes, and within which a redelivery reaches the receiver.
CALL = 0.1
ARRIVES = (0.5, 2.0)


@dataclass(eq=False)
class Sent:
    """An event, and all that became of it."""

    guid: str
    name: str
    attempts: list[Attempt] = field(default_factory=list)
    is_poison: bool = False
    delivered_at: float = inf
    lost: bool = False
    given_up: bool = False

    @property
    def is_open(self) -> bool:
        return not (self.delivered_at < inf or self.lost or self.given_up)


class Row(NamedTuple):
    visible_at: float
    event: Sent
    attempt: Attempt


def ms(seconds: float) -> int:
    return 10**12 + round(seconds * 1000)


def seconds(moment: int) -> float:
    return (moment - 10**12) / 1000


_ids = count(1)


# -- GitHub -----------------------------------------------------------------------------------------------------------


class World:
    """``log_lag``: seconds until an attempt that has ended shows in the log."""

    def __init__(self, scenario: Scenario, seed: int = 1, log_lag: float = 0.0) -> None:
        self.rnd = Random(seed)
        self.receiver = scenario.make(self.rnd, ms(0))
        self.events: list[Sent] = []
        for number, (name, at, code, is_poison) in enumerate(scenario.past(self.rnd, ms(0))):
            attempt = Attempt(next(_ids), at, redelivery=False, code=code, cause=f"HTTP {code}")
            self.events.append(Sent(f"missed-{number}", name, [attempt], is_poison))
            if is_poison:
                self.receiver.poison[f"missed-{number}"] = failure(code)
        self.log_lag = log_lag
        self.rows: list[Row] = []
        self.posts: list[float] = []
        self.points: list[tuple[float, int]] = []
        self.looks = 0
        self.successes: list[float] = [-HOUR / 2] if scenario.live < inf else []
        self._count = count()
        self._arriving = [
            (seconds(at), next(self._count), Sent(f"new-{number}", name), False)
            for number, (name, at) in enumerate(scenario.future(self.rnd, ms(0)))
        ]
        self._showing: list[tuple[float, int, Row]] = []

    def post(self, event: Sent, now: float) -> None:
        self.posts.append(now)
        self.points.append((now, WRITE_POINTS))
        at = now + CALL + self.rnd.uniform(*ARRIVES)
        heapq.heappush(self._arriving, (at, next(self._count), event, True))

    def advance(self, now: float) -> None:
        while self._arriving and self._arriving[0][0] <= now:
            at, number, event, redelivery = heapq.heappop(self._arriving)
            end = self.receiver.attempt(event.guid, event.name, ms(at))
            cause = "" if end.succeeded else cause_of(end.status, end.status_code)
            attempt = Attempt(next(_ids), ms(at), redelivery, end.status_code, cause)
            row = Row(at + end.duration_ms / 1000 + self.log_lag, event, attempt)
            heapq.heappush(self._showing, (row.visible_at, number, row))
        while self._showing and self._showing[0][0] <= now:
            row = heapq.heappop(self._showing)[2]
            self.rows.append(row)
            if row.attempt.code == 200:
                row.event.delivered_at = min(row.event.delivered_at, row.visible_at)
                self.successes.append(seconds(row.attempt.at))
            else:
                row.event.attempts.append(row.attempt)
                if not row.attempt.redelivery:
                    self.events.append(row.event)


# -- runs -------------------------------------------------------------------------------------------------------------


@dataclass
class Run:
    """One run: sends what is due as the program does, until nothing may be sent or the time is up."""

    world: World
    now: float
    due: Sequence[Sent]
    until: float
    calls: int = 4_000
    per_minute: int = 150

    def __post_init__(self) -> None:
        self.cases = {event.guid: Case(Event(event.guid, event.name, tuple(event.attempts))) for event in self.due}
        self.events = {event.guid: event for event in self.due}
        self.alive = max(self.world.successes, default=-inf) > self.now - HOUR
        self.flow = Flow(alive=self.alive, random=self.world.rnd)
        self.ending: Ending | None = None
        self.first_look = self.world.looks
        self.asked: list[float] = []
        self._pace = Pace(self.per_minute)
        self._rows_read = len(self.world.rows)

    def send(self) -> Run:
        flow = self.flow
        flow.plan(self.cases.values())
        while (ending := flow.ending) is None and self.now < self.until - MINUTE and self.calls > 0:
            case = flow.next(self.now)
            turn = self.now + self._turn(WRITE_POINTS, redelivery=True) if case else flow.wake
            at = max(self.now, min(turn, flow.look_at))
            assert at < inf, "neither a look nor a case will ever come"
            self.now = at
            if at >= flow.look_at:
                self.look()
            elif case and at >= turn:
                self._post(case)
        self.ending = ending
        until = self.now + MINUTE
        while self.now < until and any(case.is_open for case in self.cases.values() if case.redelivery):
            self.now += 5
            self.look()
        return self

    def _turn(self, points: int, *, redelivery: bool = False) -> float:
        return max(0.0, self._pace.turn(points, self.now, redelivery=redelivery)[0])

    def _post(self, case: Case) -> None:
        assert case.is_untouched, "sent twice"
        self.world.post(self.events[case.event.guid], self.now)
        self.asked.append(self.now)
        case.redelivery = Redelivery(case.event, ms(self.now), Reply(Acceptance.ACCEPTED))
        asked, self.now = self.now, self.now + CALL
        self._pace.spent(WRITE_POINTS, self.now, redelivery=True)
        self.flow.asked(case, asked)
        self.calls -= 1

    def look(self) -> None:
        self.now += self._turn(READ_POINTS)
        self.world.advance(self.now)
        self.world.looks += 1
        self.world.points.append((self.now, READ_POINTS))
        self.now += CALL
        self._pace.spent(READ_POINTS, self.now)
        self.calls -= 1
        new = self.world.rows[self._rows_read :]
        self._rows_read = len(self.world.rows)
        for row in new:
            case = self.cases.get(row.event.guid)
            if case and row.attempt.code == 200:
                case.delivered_at = row.attempt.at
            elif case:
                case.add_attempts([row.attempt])
        successes = [row.attempt.at for row in new if not row.attempt.cause]
        self.flow.looked(self.now, newest_success=max(successes, default=None))


@dataclass
class Result:
    """What hourly runs came to."""

    world: World
    runs: list[Run]
    lost: int
    given_up: int
    undelivered: int
    hours: float
    """Until the last event of the backlog was delivered; inf: not all of them were."""

    @property
    def endings(self) -> Counter[Ending | None]:
        return Counter(run.ending for run in self.runs)

    @property
    def posts(self) -> int:
        return len(self.world.posts)

    @property
    def delivered(self) -> int:
        return sum(event.delivered_at < inf for event in self.world.events)

    @property
    def pace(self) -> float:
        """Redeliveries a second in the first run."""
        asked = self.runs[0].asked
        return (len(asked) - 1) / (asked[-1] - asked[0])

    @property
    def most_points(self) -> int:
        """Within any minute."""
        points, most, begin, total = sorted(self.world.points), 0, 0, 0
        for at, cost in points:
            total += cost
            while points[begin][0] <= at - MINUTE:
                total -= points[begin][1]
                begin += 1
            most = max(most, total)
        return most

    def peak(self, since: float) -> float:
        """The most that reached the receiver within its window, of what it takes."""
        return self.world.receiver.peak(ms(since))


def spacing(event: Sent, *, grows_for_overload: bool) -> float:
    failures = [one for one in event.attempts[1:] if grows_for_overload or not one.is_overload]
    if len(event.attempts) == 1:
        return 0
    return min(10 * MINUTE * 2.0 ** max(0, len(failures) - 1), 4 * HOUR)


def counted(event: Sent, successes: Sequence[float]) -> int:
    """Attempts that count against an event; ``successes`` are sorted."""
    number, before = 0, seconds(event.attempts[0].at) - HOUR
    for one in event.attempts:
        at = seconds(one.at)
        another = bisect_left(successes, at) > bisect_right(successes, before)
        number += not one.is_overload and (not one.suggests_outage or another)
        before = at
    return number


def hourly(
    world: World,
    *,
    runs: int = 75,
    time_limit: float = HOUR / 2,
    max_attempts: int = 10,
    to_the_end: bool = False,
    grows_for_overload: bool = True,
    calls: int = 4_000,
) -> Result:
    """A run every hour, until all that can be delivered is, or for so many runs."""
    made: list[Run] = []
    events = [event for event in world.events if not event.is_poison]
    for place in range(runs):
        start = place * HOUR + (world.rnd.random() * 5 * MINUTE if place else 0)
        world.advance(start)
        due = _due(world, start, max_attempts, grows_for_overload=grows_for_overload)
        if due:
            made.append(Run(world, start + 2, due, start + time_limit, calls).send())
        world.advance(start + HOUR - 5 * MINUTE - 1)
        if not to_the_end and place > 1 and not any(event.is_open and not event.is_poison for event in world.events):
            break
    good = [event for event in world.events if not event.is_poison]
    return Result(
        world,
        made,
        lost=sum(event.lost for event in good),
        given_up=sum(event.given_up for event in good),
        undelivered=sum(event.is_open for event in good),
        hours=max((event.delivered_at for event in events), default=0) / HOUR,
    )


def _due(world: World, now: float, max_attempts: int, *, grows_for_overload: bool) -> list[Sent]:
    successes, due = sorted(world.successes), []
    for event in filter(lambda event: event.is_open, world.events):
        event.lost = now - seconds(event.attempts[0].at) > RETENTION
        event.given_up = not event.lost and counted(event, successes) >= max_attempts
        waits = spacing(event, grows_for_overload=grows_for_overload)
        if event.is_open and seconds(event.attempts[-1].at) + waits <= now:
            due.append(event)
    return sorted(due, key=lambda event: (max(len(event.attempts), 2), event.attempts[0].at))
