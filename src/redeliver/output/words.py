"""What happened to an event and what the user can do about it, in words. Pure."""

from __future__ import annotations

from typing import NamedTuple

from redeliver.core.deliveries import NO_CONNECTION, TIMED_OUT, TLS
from redeliver.core.redelivery import Outcome


class Words(NamedTuple):
    """How users read an outcome."""

    mark: str
    word: str
    advice: str
    """What the user can do."""


#: In the order in which users should look at them.
WORDS: dict[Outcome, Words] = {
    Outcome.GIVEN_UP: Words(
        "🔴",
        "given up",
        "Gave up after max-attempts. Fix the receiver, then send them again with org/redeliver-action/replay or "
        "redeliver replay --guid, before GitHub deletes them.",
    ),
    Outcome.EXPIRED: Words("🔴", "expired", "GitHub has deleted them, so nothing can redeliver them. Run more often."),
    Outcome.FAILED_AGAIN: Words("❌", "failed again", "A later run redelivers them, when retry-spacing has passed."),
    Outcome.REFUSED: Words("🚫", "refused", "GitHub refused to redeliver them. The next run asks again."),
    Outcome.UNCHECKED: Words(
        "⏸️",
        "not checked",
        "The log was too long to see whether they are delivered already. Raise time-limit, or run more often.",
    ),
    Outcome.ENDPOINT_DOWN: Words("⏸️", "receiver down", "A later run sends them, once the receiver is up."),
    Outcome.RUN_FAILED: Words("⏸️", "run failed", "Fix the error above. The next run sends them."),
    Outcome.DRY_RUN: Words("⏸️", "dry run", "Run without dry-run to send them."),
    Outcome.OUT_OF_TIME: Words(
        "⏸️", "out of time", "Nothing: the next run sends them. If this happens often, raise time-limit."
    ),
    Outcome.STOPPED: Words("⏸️", "run stopped", "Nothing: the next run sends them."),
    Outcome.TOO_OLD: Words("⏸️", "too old", "Nothing: they are older than max-age, so no run sends them."),
    Outcome.NOT_DUE: Words("⏸️", "not due yet", "Nothing: a later run sends them, when retry-spacing has passed."),
    Outcome.UNKNOWN: Words(
        "❓", "unknown", "Nothing: GitHub's reply was lost. The next run looks again, and sends what was not accepted."
    ),
    Outcome.PENDING: Words(
        "⏳",
        "pending",
        "Nothing: GitHub accepted them, but its log does not show the result yet. The next run looks again. A "
        "longer wait-for-results lets one run see more.",
    ),
    Outcome.RECOVERED: Words("✅", "recovered", "Nothing."),
    Outcome.FILTERED_OUT: Words("⏸️", "filtered out", "Nothing: the input events leaves them out."),
}
#: That order, to sort by: problems come first, so that they are not cut off.
ORDER = {kind: place for place, kind in enumerate(WORDS)}
#: The cause of the latest failure matters for these; the others may still be delivered.
TELLING = frozenset({Outcome.GIVEN_UP, Outcome.FAILED_AGAIN, Outcome.ENDPOINT_DOWN, Outcome.NOT_DUE})

_BY_CAUSE = {
    NO_CONNECTION: "GitHub could not connect. Check that the receiver is running, its DNS name, its port, and that its "
    "firewall admits GitHub's addresses.",
    TIMED_OUT: "The receiver took too long: GitHub waits 10 s (Enterprise Server: 30 s). Have it respond first and do "
    "its work afterwards.",
    TLS: "Check the receiver's certificate: its expiry, its host name, and that it sends the whole chain.",
    "HTTP 401": "The receiver rejects the signature or a login. Compare its secret with the webhook's.",
    "HTTP 404": "Nothing is at that address. Compare the webhook's URL with the receiver's.",
    "HTTP 413": "The payload is too large for the receiver, or for a proxy in front of it. Raise that limit.",
    "HTTP 429": "The receiver gets too many requests. Raise its limit, or lower redeliveries-per-minute.",
}
_BY_CAUSE |= {"HTTP 403": _BY_CAUSE["HTTP 401"], "HTTP 410": _BY_CAUSE["HTTP 404"]}
_REDIRECTED = "GitHub does not follow redirects. Set the webhook's URL to the address that it redirects to."
_REFUSED = "The receiver refuses them. Read its response on the webhook's page, under Recent Deliveries."
_BROKEN = "The receiver, or a proxy in front of it, fails. Look for the GUIDs in the receiver's log."


def advice_for(cause: str) -> str:
    """What to check where attempts fail for this cause."""
    if cause in _BY_CAUSE:
        return _BY_CAUSE[cause]
    return {"3": _REDIRECTED, "4": _REFUSED}.get(cause.removeprefix("HTTP ")[:1], _BROKEN)
