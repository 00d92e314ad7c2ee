"""A case: an undelivered event, why it is not sent, or what became of its redelivery. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redeliver.core.deliveries import ROUNDING, Attempt, Event
from redeliver.core.redelivery import FINAL, UNSEEN, Acceptance, Outcome, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNTIL_SEEN = {
    Acceptance.ACCEPTED: Outcome.PENDING,
    Acceptance.REFUSED: Outcome.REFUSED,
    Acceptance.UNKNOWN: Outcome.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Redelivery:
    """A request to GitHub to deliver an event again, and its reply."""

    event: Event
    """As it was known when GitHub was asked."""
    asked_at: int
    """GitHub's time, epoch milliseconds; at most a second early, never late."""
    reply: Reply

    def may_have_led_to(self, attempt: Attempt) -> bool:
        """Whether it may have led to this attempt: a redelivery that is no older than the request and was not known.

        Somebody else may have requested it at the same time; no log says who.
        """
        known = (one.id for one in self.event.attempts)
        return attempt.redelivery and attempt.at >= self.asked_at - ROUNDING and attempt.id not in known


@dataclass(slots=True, eq=False)
class Case:
    """One undelivered event. It is judged when the log has been read; sending and watching add what follows."""

    event: Event
    """With the failed attempts that are known by now."""
    verdict: Outcome | None = None
    """Why it is not sent; None: it is due, or was sent."""
    is_whole: bool = True
    """Whether no attempt before the run can be missing, but one that cannot be read."""
    expired: bool = False
    """Whether its first attempt has left GitHub's log: it is lost, whatever is still tried."""
    redelivery: Redelivery | None = None
    """None: GitHub was not asked."""
    delivered_at: int | None = None
    """The newest attempt that delivered it, whoever requested that; None: none is known."""

    @property
    def is_untouched(self) -> bool:
        """Whether GitHub was not asked, and no attempt is known to have delivered it."""
        return self.redelivery is None and self.delivered_at is None

    @property
    def result(self) -> Attempt | None:
        """The failed attempt that its redelivery led to, once the log shows one."""
        return next(filter(self.redelivery.may_have_led_to, self.event.attempts), None) if self.redelivery else None

    @property
    def result_outcome(self) -> Outcome:
        """What became of its redelivery so far, by what the log shows; if it was not sent, why."""
        if self.delivered_at is not None:
            return Outcome.RECOVERED
        if self.redelivery is None:
            return self.verdict or Outcome.RUN_FAILED
        return Outcome.FAILED_AGAIN if self.result else _UNTIL_SEEN[self.redelivery.reply.acceptance]

    @property
    def is_open(self) -> bool:
        """Whether the log may still show what became of its redelivery."""
        return self.result_outcome in UNSEEN

    @property
    def was_accepted(self) -> bool:
        """Whether GitHub accepted its redelivery: it said so, or the reply was lost and the log shows it."""
        match self.redelivery and self.redelivery.reply.acceptance:
            case Acceptance.ACCEPTED:
                return True
            case Acceptance.UNKNOWN:
                return not self.is_open
            case _:
                return False

    @property
    def needs_history(self) -> bool:
        """Whether attempts that are missing may decide about it."""
        return not self.is_whole and self.redelivery is None and self.verdict in {Outcome.UNCHECKED, Outcome.NOT_DUE}

    @property
    def is_final(self) -> bool:
        """Whether no later run sends it, or need send it; it then does not hold the checkpoint."""
        return self.delivered_at is not None or self.expired or self.verdict in FINAL

    @property
    def outcome(self) -> Outcome:
        """What became of the event, once the run has ended."""
        if self.delivered_at is not None and self.verdict is not Outcome.FILTERED_OUT:
            return Outcome.RECOVERED
        if self.expired:
            return Outcome.EXPIRED
        if self.redelivery is None or self.result is not None:
            return self.verdict or self.result_outcome
        return self.result_outcome

    @property
    def result_detail(self) -> str:
        """Why the new attempt failed, why GitHub refused, or why its reply is unknown; else empty."""
        if self.delivered_at is not None or self.redelivery is None:
            return ""
        return self.result.cause if self.result else self.redelivery.reply.why

    def add_attempts(self, attempts: Iterable[Attempt]) -> None:
        """Add failed attempts; adding one twice changes nothing."""
        known = {one.id: one for one in self.event.attempts}
        joined = {one.id: one for one in attempts} | known
        if len(joined) > len(known):
            self.event = Event(self.event.guid, self.event.name, tuple(joined[key] for key in sorted(joined)))
