"""What a run's situation changes in the tracking issue: nothing if it is the same as before. Pure.

The issue itself is the only memory, so whoever closes or deletes it decides what is forgotten.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from redeliver.core.case import Outcome
from redeliver.github.responses import read_json
from redeliver.output.report_model import LARGEST_EXACT_INTEGER, Count, Moment
from redeliver.text import for_shell
from redeliver.tracking.situation import State

if TYPE_CHECKING:
    from redeliver.output.report_model import EventPart
    from redeliver.tracking.situation import Situation

#: The most characters that GitHub takes in an issue or a comment (seen in its errors). Bytes are counted, of which no
#: character has less than one, however GitHub counts.
MAX_BODY = 65_536
#: Lost events whose GUIDs an issue remembers: while GitHub keeps them, later runs may find them again.
_REMEMBERED = 1_000
#: Characters that stand for a GUID.
_MARK = 10
_Mark = Annotated[str, Field(pattern=rf"^[0-9a-f]{{{_MARK}}}$")]
#: What is hidden in an issue's text lies between these.
_BEGINNING, _END = "<!-- redeliver-action: ", " -->"


class Memory(BaseModel):
    """What an issue remembers, hidden in its text. Moments are epoch milliseconds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: State = State.UNDELIVERED
    since: Moment | None = None
    """When that began; None: not known."""
    undelivered: Count = 0
    partial: bool = False
    """Whether more may wait, and for longer."""
    recovered: Count = 0
    """Events, in all runs since the issue was opened."""
    deadline: Moment | None = None
    lost: Count = 0
    replay_before: Moment | None = None
    """When GitHub begins to delete the lost events that can be replayed; None: there are none."""
    lost_hook: Annotated[str, Field(max_length=400)] = ""
    """The webhook that has losses, in words; empty: several have."""
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

    @property
    def hidden(self) -> str:
        """The part of the issue's text that nobody sees."""
        return f"{_BEGINNING}{for_shell(self.model_dump_json(exclude_none=True))}{_END}"


_MEMORY = TypeAdapter(Memory)


def memory_of(body: str) -> Memory | None:
    """What an issue with this text remembers; None: it is none of the action's.

    It remembers nothing if somebody has damaged that part of the text.
    """
    _, beginning, rest = body[:MAX_BODY].partition(_BEGINNING)
    text, end, _ = rest.partition(_END)
    if not beginning or not end:
        return None
    try:
        return read_json(_MEMORY, text)
    except ValueError:
        return Memory()


@dataclass(frozen=True, slots=True)
class TrackingIssue:
    """The issue as it was found."""

    number: int
    is_open: bool
    memory: Memory


class Change(StrEnum):
    """What changes. The codes are frozen: they are an output."""

    NONE = "none"
    OPENED = "opened"
    REOPENED = "reopened"
    COMMENTED = "commented"
    EDITED = "edited"
    """Only its text, and GitHub notifies nobody of that."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the issue remembers afterwards, and what a comment reports."""

    issue: TrackingIssue | None
    """None: another one has to be opened to report anything."""
    before: State
    memory: Memory
    lost: tuple[EventPart, ...]
    """Newly lost events, as far as the report lists them."""
    lost_count: int
    gap: tuple[int, int] | None
    """None: no new one."""
    now: int
    """Epoch milliseconds."""

    @property
    def changes_state(self) -> bool:
        """Whether the state is another one than before."""
        return self.memory.state is not self.before

    @property
    def is_news(self) -> bool:
        """Whether there is anything to report."""
        return self.changes_state or self.lost_count > 0 or self.gap is not None

    @property
    def change(self) -> Change:
        """What to write."""
        issue, state = self.issue, self.memory.state
        if issue is None:
            return Change.OPENED if self.is_news else Change.NONE
        reported = Change.COMMENTED if issue.is_open else Change.REOPENED
        if self.lost_count or self.gap:
            return reported
        if state is State.SETTLED and not issue.is_open:
            return Change.EDITED  # nobody is notified; from now on it is finished
        if state is State.SETTLED and not self.memory.has_losses:
            return Change.CLOSED
        if self.is_news and (issue.is_open or state is not State.UNDELIVERED):
            return reported
        return Change.EDITED if issue.is_open and self.memory.digest != issue.memory.digest else Change.NONE


def decide(issue: TrackingIssue | None, situation: Situation, now: int) -> Decision:
    """What a run's situation changes. ``now``: epoch milliseconds.

    ``issue``: the newest; None: there is none. One that is closed and settled is finished, and the next trouble opens
    another. One that somebody closed earlier stays closed until something gets worse.
    """
    before = issue.memory if issue else Memory(state=State.SETTLED)
    if issue and not issue.is_open and before.state is State.SETTLED:
        # A loss is reported once, in whichever issue.
        issue, before = None, Memory(state=State.SETTLED, lost_marks=before.lost_marks, gap_mark=before.gap_mark)
    state = situation.state or before.state
    # A run in which nothing is due does not test the receiver, and so cannot call it down. It stays down until
    # something arrives.
    if before.state is State.DOWN and state is State.UNDELIVERED and not situation.recovered:
        state = State.DOWN
    since = before.since
    if state is not State.SETTLED:
        known = situation.since or since or now
        since = min(since, known) if since is not None and before.state is not State.SETTLED else situation.since or now
    lost = tuple(event for event in situation.lost_events if _hash(event["guid"], _MARK) not in before.lost_marks)
    lost_count = len(lost)
    if situation.lost > len(situation.lost_events):
        # The report had no room for the others.
        lost_count = max(lost_count, situation.lost - before.lost)
    gap = situation.gap if situation.gap and situation.gap[0] != before.gap_mark else None
    ends = [event["forgotten_at"] for event in lost if event["outcome"] == Outcome.GIVEN_UP]
    ends += [before.replay_before] if before.replay_before is not None and before.replay_before > now else []
    is_first = not before.has_losses
    same = before.lost_hook if before.lost_hook == situation.lost_hook or not (lost or gap) else ""
    source = before if situation.state in {State.FAILED, None} else situation
    told = {
        "state": state,
        "since": since,
        "undelivered": source.undelivered,
        "partial": source.partial,
        "deadline": source.deadline,
        "lost": min(before.lost + lost_count, LARGEST_EXACT_INTEGER),
        "replay_before": min(ends, default=None),
        "lost_hook": situation.lost_hook if is_first else same,
        "gap": gap or before.gap,
    }
    # A webhook that is down is not called so by a run that sent too little to test it: that changes nothing either. Nor
    # does what to do about it.
    hooks = [asdict(hook) | {"down": None} for hook in situation.hooks]
    do_now = situation.do_now if situation.heading else ""
    details = [hooks, situation.attention, situation.errors, situation.failing, situation.heading, do_now]
    digest = before.digest if situation.state is None and not lost_count and not gap else _hash([told, details], 16)
    marks = (*before.lost_marks, *(_hash(event["guid"], _MARK) for event in lost))[-_REMEMBERED:]
    gap_mark = gap[0] if gap else before.gap_mark
    # Not in the digest: the same report twice changes nothing, and what is recovered changes what waits.
    told["recovered"] = min(before.recovered + situation.recovered, LARGEST_EXACT_INTEGER)
    after = Memory.model_validate({**told, "lost_marks": marks, "gap_mark": gap_mark, "digest": digest})
    return Decision(issue, before.state, after, lost, lost_count, gap, now)


def _hash(value: object, length: int) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:length]
