"""Redeliveries that were asked for, and what became of events. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redeliver.core.deliveries import Attempt, DeliveryLog, Event


class Outcome(StrEnum):
    """What became of an event. The codes are frozen: programs read them in the report."""

    RECOVERED = "recovered"
    """Delivered in the course of the run."""

    # Redelivered.
    FAILED_AGAIN = "failed_again"
    PENDING = "pending"
    """Accepted by GitHub, but the log does not show the new attempt yet."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """GitHub's reply was lost, and the log does not show a new attempt yet."""

    # Lost.
    GIVEN_UP = "given_up"
    """Out of attempts."""
    EXPIRED = "expired"
    """Undelivered when its first attempt left GitHub's log."""

    # Left by the plan.
    NOT_DUE = "not_due"
    FILTERED_OUT = "filtered_out"
    TOO_OLD = "too_old"
    """Older than ``max-age``, so that nobody wants it any more. It counts as undelivered, but not as lost."""
    UNCHECKED = "unchecked"
    """Too little of the log could be read to know whether it is delivered."""

    # Due, and not sent.
    DRY_RUN = "dry_run"
    ENDPOINT_DOWN = "endpoint_down"
    OUT_OF_TIME = "out_of_time"
    STOPPED = "stopped"
    RUN_FAILED = "run_failed"


#: No later run delivers these.
LOST = frozenset({Outcome.GIVEN_UP, Outcome.EXPIRED})
#: The log may still show what became of these redeliveries.
UNSEEN = frozenset({Outcome.PENDING, Outcome.UNKNOWN})

#: Milliseconds by which a new row's time may lie before the moment we asked: some servers tell whole seconds only,
#: and so does the ``Date`` header that our idea of GitHub's time comes from.
_ROUNDING = 1_000


class Acceptance(StrEnum):
    """Whether GitHub accepted a redelivery."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """It may have: the reply was lost, or does not say."""
    LIMITED = "limited"
    """It did not, because of a limit. The pace knows; the same redelivery may be asked for again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """GitHub's reply to the request for a redelivery, and a few words on why."""

    acceptance: Acceptance
    why: str = ""


_UNTIL_SEEN = {
    Acceptance.ACCEPTED: Outcome.PENDING,
    Acceptance.REFUSED: Outcome.REFUSED,
    Acceptance.UNKNOWN: Outcome.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Redelivery:
    """That GitHub was asked to deliver an event again, and what it answered."""

    event: Event
    asked_at: int
    """GitHub's time, epoch milliseconds; at most a second early, never late."""
    reply: Reply

    def result(self, log: DeliveryLog) -> Attempt | None:
        """The failed attempt that came of it, once the log shows one; the event must not be delivered."""
        return next(filter(self.may_have_led_to, log.event(self.event.guid).attempts), None)

    def may_have_led_to(self, attempt: Attempt) -> bool:
        """Whether this attempt can have come of it: a redelivery that is no older than the request, and was not known.

        Somebody else may have asked for it at the same time; no log tells.
        """
        known = (one.id for one in self.event.attempts)
        return attempt.redelivery and attempt.at >= self.asked_at - _ROUNDING and attempt.id not in known

    def outcome(self, log: DeliveryLog) -> Outcome:
        """What became of it, as far as the log tells. A success counts whoever brought it about."""
        if log.is_delivered(self.event.guid):
            return Outcome.RECOVERED
        if self.result(log) is not None:
            return Outcome.FAILED_AGAIN
        return _UNTIL_SEEN[self.reply.acceptance]

    def is_open(self, log: DeliveryLog) -> bool:
        """Whether the log can still tell more of it."""
        return self.outcome(log) in UNSEEN

    def was_accepted(self, log: DeliveryLog) -> bool:
        """Whether GitHub took it: it said so, or the log shows it though the answer was lost."""
        return self.reply.acceptance is Acceptance.ACCEPTED or (
            self.reply.acceptance is Acceptance.UNKNOWN and not self.is_open(log)
        )
