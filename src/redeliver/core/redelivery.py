"""Requested redeliveries, and the outcomes of events. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


#: How many redeliveries are watched before the rest is sent.
PROBE_SIZE = 3
#: No later run delivers these.
LOST = frozenset({Outcome.GIVEN_UP, Outcome.EXPIRED})
#: No later run sends these.
FINAL = LOST | {Outcome.FILTERED_OUT, Outcome.TOO_OLD}
#: No later run sends these, or need send them.
SETTLED = FINAL | {Outcome.RECOVERED}
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
