"""One run over one webhook, top to bottom."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from redeliver.core.case import OUTCOMES, Outcome
from redeliver.core.flow import Flow
from redeliver.core.ledger import Ledger, Rules, next_checkpoint
from redeliver.core.reading import Extent, Window
from redeliver.errors import (
    ApiError,
    CheckpointInFuture,
    CheckpointInSeconds,
    CheckpointNotSaved,
    OutOfTime,
    Unexpected,
)
from redeliver.run.log_lines import (
    checkpoint_line,
    deadline_line,
    found_line,
    log_outcomes,
    plan_line,
    reading_line,
    stop_line,
    test_line,
    title_of,
)
from redeliver.run.record import Record, ending_in
from redeliver.run.result import build_report, forecast_of, report_of_bug
from redeliver.run.scan import Reader
from redeliver.run.send import Sender
from redeliver.times import HOUR, MINUTE
from redeliver.timing import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Collection

    from redeliver.core.reading import Reading
    from redeliver.core.report import HookReport
    from redeliver.core.settings import Settings
    from redeliver.github.hooks import Hook
    from redeliver.github.session import Session
    from redeliver.github.variable import Store

#: Checkpoints that were stored in seconds by mistake, from 2001 on. As milliseconds they would be of the early 1970s.
_EPOCH_SECONDS = range(10**9, 10**11)
#: Milliseconds by which a checkpoint may be ahead of GitHub's clock. That has whole seconds only, and the documented
#: script of GitHub, which may have written the checkpoint, goes by its machine's clock.
_AHEAD = MINUTE
#: Milliseconds. A run leaves reading to later ones, which have more calls, only if GitHub keeps the start of the window
#: for longer than this.
_POSTPONE_MARGIN = 12 * HOUR
#: The fewest due events that are worth a test.
_ENOUGH_TO_TEST = 3


def run_hook(session: Session, hook: Hook, store: Store | None, heading: str) -> HookReport:
    """One run over one webhook. Whatever happens, the report holds what is known.

    ``store``: None means that no checkpoint is kept and every run looks back over ``lookback``. ``heading``: how the
    first line of the log begins.
    """
    began, run = session.clock.now(), Run(session, hook, store)
    with ending_in(run.record):
        run.work(heading)
    with ending_in(run.record), session.clock.closing():
        # Events that are due hold it, whatever they are left for.
        run.save_checkpoint()
    with ending_in(run.record):
        run.log_end()
    run.record.close(dry_run=session.settings.dry_run)
    try:
        report = build_report(hook, run.record, session.settings)
    except Exception as bug:  # noqa: BLE001  a bug must not cost the other hooks their runs and reports
        report = report_of_bug(hook, run.record, bug)
    return replace(report, seconds=session.clock.now() - began)


class Run:
    """The steps of a run, in the order of ``work``; docs/maintainers.md has them in words."""

    def __init__(self, session: Session, hook: Hook, store: Store | None) -> None:
        self.ledger = Ledger(rules_of(session.settings))
        self.record = Record(self.ledger)
        self._hook = hook
        self._store = store
        self._settings = session.settings
        self._clock = session.clock
        self._console = session.console
        self._random = session.random
        self._started_at = 0.0
        """By the run's own clock."""
        self._sender: Sender | None = None

    def work(self, heading: str) -> None:
        """Read, judge, send and watch. Raises RedeliverError or Stopped: what ended it early."""
        # Until the reader finds something to send.
        self._clock.patience = PATIENCE
        self.record.window = window = self._find_window(heading)
        can_wait = window.cutoff > window.retained_from + _POSTPONE_MARGIN
        if not can_wait:
            self._clock.patience = inf
        is_off = self.record.active is False
        reader = Reader(self._hook, window, self._settings, self._clock, self._console, needs_newest=is_off)
        if (outage := reader.read_outage()) is not None:
            # The newest attempts have all failed, and there is much more to read.
            self._judge(outage)
            if self._test_shows_down(outage):
                return
        reading = reader.read_window(postpone=can_wait)
        self.record.retained_at_end = self._hook.now() - self._settings.retention
        # Before more is read: should that fail, what is settled already must not hold the checkpoint.
        self._judge(reading)
        reading = self._read_histories(reader, reading)
        self._log_found(reading)
        if self.ledger.due and not self._settings.dry_run:
            self._anchor_checkpoint(window)
            wait = self._settings.wait_for_results
            self._sender_after(reading).deliver(self.ledger.due, self.record, watch_for=wait)
        elif self._sender:  # there was a test alone
            self._sender.watch(self._settings.wait_for_results)

    def save_checkpoint(self) -> None:
        """Write the next checkpoint, unless there is none, or a bug or writing it before ended the run."""
        record, reading = self.record, self.record.reading
        if self._store is None or isinstance(record.ended_by, CheckpointNotSaved | Unexpected):
            return
        if self._settings.dry_run or reading is None:
            return
        start = reading.window.start
        if self._hook.clocks_differ_by:
            # The clock that told the start may be the wrong one: reckon it back from the one that counts now.
            start = min(start, self._hook.now() - int((self._clock.now() - self._started_at) * 1000))
        moment = next_checkpoint(self.ledger, reading, start=start, has_gap=record.gap is not None)
        if moment is None:
            return
        try:
            self._store.write(moment, is_last=True)
        except CheckpointNotSaved as fault:
            record.unsaved = fault
        else:
            record.saved = moment

    def log_end(self) -> None:
        """Say what became of what was sent, why it stopped, and where the next run begins."""
        log_outcomes(self.ledger, self._console)
        record = self.record
        if why := stop_line(self.ledger, record.flow, record.ended_by or record.out_of_time):
            self._console.line(why, "Stop")
        if record.saved is not None:
            self._console.line(checkpoint_line(record.saved, self._settings.overlap), "Saved")

    # -- the steps ----------------------------------------------------------------------------------------------

    def _find_window(self, heading: str) -> Window:
        # First, since whether it is late decides how long the run waits where few of the hour's calls are left.
        try:
            stored = self._store.read() if self._store else None
            self.record.active = self._is_active()
        finally:
            self._console.line(f"{heading} · {self._hook.described}")
        if self._store and stored is not None and stored in _EPOCH_SECONDS:
            raise CheckpointInSeconds(place=self._store.place, value=stored)
        start = self._hook.now()
        self._started_at = self._clock.now()
        if self._store and stored is not None and stored > start + _AHEAD:
            raise CheckpointInFuture(place=self._store.place, value=stored, now=start)
        retained_from = start - self._settings.retention
        # Not from before that: to the next run, an older checkpoint would look like a gap.
        first = max(start - self._settings.lookback * 1000, retained_from)
        checkpoint = first if stored is None else min(stored, start)
        # Whole seconds: some servers report no finer times, and an attempt in the cutoff's own second must be included.
        cutoff = max((checkpoint - self._settings.overlap * 1000) // 1000 * 1000, retained_from)
        window = Window(start, stored, checkpoint, cutoff, retained_from)
        kept = self._store is not None
        self._console.line(reading_line(window, self._settings.overlap, kept=kept), "Read")
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
        self.record.run_seconds = self._clock.remaining() - self._settings.wait_for_results
        self.ledger.judge(reading, guids)
        return reading

    def _test_shows_down(self, outage: Reading) -> bool:
        """Send a few of the events read so far, before more of a long log is read."""
        due, seconds = self.ledger.due, self._settings.wait_for_results
        if seconds == 0 or self._settings.dry_run or len(due) < _ENOUGH_TO_TEST:
            return False
        self._anchor_checkpoint(outage.window)
        self._console.line(f"the newest {outage.scanned:,} attempts all failed: is the receiver up?", "Test")
        self._sender_after(outage).test(due, seconds=seconds)
        self._console.line(test_line(self.ledger.sent, down=self.record.endpoint_down), "Test")
        return self.record.endpoint_down

    def _read_histories(self, reader: Reader, reading: Reading) -> Reading:
        """Read the attempts before the window, for events that need them. Returns what has been read by then.

        In two passes. The first asks for failures alone, which takes few calls and shows that most events are not due
        yet. The second reads everything, for the few that are due or would be given up: they may already be delivered.
        """
        cases = self.ledger.cases
        partly_read = [guid for guid, case in cases.items() if case.needs_history and not reading.is_read_out(guid)]
        if without_original := [guid for guid in partly_read if cases[guid].event.original is None]:
            reading = self._judge(reader.read_earlier_failures(without_original), without_original)
        unchecked = [guid for guid in partly_read if guid in cases and cases[guid].verdict is Outcome.UNCHECKED]
        if unchecked and reading.extent is not Extent.NEWEST:  # else no time or calls are left for it
            reading = self._judge(reader.read_earlier_attempts(unchecked), unchecked)
        return reading

    def _log_found(self, reading: Reading) -> None:
        settings, now = self._settings, reading.window.start
        self._console.line(found_line(reading, self.ledger, self._clock.now() - self._started_at), "Read")
        takes = None
        if (due := self.ledger.due) and reading.extent is not Extent.NEWEST:
            forgotten_at = [reading.first_by(case.event) + settings.retention for case in due]
            takes = forecast_of(self._hook, self.record, settings, forgotten_at, now)
        if plan := plan_line(self.ledger, takes, dry_run=settings.dry_run):
            self._console.line(plan, "Plan")
        if takes:
            self._console.line(deadline_line(takes, now), "Deadline")
        for case, reason in self.ledger.skipped:
            self._console.detail(f"{title_of(case.event)}: {OUTCOMES[reason].word}")

    def _anchor_checkpoint(self, window: Window) -> None:
        """Write the checkpoint that the run began with, which proves that it can be written.

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

    def _sender_after(self, reading: Reading) -> Sender:
        """The run's one sender, made when it is first needed. What it learns in a test counts for the rest, too."""
        if self._sender is None:
            start = reading.window.start
            alive = reading.accepted_between(start - HOUR, self._hook.now()) is True
            self.record.flow = Flow(alive=alive, random=self._random)
            self._sender = Sender(self._hook, self.ledger, self.record.flow, self._clock, self._console, since=start)
        return self._sender


def rules_of(settings: Settings) -> Rules:
    """What the settings say about one event."""
    # A max-age beyond GitHub's retention never applies, since the event expires first; 0 stands for no limit.
    ages = {name: age * 1000 if age * 1000 <= settings.retention else 0 for name, age in settings.max_age.items()}
    return Rules(settings.max_attempts, settings.retry_spacing * 1000, settings.events, ages)
