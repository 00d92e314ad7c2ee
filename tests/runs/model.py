"""Webhooks with a past and a future, and runs of the action over them, in memory and in virtual time."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING
from unittest import mock

import redeliver.github.api
from githubsim.clock import HOUR, MINUTE, SECOND
from githubsim.endpoint import StubEndpoint
from githubsim.inprocess import InProcessTransport
from redeliver.core.settings import ScanMode, Settings, parse
from redeliver.github.pages import PAGE_SIZE
from redeliver.github.session import Session
from redeliver.run.runs import run_hooks
from redeliver.timing import RunClock
from runs.interference import Call, Crash, Cut, Interference, WatchedClock, WatchedConsole, WatchedTransport
from runs.parts import VARIABLE, Life, Part, part_of
from world import World as Plain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from githubsim.attempts import Redelivery
    from githubsim.behaviour import Behaviour
    from githubsim.endpoint import Dispatch
    from githubsim.faults import Fault
    from githubsim.log import DeliveryLog, Row
    from githubsim.outcomes import Outcome
    from githubsim.receivers import Receiver
    from redeliver.core.report import Report
    from redeliver.github.app_token import Credential

#: Half a second of head-room, since GitHub's clock is only told in whole seconds.
LATENCY = 40


@dataclass(slots=True)
class Run:
    """One start of the action, as GitHub saw it. Moments are the world's own, in epoch milliseconds."""

    settings: Settings
    began: int
    report: Report | None = None
    """None: it crashed."""
    ended: int = 0
    calls: list[Call] = field(default_factory=list)
    accepted: list[Redelivery] = field(default_factory=list)
    """Redeliveries that GitHub accepted from this run."""
    writes: list[tuple[int, str, int]] = field(default_factory=list)
    """When this run's checkpoints took effect, in which variable, and their values."""
    undisturbed: bool = True
    """Nothing came in between, and no signal. Faults are told call by call."""
    signalled: bool = False
    parts: list[Part] = field(default_factory=list, repr=False)
    """One for each hook there is, whether or not it had its turn."""

    @property
    def told(self) -> Report:
        """The report of a run that did not crash."""
        assert self.report is not None
        return self.report

    @property
    def part(self) -> Part:
        """The only one."""
        (part,) = self.parts
        return part

    @property
    def clock_behind(self) -> bool:
        """Whether a server told it a time long past: of several clocks, the earliest is the safe one to believe."""
        return any(call.clock_behind for call in self.calls)

    @property
    def calls_left(self) -> int:
        """How many calls GitHub allowed within the hour when there were fewest."""
        told = (call.headers.get("x-ratelimit-remaining") for call in self.calls)
        return min(map(int, filter(None, told)), default=5_000)

    @property
    def list_calls(self) -> int:
        """How many pages it asked for."""
        return sum(call.lists for call in self.calls)

    @property
    def limits_met(self) -> list[Call]:
        """The calls that were answered with a limit."""
        return [call for call in self.calls if call.is_limit]

    @property
    def short_of_time(self) -> bool:
        """Whether its time was up, but for less than the longest wait that nobody disturbs."""
        return self.ended > self.began + (self.settings.time_limit - 60) * SECOND


class TroubledEndpoint(StubEndpoint):
    """An endpoint that may have troubles of its own, which apply to what it does not fail anyway."""

    receiver: Receiver | None = None
    """What becomes of a delivery then; None: it succeeds."""

    def _outcome(self, dispatch: Dispatch) -> Outcome:
        outcome = super()._outcome(dispatch)
        return self.receiver.deliver(dispatch) if self.receiver and outcome.succeeded else outcome


class World(Plain):
    """An organization's hooks in the simulated GitHub, with the settings that its users run the action with."""

    def __init__(
        self, behaviour: Behaviour | None = None, hooks: int = 1, /, *, latency_ms: int = LATENCY, **settings: str
    ) -> None:
        """``settings``: inputs of the action, with ``_`` for ``-``."""
        super().__init__(behaviour=behaviour)
        self.asks_for = PAGE_SIZE
        """How many rows of a page the action asks for."""
        self.latency_ms = latency_ms
        self.token_lasts: int | None = None
        """For so many ms from each run's start; None: GitHub does not say."""
        self.lives: list[Life] = []
        for hook in (self.hook, *(self.sim.org_hook("octo") for _ in range(hooks - 1))):
            hook.endpoint = endpoint = TroubledEndpoint()
            variable = f"{VARIABLE}_{hook.id}" if hooks > 1 else VARIABLE
            self.lives.append(Life(hook, endpoint, variable, self.variables))
        self._settings = ({"hook_id": "all"} if hooks > 1 else {}) | settings

    @property
    def life(self) -> Life:
        """The only one."""
        (life,) = self.lives
        return life

    def keep_checkpoints(self, moment: int) -> None:
        """Keep them in a variable for each hook, as another way to redeliver has left them."""
        for life in self.lives:
            self.variables.seed(life.variable, str(moment))
            life.anchor = moment

    def settings(self, **changed: str) -> Settings:
        """What a run would be set to."""
        return _parsed(frozenset(self.inputs(**(self._settings | changed)).items()))

    def watch(
        self,
        *,
        cut: Cut | None = None,
        faults: tuple[Fault, ...] = (),
        happenings: Mapping[int, Callable[[], object]] | None = None,
        **changed: str,
    ) -> Run:
        """One run of the action, whatever comes in its way."""
        run_ = Run(self.settings(**changed), self.clock())
        if self.token_lasts is not None:
            self.token.expires_at = self.clock() + self.token_lasts
        with self.disturbing(run_, Interference(cut, happenings or {}), faults) as session:
            run_.report = run_hooks(session)
        run_.parts = [part_of(run_, life) for life in self.lives]
        for part in run_.parts:
            self._note(part)
        return run_

    @contextmanager
    def disturbing(self, run_: Run, interference: Interference, faults: tuple[Fault, ...]) -> Iterator[Session]:
        """What a run or a replay is started with. Watches it, comes in its way, and swallows its crash."""
        console = WatchedConsole(interference)
        clock = RunClock(WatchedClock(self.clock, interference), run_.settings.time_limit, console)
        interference.clock = clock
        self.sim.faults.add(*faults)

        def connect(token: Credential) -> WatchedTransport:
            assert isinstance(token, str)
            inner = InProcessTransport(self.sim, token, self.clock, self.latency_ms)
            sim, variables = self.sim, self.variables
            return WatchedTransport(inner, interference, run_.calls, run_.accepted, run_.writes, sim, variables)

        try:
            with mock.patch.object(redeliver.github.api, "PAGE_SIZE", self.asks_for):
                yield Session(run_.settings, connect, clock, console, random=self.random, sends=True)
        except Crash:
            pass
        finally:
            for fault in faults:
                self.sim.faults.rules.remove(fault)
        run_.ended = self.clock()
        run_.undisturbed = not interference.struck
        run_.signalled = clock.signal_number is not None

    def _note(self, part: Part) -> None:
        """What a run changes about what a hook's users may expect from now on."""
        life = part.life
        if life.anchor is None and part.writes:
            life.anchor = part.looked_at - part.settings.lookback * SECOND
        # Asked for failures alone, GitHub shows neither 0 nor 3xx; the documents say so, and so does the run.
        if part.filtered or part.settings.scan is ScanMode.FAILURES:
            looked_at = part.looked_at
            for guid, rows in life.failed_events().items():
                seen = [row for row in rows if row.visible_at <= looked_at]
                window = [row for row in seen if self.shown_at(row) >= part.report.cutoff] if part.report else seen[-1:]
                if window and all(not row.outcome.succeeded and row.outcome.status_code < 400 for row in window):
                    life.unseen.add(guid)

    @property
    def end_can_be_told(self) -> bool:
        """Whether a page that names no next one shows by its rows alone that there is one: it is full."""
        behaviour = self.sim.behaviour
        return behaviour.page_cap >= self.asks_for and not behaviour.empty_page_every

    # -- what is true, and what GitHub's log shows of it ---------------------------------------------------------

    def shown_at(self, row: Row) -> int:
        """The time that GitHub's log gives a row."""
        return row.delivered_at // SECOND * SECOND if self.sim.behaviour.whole_seconds else row.delivered_at

    def in_log(self, row: Row, now: int) -> bool:
        """Whether GitHub's log shows it at that moment."""
        return row.shown(now, now - self.sim.behaviour.retention_ms)

    def is_open(self, log: DeliveryLog, rows: list[Row], now: int, settings: Settings) -> bool:
        """Whether there is something left to do for an event: no attempt delivered it, none of the ends is reached."""
        if any(row.outcome.succeeded for row in rows):
            return False
        original = next(row for row in rows if not row.redelivery)
        if settings.events and original.kind.event not in settings.events:
            return False
        if too_old(original, now, settings):
            return False
        if self.is_out_of_attempts(log, rows, now, settings):
            return False
        return original.delivered_at >= now - self.sim.behaviour.retention_ms

    def is_out_of_attempts(
        self,
        log: DeliveryLog,
        rows: list[Row],
        now: int,
        settings: Settings,
        since: int | None = None,
        *,
        but: Collection[str] = (),
    ) -> bool:
        """Whether an undelivered event may be given up: that many attempts speak of it, and so does the last one.

        A refusal does. An overload or an outage does not. Any other failure does if another event was accepted since
        the attempt before. ``since``: whether an action that saw the log from then on must give it up; ``but``: the
        successes of these events it may not have seen. Of each minute with a success, an action remembers two moments.
        """
        tried = sorted((row for row in rows if row.visible_at <= now), key=lambda row: row.delivered_at)
        if not 0 < settings.max_attempts <= len(tried):
            return False
        margin = -SECOND if since is None else MINUTE
        others = (row for row in log.rows if row.outcome.succeeded and row.guid not in but and row.visible_at <= now)
        accepted = [self.shown_at(row) for row in others]
        counted, counts, before = 0, False, self.shown_at(tried[0]) - HOUR
        for row in tried:
            at, code = self.shown_at(row), row.outcome.status_code
            overload = code in {0, 429, 502, 503, 504} or not row.outcome.status.startswith("Invalid HTTP")
            counts = 300 <= code < 500 and not overload
            if not counts and not overload and (since is None or before >= since):
                counts = any(before + margin < moment < at - margin for moment in accepted)
            counted += counts
            before = at
        return counts and counted >= settings.max_attempts


@lru_cache(maxsize=256)
def _parsed(inputs: frozenset[tuple[str, str]]) -> Settings:
    """Kept, since an oracle asks for them of every event."""
    return parse(dict(inputs))


def too_old(original: Row, now: int, settings: Settings) -> bool:
    """Whether an event was older than the user wants it at that moment."""
    age = settings.max_age.get(original.kind.event, settings.max_age.get("", 0))
    return 0 < age * SECOND < now - original.delivered_at
