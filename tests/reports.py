"""Reports to test with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from githubsim.clock import DAY, START
from redeliver.core.case import AWAITING_RESULT, LOST, Outcome
from redeliver.core.deliveries import DeliveryStats, TypeStats
from redeliver.core.facts import Fact, Level
from redeliver.core.report import EventReport, HookReport, Report
from redeliver.errors import RedeliverError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAGE = "https://github.com/organizations/octo/settings/hooks/1?tab=deliveries"
RETENTION = 3 * DAY
EVENT = EventReport(
    guid="g",
    name="push",
    first_failed_at=START,
    cause="HTTP 503",
    attempts=2,
    outcome=Outcome.RECOVERED,
    detail="",
    delivery_id="3804004623172239366",
    forgotten_at=START + RETENTION,
    next_attempt_at=None,
)
#: Events with these outcomes are not redelivered again, or are being redelivered.
_NOT_AGAIN = LOST | AWAITING_RESULT | {Outcome.RECOVERED, Outcome.FILTERED_OUT, Outcome.TOO_OLD}


class Problem(RedeliverError):
    """An error with these words."""

    def __init__(self, problem: str, advice: str = "") -> None:
        # Not as attributes of the class: the documents list those of every class.
        vars(self).update(sentence=_literal(problem), advice=_literal(advice))
        super().__init__(words=problem + advice)


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def facts(sentences: Iterable[str], level: Level = Level.ERROR) -> tuple[Fact, ...]:
    """What ended a run, in these words."""
    return tuple(Fact.of(Problem(sentence), level) for sentence in sentences)


def events(*outcomes: Outcome) -> tuple[EventReport, ...]:
    """Events with these outcomes, a minute apart."""
    moments = [START + number * 60_000 for number in range(len(outcomes))]
    return tuple(
        replace(
            EVENT,
            guid=f"guid-{number}",
            outcome=outcome,
            first_failed_at=moment,
            forgotten_at=moment + RETENTION,
            next_attempt_at=None if outcome in _NOT_AGAIN else moment,
        )
        for number, (outcome, moment) in enumerate(zip(outcomes, moments, strict=True))
    )


def lost_event(guid: str, name: str, cause: str, outcome: Outcome) -> Any:  # noqa: ANN401  a part of EventPart
    """An event in a report, as far as the tracking issue reads it."""
    return {"guid": guid, "event": name, "cause": cause, "outcome": outcome, "forgotten_at": START + RETENTION}


def hook(
    *shown: EventReport,
    number: int = 1,
    errors: Iterable[str] = (),
    warnings: Iterable[str] = (),
    **known: Any,  # noqa: ANN401  fields of HookReport
) -> HookReport:
    """A run over one hook. Its deadline is that of its oldest event that can still be redelivered."""
    can = [event.forgotten_at for event in shown if event.outcome not in _NOT_AGAIN - AWAITING_RESULT]
    usual: dict[str, Any] = {
        "hook": f"hook {number} of the organization octo",
        "hook_id": str(number),
        "owner": "octo",
        "page": PAGE,
        "start": START,
        "cutoff": START,
        "scanned": 1_234,
        "redelivered": 2,
        "checkpoint": START,
        "deadline": min(can, default=None),
        "endings": (*facts(errors), *facts(warnings, Level.WARNING)),
    }
    return HookReport(events=shown, **usual | known)


def hooks(number: int, *shown: EventReport, **known: Any) -> tuple[HookReport, ...]:  # noqa: ANN401
    """So many hooks, each with these events."""
    return tuple(hook(*shown, number=one, **known) for one in range(1, 1 + number))


def stats(
    types: Mapping[str, tuple[int, int]], *, p95: int | None = 1_800, near: int = 0, throttled: int = 0
) -> DeliveryStats:
    """Statistics of these types of events, each with its events and how many were delivered on the first attempt."""
    each = tuple(TypeStats(name, events, delivered, p95) for name, (events, delivered) in types.items())
    return DeliveryStats(
        events=sum(one.events for one in each),
        delivered_first_try=sum(one.delivered_first_try for one in each),
        p50=p95,
        p95=p95,
        longest=p95,
        near_timeout=near,
        throttled=throttled,
        by_event=each,
        timeout=10,
    )


def one(*shown: EventReport, **known: Any) -> Report:  # noqa: ANN401
    """A report on one hook."""
    return Report((hook(*shown, **known),))
