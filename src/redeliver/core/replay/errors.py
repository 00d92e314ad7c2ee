"""What can foreseeably go wrong with a replay. See :mod:`redeliver.errors`."""

from __future__ import annotations

from redeliver.core.findings import Finding
from redeliver.errors import RedeliverError, StateLocked


class GuidsNotFound(RedeliverError):
    """GUIDs that are not in the webhook's log."""

    sentence = "The webhook's log does not have these GUIDs: {guids}."
    advice = (
        "Nothing was sent. Check the GUIDs and hook-id. GitHub keeps deliveries for 3 days, Enterprise Server for 7."
    )

    guids: str


class TooManyEvents(RedeliverError):
    """More events match than a replay may send."""

    sentence = "{events} are chosen, and limit allows {limit}."
    advice = "Nothing was sent. Choose a shorter window or fewer events, or raise limit."
    exit_code = 2

    events: str
    limit: str


class WindowForgotten(RedeliverError):
    """By GitHub's clock, the window begins before GitHub's memory."""

    sentence = "The window begins before {oldest}, and GitHub has deleted what was delivered before that."
    advice = "Nothing was sent. Choose a later from."
    exit_code = 2

    oldest: str


class ReplayRowsUnreadable(Finding):
    """Rows of the log that cannot be read, so that the replay cannot choose their events."""

    sentence = "{deliveries} in GitHub's log could not be read, and so not be chosen: {ids}."
    advice = "Find them on the webhook's page, and redeliver them there if you need them."

    deliveries: str
    ids: str


class ReplayLocked(StateLocked):
    """A run or another replay uses the same state file. Nobody else does this replay's work."""

    sentence = "A run or another replay is in progress (it holds {path})."
    advice = "Nothing was sent. Run it again when the other one has ended."
    exit_code = 1


class ReplayEndedEarly(RedeliverError):
    """A fault or the time limit ended the replay."""

    sentence = "The replay ended early: {why}"
    advice = "{sent}. Run it again without send: the plan says which events have been redelivered within the last hour."

    why: str
    sent: str


class EventsNotDelivered(Finding):
    """Events that were to be sent again, and did not arrive."""

    sentence = "{events} did not arrive ({why})."
    advice = (
        "The report lists their GUIDs: put them in guid to send them again. A scheduled run does not retry an event "
        "that was delivered before."
    )
    exit_code = 1

    events: str
    why: str


class OutcomesUnseen(Finding):
    """Events that GitHub may still deliver."""

    sentence = "{events} with no result yet."
    advice = "GitHub may still deliver them. Make the plan again in a few minutes, before you send them a second time."

    events: str


class ReceiverDown(Finding):
    """The first events failed the way every attempt does while an endpoint is down."""

    sentence = "The receiver is down: the first {probes} events failed the same way ({cause})."
    advice = "The other events were not sent."

    probes: int
    cause: str


class ReplayStopped(Finding):
    """SIGINT or SIGTERM."""

    sentence = "The replay was stopped by signal {number}."
    advice = "Run it again without send: the plan says which events have been redelivered within the last hour."

    number: int
