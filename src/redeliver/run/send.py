"""Sending and watching: flow control says what is asked for next, and the log is looked at meanwhile."""

from __future__ import annotations

from contextlib import suppress
from itertools import chain, repeat
from typing import TYPE_CHECKING

from redeliver.core.deliveries import ROUNDING, succeeded
from redeliver.core.reading import SLACK
from redeliver.errors import OutOfTime, RedeliverError
from redeliver.run.log_lines import PROGRESS_INTERVAL, SendProgress, sent_line, title_of
from redeliver.run.walk import Cursor
from redeliver.text import count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redeliver.console import Console
    from redeliver.core.case import Case
    from redeliver.core.flow import Flow
    from redeliver.core.ledger import Ledger
    from redeliver.github.hooks import Hook
    from redeliver.run.record import Record
    from redeliver.timing import RunClock

#: Seconds between looks at the log once everything is sent: short at first, since most deliveries take no time.
_PAUSES = (1.0, 2.0, 3.0, 5.0)
#: Seconds of the shortest wait: a shorter one may be none to the clock.
_TICK = 0.01
#: Milliseconds after which a redelivery without a result is not looked for any more. Otherwise one that never shows up
#: would have each look read back to the beginning of a long run.
_SOUGHT_FOR = 10 * 60_000


class Sender:
    """Asks GitHub to redeliver events, and looks at what becomes of them.

    Each case knows of its request, as one without a reply, before GitHub is asked, so that a run that ends in between
    reports the truth. All methods raise ApiError: GitHub would refuse every further request, or its log could not be
    read. What was sent earlier is recorded.
    """

    def __init__(
        self, hook: Hook, ledger: Ledger, flow: Flow, clock: RunClock, console: Console, *, since: int
    ) -> None:
        """``since``: the moment, in epoch milliseconds, up to which the log has been read."""
        self._hook = hook
        self._ledger = ledger
        self._flow = flow
        self._looked_at = since
        self._clock = clock
        self._console = console

    def deliver(self, due: Sequence[Case], record: Record, *, watch_for: int) -> None:
        """Send these and watch them, in turns as long as a success that shows late lets sending go on.

        The record gets what there was no more time for. ``watch_for``: as for :meth:`send`.
        """
        while record.out_of_time is None:
            try:
                self.send(due, watch_for=watch_for)
            except OutOfTime as late:
                record.out_of_time = late
            self.watch(watch_for)
            if self._flow.ending is not None:
                return

    def send(self, due: Sequence[Case], *, watch_for: int) -> None:
        """Send what flow control lets through, and look at the log meanwhile.

        ``watch_for``: seconds to leave for watching the last ones, at most half of the time that is left; 0: the log is
        not looked at while sending, and flow control not asked.

        Raises OutOfTime: the wait for the next turn or result does not fit into the time limit.
        """
        # Somebody else may have redelivered some of them while the log was read.
        self._look()
        for_watching = min(watch_for, self._clock.remaining() / 2)
        with self._clock.reserving(for_watching), self._console.progress(len(due)) as bar:
            progress = SendProgress(self._ledger, len(due), self._clock, bar)
            self._flow.plan(due)
            if watch_for:
                self._drive(lambda: False, progress)
                return
            for case in due:
                while case.is_untouched:
                    self._ask(case)
                    progress.say()

    def test(self, cases: Sequence[Case], *, seconds: int) -> None:
        """Send some of these until one is delivered or flow control ends it, for at most that many seconds."""
        self._flow.plan(cases)
        # Do not wait out a limit of GitHub's only to look: the time to watch is all there is.
        with suppress(OutOfTime), self._clock.at_most(seconds):
            self._drive(lambda: self._flow.proven)

    def watch(self, seconds: int) -> None:
        """Look until every redelivery has an outcome, for at most that many seconds."""
        said_at = self._clock.now()
        with suppress(OutOfTime), self._clock.at_most(seconds):
            for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
                if not (waiting := self._awaited()):
                    return
                self._clock.wait(pause, f"{count(len(waiting), 'redelivery', 'redeliveries')} with no result yet")
                self._look(is_last=True)
                if self._clock.now() - said_at >= PROGRESS_INTERVAL:
                    said_at = self._clock.now()
                    sent = self._ledger.sent
                    self._console.line(sent_line(sent, len(sent) + len(self._ledger.due)), "Send", passing=True)

    def _drive(self, is_done: Callable[[], bool], progress: SendProgress | None = None) -> None:
        """Send and look, as flow control says."""
        flow, clock = self._flow, self._clock
        while flow.ending is None and not is_done():
            now = clock.now()
            if now >= flow.look_at:
                self._look()
            elif (case := flow.next(now)) is not None:
                # A wait for GitHub's limits is time to look.
                wait = flow.look_at - now
                if self._hook.seconds_to_turn() > wait:
                    clock.wait(max(_TICK, wait), "results")
                else:
                    self._ask(case)
            elif flow.ending is None:
                waiting = count(len(flow.in_flight), "redelivery", "redeliveries")
                what = f"{waiting} with no result yet" if flow.in_flight else "the receiver to recover"
                # In short pieces: a log that stands still for long looks as if the run hung.
                clock.wait(min(max(_TICK, min(flow.look_at, flow.wake) - now), PROGRESS_INTERVAL), what)
            if progress:
                progress.say()

    def _ask(self, case: Case) -> None:
        """Ask for an event's newest attempt to be delivered again, unless a limit refuses it."""
        self._hook.wait_for_turn()
        self._ledger.ask(case, self._hook.now())
        try:
            reply = self._hook.redeliver(case.event.latest.id)
        except RedeliverError:
            # A refusal that ends the run: GitHub did not accept this one. After any other error the outcome is unknown.
            self._ledger.answer(case, None)
            raise
        self._ledger.answer(case, reply)
        if reply is None:
            return
        self._flow.asked(case, self._clock.now())
        # Its outcome gets a log line of its own later.
        self._console.detail(f"{title_of(case.event)}: {reply.acceptance}{f': {reply.why}' if reply.why else ''}")

    def _look(self, *, is_last: bool = False) -> None:
        """Read the rows since the last look and since the oldest request that still has no result.

        ``is_last``: nothing more will be sent, so what shows up late or out of order is looked for, too.
        """
        before, self._looked_at = self._looked_at, self._hook.now()
        waiting, slack = (self._awaited(), SLACK) if is_last else (self._flow.in_flight, ROUNDING)
        asked = [case.redelivery.asked_at - slack for case in waiting if case.redelivery]
        successes = []
        since = min([before, *asked])
        for page in Cursor(self._hook).read_back_to(since):
            self._ledger.take(page.rows)
            # A page has older rows, too, whose successes say nothing about the receiver now.
            successes += [row["delivered_at"] for row in page.rows if succeeded(row) and row["delivered_at"] >= since]
            if not is_last and page.times and page.times[-1] < since:
                # What is out of order and therefore missed is still in flight, so the next look reads back to it again.
                break
        self._flow.looked(self._clock.now(), newest_success=max(successes, default=None))

    def _awaited(self) -> list[Case]:
        """Redeliveries of the last minutes with no result yet."""
        since, sent = self._hook.now() - _SOUGHT_FOR, self._ledger.sent
        return [case for case in sent if case.redelivery and case.redelivery.asked_at >= since and case.is_open]
