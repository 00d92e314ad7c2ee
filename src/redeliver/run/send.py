"""Sending and watching: one at a time, at a limited pace, the first few watched before the rest is sent."""

from __future__ import annotations

from contextlib import suppress
from itertools import chain, repeat
from typing import TYPE_CHECKING

from redeliver.core.case import PROBE_SIZE, Acceptance, Outcome
from redeliver.core.deliveries import succeeded
from redeliver.core.reading import SLACK
from redeliver.errors import OutOfTime, RedeliverError
from redeliver.run.log_lines import OutcomeLines, title_of
from redeliver.run.record import Probe, Sending
from redeliver.run.walk import Cursor
from redeliver.text import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from redeliver.console import Console
    from redeliver.core.case import Case, Redelivery
    from redeliver.core.ledger import Ledger
    from redeliver.github.hooks import Hook
    from redeliver.github.ports import DeliverySource
    from redeliver.timing import RunClock

#: Seconds between looks at the log: short at first, since most deliveries take no time.
_PAUSES = (1.0, 2.0, 3.0, 5.0)


class Sender:
    """Asks GitHub to redeliver events, in order.

    Each case knows of its request, as one without a reply, before GitHub is asked, so that a run that ends in between
    reports the truth.
    """

    def __init__(self, hook: Hook, ledger: Ledger, console: Console) -> None:
        self.console = console
        self._hook = hook
        self._ledger = ledger

    def send(self, cases: Iterable[Case]) -> None:
        """Ask for each event's newest attempt to be delivered again.

        Raises:
            ApiError: GitHub would refuse every further request. Earlier redeliveries are already recorded.
            OutOfTime: the wait for the next turn does not fit into the time limit.
        """
        for case in cases:
            while self._ask(case) is Acceptance.LIMITED:
                pass

    def _ask(self, case: Case) -> Acceptance:
        self._hook.wait_for_turn()
        self._ledger.ask(case, self._hook.now())
        try:
            reply = self._hook.redeliver(case.event.latest.id)
        except RedeliverError:
            # A refusal that ends the run: GitHub did not accept this one. After any other error the outcome is unknown.
            self._ledger.answer(case, None)
            raise
        if reply.acceptance is Acceptance.LIMITED:
            self._ledger.answer(case, None)
        else:
            self._ledger.answer(case, reply)
            # Its outcome gets a log line of its own later.
            why = f": {reply.why}" if reply.why else ""
            self.console.detail(f"{title_of(case.event)}: {reply.acceptance}{why}")
        return reply.acceptance


class Watch:
    """Looks at the newest attempts, and fills in the cases that they are about."""

    def __init__(self, source: DeliverySource, ledger: Ledger, *, clock: RunClock, lines: OutcomeLines) -> None:
        self.clock = clock
        self._source = source
        self._ledger = ledger
        self._lines = lines
        self._another_succeeded = False

    def until_settled(self, seconds: int) -> None:
        """Look until every redelivery has an outcome, for at most ``seconds`` seconds.

        Raises:
            ApiError: the log could not be read.
        """
        self._look_until(lambda: not self._open, seconds)

    def probe(self, cases: Sequence[Case], seconds: int) -> Probe:
        """Watch the first redeliveries until they show whether the endpoint is up, for at most ``seconds`` seconds.

        UP: an outcome that no endpoint that is down could produce, or a success of any event since then.
        """
        self._look_until(lambda: self._verdict(cases) is not None, seconds)
        return self._verdict(cases) or Probe.UNDECIDED

    def _verdict(self, cases: Sequence[Case]) -> Probe | None:
        """The verdict so far. None: still undecided."""
        if self._another_succeeded or any(case.delivered_at is not None for case in cases):
            return Probe.UP
        results = [case.result for case in cases]
        if any(result is not None and not result.suggests_outage for result in results):
            return Probe.UP
        if all(results):
            return Probe.DOWN
        # A refused redelivery is no evidence, and the others alone are too few.
        refused = any(case.result_outcome is Outcome.REFUSED for case in cases)
        return Probe.UNDECIDED if refused else None

    @property
    def _open(self) -> list[Redelivery]:
        return [case.redelivery for case in self._ledger.sent if case.redelivery and case.is_open]

    def _look_until(self, done: Callable[[], bool], seconds: int) -> None:
        # Do not wait out a limit of GitHub's only to look: the time to watch is all there is.
        after = max(0.0, self.clock.remaining() - seconds)
        with suppress(OutOfTime), self.clock.reserving(after):
            for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
                if done():
                    return
                unseen = count(len(self._open), "redelivery", "redeliveries")
                self.clock.wait(pause, f"{unseen} with no result yet")
                self._look()
                self._lines.say_new()

    def _look(self) -> None:
        since = min(one.asked_at for one in self._open)
        for page in Cursor(self._source).read_back_to(since - SLACK):
            self._ledger.take(page.rows)
            if any(succeeded(row) and row["delivered_at"] >= since for row in page.rows):
                self._another_succeeded = True


def probe_cases(cases: Iterable[Case]) -> list[Case]:
    """What to probe with: events with the fewest attempts, since those that have failed often may fail anyway."""
    return sorted(cases, key=lambda case: case.event.count)[:PROBE_SIZE]


def send_probe(sender: Sender, watch: Watch, cases: Sequence[Case], seconds: int) -> Probe:
    """Send these, and watch what they show about the endpoint, for at most ``seconds`` seconds."""
    sender.send(cases)
    return watch.probe(cases, seconds)


def send_with_probe(
    sender: Sender,
    watch: Watch,
    cases: Sequence[Case],
    seconds: int,
    *,
    choose: Callable[[Sequence[Case]], Sequence[Case]] = probe_cases,
) -> Sending:
    """Send the first few, see whether the endpoint is up, and send the rest only if it is not down.

    ``seconds``: how long to watch the first few for; 0: send everything at once. ``choose``: which are the first few.
    """
    if seconds == 0 or len(cases) <= PROBE_SIZE:
        sender.send(cases)
        return Sending.DONE
    if send_probe(sender, watch, choose(cases), seconds) is Probe.DOWN:
        return Sending.ENDPOINT_DOWN
    # Meanwhile somebody else may have redelivered one of them.
    sender.send(case for case in cases if case.is_untouched)
    return Sending.DONE


def send_in_time(
    sender: Sender,
    watch: Watch,
    cases: Sequence[Case],
    *,
    title: str,
    watch_for: int,
    probe_for: int,
    choose: Callable[[Sequence[Case]], Sequence[Case]] = probe_cases,
) -> tuple[Sending, OutOfTime | None]:
    """As :func:`send_with_probe`, and ``watch_for`` seconds are left to watch, or half of the time if that is less.

    Returns how sending ended, and if that was for want of time, what there was none for.

    Raises:
        ApiError: GitHub would refuse every further request.
    """
    for_watching = min(watch_for, watch.clock.remaining() / 2)
    try:
        with sender.console.group(title), watch.clock.reserving(for_watching):
            return send_with_probe(sender, watch, cases, probe_for, choose=choose), None
    except OutOfTime as late:
        return Sending.OUT_OF_TIME, late
