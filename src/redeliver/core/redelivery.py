"""One redelivery that was asked for, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from redeliver.core.outcomes import UNSEEN, Outcome

if TYPE_CHECKING:
    from redeliver.core.deliveries import Attempt, DeliveryLog, Event

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
