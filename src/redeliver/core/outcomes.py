"""What can become of an event that was found undelivered."""

from __future__ import annotations

from enum import StrEnum


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
