"""The desk where attempts are made: new events and accepted redeliveries wait here until they are due."""

from __future__ import annotations

import heapq
import random
import threading
from dataclasses import dataclass, field

from githubsim.behaviour import Behaviour, draw
from githubsim.clock import EpochMs
from githubsim.endpoint import Dispatch, Endpoint
from githubsim.hooks import Hook
from githubsim.log import Row
from githubsim.outcomes import Kind, Outcome

#: Bits of an id below the millisecond: with them ids lie near 3.8e18, beyond what a JavaScript number can hold.
ID_BITS = 21


@dataclass(slots=True)
class Redelivery:
    """One POST that GitHub accepted.

    ``success_visible`` says whether the log already showed a success of the event at that moment. ``row`` is the
    attempt it led to, once that was made.
    """

    hook: Hook = field(repr=False)
    guid: str
    accepted_at: int
    success_visible: bool
    row: Row | None = None


@dataclass(order=True, slots=True)
class Work:
    """One attempt to be made."""

    due: int
    turn: int
    hook: Hook = field(compare=False)
    guid: str = field(compare=False)
    kind: Kind = field(compare=False)
    redelivery: Redelivery | None = field(compare=False, default=None)


@dataclass(slots=True)
class Desk:
    """Queues attempts, has them made, writes their rows.

    ``lock`` lets a socket server's threads and a test's share one simulation; an attempt itself is made outside it.
    """

    clock: EpochMs
    behaviour: Behaviour
    endpoint: Endpoint
    random: random.Random
    lock: threading.RLock = field(default_factory=threading.RLock)
    accepted: list[Redelivery] = field(default_factory=list)
    wake: threading.Event = field(default_factory=threading.Event)
    by_itself: bool = True
    _queue: list[Work] = field(default_factory=list)
    _turn: int = 0
    _ids: int = 0

    def new_id(self, moment: int) -> int:
        """An attempt's id. One of an earlier moment is the smaller one, in whatever order they are made."""
        self._ids += 1
        return moment << ID_BITS | self._ids & (1 << ID_BITS) - 1

    def new_guid(self) -> str:
        """An event's id; version 1 in shape, as GitHub's are."""
        text = f"{self.random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-11f1-{text[16:20]}-{text[20:]}"

    def emit(self, hook: Hook, kind: Kind, guid: str | None, payload: bytes | None, at: int | None) -> str:
        """Queue a new event for that moment or for now, and make its attempt unless somebody else does that."""
        with self.lock:
            name = guid or self.new_guid()
            if payload is not None:
                hook.payloads[name] = payload
            self._put(self.clock() if at is None else at, hook, name, kind, None)
        if self.by_itself:
            self.run_due()
        return name

    def accept(self, hook: Hook, row: Row) -> None:
        """Queue a redelivery of the event that ``row`` belongs to."""
        now = self.clock()
        visible = any(one.outcome.succeeded and one.visible_at <= now for one in hook.log.attempts_of(row.guid))
        redelivery = Redelivery(hook, row.guid, now, visible)
        self.accepted.append(redelivery)
        self._put(now + draw(self.behaviour.redelivery_ms), hook, row.guid, row.kind, redelivery)

    def run_due(self) -> int:
        """Make every attempt that is due, in order, as of the moment it was due. Returns how many."""
        made = 0
        while (work := self.take_due()) is not None:
            self.finish(work, self.deliver(work), work.due)
            made += 1
        return made

    def take_due(self) -> Work | None:
        """The next attempt that is due, taken off the queue."""
        with self.lock:
            if self._queue and self._queue[0].due <= self.clock():
                return heapq.heappop(self._queue)
            return None

    def next_due(self) -> int | None:
        """When the next attempt is due."""
        with self.lock:
            return self._queue[0].due if self._queue else None

    def deliver(self, work: Work) -> Outcome:
        dispatch = Dispatch(work.hook, work.guid, work.kind, work.redelivery is not None, work.due)
        return (work.hook.endpoint or self.endpoint).deliver(dispatch)

    def finish(self, work: Work, outcome: Outcome, began: int) -> Row:
        """Write down how an attempt ended."""
        with self.lock:
            ended = began + outcome.duration_ms
            visible_at = ended + draw(self.behaviour.appears_ms)
            row = Row(
                self.new_id(began if self.behaviour.ids_from == "start" else visible_at),
                work.guid,
                began if self.behaviour.delivered_at == "start" else ended,
                visible_at,
                work.redelivery is not None,
                outcome,
                work.kind,
            )
            work.hook.log.add(row)
            if work.redelivery is not None:
                work.redelivery.row = row
            return row

    def _put(self, due: int, hook: Hook, guid: str, kind: Kind, redelivery: Redelivery | None) -> None:
        self._turn += 1
        heapq.heappush(self._queue, Work(due, self._turn, hook, guid, kind, redelivery))
        self.wake.set()
