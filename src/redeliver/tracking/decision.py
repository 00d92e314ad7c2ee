"""What changes in the tracking issue after a run: nothing while nothing has changed. Pure.

The issue itself is the only memory, so whoever closes or deletes it decides what is forgotten.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from redeliver.core.report_model import MOST, Count, Moment
from redeliver.tracking.situation import LostEvent, Situation, State

#: Lost events whose GUIDs an issue remembers: while GitHub keeps them, later runs may find them again.
_REMEMBERED = 1_000
#: Characters that stand for a GUID.
_MARK = 10
_Mark = Annotated[str, Field(pattern=rf"^[0-9a-f]{{{_MARK}}}$")]


class Change(StrEnum):
    """What changes. The codes are frozen: they are an output."""

    NONE = "none"
    OPENED = "opened"
    REOPENED = "reopened"
    COMMENTED = "commented"
    EDITED = "edited"
    """Only its text, and GitHub notifies nobody of that."""
    CLOSED = "closed"


class Memory(BaseModel):
    """What an issue remembers, hidden in its text. Moments are epoch milliseconds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: State = State.UNDELIVERED
    since: Moment | None = None
    """When that began; None: not known."""
    undelivered: Count = 0
    deadline: Moment | None = None
    lost: Count = 0
    gap: tuple[Moment, Moment] | None = None
    lost_marks: Annotated[tuple[_Mark, ...], Field(max_length=_REMEMBERED)] = ()
    """Events whose loss was reported, in this issue or the one before."""
    gap_mark: Moment | None = None
    """When the gap that was reported last began, in this issue or the one before."""
    digest: Annotated[str, Field(max_length=16)] = ""
    """Of all that the issue's text shows."""

    @property
    def has_losses(self) -> bool:
        """Whether somebody should look at it before the issue is closed."""
        return self.lost > 0 or self.gap is not None


@dataclass(frozen=True, slots=True)
class TrackingIssue:
    """The issue as it was found."""

    number: int
    is_open: bool
    memory: Memory


@dataclass(frozen=True, slots=True)
class News:
    """What a comment reports."""

    before: State | None
    """None: the state is the same."""
    lost: tuple[LostEvent, ...]
    """Newly lost events, as far as the report lists them."""
    lost_count: int
    gap: tuple[int, int] | None
    """None: no new one."""

    @property
    def is_loss(self) -> bool:
        """Whether something is newly lost."""
        return self.lost_count > 0 or self.gap is not None

    def __bool__(self) -> bool:
        return self.before is not None or self.is_loss


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write, and what the issue remembers afterwards."""

    change: Change
    memory: Memory
    news: News


def decide(issue: TrackingIssue | None, situation: Situation, now: int) -> Decision:
    """What a run's situation changes. ``now``: epoch milliseconds.

    ``issue``: the newest; None: there is none. One that is closed and settled is finished, and the next trouble opens
    another. One that somebody closed earlier stays closed until something gets worse.
    """
    if issue is None or (not issue.is_open and issue.memory.state is State.SETTLED):
        # A loss is reported once, in whichever issue.
        told = issue.memory if issue else Memory()
        fresh = Memory(state=State.SETTLED, lost_marks=told.lost_marks, gap_mark=told.gap_mark)
        after, news = _after(fresh, situation, now)
        return Decision(Change.OPENED if news else Change.NONE, after, news)
    after, news = _after(issue.memory, situation, now)
    return Decision(_change(issue, after, news), after, news)


def _change(issue: TrackingIssue, after: Memory, news: News) -> Change:
    if news.is_loss:
        return Change.COMMENTED if issue.is_open else Change.REOPENED
    if after.state is State.SETTLED and not issue.is_open:
        return Change.EDITED  # nobody is notified; from now on it is finished
    if after.state is State.SETTLED and not after.has_losses:
        return Change.CLOSED
    if news and issue.is_open:
        return Change.COMMENTED
    if news and after.state is not State.UNDELIVERED:
        return Change.REOPENED
    return Change.EDITED if issue.is_open and after.digest != issue.memory.digest else Change.NONE


def _after(before: Memory, situation: Situation, now: int) -> tuple[Memory, News]:
    """What the issue remembers from now on, and what is new."""
    state = _state(before, situation)
    lost = tuple(event for event in situation.lost_events if _hash(event.guid, _MARK) not in before.lost_marks)
    lost_count = len(lost)
    if situation.lost > len(situation.lost_events):
        # The report had no room for the others.
        lost_count = max(lost_count, situation.lost - before.lost)
    gap = situation.gap if situation.gap and situation.gap[0] != before.gap_mark else None
    known = situation.state in {State.DOWN, State.UNDELIVERED, State.SETTLED}
    told = {
        "state": state,
        "since": _since(before, state, situation, now),
        "undelivered": situation.undelivered if known else before.undelivered,
        "deadline": situation.deadline if known else before.deadline,
        "lost": min(before.lost + lost_count, MOST),
        "gap": gap or before.gap,
    }
    details = [[asdict(hook) for hook in situation.hooks], situation.errors]
    digest = before.digest if situation.state is None and not lost_count and not gap else _hash([told, details], 16)
    marks = (*before.lost_marks, *(_hash(event.guid, _MARK) for event in lost))[-_REMEMBERED:]
    gap_mark = gap[0] if gap else before.gap_mark
    after = Memory.model_validate({**told, "lost_marks": marks, "gap_mark": gap_mark, "digest": digest})
    return after, News(before.state if state is not before.state else None, lost, lost_count, gap)


def _state(before: Memory, situation: Situation) -> State:
    if situation.state is None:
        return before.state
    # A run in which nothing is due does not test the receiver, and so cannot call it down. It stays down until
    # something arrives.
    if before.state is State.DOWN and situation.state is State.UNDELIVERED and not situation.recovered:
        return State.DOWN
    return situation.state


def _since(before: Memory, state: State, situation: Situation, now: int) -> int | None:
    if state is State.SETTLED:
        return before.since
    if before.state is State.SETTLED or before.since is None:
        return situation.since or now
    return min(before.since, situation.since or before.since)


def _hash(value: object, length: int) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:length]
