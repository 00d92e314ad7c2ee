"""What can come between a run and its end, at any call, wait or word: a crash, a signal, the rest of the world."""

from __future__ import annotations

import signal
from collections import Counter
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from githubsim.clock import SECOND
from redeliver.console import Console
from redeliver.github.responses import Body, Response, ResponseLost, Verb
from runs.parts import SHARED, checkpoints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from githubsim.attempts import Redelivery
    from githubsim.clock import VirtualClock
    from githubsim.inprocess import InProcessTransport
    from githubsim.model import SimGitHub
    from githubsim.variables import Variables
    from redeliver.timing import RunClock


Place = Literal["call", "failures", "wait", "word"]


#: Seconds. A clock that is less far behind is only slow to answer.
A_MINUTE = 60


class Crash(BaseException):
    """The process is gone. No Exception, so that nothing in the product could catch it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a run is cut short. ``after``: the call has had its effect, or half of the wait is over.

    ``failures``: a call that asks for failures alone, as those do between reading the window and planning.
    """

    how: Literal["crash", "signal"]
    where: Place
    nth: int
    when: Literal["before", "after"] = "before"


@dataclass(slots=True)
class Call:
    """One call that a run made. ``at`` is when GitHub saw it, ``status`` what the run was told, None if nothing."""

    verb: str
    path: str
    at: int
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    answered_at: int = 0
    secondary: bool = False
    """Whether the answer's words are those of the secondary limit."""
    after_signal: bool = False
    variable: str = ""
    """The variable that it reads or writes, if any."""
    faulty: bool = False
    """Whether a fault struck it."""
    clock_behind: bool = False
    """Whether its answer came with a time that is long over."""

    @property
    def redelivers(self) -> str:
        """The attempt that this call asks to redeliver, or nothing."""
        return self.path.split("/")[-2] if self.verb == "POST" and self.path.endswith("/attempts") else ""

    @property
    def lists(self) -> bool:
        """Whether it asks for a page of a log."""
        return self.path.endswith("/deliveries")

    @property
    def is_limit(self) -> bool:
        """Whether it was answered with a limit."""
        spent = self.headers.get("x-ratelimit-remaining") == "0"
        return self.status == 429 or (self.status == 403 and (spent or "retry-after" in self.headers or self.secondary))

    @property
    def keeps_checkpoint(self) -> bool:
        """Whether this call writes the variable."""
        return self.verb in {"PATCH", "POST"} and bool(self.variable)


class Interference:
    """Counts what a run does, and steps in where it was told to."""

    clock: RunClock
    """The run's own, which is told of a signal."""

    def __init__(self, cut: Cut | None, happenings: Mapping[int, Callable[[], object]]) -> None:
        """``happenings``: what happens in the world just before the run's nth call."""
        self.happenings = dict(happenings)
        self.struck = False
        self._cut = cut
        self._counts: Counter[Place] = Counter()

    def before(self, where: Place) -> None:
        """The run is about to do something."""
        self._counts[where] += 1
        if where == "call":
            happening = self.happenings.pop(self._counts[where], None)
            if happening is not None:
                self.struck = True
                happening()
        self._strike(where, "before")

    def after(self, where: Place) -> None:
        """The run has done it, but does not know yet."""
        self._strike(where, "after")

    def _strike(self, where: Place, when: str) -> None:
        cut = self._cut
        if cut is None or (cut.where, cut.when, cut.nth) != (where, when, self._counts[where]):
            return
        self.struck = True
        if cut.how == "crash":
            raise Crash
        # The handler itself: it raises Stopped where, and only where, a real signal would make it do so.
        self.clock.on_signal(signal.SIGTERM)


@dataclass(slots=True)
class WatchedTransport:
    """Carries a run's calls to the simulation, and keeps a book of them and of their effects."""

    inner: InProcessTransport
    interference: Interference
    calls: list[Call]
    accepted: list[Redelivery]
    writes: list[tuple[int, str, int]]
    sim: SimGitHub
    variables: Variables

    def exchange(
        self,
        verb: Verb,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Response:
        """As the inner transport."""
        places: list[Place] = ["call", "failures"] if (query or {}).get("status") else ["call"]
        for place in places:
            self.interference.before(place)
        clock = self.inner.clock
        variable = str((body or {}).get("name", "")) or path.partition("/actions/variables/")[2]
        call = Call(verb, path, clock() + self.inner.latency_ms // 2, variable=variable)
        call.after_signal = self.interference.clock.signal_number is not None
        self.calls.append(call)
        history = self.variables.history
        taken, written, struck = len(self.sim.accepted), len(history), self._faults()
        try:
            response = self.inner.exchange(verb, path, query=query, body=body)
        except ResponseLost:
            for place in places:
                self.interference.after(place)
            raise
        finally:
            call.answered_at = clock()
            self.accepted += self.sim.accepted[taken:]
            for number, (at, name, value) in enumerate(history[written:], written):
                self.writes += [(at, *one) for one in _changes(name, value, history[:number])]
            call.faulty = self._faults() > struck
        for place in places:
            self.interference.after(place)
        # Only now has the run been told.
        call.status, call.headers = response.status, response.headers
        call.secondary = response.status in {403, 429} and "secondary rate limit" in response.body
        if call.faulty and "date" in response.headers:
            date = parsedate_to_datetime(response.headers["date"])
            call.clock_behind = clock() // SECOND - int(date.timestamp()) > A_MINUTE
        return response

    def _faults(self) -> int:
        return sum(fault.hits for fault in self.sim.faults.rules)


def _changes(name: str, value: str, before: Sequence[tuple[int, str, str]]) -> Iterable[tuple[str, int]]:
    """The checkpoints that a write changes, and the variables that each would have alone."""
    if name != SHARED:
        return [(name, int(value))]
    # Until there is one for all, each hook's is where another way to redeliver has left it.
    alone = {other: int(value) for _, other, value in before if other != SHARED}
    known = next((checkpoints(value) for _, other, value in reversed(before) if other == SHARED), alone)
    return checkpoints(value).items() - known.items()


class WatchedClock:
    """The world's clock, whose waits can be cut short."""

    def __init__(self, clock: VirtualClock, interference: Interference) -> None:
        """Wait on ``clock``."""
        self._clock = clock
        self._interference = interference

    def monotonic(self) -> float:
        """Seconds, as the world's clock."""
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, in two halves."""
        self._interference.before("wait")
        self._clock.sleep(seconds / 2)
        self._interference.after("wait")
        self._clock.sleep(seconds / 2)


class WatchedConsole(Console):
    """Says nothing. Between two words a signal is only noted, as no call or wait is there to be ended."""

    def __init__(self, interference: Interference) -> None:
        """Count words."""
        self._interference = interference

    def line(self, _text: str, _word: str = "", *, passing: bool = False) -> None:  # noqa: ARG002  it says nothing
        """Count a line."""
        self._interference.before("word")

    def detail(self, _text: str) -> None:
        """Count a line for those who asked for details."""
        self._interference.before("word")
