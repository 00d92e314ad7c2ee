"""A webhook with a past and a future, and runs of the action over it, in memory and in virtual time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from githubsim.clock import SECOND, VirtualClock
from githubsim.inprocess import InProcessTransport
from githubsim.model import SimGitHub
from guarantees.interference import Call, Crash, Cut, Interference, WatchedClock, WatchedConsole, WatchedTransport
from redeliver.runs import Runs
from redeliver.settings import ScanMode, Settings, parse
from redeliver.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from githubsim.attempts import Redelivery
    from githubsim.behaviour import Behaviour
    from githubsim.faults import Fault
    from githubsim.log import Row
    from redeliver.credentials import Credential
    from redeliver.report import Report

REPOSITORY = "octo/ops"
VARIABLE = "CHECKPOINT"
#: Half a second of head-room, since GitHub's clock is only told in whole seconds.
LATENCY = 40


@dataclass(slots=True)
class Run:
    """One run, as GitHub saw it. Moments are the world's own, in epoch milliseconds."""

    settings: Settings
    began: int
    kept_before: int | None
    report: Report | None = None
    """None: it crashed."""
    ended: int = 0
    kept_after: int | None = None
    calls: list[Call] = field(default_factory=list)
    accepted: list[Redelivery] = field(default_factory=list)
    """Redeliveries that GitHub accepted from this run."""
    writes: list[tuple[int, int]] = field(default_factory=list)
    """When this run's checkpoints took effect, and their values."""
    asked: dict[str, int | None] = field(default_factory=dict)
    """What GitHub answered when asked to redeliver an event, but for limits; None: the answer was lost."""
    undisturbed: bool = True
    """No fault, no limit and no interference was planned for it."""
    signalled: bool = False

    @property
    def closed(self) -> bool:
        """Whether the checkpoint of step 8 was written, and the run knows."""
        if self.report is None or not self.calls:
            return False
        last = self.calls[-1]
        return last.keeps_checkpoint and last.status in {201, 204}

    @property
    def looked_at(self) -> int:
        """When it began to read the log: what can be seen then, it has to see. The end, if it did not come to that."""
        return next((call.at for call in self.calls if call.path.endswith("/deliveries")), self.ended)

    @property
    def calls_left(self) -> int:
        """How many calls GitHub allows within the hour, as the last answer said."""
        told = (call.headers.get("x-ratelimit-remaining") for call in reversed(self.calls))
        return int(next(filter(None, told), 5_000))

    @property
    def filtered(self) -> bool:
        """Whether it said that failures without a code of their own may have been missed."""
        return self.report is not None and any("too long to read whole" in warning for warning in self.report.warnings)

    @property
    def unanswered(self) -> set[str]:
        """Events whose redelivery may have been accepted, for all the run was told."""
        return {guid for guid, told in self.asked.items() if told is None or told >= 500 or told in {200, 201}}

    @property
    def limits_met(self) -> list[Call]:
        """The calls that were answered with a limit."""
        return [call for call in self.calls if call.is_limit]


class World:
    """One hook of the simulated GitHub, with the settings that its users run the action with."""

    def __init__(self, behaviour: Behaviour | None = None, *, latency_ms: int = LATENCY, **settings: str) -> None:
        """``settings``: inputs of the action, with ``_`` for ``-``."""
        self.clock = VirtualClock()
        self.sim = SimGitHub(self.clock, base_url="https://api.github.com", behaviour=behaviour)
        self.sim.token("pat")
        self.hook = self.sim.org_hook("octo")
        self.endpoint = self.sim.stub
        self.variables = self.sim.variables(REPOSITORY)
        self.latency_ms = latency_ms
        self.anchor: int | None = None
        """From this moment on failed attempts are this user's: the first checkpoint looked back so far."""
        self.unseen: set[str] = set()
        """Events that a run which was too long has said it may have missed."""
        self._settings = {
            "org": "octo",
            "hook-id": str(self.hook.id),
            "token": "pat",
            "variable-name": VARIABLE,
            "variable-repository": REPOSITORY,
        } | _inputs(settings)

    @property
    def kept(self) -> int | None:
        """The checkpoint."""
        return int(self.variables[VARIABLE]) if VARIABLE in self.variables else None

    def settings(self, **changed: str) -> Settings:
        """What a run would be set to."""
        return parse(self._settings | _inputs(changed))

    def run(
        self,
        *,
        cut: Cut | None = None,
        faults: tuple[Fault, ...] = (),
        happenings: Mapping[int, Callable[[], object]] | None = None,
        **changed: str,
    ) -> Run:
        """One run of the action, whatever comes in its way."""
        settings = self.settings(**changed)
        run_ = Run(settings, self.clock(), self.kept)
        run_.undisturbed = not (cut or faults or happenings)
        stop = Stop(self.clock)
        interference = Interference(stop, cut, happenings or {})
        self.sim.faults.add(*faults)

        def connect(token: Credential) -> WatchedTransport:
            assert isinstance(token, str)
            inner = InProcessTransport(self.sim, token, self.clock, self.latency_ms)
            return WatchedTransport(inner, interference, run_.calls, run_.accepted, run_.writes, self.sim, REPOSITORY)

        clock = WatchedClock(self.clock, interference)
        try:
            run_.report = Runs(settings, connect, clock, stop, WatchedConsole(interference)).run()
        except Crash:
            pass
        finally:
            for fault in faults:
                self.sim.faults.rules.remove(fault)
        run_.ended = self.clock()
        run_.kept_after = self.kept
        run_.signalled = stop.signal_number is not None
        self._look_up(run_)
        if self.anchor is None and run_.writes:
            self.anchor = run_.began - settings.lookback * SECOND
        return run_

    def _look_up(self, run_: Run) -> None:
        for call in run_.calls:
            row = self.hook.log.find(int(call.redelivers or 0))
            if row is not None and not call.is_limit:
                run_.asked[row.guid] = call.status
        # Asked for failures alone, GitHub shows neither 0 nor 3xx; the documents say so, and so does the run.
        if run_.filtered or run_.settings.scan is ScanMode.FAILURES:
            for guid, rows in self.events().items():
                seen = [row for row in rows if row.visible_at <= run_.looked_at]
                if seen and all(not row.outcome.succeeded and row.outcome.status_code < 400 for row in seen):
                    self.unseen.add(guid)

    # -- what is true, and what GitHub's log shows of it ---------------------------------------------------------

    def shown_at(self, row: Row) -> int:
        """The time that GitHub's log gives a row."""
        return row.delivered_at // SECOND * SECOND if self.sim.behaviour.whole_seconds else row.delivered_at

    def in_log(self, row: Row, now: int) -> bool:
        """Whether GitHub's log shows it at that moment."""
        return row.shown(now, now - self.sim.behaviour.retention_ms)

    def events(self) -> Mapping[str, list[Row]]:
        """Every event's attempts, forgotten and not yet shown ones too, in the order they were made."""
        return self.hook.log.attempts()

    def is_open(self, rows: list[Row], now: int, settings: Settings) -> bool:
        """Whether there is something left to do for an event: no attempt delivered it, none of the ends is reached."""
        if any(row.outcome.succeeded for row in rows):
            return False
        original = next(row for row in rows if not row.redelivery)
        if settings.events and original.kind.event not in settings.events:
            return False
        tried = sum(row.visible_at <= now for row in rows)
        out_of_attempts = 0 < settings.max_attempts <= tried
        return not out_of_attempts and original.delivered_at >= now - self.sim.behaviour.retention_ms

    def is_ours(self, rows: list[Row], now: int, settings: Settings) -> bool:
        """Whether the user asked for this event: an attempt failed since the first checkpoint, or in ``lookback``."""
        since = self.anchor
        if since is None or not settings.variable_name:
            since = now - settings.lookback * SECOND
        return any(not row.outcome.succeeded and row.delivered_at >= since for row in rows)


def _inputs(settings: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in settings.items()}
