"""What the tracking issue needs to know of a run, read from its output ``report``. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from redeliver.core.redelivery import LOST, Outcome
from redeliver.core.report_model import ReportModel
from redeliver.github.responses import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redeliver.core.report_model import HookPart

#: Causes that are listed for one webhook.
_CAUSES = 3
NO_REPORT = "The run ended without a report."
#: Events with these outcomes no longer wait for a redelivery.
_SETTLED = LOST | {Outcome.RECOVERED, Outcome.FILTERED_OUT, Outcome.TOO_OLD}


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
        since=min((moment for hook in hooks for moment in _troubles(hook)), default=None),
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
        hooks=tuple(_hook_situation(hook) for hook in hooks if _waiting(hook) or not hook["read"]),
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


def _hook_situation(hook: HookPart) -> HookSituation:
    causes = Counter(event["cause"] for event in hook["events"] if event["outcome"] not in _SETTLED)
    ordered = sorted(causes, key=lambda cause: (-causes[cause], cause))
    waiting = _waiting(hook)
    return HookSituation(
        hook["hook"], hook["read"], waiting, tuple(ordered[:_CAUSES]), hook["deadline"] if waiting else None
    )


def _waiting(hook: HookPart) -> int:
    """Events that later runs will redeliver."""
    return max(0, hook["undelivered"] - hook["lost"] - hook["too_old"])


def _troubles(hook: HookPart) -> Iterator[int]:
    """Moments at which its trouble may have begun."""
    if hook["down_since"] is not None:
        yield hook["down_since"]
    yield from (one["first_failed_at"] for one in hook["events"] if one["outcome"] not in _SETTLED)
