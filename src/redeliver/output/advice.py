"""What became of an event, and what a person can do about it. Pure."""

from __future__ import annotations

from redeliver.core.outcomes import Outcome

MARKS: dict[Outcome, str] = dict.fromkeys(Outcome, "⏸️") | {
    Outcome.RECOVERED: "✅",
    Outcome.FAILED_AGAIN: "❌",
    Outcome.PENDING: "⏳",
    Outcome.REFUSED: "🚫",
    Outcome.UNKNOWN: "❔",
}

#: In the order in which people should look at them.
ADVICE: dict[Outcome, str] = {
    Outcome.GIVEN_UP: "They used up max-attempts, and the checkpoint goes past them. Mend what refuses them, and "
    "redeliver them by hand from the webhook's page; or run once with variable-name empty, lookback 3d and a higher "
    "max-attempts.",
    Outcome.EXPIRED: "They are too old: GitHub does not keep deliveries for that long. Run more often.",
    Outcome.FAILED_AGAIN: "Look at what the endpoint answered, on the webhook's page, and mend it. They are sent again "
    "when their retry-spacing has passed.",
    Outcome.REFUSED: "GitHub would not redeliver them. The next run asks again, until they leave GitHub's log.",
    Outcome.UNCHECKED: "The log was too long to see whether they are delivered already. Raise time-limit, or run "
    "more often.",
    Outcome.ENDPOINT_DOWN: "Bring the endpoint back; the next run sends them.",
    Outcome.RUN_FAILED: "Mend the error above; the next run sends them.",
    Outcome.DRY_RUN: "Run without dry-run to send them.",
    Outcome.OUT_OF_TIME: "Nothing: the next run sends them. Raise time-limit if that happens often.",
    Outcome.STOPPED: "Nothing: the next run sends them.",
    Outcome.NOT_DUE: "Nothing: they failed before, and a later run sends them when their retry-spacing has passed.",
    Outcome.UNKNOWN: "Nothing: GitHub's answer was lost. The next run finds out, and sends what was not taken.",
    Outcome.PENDING: "Nothing: GitHub took them, and its log does not show them yet. The next run looks again; a "
    "longer wait-for-results lets one run see more.",
    Outcome.RECOVERED: "Nothing.",
    Outcome.FILTERED_OUT: "Nothing: events leaves them out.",
}
#: That order, to sort by: what is not well comes first, so that it does not fall off the end.
ORDER = {kind: place for place, kind in enumerate(ADVICE)}
