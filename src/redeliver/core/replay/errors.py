"""What can foreseeably go wrong with a replay. See :mod:`redeliver.errors`."""

from __future__ import annotations

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
