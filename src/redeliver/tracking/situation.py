"""What a run's report says of the webhooks, as far as the tracking issue goes by it. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from redeliver.core.case import LOST, SETTLED
from redeliver.github.responses import read_json
from redeliver.output.report_model import ReportModel
from redeliver.text import count
from redeliver.times import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from redeliver.output.report_model import EventPart, HookPart

#: Causes that are listed for one webhook.
_CAUSES = 3
NO_REPORT = "The run ended without a report."
_HIDDEN = "The run failed. Its page says why."


class State(StrEnum):
    """How things stand. The codes are frozen: issues hold them."""

    DOWN = "down"
    """The receiver is down."""
    UNDELIVERED = "undelivered"
    """Events are undelivered, and later runs will redeliver them."""
    ATTENTION = "attention"
    """Nothing waits, but something stays wrong until somebody sees to it."""
    FAILED = "failed"
    """The run failed, and nothing is known to be undelivered."""
    SETTLED = "settled"
    """No event is left that a run would redeliver."""


@dataclass(frozen=True, slots=True)
class HookSituation:
    """A webhook that is worth a line. Its fields mean what those of a Situation mean."""

    hook: str
    """Its receiver's host, if that may be named, or else the webhook in words."""
    read: bool
    undelivered: int
    causes: tuple[str, ...]
    """The most common first."""
    deadline: int | None
    down: bool = False
    is_host: bool = False
    """Whether ``hook`` is a host."""
    takes: str = ""
    """How long sending takes, and in how many runs; empty: not known."""
    is_late: bool = False
    """Whether that is too long for some of it."""


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
    lost_events: tuple[EventPart, ...] = ()
    """Events that no run will deliver."""
    lost_hook: str = ""
    """The webhook that has losses, as a HookSituation names it; empty: several have, or none has."""
    gap: tuple[int, int] | None = None
    """The time whose deliveries GitHub forgot before any run checked them; None: there is none."""
    hooks: tuple[HookSituation, ...] = ()
    errors: tuple[str, ...] = ()
    """Why the run failed, where ``state`` says so."""
    attention: tuple[str, ...] = ()
    """What stays so until somebody sees to it, in the action's own words."""
    heading: str = ""
    """The same as the job summary's heading, where ``state`` says that nothing waits."""
    do_now: str = ""
    """What a person should do now, in the action's own words."""
    failing: bool = False
    """Whether anything made the run fail: an error, a loss, too little time, or something of ``attention``."""
    partial: bool = False
    """Whether a log was read in part, so that more may wait, and for longer."""


_REPORT = TypeAdapter(ReportModel)


def read_report(text: str, shows_hosts: Callable[[], bool] = lambda: True) -> Situation:
    """What the output says. ``shows_hosts``: whether the issue may name hosts of receivers, asked if the output does.

    Raises:
        ValueError: it is not such an output. The message quotes nothing of it.
    """
    if not text.strip():
        return Situation(State.FAILED, errors=(NO_REPORT,), failing=True)
    report = read_json(_REPORT, text)
    if report["dry_run"]:
        return Situation(None)
    hooks = report["hooks"]
    events = [event for hook in hooks for event in hook["events"]]
    began = [hook["down_since"] for hook in hooks]
    began += [event["first_failed_at"] for event in events if event["outcome"] not in SETTLED]
    waiting = max(0, report["undelivered"] - report["lost"] - sum(hook["too_old"] for hook in hooks))
    gaps = [hook["gap"] for hook in hooks if hook["gap"]]
    failures = tuple(error for error in report["errors"] if error not in report["attention"])
    state = _state(report, waiting, failures)
    names_hosts = report["names_hosts"] and shows_hosts()
    hides = report["names_hosts"] and not names_hosts
    if hides:
        failures = (_HIDDEN,) * bool(failures)
    situations = [(_hook_situation(hook, names_hosts=names_hosts), hook) for hook in hooks]
    lost = {one.hook for one, hook in situations if hook["lost"] or hook["gap"]}
    says_why = state in {State.FAILED, State.ATTENTION} and not hides
    return Situation(
        state,
        since=_earliest(began),
        undelivered=waiting,
        deadline=_earliest(hook["deadline"] for hook in hooks),
        recovered=report["recovered"],
        lost=report["lost"],
        lost_events=tuple(event for event in events if event["outcome"] in LOST),
        gap=(min(gap["from"] for gap in gaps), max(gap["to"] for gap in gaps)) if gaps else None,
        hooks=tuple(one for one, _ in situations if one.undelivered or one.down or not one.read),
        lost_hook=next(iter(lost)) if len(lost) == 1 else "",
        attention=tuple(report["attention"]),
        heading=report["heading"] if says_why else "",
        do_now="" if hides and failures else report["do_now"],
        failing=bool(report["errors"]),
        errors=failures if state is State.FAILED else (),
        partial=any(hook["partial"] for hook in hooks),
    )


def _earliest(moments: Iterable[int | None]) -> int | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _state(report: ReportModel, waiting: int, failures: Sequence[str]) -> State | None:
    hooks = report["hooks"]
    if any(hook["down"] for hook in hooks):
        return State.DOWN
    if waiting:
        return State.UNDELIVERED
    # A loss is an error, too.
    if failures and not report["lost"] and not any(hook["gap"] for hook in hooks):
        return State.FAILED
    if report["attention"]:
        return State.ATTENTION
    read = hooks and all(hook["read"] and not hook["partial"] for hook in hooks)
    return State.SETTLED if read and not report["hooks_unreached"] else None


def _hook_situation(hook: HookPart, *, names_hosts: bool) -> HookSituation:
    waiting = max(0, hook["undelivered"] - hook["lost"] - hook["too_old"])
    causes = Counter(event["cause"] for event in hook["events"] if event["outcome"] not in SETTLED)
    commonest = sorted(causes, key=lambda cause: (-causes[cause], cause))[:_CAUSES]
    host, forecast = hook["host"] if names_hosts else "", hook["forecast"]
    is_late, takes = bool(forecast and not forecast["in_time"]), ""
    if forecast:
        takes = f"{duration(forecast['seconds'])}, in {count(forecast['runs'], 'run')}{': too late' * is_late}"
    return HookSituation(
        host or hook["hook"],
        read=hook["read"],
        undelivered=waiting,
        causes=tuple(commonest),
        deadline=hook["deadline"] if waiting else None,
        down=hook["down"],
        is_host=bool(host),
        takes=takes,
        is_late=is_late,
    )
