"""A case: an undelivered event, why it is not sent, or what became of its redelivery. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from redeliver import REPOSITORY
from redeliver.core.deliveries import ROUNDING, Attempt, Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


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
    TYPE_FAILS = "type_fails"
    """Left to the next run, since what was sent of its type failed."""
    OUT_OF_TIME = "out_of_time"
    STOPPED = "stopped"
    RUN_FAILED = "run_failed"


class OutcomeWords(NamedTuple):
    """How users read an outcome."""

    mark: str
    word: str
    advice: str
    """What the user can do."""


#: In the order in which users should look at them.
OUTCOMES: dict[Outcome, OutcomeWords] = {
    Outcome.GIVEN_UP: OutcomeWords(
        "🔴",
        "given up",
        "They used up max-attempts and are no longer retried. Fix the receiver, then replay them before GitHub "
        f"deletes them: with {REPOSITORY}/replay, or redeliver replay --guid.",
    ),
    Outcome.EXPIRED: OutcomeWords(
        "🔴", "expired", "GitHub has deleted them, so nothing can redeliver them. Run more often."
    ),
    Outcome.FAILED_AGAIN: OutcomeWords(
        "❌", "failed again", "A later run redelivers them, once retry-spacing has passed."
    ),
    Outcome.REFUSED: OutcomeWords("🚫", "refused", "GitHub refused to redeliver them. The next run asks again."),
    Outcome.UNCHECKED: OutcomeWords(
        "⏸️",
        "not checked",
        "The log was too long to see whether they were already delivered. Raise time-limit, or run more often.",
    ),
    Outcome.ENDPOINT_DOWN: OutcomeWords("⏸️", "receiver down", "A later run sends them, once the receiver is up."),
    Outcome.TYPE_FAILS: OutcomeWords(
        "⏸️", "type fails", "The receiver fails on this event type. Fix its handler: each run tries a few of them."
    ),
    Outcome.RUN_FAILED: OutcomeWords("⏸️", "run failed", "Fix the error above. The next run sends them."),
    Outcome.DRY_RUN: OutcomeWords("⏸️", "dry run", "Run without dry-run to send them."),
    Outcome.OUT_OF_TIME: OutcomeWords(
        "⏸️", "out of time", "Nothing: the next run sends them. If this happens often, raise time-limit."
    ),
    Outcome.STOPPED: OutcomeWords("⏸️", "run stopped", "Nothing: the next run sends them."),
    Outcome.TOO_OLD: OutcomeWords("⏸️", "too old", "Nothing: they are older than max-age, so no run sends them."),
    Outcome.NOT_DUE: OutcomeWords(
        "⏸️", "not due yet", "Nothing: a later run sends them, once retry-spacing has passed."
    ),
    Outcome.UNKNOWN: OutcomeWords(
        "❓", "unknown", "Nothing: GitHub's reply was lost. The next run checks, and sends what was not accepted."
    ),
    Outcome.PENDING: OutcomeWords(
        "⏳",
        "pending",
        "Nothing: GitHub accepted them, but its log does not show the result yet. The next run checks. A longer "
        "wait-for-results shows more.",
    ),
    Outcome.RECOVERED: OutcomeWords("✅", "recovered", "Nothing."),
    Outcome.FILTERED_OUT: OutcomeWords("⏸️", "filtered out", "Nothing: the input events excludes them."),
}


#: No later run delivers these.
LOST = frozenset({Outcome.GIVEN_UP, Outcome.EXPIRED})
#: No later run sends these.
FINAL = LOST | {Outcome.FILTERED_OUT, Outcome.TOO_OLD}
#: No later run sends these, or need send them.
SETTLED = FINAL | {Outcome.RECOVERED}
#: The log may still show the outcome of these redeliveries.
AWAITING_RESULT = frozenset({Outcome.PENDING, Outcome.UNKNOWN})


class Acceptance(StrEnum):
    """Whether GitHub accepted a redelivery."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Not known: the reply was lost, or does not say."""


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
    def ended_at(self) -> int:
        """When the attempt was that shows what became of it, in epoch milliseconds; 0: none does."""
        return self.delivered_at or (self.result.at if self.result else 0)

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
        return self.result_outcome in AWAITING_RESULT

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
        self.event = self.event.joined(attempts)


def latest_failures(sent: Sequence[Case]) -> list[Attempt]:
    """The failed attempts that these redeliveries led to, since the last one that delivered an event."""
    delivered = max((case.delivered_at for case in sent if case.delivered_at is not None), default=0)
    results = (case.result for case in sent if case.delivered_at is None)
    return [attempt for attempt in results if attempt and attempt.at > delivered]
