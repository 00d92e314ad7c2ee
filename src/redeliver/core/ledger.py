"""The ledger of a run: every undelivered event is judged once, and what becomes of it is filled in. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from redeliver.core.case import Case, Redelivery
from redeliver.core.deliveries import attempt_of, succeeded
from redeliver.core.reading import Extent, Unread
from redeliver.core.redelivery import Acceptance, Outcome, Reply

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from redeliver.core.deliveries import Event, Row
    from redeliver.core.plan import Rules
    from redeliver.core.reading import Reading

#: Up to this many attempts an event counts as fresh. During a long outage, each run probes with three fresh events.
#: If those came last afterwards, they would hold the checkpoint at the beginning of the outage, and until they were
#: delivered, every run would read all of it again.
FRESH = 2
_NO_REPLY = Reply(Acceptance.UNKNOWN, "the run ended before GitHub replied")


class Ledger:
    """The cases of a run over one webhook, or of a replay."""

    def __init__(self, rules: Rules, cases: Iterable[Case] = (), *, results_only: bool = False) -> None:
        """``results_only``: what is seen of an event counts only if its redelivery may have led to it.

        So it is in a replay: that an event was delivered before says nothing about that.
        """
        self.cases = {case.event.guid: case for case in cases}
        """By guid."""
        self.sent: list[Case] = []
        """Those that GitHub was asked to redeliver, in that order."""
        self.rules = rules
        self._results_only = results_only
        self._oldest_success: int | None = None

    def judge(self, reading: Reading, guids: Collection[str] | None = None) -> None:
        """Judge what has been read. ``guids``: these events alone, of which more has been read since.

        What was sent before stays as it is, and what looks at the log have shown is kept.
        """
        self._oldest_success = reading.oldest_success
        for guid in [*self.cases] if guids is None else guids:
            if self.cases[guid].redelivery is None and reading.log.is_delivered(guid):
                del self.cases[guid]
        for event in reading.undelivered(guids):
            self._judge(event, reading)

    def _judge(self, event: Event, reading: Reading) -> None:
        case = self.cases.get(event.guid)
        if case is None:
            case = self.cases[event.guid] = Case(event)
        elif case.event is not event:
            case.add_attempts(event.attempts)
        is_read_out = reading.is_read_out(event.guid)
        # A first attempt that cannot be read is not gone, and no reading will find it.
        case.is_whole = reading.is_whole(event) or (is_read_out and reading.log.has_unread(event.guid))
        is_gone = is_read_out and not case.is_whole
        if case.redelivery is not None:
            self._give_up(case)
            return
        case.verdict = self.rules.verdict(
            case.event, reading.window.start, reading.oldest_success, is_whole=case.is_whole, is_gone=is_gone
        )
        case.expired = is_gone and case.verdict in {None, Outcome.EXPIRED}

    def _give_up(self, case: Case) -> None:
        """Give an event up that is out of attempts after its last one."""
        if case.is_whole and not case.is_final and self.rules.is_out_of_attempts(case.event, self._oldest_success):
            case.verdict = Outcome.GIVEN_UP

    # -- what is sent, and what becomes of it -----------------------------------------------------------------------

    @property
    def due(self) -> list[Case]:
        """Cases to send, in order: fewest attempts first (see ``FRESH``), then the oldest.

        So an event that fails again and again never keeps a fresh one waiting.
        """
        return sorted(self._due(), key=lambda case: (max(case.event.count, FRESH), *_age(case)))

    @property
    def skipped(self) -> list[tuple[Case, Outcome]]:
        """Cases that are not sent, and why; the oldest first."""
        skipped = [(case, case.verdict) for case in self.cases.values() if case.verdict and case.is_untouched]
        return sorted(skipped, key=lambda pair: _age(pair[0]))

    def ask(self, case: Case, asked_at: int) -> None:
        """Note that GitHub is now asked, at that moment (epoch ms). Until it replies, the outcome is unknown."""
        case.redelivery = Redelivery(case.event, asked_at, _NO_REPLY)
        self.sent.append(case)

    def answer(self, case: Case, reply: Reply | None) -> None:
        """Note GitHub's reply to what it was asked last. None: it did not take the request."""
        if case.redelivery and reply:
            case.redelivery = replace(case.redelivery, reply=reply)
        else:
            case.redelivery = None
            self.sent.pop()

    def take(self, rows: Iterable[Row]) -> None:
        """Fill in what a look at the log shows, whoever requested it. Taking a row twice changes nothing."""
        for row in rows:
            case = self.cases.get(row["guid"])
            if case is None:
                continue
            attempt = attempt_of(row)
            if self._results_only and not (case.redelivery and case.redelivery.may_have_led_to(attempt)):
                continue
            if succeeded(row):
                case.delivered_at = max(attempt.at, case.delivered_at or 0)
            elif case.delivered_at is None:
                case.add_attempts([attempt])
                self._give_up(case)

    def close(self, why: Outcome) -> None:
        """Note why the events that are due were not sent."""
        for case in self._due():
            case.verdict = why

    def _due(self) -> Iterator[Case]:
        return (case for case in self.cases.values() if case.verdict is None and case.is_untouched)


def checkpoint(ledger: Ledger, reading: Reading, *, start: int, has_gap: bool) -> int | None:
    """The next checkpoint, in epoch milliseconds: the run's start, or 1 ms before what is still to be done.

    That is the earliest of the open events' newest attempts, by which a run that starts from there finds all of them
    again, and of the rows that could not be read. ``start``: no later than the run's start. None: too little was read,
    so the checkpoint stays as it is; with a gap it moves to where GitHub's log begins, since a gap is reported once.
    """
    window = reading.window
    if reading.extent is Extent.NEWEST:
        return max(window.checkpoint, window.retained_from) if has_gap else None
    open_events = [case.event for case in ledger.cases.values() if not case.is_final]
    # A run that asks GitHub for failures alone must find them as well.
    holding = [event.latest_listed if reading.failures_only else event.latest for event in open_events]
    unread = [row.at for row in reading.unread_rows().get(Unread.HOLDS, ()) if row.at is not None]
    return min([start, *(attempt.at - 1 for attempt in holding), *(at - 1 for at in unread)])


def _age(case: Case) -> tuple[int, int]:
    return case.event.first.at, case.event.first.id
