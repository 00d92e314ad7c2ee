"""One run over one webhook, top to bottom."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from redeliver.core.plan import Rules, make_plan, next_checkpoint
from redeliver.core.redelivery import Outcome
from redeliver.core.settings import ScanMode
from redeliver.errors import (
    ApiError,
    CheckpointInFuture,
    CheckpointInSeconds,
    CheckpointNotSaved,
    OutOfTime,
    RedeliverError,
    Stopped,
    Unexpected,
)
from redeliver.run.log_lines import OutcomeLines, checkpoint_line, found_line, in_words, reading_line, title_of
from redeliver.run.record import Extent, Probe, Record, Scan, Unread, Window
from redeliver.run.scan import Reader
from redeliver.run.send import PROBE_SIZE, Sender, Watch, probe_events, send_in_time, send_probe
from redeliver.text import count
from redeliver.times import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from redeliver.console import Console
    from redeliver.core.deliveries import Event
    from redeliver.core.plan import Plan
    from redeliver.core.ports import Hook, Store
    from redeliver.core.settings import Settings
    from redeliver.timing import RunClock

#: Numbers of seconds since 1970 that a checkpoint can be meant to be, from 2001 on. As milliseconds they are of 1970.
_EPOCH_SECONDS = range(10**9, 10**11)
#: Milliseconds by which a checkpoint may be ahead of GitHub's clock. That tells whole seconds, and GitHub's documented
#: script, which may have kept it before, goes by the clock of its own machine.
_AHEAD = MINUTE
#: Milliseconds. Reading is postponed to a new hour only if GitHub keeps the start of the window for longer than this.
_POSTPONE_MARGIN = 12 * HOUR


def run_hook(hook: Hook, store: Store | None, clock: RunClock, console: Console, settings: Settings) -> Record:
    """One run over one webhook. Whatever happens, the record holds what is known.

    ``store``: None means that no checkpoint is kept and every run looks back over ``lookback``.
    """
    job = Job(hook, store, clock, console, settings)
    with _ending_in(job.record):
        job.work()
    with _ending_in(job.record), clock.closing():
        job.save_checkpoint()
    with _ending_in(job.record):
        job.say_outcomes()
    return job.record


@contextmanager
def _ending_in(record: Record) -> Iterator[None]:
    """Record what ended this block early, unless something already has."""
    try:
        yield
    except (RedeliverError, Stopped) as fault:
        ending: RedeliverError | Stopped = fault
    except Exception as bug:  # noqa: BLE001  a bug must not hide what the run has already done
        ending = Unexpected(kind=type(bug).__name__)
    else:
        return
    if record.ended_by is None:
        record.ended_by = ending


class Job:
    """The steps of a run, in the order of ``work``; docs/design.md has them in words."""

    def __init__(self, hook: Hook, store: Store | None, clock: RunClock, console: Console, settings: Settings) -> None:
        self._rules = rules_of(settings)
        self.record = Record(self._rules)
        self._hook = hook
        self._store = store
        self._clock = clock
        self._console = console
        self._settings = settings
        self._started = 0.0
        self._lines = OutcomeLines(self.record.redeliveries, console)

    def work(self) -> None:
        """Everything but the checkpoint at the end.

        Raises:
            RedeliverError, Stopped: what ended it early.
        """
        self.record.window = window = self._find_window()
        self.record.scan = scan = Scan(window, self._settings.delivery_timeout)
        reader = Reader(self._hook, self._clock, self._console)

        looks_down = reader.read_head(scan, self._settings.scan)
        if looks_down and self._probe_endpoint(scan) is Probe.DOWN:
            return
        postpone = window.cutoff > window.retained_from + _POSTPONE_MARGIN
        reader.read_window(scan, self._settings.scan, postpone=postpone)
        self.record.retained_at_end = self._hook.now() - self._settings.retention_ms
        # Before any request that can end the run: what is settled by now no longer holds the checkpoint.
        undelivered = self._unsent(scan)
        not_whole = _not_read_whole(scan, undelivered)
        self.record.window_plan = plan = self._plan_for(undelivered, scan, not_whole)
        if not_whole:
            plan = self._make_plan(scan, self._read_history(reader, scan))
        self.record.plan = plan
        self._say_found(scan, plan)
        if plan.due and not self._settings.dry_run:
            self._anchor_checkpoint(window)
            self._send(plan, scan)
        self._watch(scan).until_settled(self._settings.wait_for_results)

    # -- the steps ----------------------------------------------------------------------------------------------

    def _find_window(self) -> Window:
        stored = self._store.read() if self._store else None
        if self._store and stored is not None and stored in _EPOCH_SECONDS:
            raise CheckpointInSeconds(place=self._store.place, value=stored)
        # First, as it is a second response with GitHub's time.
        self.record.active = self._is_active()
        start, self._started = self._hook.now(), self._clock.now()
        if self._store and stored is not None and stored > start + _AHEAD:
            raise CheckpointInFuture(place=self._store.place, value=stored, now=start)
        retained_from = start - self._settings.retention_ms
        # What GitHub had forgotten before the first run is no gap in the runs that follow.
        first = max(start - self._settings.lookback * 1000, retained_from)
        checkpoint = first if stored is None else min(stored, start)
        # Whole seconds: some servers report no finer times, and an attempt in the cutoff's own second must be included.
        cutoff = max((checkpoint - self._settings.overlap * 1000) // 1000 * 1000, retained_from)
        window = Window(start, stored, checkpoint, cutoff, retained_from)
        kept = self._store is not None
        self._console.line(reading_line(self._hook.name, window, self._settings.overlap, kept=kept))
        return window

    def _is_active(self) -> bool | None:
        try:
            return self._hook.is_active()
        except (ApiError, OutOfTime) as fault:
            # Not worth failing the run for: if the log cannot be read either, that error is reported.
            self._console.detail(str(fault))
            return None

    def _probe_endpoint(self, scan: Scan) -> Probe | None:
        """Probe an endpoint that looks down, with events read so far. None: not probed."""
        if self._settings.wait_for_results == 0 or self._settings.dry_run:
            return None
        undelivered = scan.log.undelivered(scan.window.cutoff)
        plan = self._plan_for(undelivered, scan, _not_read_whole(scan, undelivered))
        first = probe_events(plan.due)
        if len(first) < PROBE_SIZE:
            return None
        self.record.early_plan = plan
        self._anchor_checkpoint(scan.window)
        with self._console.group(f"The last {scan.scanned:,} attempts all failed: testing the receiver"):
            self._console.line(f"Watching {PROBE_SIZE} test redeliveries before more of the log is read")
            seconds = self._settings.wait_for_results
            self.record.early_probe = send_probe(self._sender(), self._watch(scan), first, seconds)
        return self.record.early_probe

    def _read_history(self, reader: Reader, scan: Scan) -> list[str]:
        """Read the attempts before the window, for events that need them. Returns the guids of the unchecked ones.

        In two passes. The first asks for failures alone, which takes few calls and is enough to leave most events to
        later runs; the second reads everything, for the few that are due or would be given up: they may be delivered.
        """
        retained_from = scan.window.retained_from
        without_original = [
            event.guid
            for event in self._unsent(scan)
            if event.original is None and self.record.final_outcome(event) is None
        ]
        if without_original:
            reader.read_earlier_failures(scan, without_original, retained_from)
        plan = self._plan_for(self._unsent(scan), scan)
        given_up = (event for event, reason in plan.skipped if reason is Outcome.GIVEN_UP)
        if unchecked := _not_read_whole(scan, (*plan.due, *given_up)):
            if scan.extent is not Extent.NEWEST:  # else no time or calls are left for it
                reader.read_earlier_attempts(scan, unchecked, retained_from)
            unchecked = [guid for guid in unchecked if not scan.is_read_whole(guid)]
        return unchecked

    def _make_plan(self, scan: Scan, unchecked: Sequence[str]) -> Plan:
        """Decide what to do with each event.

        An event that was not read whole is unchecked. If nothing is left to read, its first attempt is gone: it has
        expired.
        """
        if scan.read_back_to <= scan.window.retained_from:
            # A first attempt that cannot be read is not gone.
            self.record.expired = frozenset(guid for guid in unchecked if not scan.log.has_unread(guid))
            unchecked = ()
        return self._plan_for(self._unsent(scan), scan, unchecked)

    def _say_found(self, scan: Scan, plan: Plan) -> None:
        self._console.line(found_line(scan.scanned, plan, dry_run=self._settings.dry_run))
        for event, reason in plan.skipped:
            self._console.detail(f"{title_of(event)}: {in_words(reason)}")

    def _anchor_checkpoint(self, window: Window) -> None:
        """Write the checkpoint unchanged, which proves that it can be written.

        If this is the first run and it crashes, the next one starts from there, too.
        """
        if self._store is None or self.record.anchored is not None:
            return
        try:
            self._store.write(window.checkpoint)
        except CheckpointNotSaved as fault:
            if isinstance(fault.why, OutOfTime):
                raise fault.why from None  # nothing is wrong with the store
            raise
        self.record.anchored = window.checkpoint

    def _send(self, plan: Plan, scan: Scan) -> None:
        # An endpoint that was probed before the window was read need not be probed again.
        wait = self._settings.wait_for_results
        self.record.sending, self.record.out_of_time = send_in_time(
            self._sender(),
            self._watch(scan),
            plan.due,
            title=f"Requesting {count(len(plan.due), 'redelivery', 'redeliveries')}",
            watch_for=wait,
            probe_for=wait if self.record.early_probe is None else 0,
        )

    def save_checkpoint(self) -> None:
        """Write the next checkpoint, unless an internal error ended the run. Call it while the clock is closing."""
        record = self.record
        moment = self._next_checkpoint()
        if self._store is None or moment is None or isinstance(record.ended_by, CheckpointNotSaved | Unexpected):
            return
        try:
            self._store.write(moment)
        except CheckpointNotSaved as fault:
            record.unsaved = fault
        else:
            record.saved = moment
            self._console.line(checkpoint_line(moment, self._settings.overlap))

    def _next_checkpoint(self) -> int | None:
        """The next checkpoint; None: it stays as it is, after a dry run or if too little was read."""
        record, window, scan = self.record, self.record.window, self.record.scan
        if self._settings.dry_run or window is None or scan is None or scan.extent is Extent.BROKEN_OFF:
            return None
        if scan.extent is Extent.NEWEST:
            # Too little was read, but what GitHub has forgotten is reported once: later runs start after it.
            return max(window.checkpoint, window.retained_from) if record.gap else None
        start = window.start
        if self._hook.clocks_differ_by:
            # It may have been the wrong one by which the run began.
            start = min(start, self._hook.now() - int((self._clock.now() - self._started) * 1000))
        failures_only = scan.extent is Extent.FAILURES_FIRST or self._settings.scan is ScanMode.FAILURES
        undelivered = scan.log.undelivered(window.cutoff)
        return next_checkpoint(
            start,
            undelivered,
            self._rules,
            record.expired,
            unchecked=[guid for guid in _not_read_whole(scan, undelivered) if guid not in record.expired],
            unread=[row.at for row in record.unread_rows().get(Unread.HOLDS, ()) if row.at is not None],
            failures_only=failures_only,
            oldest_success=scan.oldest_success,
        )

    def say_outcomes(self) -> None:
        """Say what became of what was sent."""
        if self.record.scan is not None:
            self._lines.say_rest(self.record.scan.log)
        if self.record.endpoint_down:
            self._console.line("The receiver is down: the next run sends the other events")

    # -- what the steps use -------------------------------------------------------------------------------------

    def _unsent(self, scan: Scan) -> Sequence[Event]:
        """Undelivered events, without those that a probe has sent."""
        undelivered = scan.log.undelivered(scan.window.cutoff)
        return [event for event in undelivered if event.guid not in self.record.redeliveries]

    def _plan_for(
        self,
        events: Iterable[Event],
        scan: Scan,
        unchecked: Collection[str] = (),
    ) -> Plan:
        return make_plan(
            events,
            self._rules,
            scan.window.start,
            expired=self.record.expired,
            unchecked=unchecked,
            oldest_success=scan.oldest_success,
        )

    def _sender(self) -> Sender:
        return Sender(self._hook, self.record.redeliveries, self._console)

    def _watch(self, scan: Scan) -> Watch:
        redeliveries = self.record.redeliveries
        guids = {event.guid for event in scan.log.undelivered(scan.window.cutoff)} | set(redeliveries)
        return Watch(self._hook, scan.log, redeliveries, guids, clock=self._clock, lines=self._lines)


def _not_read_whole(scan: Scan, events: Iterable[Event]) -> list[str]:
    return [event.guid for event in events if not scan.is_read_whole(event.guid)]


def rules_of(settings: Settings) -> Rules:
    """What the settings say about one event."""
    # A max-age beyond GitHub's memory never applies: the event expires first. 0: no limit.
    ages = {name: age * 1000 if age <= settings.retention else 0 for name, age in settings.max_age.items()}
    return Rules(settings.max_attempts, settings.retry_spacing * 1000, settings.events, ages)
