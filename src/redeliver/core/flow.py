"""Flow control: which redelivery is asked for next, by what became of those before. Pure.

A *window* limits how many redeliveries may be without an outcome; an overloaded receiver narrows it. Each type of event
has a *credit*, which a failure lowers and a success raises: a type without any is left to the next run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from math import inf
from typing import TYPE_CHECKING

from redeliver.core.case import Acceptance
from redeliver.core.deliveries import OTHER, ROUNDING, named_type

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from random import Random

    from redeliver.core.case import Case
    from redeliver.core.deliveries import Attempt

#: Types with a credit of their own; all others are OTHER.
MOST_TYPES = 50
#: The first window, and the widest, which is about what a receiver may lose that goes down. Of a busy webhook, with the
#: events that arrive meanwhile, it fills one page of the log.
WINDOW = 3
WIDEST = 60
#: How much a success widens it after a cut, divided by the window, so that it nears what the receiver takes slowly.
#: Before the first cut, it is 1.
_AFTER_CUT = 0.25
#: The widest window after a cut. If nothing fails any longer, it is wide enough for the full pace.
_WIDEST_AFTER_CUT = 12
#: Seconds for which nothing is sent after a cut. The pause doubles to the second number until something succeeds: a
#: window of 1 is not slow enough for every receiver.
_PAUSE = 15.0
_LONGEST_PAUSE = 60.0
#: Failures that a type may begin with; more if something succeeded lately, since then the receiver is probably up.
CREDIT = 3
CREDIT_IF_ALIVE = 6
#: What a success adds, and to how much: a type goes on if one in four succeeds.
_GAIN = 3
_MOST_CREDIT = 12
#: Failures in a row, of whatever types, after which nothing is sent. A whole window of overload is one fact, so one
#: look at it counts as so many at most.
RECEIVER = 12
_MOST_OF_A_LOOK = 3
#: Seconds between two looks; the second number when the window is at its widest. Before the first one, one is enough.
_LOOK = 2.0
_RARE_LOOK = 60.0
_FIRST_LOOK = 1.0
#: Seconds after which an outcome is not waited for any longer, and after which none is expected.
LATE = 60.0
_NEVER = 600.0


class Ending(Enum):
    """Why nothing more may be sent."""

    DONE = "done"
    """Nothing is left."""
    DOWN = "down"
    """Everything fails as at a receiver that is down, and nothing shows that this one is up."""
    LEFT = "left"
    """Events of these types fail at this receiver."""


#: A case and its place in the plan.
_Planned = tuple[int, "Case"]


@dataclass(slots=True, eq=False)
class EventType:
    """The events of one type."""

    credit: int
    luck: float
    """Decides between types that have been asked for equally often."""
    in_order: list[_Planned] = field(default_factory=list)
    """The last one comes first."""
    by_chance: list[_Planned] = field(default_factory=list)
    """The same, those with the fewest attempts first, and else as chance has it."""
    asked: int = 0
    in_flight: int = 0
    proven: bool = False
    """Whether one of them has succeeded in this run."""
    failed: Case | None = None
    """The last that failed, whose result says why. None: none did."""

    @property
    def waiting(self) -> Sequence[Case]:
        """Those that may still be sent, in order."""
        return [case for _, case in reversed(self.in_order) if case.is_untouched]


def _first(planned: list[_Planned]) -> _Planned | None:
    """The first that may still be sent; what was sent or delivered before it is dropped."""
    while planned and not planned[-1][1].is_untouched:
        planned.pop()
    return planned[-1] if planned else None


class Flow:
    """Decides what is sent next, for one webhook in one run. Moments are in the run clock's seconds.

    The caller takes what is ``next``, asks GitHub for it and reports that by ``asked``. When ``look_at`` has come, it
    reads the newest rows of the log, back to the oldest that is in flight, fills in the cases and calls ``looked``.
    """

    def __init__(self, *, alive: bool, random: Random | None) -> None:
        """``alive``: the log has a success within the last hour. ``random``: None: all goes in the plan's order."""
        self.proven = False
        """Whether a redelivery has succeeded."""
        self.slowed = Counter[str]()
        """How often the window was cut, by the cause, such as ``HTTP 429``."""
        self.wake = inf
        """When a pause ends; inf: there is none."""
        self.first_asked, self.last_asked = inf, -inf
        """When the first and the last redelivery were asked for."""
        self.asked_for = 0
        """How many were."""
        self._alive = alive
        self._random = random
        self._start = CREDIT_IF_ALIVE if alive else CREDIT
        self._types: dict[str, EventType] = {}
        self._in_flight: dict[Case, float] = {}
        self._late: dict[Case, float] = {}
        self._window = float(WINDOW)
        self._pause = _PAUSE
        self._cut_at = -inf
        self._last_success = -inf
        """Of whatever event, since the first redelivery; epoch milliseconds."""
        self._receiver = RECEIVER
        self._looks_down = True
        """Whether all failures since the last success could be those of a receiver that is down."""
        self._looked_at = -inf
        self._is_waiting = False

    def plan(self, due: Iterable[Case]) -> None:
        """Plan what may be sent, in this order. A second plan replaces the first; all else stays as it is."""
        for kind in self._types.values():
            kind.in_order.clear()
        for place, case in enumerate(due):
            name = named_type(case.event.name, self._types, MOST_TYPES)
            if name not in self._types:
                self._types[name] = EventType(self._start, self._random.random() if self._random else 0)
            self._types[name].in_order.append((place, case))
        for kind in self._types.values():
            kind.in_order.reverse()
            kind.by_chance = kind.in_order.copy()
            if self._random:
                self._random.shuffle(kind.by_chance)
                kind.by_chance.sort(key=lambda planned: planned[1].event.count, reverse=True)

    def _type_of(self, case: Case) -> EventType:
        return self._types.get(case.event.name) or self._types[OTHER]

    # -- what is sent -----------------------------------------------------------------------------------------------

    def next(self, now: float) -> Case | None:
        """The case to ask for now. None: nothing may be sent before ``look_at`` or ``wake``, or at all."""
        if now >= self.wake:
            self.wake = inf
        most = self._window if self.proven else min(self._window, self._receiver)
        may_send = self.wake == inf and self._receiver > 0 and len(self._in_flight) < int(most)
        case = self._choose() if may_send else None
        self._is_waiting = case is None
        return case

    def _choose(self) -> Case | None:
        """Of the types that have little credit, one of that least asked for; else what comes first in the plan.

        Once anything has failed, chance decides every second time: the oldest may all be of those that always fail.
        """
        kinds = [kind for kind in self._types.values() if kind.credit > 0 and _first(kind.in_order)]
        if self._random is None:
            # What comes first may have to wait for its type's outcomes, and the others wait with it.
            kinds = sorted(kinds, key=lambda kind: kind.in_order[-1][0])[:1]
        trying = [kind for kind in kinds if kind.credit <= self._start and kind.in_flight < kind.credit]
        going = [kind for kind in kinds if kind.credit > self._start]
        if not trying and not going:
            return None
        if self._random is None:
            return kinds[0].in_order[-1][1]
        if trying:
            kind = min(trying, key=lambda kind: (kind.asked, kind.luck))
        else:
            kind = min(going, key=lambda kind: kind.in_order[-1][0])
        by_chance = trying or (kind.asked % 2 and any(kind.failed for kind in self._types.values()))
        chosen = _first(kind.by_chance if by_chance else kind.in_order)
        return chosen and chosen[1]

    def asked(self, case: Case, now: float) -> None:
        """GitHub was asked for it at that moment, and its reply is known. A refusal proves nothing."""
        if case.redelivery is None:
            return
        kind = self._type_of(case)
        kind.asked += 1
        self.asked_for += 1
        if self.last_asked == -inf:
            # A success from before that is no news, though a look may show it.
            self._last_success = case.redelivery.asked_at - 2 * ROUNDING
        self.first_asked, self.last_asked = min(self.first_asked, now), now
        if case.redelivery.reply.acceptance is not Acceptance.REFUSED:
            if not self._in_flight:
                self._looked_at = max(self._looked_at, now + _FIRST_LOOK - _LOOK)
            kind.in_flight += 1
            self._in_flight[case] = now

    # -- what became of it ------------------------------------------------------------------------------------------

    @property
    def in_flight(self) -> Collection[Case]:
        """What has no outcome yet, and is still waited for."""
        return self._in_flight.keys()

    @property
    def look_at(self) -> float:
        """When to look at the log; inf: nothing is in flight. The wider the window, the less a look can change."""
        if not self._in_flight:
            return inf
        unhurried = _RARE_LOOK * min(1.0, self._window / WIDEST) ** 2
        return self._looked_at + (_LOOK if self._is_waiting else max(_LOOK, unhurried))

    def looked(self, now: float, *, newest_success: int | None) -> None:
        """The log was looked at, and the cases are filled in.

        ``newest_success``: when the newest success was that the look shows, of whatever event, in epoch milliseconds.
        """
        in_flight = len(self._in_flight)
        outcomes = {case: asked for case, asked in (self._late | self._in_flight).items() if not case.is_open}
        delivered = [case.delivered_at for case in outcomes if case.delivered_at is not None]
        self.proven = self.proven or bool(delivered)
        newest = max(delivered if newest_success is None else [newest_success, *delivered], default=-inf)
        if newest > self._last_success:
            self._last_success, self._alive = newest, True
            self._receiver, self._looks_down = RECEIVER, True
        overload = Counter[str]()
        for case, asked in sorted(outcomes.items(), key=lambda outcome: outcome[0].ended_at):
            self._late.pop(case, None)
            self._land(case)
            if case.delivered_at is not None:
                self._succeeded(case, asked)
            elif case.result is not None:
                overload.update(self._failed(case, case.result, asked))
        if overload:
            # If nothing went well, it may as well be down.
            self._cut(overload, in_flight if delivered else 1, now)
        for case in [case for case, asked in self._in_flight.items() if now - asked > LATE]:
            self._late[case] = self._in_flight[case]
            self._land(case)
            self._window += 1
        self._late = {case: asked for case, asked in self._late.items() if now - asked <= _NEVER}
        self._looked_at = now

    def _land(self, case: Case) -> None:
        if self._in_flight.pop(case, None) is not None:
            self._type_of(case).in_flight -= 1

    def _succeeded(self, case: Case, asked: float) -> None:
        kind = self._type_of(case)
        kind.credit = min(_MOST_CREDIT, kind.credit + _GAIN)
        kind.proven = True
        if self._window < WIDEST:
            self._window += _AFTER_CUT / self._window if self.slowed else 1
        if asked > self._cut_at:
            self._pause = _PAUSE

    def _failed(self, case: Case, attempt: Attempt, asked: float) -> list[str]:
        """Returns what slows sending down, if this does: an overload that is newer than the last cut.

        What fails at a receiver that seems to be down says nothing about its type. What fails at one that is up says
        nothing about other types if none of its own has succeeded, or if it is left already.
        """
        kind = self._type_of(case)
        kind.failed = case
        is_slowing = self.proven and attempt.is_overload
        is_news = attempt.at > self._last_success
        self._looks_down = self._looks_down and (attempt.suggests_outage or not is_news)
        if kind.credit > 0:
            if is_news and not is_slowing and (kind.proven or not self.proven):
                self._receiver -= 1
            if self._receiver >= 0 and not (is_slowing and kind.proven):
                kind.credit -= 1
        return [attempt.cause] if is_slowing and asked >= self._cut_at else []

    def _cut(self, overload: Counter[str], in_flight: int, now: float) -> None:
        """Halve the window, or what was in flight if that was less: else the cut would change nothing."""
        self._window = max(1.0, min(self._window, in_flight, 2 * _WIDEST_AFTER_CUT) / 2)
        self._receiver -= min(overload.total(), _MOST_OF_A_LOOK)
        self.slowed.update([max(overload, key=overload.__getitem__)])
        self._cut_at, self.wake = now, now + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    # -- how it ends ------------------------------------------------------------------------------------------------

    @property
    def ending(self) -> Ending | None:
        """Why nothing more may be sent; None: something may, now or later. A success that shows late changes it."""
        kinds = [kind for kind in self._types.values() if _first(kind.in_order)]
        if not kinds:
            return Ending.DONE
        if self._in_flight or (self._receiver > 0 and any(kind.credit for kind in kinds)):
            return None
        looks_dead = not self._alive or (self.proven and any(kind.credit for kind in kinds))
        return Ending.DOWN if looks_dead and self._looks_down else Ending.LEFT

    @property
    def left(self) -> Mapping[str, EventType]:
        """The types that are left to the next run, by their names, which are not to be trusted."""
        everything = self.ending is Ending.LEFT
        return {
            name: kind
            for name, kind in self._types.items()
            if _first(kind.in_order) and (everything or not kind.credit)
        }
