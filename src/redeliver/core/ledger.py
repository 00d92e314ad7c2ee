"""The ledger of a run: every undelivered event is judged once, and what becomes of it is filled in. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from redeliver.core.case import Acceptance, Case, Outcome, Redelivery, Reply
from redeliver.core.deliveries import ROUNDING, attempt_of, succeeded
from redeliver.core.reading import Extent, Unread
from redeliver.times import HOUR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from redeliver.core.deliveries import Event, Row
    from redeliver.core.reading import Reading

#: The longest pause between two redeliveries of one event that doubling leads to, in milliseconds.
LONGEST_SPACING = 4 * HOUR
#: Up to this many attempts an event counts as fresh. During a long outage, each run tries a few fresh events. If
#: those came last afterwards, they would hold the checkpoint at the beginning of the outage, and until they were
#: delivered, every run would read all of it again.
FRESH = 2
_NO_REPLY = Reply(Acceptance.UNKNOWN, "the run ended before GitHub replied")


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that apply to one event."""

    max_attempts: int
    """The original included; 0: no limit."""
    retry_spacing: int
    """Milliseconds between an event's first and second redelivery; doubles from there."""
    events: frozenset[str] = frozenset()
    """Names of the only events that are sent, ``event`` or ``event.action``; empty: all are."""
    max_ages: Mapping[str, int] = field(default_factory=dict)
    """Milliseconds after its first attempt for which an event is sent, by its name, ``event`` or ``event.action``, or
    else under ``""``; 0, or no age: no limit. None is longer than GitHub keeps deliveries."""

    def verdict(self, event: Event, reading: Reading, *, is_whole: bool, is_gone: bool) -> Outcome | None:
        """Why an undelivered event is not sent now; None: it is due.

        Its age is judged at the run's start. ``is_whole``: whether none of its attempts can be missing. Else its
        success may have been missed, so it is not given up. ``is_gone``: whether what is missing has left GitHub's log,
        so that it has expired.
        """
        if self.events and self.events.isdisjoint(_names(event)):
            return Outcome.FILTERED_OUT
        now, last = reading.window.start, self.too_old_after(event)
        is_spent = self.is_out_of_attempts(event, reading, is_whole=is_whole)
        if is_spent and is_whole:
            return Outcome.GIVEN_UP
        # No age is longer than GitHub keeps deliveries, so an expired event is older than any of them.
        if last is not None and (last < now or is_gone):
            return Outcome.TOO_OLD
        # There is no spacing before the first redelivery, even if clock skew puts the event in the future. What may be
        # spent is looked into at once if its last attempt is a refusal, or when it would be sent: each run before
        # that would read its history again.
        if not (is_spent and event.latest.is_refusal) and event.count > 1 and self.due_at(event) > now:
            return Outcome.NOT_DUE
        if is_whole or is_gone:
            # An event that has expired is tried once more, if the only attempt that GitHub still has allows that. Once:
            # that try is a second attempt in the log, by which later runs know it.
            return None if is_whole or (len(event.attempts) == 1 and not is_spent) else Outcome.EXPIRED
        return Outcome.UNCHECKED

    def is_out_of_attempts(self, event: Event, reading: Reading, *, is_whole: bool) -> bool:
        """Whether an event has failed so often that it is given up; if attempts of it can be missing, whether it may.

        Only what speaks of the event counts. A refusal does. An overload or an outage does not, however long: it would
        use up the attempts of every event that is sent meanwhile. Any other failure, HTTP 500 for one, counts if the
        receiver accepted another event since the attempt before, or for the first attempt within the hour before.
        """
        if not 0 < self.max_attempts <= event.count:
            return False
        # What is not known counts as long as more may be read.
        counts = [not is_whole if known is None else known for known in self._counts(event, reading)]
        missing = 0 if event.original or is_whole else 1
        return counts[-1] and sum(counts) + missing >= self.max_attempts

    @staticmethod
    def _counts(event: Event, reading: Reading) -> Iterator[bool | None]:
        """Of each attempt, whether it counts against the event; None: too little was read to know."""
        before = event.first.at - HOUR
        for attempt in event.attempts:
            is_clear = attempt.is_refusal or attempt.is_overload
            yield attempt.is_refusal if is_clear else reading.accepted_between(before, attempt.at)
            before = attempt.at

    def too_old_after(self, event: Event) -> int | None:
        """The last moment, in epoch milliseconds, at which the event is young enough; None: it always is.

        If the original is not among the rows that were read, the first known attempt is used instead. That one is
        younger, so no event is judged older than it is.
        """
        if not self.max_ages:
            return None
        age = next((self.max_ages[name] for name in (*_names(event), "") if name in self.max_ages), 0)
        return event.first.at + age + ROUNDING if age else None

    def due_at(self, event: Event) -> int:
        """The moment, in epoch milliseconds, from which the event may be sent."""
        redeliveries = event.count - 1
        if redeliveries == 0:
            return event.latest.at
        longest = max(LONGEST_SPACING, self.retry_spacing)
        # The shift is bounded so that an event with thousands of attempts is not expensive.
        return event.latest.at + min(self.retry_spacing << min(redeliveries - 1, 40), longest)


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
        self._reading: Reading | None = None

    def judge(self, reading: Reading, guids: Collection[str] | None = None) -> None:
        """Judge what has been read. ``guids``: these events alone, of which more has been read since.

        What was sent before stays as it is, and what looks at the log have shown is kept.
        """
        self._reading = reading
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
            self._give_up(case, reading)
            return
        case.verdict = self.rules.verdict(case.event, reading, is_whole=case.is_whole, is_gone=is_gone)
        case.expired = is_gone and case.verdict in {None, Outcome.EXPIRED}

    def _give_up(self, case: Case, reading: Reading) -> None:
        """Give an event up that is out of attempts after its last one."""
        if case.is_whole and not case.is_final and self.rules.is_out_of_attempts(case.event, reading, is_whole=True):
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
            if self._reading and succeeded(row):
                self._reading.successes.add(row["delivered_at"])
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
                if self._reading:
                    self._give_up(case, self._reading)

    def close(self, why: Outcome) -> None:
        """Note why the events that are due were not sent."""
        for case in self._due():
            case.verdict = why

    def _due(self) -> Iterator[Case]:
        return (case for case in self.cases.values() if case.verdict is None and case.is_untouched)


def next_checkpoint(ledger: Ledger, reading: Reading, *, start: int, has_gap: bool) -> int | None:
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
    holding = [event.latest_failure_listed if reading.failures_only else event.latest for event in open_events]
    unread = [row.at for row in reading.unread_rows().get(Unread.HOLDS, ()) if row.at is not None]
    return min([start, *(attempt.at - 1 for attempt in holding), *(at - 1 for at in unread)])


def _age(case: Case) -> tuple[int, int]:
    return case.event.first.at, case.event.first.id


def _names(event: Event) -> tuple[str, str]:
    """The names that settings may use for an event, the more specific one first."""
    return event.name, event.name.partition(".")[0]
