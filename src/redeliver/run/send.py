"""Sending and watching: one at a time, at a limited pace, the first few watched before the rest is sent."""

from __future__ import annotations

from contextlib import suppress
from itertools import chain, repeat
from typing import TYPE_CHECKING

from redeliver.core.deliveries import succeeded
from redeliver.core.redelivery import Acceptance, Outcome, Redelivery, Reply
from redeliver.errors import OutOfTime, RedeliverError
from redeliver.run.log_lines import OutcomeLines, title_of
from redeliver.run.record import SLACK, Probe, Sending
from redeliver.run.scan import walk
from redeliver.text import count

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from redeliver.console import Console
    from redeliver.core.deliveries import DeliveryLog, Event
    from redeliver.core.ports import DeliverySource, Redeliverer
    from redeliver.timing import RunClock

#: How many redeliveries are watched before the rest is sent.
PROBE_SIZE = 3
#: Seconds between looks at the log: short at first, since most deliveries take no time.
_PAUSES = (1.0, 2.0, 3.0, 5.0)


class Sender:
    """Asks GitHub to redeliver events, in order.

    Each event is recorded in ``redeliveries``, as unknown, before GitHub is asked, so that a run that ends in between
    reports the truth.
    """

    def __init__(self, hook: Redeliverer, redeliveries: dict[str, Redelivery], console: Console) -> None:
        self.console = console
        self._hook = hook
        self._redeliveries = redeliveries

    def send(self, events: Iterable[Event]) -> None:
        """Ask for each event's newest attempt to be delivered again.

        Raises:
            ApiError: GitHub would refuse every further request. Earlier redeliveries are already recorded.
            OutOfTime: the wait for the next turn does not fit into the time limit.
        """
        for event in events:
            while self._ask(event) is Acceptance.LIMITED:
                pass

    def _ask(self, event: Event) -> Acceptance:
        self._hook.wait_for_turn()
        asked_at = self._hook.now()
        unknown = Reply(Acceptance.UNKNOWN, "the run ended before GitHub replied")
        self._redeliveries[event.guid] = Redelivery(event, asked_at, unknown)
        try:
            reply = self._hook.redeliver(event.latest.id)
        except RedeliverError:
            # A refusal that ends the run: GitHub did not accept this one. After any other error the outcome is unknown.
            del self._redeliveries[event.guid]
            raise
        if reply.acceptance is Acceptance.LIMITED:
            del self._redeliveries[event.guid]
        else:
            self._redeliveries[event.guid] = Redelivery(event, asked_at, reply)
            # Its outcome gets a log line of its own later.
            why = f": {reply.why}" if reply.why else ""
            self.console.detail(f"{title_of(event)}: {reply.acceptance}{why}")
        return reply.acceptance


class Watch:
    """Polls the newest attempts and adds them to the log."""

    def __init__(
        self,
        source: DeliverySource,
        log: DeliveryLog,
        redeliveries: dict[str, Redelivery],
        guids: Collection[str],
        *,
        clock: RunClock,
        lines: OutcomeLines,
    ) -> None:
        """``guids``: the events whose new attempts are taken in, whoever asked for them."""
        self.log = log
        self.clock = clock
        self._source = source
        self._redeliveries = redeliveries
        self._guids = guids
        self._lines = lines
        self._another_succeeded = False

    def until_settled(self, seconds: int) -> None:
        """Look until every redelivery has an outcome, for at most ``seconds`` seconds.

        Raises:
            ApiError: the log could not be read.
        """
        self._look_until(lambda: not self._open(self._redeliveries), seconds)

    def probe(self, guids: Collection[str], seconds: int) -> Probe:
        """Watch the first redeliveries until they show whether the endpoint is up, for at most ``seconds`` seconds.

        UP: an outcome that no endpoint that is down could produce, or a success of any event since then.
        """
        self._look_until(lambda: self._verdict(guids) is not None, seconds)
        return self._verdict(guids) or Probe.UNDECIDED

    def _verdict(self, guids: Collection[str]) -> Probe | None:
        """The verdict so far. None: still undecided."""
        ours = [self._redeliveries[guid] for guid in guids]
        if self._another_succeeded or any(self.log.is_delivered(guid) for guid in guids):
            return Probe.UP
        results = [one.result(self.log) for one in ours]
        if any(result is not None and not result.like_endpoint_down for result in results):
            return Probe.UP
        if all(results):
            return Probe.DOWN
        # A refused redelivery is no evidence, and the others alone are too few.
        refused = any(one.outcome(self.log) is Outcome.REFUSED for one in ours)
        return Probe.UNDECIDED if refused else None

    def _open(self, guids: Collection[str]) -> list[str]:
        return [guid for guid in guids if self._redeliveries[guid].is_open(self.log)]

    def _look_until(self, done: Callable[[], bool], seconds: int) -> None:
        # Do not wait out a limit of GitHub's only to look: the time to watch is all there is.
        after = max(0.0, self.clock.remaining() - seconds)
        with suppress(OutOfTime), self.clock.reserving(after):
            for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
                if done():
                    return
                unseen = count(len(self._open(self._redeliveries)), "redelivery", "redeliveries")
                self.clock.wait(pause, f"{unseen} with no result yet")
                self._look()
                self._lines.say_new(self.log)

    def _look(self) -> None:
        asked = [self._redeliveries[guid].asked_at for guid in self._open(self._redeliveries)]
        since = min(asked)
        for page in walk(self._source, since=since - SLACK):
            self.log.add(page.rows, only=self._guids)
            if any(succeeded(row) and row["delivered_at"] >= since for row in page.rows):
                self._another_succeeded = True


def probe_events(events: Iterable[Event]) -> list[Event]:
    """The events to probe with: those with the fewest attempts, since those that have failed often may fail anyway."""
    return sorted(events, key=lambda event: event.count)[:PROBE_SIZE]


def send_probe(sender: Sender, watch: Watch, events: Sequence[Event], seconds: int) -> Probe:
    """Send these, and watch what they show about the endpoint, for at most ``seconds`` seconds."""
    sender.send(events)
    return watch.probe({event.guid for event in events}, seconds)


def send_with_probe(
    sender: Sender,
    watch: Watch,
    events: Sequence[Event],
    seconds: int,
    *,
    choose: Callable[[Sequence[Event]], Sequence[Event]] = probe_events,
) -> Sending:
    """Send the first few, see whether the endpoint is up, and send the rest only if it is not down.

    ``seconds``: how long to watch the first few for; 0: send everything at once. ``choose``: which are the first few.
    """
    if seconds == 0 or len(events) <= PROBE_SIZE:
        sender.send(events)
        return Sending.DONE
    first = choose(events)
    if send_probe(sender, watch, first, seconds) is Probe.DOWN:
        return Sending.ENDPOINT_DOWN
    # Meanwhile somebody else may have redelivered one of them.
    sender.send(event for event in events if event not in first and not watch.log.is_delivered(event.guid))
    return Sending.DONE


def send_in_time(
    sender: Sender,
    watch: Watch,
    events: Sequence[Event],
    *,
    title: str,
    watch_for: int,
    probe_for: int,
    choose: Callable[[Sequence[Event]], Sequence[Event]] = probe_events,
) -> tuple[Sending, OutOfTime | None]:
    """As :func:`send_with_probe`, and ``watch_for`` seconds are left to watch, or half of the time if that is less.

    Returns how sending ended, and if that was for want of time, what there was none for.

    Raises:
        ApiError: GitHub would refuse every further request.
    """
    for_watching = min(watch_for, watch.clock.remaining() / 2)
    try:
        with sender.console.group(title), watch.clock.reserving(for_watching):
            return send_with_probe(sender, watch, events, probe_for, choose=choose), None
    except OutOfTime as late:
        return Sending.OUT_OF_TIME, late
