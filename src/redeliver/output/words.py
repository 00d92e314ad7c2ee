"""How bad it is, and what users can do about events that are not delivered. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.deliveries import NO_CONNECTION, TIMED_OUT, TLS
from redeliver.core.facts import OUTCOMES
from redeliver.core.redelivery import Outcome

if TYPE_CHECKING:
    from redeliver.core.facts import Facts


#: Their order, to sort by: problems come first, so that they are not cut off.
ORDER = {kind: place for place, kind in enumerate(OUTCOMES)}
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


def light(report: Facts, *, alarming: bool = False, waiting: bool = False) -> str:
    """The traffic light: red for what makes a run fail or is ``alarming``, green if all is well and done.

    ``waiting``: something is left to do.
    """
    if report.is_failing or alarming:
        return "🔴"
    return "🟡" if report.facts or waiting else "🟢"
