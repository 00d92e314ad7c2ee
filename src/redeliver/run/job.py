"""One run, top to bottom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redeliver.core.plan import Plan, Rules, make_plan, settled_up_to
from redeliver.core.settings import ScanMode
from redeliver.errors import CheckpointInFuture, CheckpointNotSaved, OutOfTime, RedeliverError, Stopped, Unexpected
from redeliver.output.headline import count
from redeliver.run import log_lines as telling
from redeliver.run.record import Facts
from redeliver.run.scan import Reader, Scan
from redeliver.run.send import PROBE, Sender, first_to_ask, probe, send_with_probe
from redeliver.run.watch import Watch
from redeliver.times import clock_time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redeliver.console import Console
    from redeliver.core.deliveries import Event
    from redeliver.core.settings import Settings
    from redeliver.github.api import Caller
    from redeliver.github.hook import Hook
    from redeliver.github.variable import CheckpointStore
    from redeliver.waiter import Waiter

#: Milliseconds before GitHub forgets a window's beginning in which nothing of it is put off.
_LAST_HOURS = 12 * 3_600_000


@dataclass(frozen=True, slots=True)
class Tools:
    """What a run works with. ``variables`` calls with the token that may write the checkpoint."""

    hook: Hook
    caller: Caller
    variables: Caller
    store: CheckpointStore | None
    """None: no checkpoint is kept, and every run looks back over ``lookback``."""
    waiter: Waiter
    console: Console
    closing: Callable[[], Waiter]
    """Begins the end of the run: from then on there is a little time, of its own, for the checkpoint."""


class Job:
    """One run over one hook."""

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self.facts = Facts()
        self._settings = settings
        self._rules = Rules(settings.max_attempts, settings.retry_spacing * 1000, settings.events)
        self._tools = tools
        self._reader = Reader(tools.hook, tools.waiter, tools.console, lambda: tools.caller.quota)

    def run(self) -> Facts:
        """Steps 2 to 8 of the design; whatever happens on the way, what is known is kept and returned."""
        try:
            self._find_checkpoint()  # 2
            self._scan()  # 3
            if not self._read.cut:
                self._plan_with_history()  # 4, 5
                self._send()  # 6
                self._watch()  # 7
        except OutOfTime as late:
            self.facts.ended_by = self.facts.ended_by or late
        except (RedeliverError, Stopped) as ending:
            self.facts.ended_by = ending
        except Exception as fault:  # noqa: BLE001  a bug of ours must not hide what has been done until then
            self.facts.ended_by = Unexpected(kind=type(fault).__name__)
        self._tell_outcomes()
        self._keep_checkpoint()  # 8
        return self.facts

    def _find_checkpoint(self) -> None:
        facts, store = self.facts, self._tools.store
        found = store.read(self._tools.variables) if store else None
        facts.start = self._tools.caller.now()
        if store and found is not None and found > facts.start:
            raise CheckpointInFuture(place=store.place, value=found, now=facts.start)
        facts.kept = found
        facts.checkpoint = facts.start - self._settings.lookback * 1000 if found is None else found
        # Whole seconds, since some servers tell no more: a row of this very second must not fall out.
        cutoff = (facts.checkpoint - self._settings.overlap * 1000) // 1000 * 1000
        facts.cutoff = max(cutoff, self._forgotten_before)

    def _scan(self) -> None:
        first = ", since there is no checkpoint yet" if self._tools.store and self.facts.kept is None else ""
        back = f"back to {clock_time(self.facts.cutoff)}{first}"
        self._tools.console.line(f"Reading the log of {self._tools.hook.name} {back}")
        facts, mode, scan = self.facts, self._settings.scan, Scan(newest=self.facts.start)
        can_ask = self._settings.wait_for_results > 0 and not self._settings.dry_run
        # Near the end of GitHub's memory there may be no later run that finds more calls.
        may_wait = facts.cutoff > self._forgotten_before + _LAST_HOURS
        self._reader.window(scan, facts.cutoff, mode, to_the_end=not can_ask, may_wait=may_wait)
        facts.scan = scan
        if scan.cut:
            whole, facts.cutoff = facts.cutoff, int(scan.covered)
            if not self._is_down():
                self._reader.window(scan, whole, mode, may_wait=may_wait)
                facts.cutoff = whole

    def _is_down(self) -> bool:
        """Ask an endpoint that seems dead whether it lives, by the first of the events read so far."""
        facts, scan, tools = self.facts, self._read, self._tools
        half_read = [event.guid for event in self._undelivered() if not scan.is_read_whole(event.guid)]
        facts.plan = make_plan(self._undelivered(), self._rules, facts.start, unchecked=half_read)
        first = first_to_ask(facts.plan.due)
        if len(first) < PROBE:
            return False
        self._write_checkpoint(facts.checkpoint, tools.variables)
        with tools.console.group(f"The last {scan.scanned:,} attempts all failed: asking whether the endpoint lives"):
            alive = probe(self._sender(), self._watcher(), first, self._settings.wait_for_results, "more is read")
        facts.endpoint_down = not alive
        return facts.endpoint_down

    def _plan_with_history(self) -> None:
        facts, scan, reader = self.facts, self._read, self._reader
        first_unseen = [
            event.guid
            for event in self._unasked()
            if event.original is None and self._rules.ends(event, forgotten=()) is None
        ]
        if first_unseen:
            reader.attempts_before(scan, first_unseen, self._forgotten_before)
        due = make_plan(self._unasked(), self._rules, facts.start).due
        half_read = [event.guid for event in due if not scan.is_read_whole(event.guid)]
        if half_read:
            reader.whole_before(scan, half_read, self._forgotten_before)
        half_read = [guid for guid in half_read if not scan.is_read_whole(guid)]
        if scan.covered <= self._forgotten_before:
            facts.forgotten, half_read = frozenset(half_read), []
        plan = make_plan(self._unasked(), self._rules, facts.start, forgotten=facts.forgotten, unchecked=half_read)
        facts.plan = Plan((*(one.event for one in facts.redeliveries.values()), *plan.due), plan.left)
        self._tools.console.line(telling.found(scan, facts.plan, dry_run=self._settings.dry_run))
        for event, reason in facts.plan.left:
            self._tools.console.detail(f"{telling.title_of(event)}: {reason}")

    def _send(self) -> None:
        facts, tools = self.facts, self._tools
        due = [event for event in self._planned.due if event.guid not in facts.redeliveries]
        if not due or self._settings.dry_run:
            return
        # Proves that it can be written, and anchors a first run that crashes.
        self._write_checkpoint(facts.checkpoint, tools.variables)
        wait = self._settings.wait_for_results
        asking = tools.console.group(f"Asking for {count(len(due), 'redelivery', 'redeliveries')}")
        try:
            with asking, tools.waiter.keeping(min(wait, tools.waiter.remaining() / 2)):
                # Where an endpoint that seemed dead has been asked before, it need not be asked again.
                seconds = 0 if facts.redeliveries else wait
                alive = send_with_probe(self._sender(), self._watcher(), due, self._read.log, seconds)
        except OutOfTime as late:
            facts.ended_by = late  # what was sent is watched all the same
        else:
            facts.endpoint_down = not alive

    def _sender(self) -> Sender:
        return Sender(self._tools.hook, self._tools.caller, self.facts.redeliveries, self._tools.console)

    def _watch(self) -> None:
        self._watcher().until_settled(self._settings.wait_for_results)

    def _tell_outcomes(self) -> None:
        if self.facts.scan is not None:
            for line in telling.outcomes(self.facts.redeliveries, self.facts.scan.log):
                self._tools.console.line(line)
        if self.facts.endpoint_down:
            self._tools.console.line("The endpoint is down: the rest is kept for the next run")

    def _watcher(self) -> Watch:
        log = self._read.log
        guids = {event.guid for event in self._undelivered()} | set(self.facts.redeliveries)
        return Watch(self._tools.hook, log, self.facts.redeliveries, guids, self._tools.waiter)

    def _keep_checkpoint(self) -> None:
        facts = self.facts
        waiter = self._tools.closing()
        if self._settings.dry_run or isinstance(facts.ended_by, CheckpointNotSaved | Unexpected):
            return  # after a bug nothing that is known can be built on
        if facts.scan is None or facts.scan.cut:
            return  # it stays where it is: what came after it was not read
        filtered = facts.scan.filtered or self._settings.scan is ScanMode.FAILURES
        moment = settled_up_to(facts.start, self._undelivered(), self._rules, facts.forgotten, filtered=filtered)
        try:
            self._write_checkpoint(moment, self._tools.variables.closing(waiter))
        except CheckpointNotSaved as fault:
            facts.unsaved = fault
        else:
            if self._tools.store:
                self._tools.console.line(f"The next run starts from {clock_time(moment)}")

    def _write_checkpoint(self, moment: int, caller: Caller) -> None:
        if self._tools.store:
            self._tools.store.write(caller, moment)
            self.facts.kept = moment

    def _unasked(self) -> Sequence[Event]:
        """What an endpoint that seemed dead has not been asked by."""
        return [event for event in self._undelivered() if event.guid not in self.facts.redeliveries]

    def _undelivered(self) -> Sequence[Event]:
        return self._read.log.undelivered(self.facts.cutoff)

    @property
    def _forgotten_before(self) -> int:
        return self.facts.start - self._settings.retention * 1000

    @property
    def _read(self) -> Scan:
        if self.facts.scan is None:
            raise RuntimeError("the window has not been read")
        return self.facts.scan

    @property
    def _planned(self) -> Plan:
        if self.facts.plan is None:
            raise RuntimeError("nothing has been planned")
        return self.facts.plan
