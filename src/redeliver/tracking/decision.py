"""What a run's report says of the webhooks, and what that changes in the tracking issue: nothing if nothing has. Pure.

The issue itself is the only memory, so whoever closes or deletes it decides what is forgotten.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from redeliver.core.case import LOST, SETTLED, Outcome
from redeliver.github.responses import read_json
from redeliver.output.report_model import LARGEST_EXACT_INTEGER, Count, Moment, ReportModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redeliver.output.report_model import HookPart

# -- what a run says ---------------------------------------------------------------------------------------------------

#: Causes that are listed for one webhook.
_CAUSES = 3
NO_REPORT = "The run ended without a report."


class State(StrEnum):
    """How things stand. The codes are frozen: issues hold them."""

    DOWN = "down"
    """The receiver is down."""
    UNDELIVERED = "undelivered"
    """Events are undelivered, and later runs will redeliver them."""
    FAILED = "failed"
    """The run failed, and nothing is known to be undelivered."""
    SETTLED = "settled"
    """No event is left that a run would redeliver."""


@dataclass(frozen=True, slots=True)
class LostEvent:
    """An event that no run will deliver."""

    guid: str
    name: str
    cause: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class HookSituation:
    """A webhook that is worth a line. Moments are epoch milliseconds."""

    hook: str
    read: bool
    undelivered: int
    """Events that later runs will redeliver."""
    causes: tuple[str, ...]
    """The most common first."""
    deadline: int | None
    """When GitHub begins to forget them; None: there are none."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What one run says. Moments are epoch milliseconds."""

    state: State | None
    """None: too little was read to say anything, or nothing was meant to be sent."""
    since: int | None = None
    """When that began, as far as is known."""
    undelivered: int = 0
    """Events that later runs will redeliver."""
    deadline: int | None = None
    """When GitHub begins to forget them; None: there are none."""
    recovered: int = 0
    lost: int = 0
    """Events, including those that ``lost_events`` leaves out."""
    lost_events: tuple[LostEvent, ...] = ()
    gap: tuple[int, int] | None = None
    """The time whose deliveries GitHub forgot before any run checked them; None: there is none."""
    hooks: tuple[HookSituation, ...] = ()
    errors: tuple[str, ...] = ()
    """Why the run failed, where ``state`` says so."""


_REPORT = TypeAdapter(ReportModel)


def read_report(text: str) -> Situation:
    """What the output says.

    Raises:
        ValueError: it is not such an output. The message quotes nothing of it.
    """
    if not text.strip():
        return Situation(State.FAILED, errors=(NO_REPORT,))
    report = read_json(_REPORT, text)
    if report["dry_run"]:
        return Situation(None)
    hooks = report["hooks"]
    waiting = max(0, report["undelivered"] - report["lost"] - sum(hook["too_old"] for hook in hooks))
    gaps = [hook["gap"] for hook in hooks if hook["gap"]]
    state = _state(report, waiting)
    return Situation(
        state,
        since=min((moment for hook in hooks for moment in _began(hook)), default=None),
        undelivered=waiting,
        deadline=min((hook["deadline"] for hook in hooks if hook["deadline"] is not None), default=None),
        recovered=report["recovered"],
        lost=report["lost"],
        lost_events=tuple(
            LostEvent(event["guid"], event["event"], event["cause"], Outcome(event["outcome"]))
            for hook in hooks
            for event in hook["events"]
            if event["outcome"] in LOST
        ),
        gap=(min(gap["from"] for gap in gaps), max(gap["to"] for gap in gaps)) if gaps else None,
        hooks=tuple(
            HookSituation(hook["hook"], hook["read"], left, _causes(hook), deadline=hook["deadline"] if left else None)
            for hook in hooks
            if (left := _waiting(hook)) or not hook["read"]
        ),
        errors=tuple(report["errors"]) if state is State.FAILED else (),
    )


def _state(report: ReportModel, waiting: int) -> State | None:
    hooks = report["hooks"]
    if any(hook["down"] for hook in hooks):
        return State.DOWN
    if waiting:
        return State.UNDELIVERED
    # A loss is an error, too.
    if report["errors"] and not report["lost"] and not any(hook["gap"] for hook in hooks):
        return State.FAILED
    read = hooks and all(hook["read"] and not hook["partial"] for hook in hooks)
    return State.SETTLED if read and not report["hooks_unreached"] else None


def _causes(hook: HookPart) -> tuple[str, ...]:
    causes = Counter(event["cause"] for event in hook["events"] if event["outcome"] not in SETTLED)
    return tuple(sorted(causes, key=lambda cause: (-causes[cause], cause))[:_CAUSES])


def _waiting(hook: HookPart) -> int:
    """Events that later runs will redeliver."""
    return max(0, hook["undelivered"] - hook["lost"] - hook["too_old"])


def _began(hook: HookPart) -> Iterator[int]:
    """Moments at which its trouble may have begun."""
    if hook["down_since"] is not None:
        yield hook["down_since"]
    yield from (one["first_failed_at"] for one in hook["events"] if one["outcome"] not in SETTLED)


# -- what that changes -------------------------------------------------------------------------------------------------

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
class Decision:
    """What to write, what the issue remembers afterwards, and what a comment reports."""

    change: Change
    memory: Memory
    before: State | None
    """The state until now; None: it is the same."""
    lost: tuple[LostEvent, ...]
    """Newly lost events, as far as the report lists them."""
    lost_count: int
    gap: tuple[int, int] | None
    """None: no new one."""

    @property
    def is_loss(self) -> bool:
        """Whether something is newly lost."""
        return self.lost_count > 0 or self.gap is not None

    @property
    def is_news(self) -> bool:
        """Whether there is anything to report."""
        return self.before is not None or self.is_loss


def decide(issue: TrackingIssue | None, situation: Situation, now: int) -> Decision:
    """What a run's situation changes. ``now``: epoch milliseconds.

    ``issue``: the newest; None: there is none. One that is closed and settled is finished, and the next trouble opens
    another. One that somebody closed earlier stays closed until something gets worse.
    """
    if issue is None or (not issue.is_open and issue.memory.state is State.SETTLED):
        # A loss is reported once, in whichever issue.
        told = issue.memory if issue else Memory()
        fresh = Memory(state=State.SETTLED, lost_marks=told.lost_marks, gap_mark=told.gap_mark)
        decision = _compare(fresh, situation, now)
        return replace(decision, change=Change.OPENED if decision.is_news else Change.NONE)
    decision = _compare(issue.memory, situation, now)
    return replace(decision, change=_change(issue, decision))


def _change(issue: TrackingIssue, decision: Decision) -> Change:
    after = decision.memory
    if decision.is_loss:
        return Change.COMMENTED if issue.is_open else Change.REOPENED
    if after.state is State.SETTLED and not issue.is_open:
        return Change.EDITED  # nobody is notified; from now on it is finished
    if after.state is State.SETTLED and not after.has_losses:
        return Change.CLOSED
    if decision.is_news and issue.is_open:
        return Change.COMMENTED
    if decision.is_news and after.state is not State.UNDELIVERED:
        return Change.REOPENED
    return Change.EDITED if issue.is_open and after.digest != issue.memory.digest else Change.NONE


def _compare(before: Memory, situation: Situation, now: int) -> Decision:
    """What the issue remembers from now on, and what is new."""
    state = situation.state or before.state
    # A run in which nothing is due does not test the receiver, and so cannot call it down. It stays down until
    # something arrives.
    if before.state is State.DOWN and state is State.UNDELIVERED and not situation.recovered:
        state = State.DOWN
    since = before.since
    if state is not State.SETTLED:
        known = situation.since or since or now
        since = min(since, known) if since is not None and before.state is not State.SETTLED else situation.since or now
    lost = tuple(event for event in situation.lost_events if _hash(event.guid, _MARK) not in before.lost_marks)
    lost_count = len(lost)
    if situation.lost > len(situation.lost_events):
        # The report had no room for the others.
        lost_count = max(lost_count, situation.lost - before.lost)
    gap = situation.gap if situation.gap and situation.gap[0] != before.gap_mark else None
    known = situation.state in {State.DOWN, State.UNDELIVERED, State.SETTLED}
    told = {
        "state": state,
        "since": since,
        "undelivered": situation.undelivered if known else before.undelivered,
        "deadline": situation.deadline if known else before.deadline,
        "lost": min(before.lost + lost_count, LARGEST_EXACT_INTEGER),
        "gap": gap or before.gap,
    }
    details = [[asdict(hook) for hook in situation.hooks], situation.errors]
    digest = before.digest if situation.state is None and not lost_count and not gap else _hash([told, details], 16)
    marks = (*before.lost_marks, *(_hash(event.guid, _MARK) for event in lost))[-_REMEMBERED:]
    gap_mark = gap[0] if gap else before.gap_mark
    after = Memory.model_validate({**told, "lost_marks": marks, "gap_mark": gap_mark, "digest": digest})
    changed = before.state if state is not before.state else None
    return Decision(Change.NONE, after, changed, lost, lost_count, gap)


def _hash(value: object, length: int) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:length]
