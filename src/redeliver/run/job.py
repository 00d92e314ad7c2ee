"""One run over one webhook, top to bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.case import OUTCOMES, PROBE_SIZE, Outcome
from redeliver.core.ledger import Ledger, Rules, checkpoint
from redeliver.core.reading import Extent, Window
from redeliver.errors import (
    ApiError,
    CheckpointInFuture,
    CheckpointInSeconds,
    CheckpointNotSaved,
    OutOfTime,
    Unexpected,
)
from redeliver.run.log_lines import OutcomeLines, checkpoint_line, found_line, reading_line, title_of
from redeliver.run.record import Probe, Record, ending_in
from redeliver.run.scan import Reader
from redeliver.run.send import Sender, Watch, probe_cases, send_in_time, send_probe
from redeliver.text import count
from redeliver.times import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from redeliver.console import Console
    from redeliver.core.case import Case
    from redeliver.core.reading import Reading
    from redeliver.core.settings import Settings
    from redeliver.github.hooks import Hook
    from redeliver.github.ports import Store
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
    run = Run(hook, store, clock, console, settings)
    with ending_in(run.record):
        run.work()
    with ending_in(run.record), clock.closing():
        run.save_checkpoint()
    with ending_in(run.record):
        run.say_outcomes()
    run.record.close(dry_run=settings.dry_run)
    return run.record


class Run:
    """The steps of a run, in the order of ``work``; docs/design.md has them in words."""

    def __init__(self, hook: Hook, store: Store | None, clock: RunClock, console: Console, settings: Settings) -> None:
        self.ledger = Ledger(rules_of(settings))
        self.record = Record(self.ledger)
        self._hook = hook
        self._store = store
        self._clock = clock
        self._console = console
        self._settings = settings
        self._started = 0.0
        self._lines = OutcomeLines(self.ledger, console)
        self._sender = Sender(hook, self.ledger, console)
        self._watch = Watch(hook, self.ledger, clock=clock, lines=self._lines)

    def work(self) -> None:
        """Everything but the checkpoint at the end.

        Raises:
            RedeliverError, Stopped: what ended it early.
        """
        self.record.window = window = self._find_window()
        reader = Reader(self._hook, window, self._settings, self._clock, self._console)
        head = reader.read_head()
        if head is not None:
            self._judge(head)
            if self._probe_endpoint(head) is Probe.DOWN:
                return
        postpone = window.cutoff > window.retained_from + _POSTPONE_MARGIN
        reading = reader.read_window(postpone=postpone)
        self.record.retained_at_end = self._hook.now() - self._settings.retention_ms
        # Before any request that can end the run: what is settled by now no longer holds the checkpoint.
        self._judge(reading)
        due = self._say_found(self._read_histories(reader, reading))
        if due and not self._settings.dry_run:
            self._anchor_checkpoint(window)
            self._send(due)
        self._watch.until_settled(self._settings.wait_for_results)

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

    def _judge(self, reading: Reading, guids: Collection[str] | None = None) -> Reading:
        """Judge what was read. ``guids``: these events alone, of which more has been read."""
        self.record.reading = reading
        self.ledger.judge(reading, guids)
        return reading

    def _probe_endpoint(self, head: Reading) -> Probe | None:
        """Probe an endpoint that looks down, with events read so far. None: not probed."""
        seconds = self._settings.wait_for_results
        first = probe_cases(self.ledger.due)
        if seconds == 0 or self._settings.dry_run or len(first) < PROBE_SIZE:
            return None
        self._anchor_checkpoint(head.window)
        with self._console.group(f"The last {head.scanned:,} attempts all failed: testing the receiver"):
            self._console.line(f"Watching {PROBE_SIZE} test redeliveries before more of the log is read")
            self.record.early_probe = send_probe(self._sender, self._watch, first, seconds)
        return self.record.early_probe

    def _read_histories(self, reader: Reader, reading: Reading) -> Reading:
        """Read the attempts before the window, for events that need them. Returns what has been read by then.

        In two passes. The first asks for failures alone, which takes few calls and is enough to leave most events to
        later runs; the second reads everything, for the few that are due or would be given up: they may be delivered.
        """
        cases = self.ledger.cases
        partly_read = [guid for guid, case in cases.items() if case.needs_history and not reading.is_read_out(guid)]
        if without_original := [guid for guid in partly_read if cases[guid].event.original is None]:
            reading = self._judge(reader.read_earlier_failures(without_original), without_original)
        unchecked = [guid for guid in partly_read if guid in cases and cases[guid].verdict is Outcome.UNCHECKED]
        if unchecked and reading.extent is not Extent.NEWEST:  # else no time or calls are left for it
            reading = self._judge(reader.read_earlier_attempts(unchecked), unchecked)
        return reading

    def _say_found(self, reading: Reading) -> Sequence[Case]:
        """Say what was found. Returns what is to be sent."""
        due, skipped = self.ledger.due, self.ledger.skipped
        reasons = [reason for _, reason in skipped]
        self._console.line(found_line(reading.scanned, len(due), reasons, dry_run=self._settings.dry_run))
        for case, reason in skipped:
            self._console.detail(f"{title_of(case.event)}: {OUTCOMES[reason].word}")
        return due

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

    def _send(self, due: Sequence[Case]) -> None:
        # An endpoint that was probed before the window was read need not be probed again.
        wait = self._settings.wait_for_results
        self.record.sending, self.record.out_of_time = send_in_time(
            self._sender,
            self._watch,
            due,
            title=f"Requesting {count(len(due), 'redelivery', 'redeliveries')}",
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
        record, reading = self.record, self.record.reading
        if self._settings.dry_run or reading is None:
            return None
        start = reading.window.start
        if self._hook.clocks_differ_by:
            # It may have been the wrong one by which the run began.
            start = min(start, self._hook.now() - int((self._clock.now() - self._started) * 1000))
        return checkpoint(self.ledger, reading, start=start, has_gap=record.gap is not None)

    def say_outcomes(self) -> None:
        """Say what became of what was sent."""
        self._lines.say_rest()
        if self.record.endpoint_down:
            self._console.line("The receiver is down: the next run sends the other events")


def rules_of(settings: Settings) -> Rules:
    """What the settings say about one event."""
    # A max-age beyond GitHub's memory never applies: the event expires first. 0: no limit.
    ages = {name: age * 1000 if age <= settings.retention else 0 for name, age in settings.max_age.items()}
    return Rules(settings.max_attempts, settings.retry_spacing * 1000, settings.events, ages)
