"""One redelivery that was asked for, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from redeliver.github.api import Answer

if TYPE_CHECKING:
    from redeliver.core.deliveries import Attempt, DeliveryLog, Event

#: Milliseconds by which a new row's time may lie before the moment we asked: some servers tell whole seconds only,
#: and so does the ``Date`` header that our idea of GitHub's time comes from.
_ROUNDING = 1_000


class Outcome(StrEnum):
    """What became of a redelivery."""

    RECOVERED = "recovered"
    FAILED_AGAIN = "failed again"
    PENDING = "pending"
    """Accepted, but not to be seen in the log yet."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """The answer was lost, and nothing is to be seen in the log yet."""


_UNSEEN = {Answer.ACCEPTED: Outcome.PENDING, Answer.REFUSED: Outcome.REFUSED, Answer.UNKNOWN: Outcome.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Redelivery:
    """That GitHub was asked to deliver an event again, and what it answered."""

    event: Event
    asked_at: int
    """GitHub's time, epoch milliseconds; at most a second early, never late."""
    answer: Answer
    why: str = ""

    def result(self, log: DeliveryLog) -> Attempt | None:
        """The failed attempt that came of it, once the log shows one; the event must not be delivered."""
        known = {attempt.id for attempt in self.event.attempts}
        for attempt in log.event(self.event.guid).attempts:
            if attempt.redelivery and attempt.id not in known and attempt.at >= self.asked_at - _ROUNDING:
                return attempt
        return None

    def outcome(self, log: DeliveryLog) -> Outcome:
        """What became of it, as far as the log tells. A success counts whoever brought it about."""
        if log.is_delivered(self.event.guid):
            return Outcome.RECOVERED
        if self.result(log) is not None:
            return Outcome.FAILED_AGAIN
        return _UNSEEN[self.answer]

    def is_open(self, log: DeliveryLog) -> bool:
        """Whether the log can still tell more of it."""
        return self.outcome(log) in {Outcome.PENDING, Outcome.UNKNOWN}

    def was_accepted(self, log: DeliveryLog) -> bool:
        """Whether GitHub took it: it said so, or the log shows it though the answer was lost."""
        return self.answer is Answer.ACCEPTED or (self.answer is Answer.UNKNOWN and not self.is_open(log))
