"""Requested redeliveries, and the outcomes of events. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from redeliver.core.deliveries import ROUNDING
from redeliver.errors import OutOfTime, RedeliverError, Stopped

if TYPE_CHECKING:
    from redeliver.core.deliveries import Attempt, DeliveryLog, Event


class Outcome(StrEnum):
    """The outcome of an event. The codes are frozen: programs read them in the report."""

    RECOVERED = "recovered"
    """Delivered during the run."""

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

    # Skipped.
    NOT_DUE = "not_due"
    FILTERED_OUT = "filtered_out"
    TOO_OLD = "too_old"
    """Older than ``max-age``, so it is no longer wanted. It counts as undelivered, but not as lost."""
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
#: The log may still show the outcome of these redeliveries.
UNSEEN = frozenset({Outcome.PENDING, Outcome.UNKNOWN})


class Acceptance(StrEnum):
    """Whether GitHub accepted a redelivery."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Not known: the reply was lost, or does not say."""
    LIMITED = "limited"
    """Not accepted because of a limit. The pace has taken note; the same redelivery may be requested again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """GitHub's reply to a request for a redelivery, and why, in a few words."""

    acceptance: Acceptance
    why: str = ""


_UNTIL_SEEN = {
    Acceptance.ACCEPTED: Outcome.PENDING,
    Acceptance.REFUSED: Outcome.REFUSED,
    Acceptance.UNKNOWN: Outcome.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Redelivery:
    """A request to GitHub to deliver an event again, and its reply."""

    event: Event
    asked_at: int
    """GitHub's time, epoch milliseconds; at most a second early, never late."""
    reply: Reply

    def result(self, log: DeliveryLog) -> Attempt | None:
        """The failed attempt that it led to, once the log shows one. Only for an event that is not delivered."""
        return next(filter(self.may_have_led_to, log.event(self.event.guid).attempts), None)

    def may_have_led_to(self, attempt: Attempt) -> bool:
        """Whether it may have led to this attempt: a redelivery that is no older than the request and was not known.

        Somebody else may have requested it at the same time; no log says who.
        """
        known = (one.id for one in self.event.attempts)
        return attempt.redelivery and attempt.at >= self.asked_at - ROUNDING and attempt.id not in known

    def outcome(self, log: DeliveryLog) -> Outcome:
        """Its outcome so far, by what the log shows. A success counts, whoever requested it."""
        if log.is_delivered(self.event.guid):
            return Outcome.RECOVERED
        if self.result(log) is not None:
            return Outcome.FAILED_AGAIN
        return _UNTIL_SEEN[self.reply.acceptance]

    def why(self, outcome: Outcome) -> str:
        """Why GitHub refused it, or why its reply is unknown, where that is the outcome; else empty."""
        return self.reply.why if outcome in {Outcome.REFUSED, Outcome.UNKNOWN} else ""

    def is_open(self, log: DeliveryLog) -> bool:
        """Whether the log may still show its outcome."""
        return self.outcome(log) in UNSEEN

    def was_accepted(self, log: DeliveryLog) -> bool:
        """Whether GitHub accepted it: it said so, or the reply was lost and the log shows it."""
        return self.reply.acceptance is Acceptance.ACCEPTED or (
            self.reply.acceptance is Acceptance.UNKNOWN and not self.is_open(log)
        )


def why_unsent(ending: RedeliverError | Stopped | None, *, dry_run: bool, endpoint_down: bool) -> Outcome:
    """The outcome of an event that was due and was not sent. ``ending``: what ended sending early."""
    if dry_run:
        return Outcome.DRY_RUN
    if endpoint_down:
        return Outcome.ENDPOINT_DOWN
    match ending:
        case OutOfTime():
            return Outcome.OUT_OF_TIME
        case Stopped():
            return Outcome.STOPPED
        case _:
            return Outcome.RUN_FAILED
