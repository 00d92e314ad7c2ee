"""The action's outputs, including the report as JSON: bounded, and harmless wherever it is pasted. Pure."""

from __future__ import annotations

import json
from functools import cache
from itertools import accumulate, takewhile
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar, cast, get_type_hints

from redeliver.core.case import Outcome
from redeliver.core.report import VERSION
from redeliver.output.headline import sentences, what_to_do
from redeliver.output.pieces import ORDER, ByteBudget
from redeliver.output.report_model import (
    MOST_FAILING_TYPES,
    AnswerPart,
    AttemptPart,
    EventPart,
    ExplanationPart,
    FailingTypePart,
    ForecastPart,
    HealthPart,
    HookPart,
    ReportModel,
    SendingPart,
    ShownPart,
    TypePart,
)
from redeliver.text import for_shell, one_line, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from redeliver.core.deliveries import DeliveryStats, TypeStats
    from redeliver.core.health import Health, HookHealth
    from redeliver.core.report import HookReport, Report, ShownEvent

SourceT = TypeVar("SourceT")
PartT = TypeVar("PartT", bound="Mapping[str, object]")
#: The action's outputs, and their descriptions.
OUTPUTS = {
    "redelivered-count": "Redeliveries that GitHub accepted.",
    "recovered-count": "Events that were delivered during the run.",
    "failed-count": "Events that were found undelivered: `recovered-count` plus `undelivered-count`.",
    "undelivered-count": "Events that are still undelivered at the end.",
    "lost-count": "Events that no later run will deliver: given up, or expired. `undelivered-count` includes them.",
    "scanned-count": "Attempts that were read from the delivery log.",
    "health": "State of the receiver: `healthy`, `degraded`, `down`, or `unknown`. With several webhooks, the worst.",
    "checkpoint": "The time up to which everything is settled, in epoch milliseconds.",
    "report": "What happened to each event, as JSON.",
}
#: Characters of the report, whatever is in it. GitHub counts a job's outputs in UTF-16 against 1 MB, and a report is
#: often passed on in an environment variable, which holds 131,072 bytes on Linux (MAX_ARG_STRLEN). toJSON of all
#: outputs escapes its quotes, and makes it an eighth longer.
MAX_REPORT_CHARS = 110_000
#: Characters of all errors at the top; of one sentence; of all sentences of one webhook.
_ERRORS, _SENTENCE, _OF_A_HOOK = 12_000, 2_000, 8_000


def outputs(report: Report) -> dict[str, str]:
    """The action's outputs, by name."""
    values = {name: getattr(report, name.removesuffix("-count")) for name in OUTPUTS if name != "report"}
    return {name: "" if value is None else str(value) for name, value in values.items()} | {"report": as_json(report)}


def as_json(report: Report) -> str:
    """The report for programs, of at most MAX_REPORT_CHARS characters; docs/report.schema.json describes it.

    If it would be longer, it leaves out what matters least, and counts it: recovered events before undelivered
    ones, webhooks with nothing to report before others, and types of events first of all.
    """
    whole = part(
        ReportModel,
        report,
        version=VERSION,
        health={"state": report.health},
        heading=one_line(sentences(report)[0], _SENTENCE // 2),
        do_now=one_line(what_to_do(report), _SENTENCE // 2),
        errors=_sentences(report.errors, _ERRORS),
        attention=_sentences(report.attention, _ERRORS),
        hooks_unreached=report.unreached,
        hooks_omitted=len(report.hooks),
        hooks=[],
    )
    space = ByteBudget(MAX_REPORT_CHARS - len(as_text(whole)))
    for_events = space.left // 3 if report.events else 0
    space.left -= for_events
    # Those with nothing to report come last.
    ranked = sorted(
        ((place, 0, hook) for place, hook in enumerate(report.hooks)),
        key=lambda row: (
            not ((hook := row[2]).is_failing or hook.lost),
            not (hook.facts or hook.undelivered),
            -hook.failed,
        ),
    )
    hooks = {place: part for place, _, part in _fitting(ranked, _hook_part, space)}
    whole["hooks_omitted"] -= len(hooks)
    whole["hooks"] = [*hooks.values()]
    space.left += for_events
    # Not sorted: of 100,000 events a few hundred fit.
    events = (
        (place, number, event)
        for kind in ORDER
        if report.outcomes[kind]
        for place in hooks
        for number, event in enumerate(report.hooks[place].events)
        if event.outcome is kind
    )
    for place, _, event in _fitting(events, lambda event: part(EventPart, event, event=event.name), space):
        hooks[place]["events"].append(event)
        hooks[place]["events_omitted"] -= 1
    types = [
        (place, number, one)
        for place in hooks
        if (stats := report.hooks[place].stats)
        for number, one in enumerate(stats.by_event)
    ]
    types.sort(key=itemgetter(1))  # each webhook's most common ones first
    for place, _, one in _fitting(types, _type_part, space):
        hooks[place]["health"]["by_event"].append(one)
        hooks[place]["health"]["by_event_omitted"] -= 1
    return as_text(whole)


def _fitting(
    rows: Iterable[tuple[int, int, SourceT]], made: Callable[[SourceT], PartT], space: ByteBudget
) -> list[tuple[int, int, PartT]]:
    """The parts of as many rows as there is space for, from the first on; then in the order of their two numbers."""
    parts = ((place, number, made(one)) for place, number, one in rows)
    return sorted(takewhile(lambda row: space.take(as_text(row[2])), parts), key=itemgetter(0, 1))


def listed(one: HookHealth) -> dict[str, object]:
    """A webhook and how its deliveries went, for programs. Its id is text: it can be too large for some readers."""
    names = ("owner", "host", "active", "deliveries", "failed", "last_success", "undelivered")
    health: dict[str, object] = {**_health_part(one.health, one.stats)}
    del health["by_event_omitted"]
    health["by_event"] = [_type_part(each) for each in one.stats.by_event]
    return {"hook_id": str(one.hook_id or ""), **{name: getattr(one, name) for name in names}, "health": health}


def shown(event: ShownEvent) -> ShownPart:
    """An event with all its attempts, for programs."""
    attempts = []
    for attempt in event.attempts:
        response = attempt.response
        answer = part(AnswerPart, response) if response else None
        lasted, unknown = response.duration if response else None, attempt.unknown
        attempts.append(part(AttemptPart, attempt, duration_ms=lasted, response=answer, response_unknown=unknown))
    return part(ShownPart, event, event=event.name, attempts=attempts)


def part(kind: type[PartT], source: object, **others: object) -> PartT:
    """A part of a report: fields that ``source`` has under the same names, and others. The schema checks it.

    Text from outside becomes plain, and no longer than the part's type says.
    """
    made = {name: others[name] if name in others else getattr(source, name) for name in kind.__annotations__}
    return cast("PartT", made | {name: plain(cast("str", made[name]), limit) for name, limit in _limits(kind)})


@cache
def _limits(kind: type) -> list[tuple[str, int]]:
    """Which fields of a part have text from outside, and how many characters of it."""
    hints = get_type_hints(kind, include_extras=True).items()
    return [(name, one) for name, hint in hints for one in getattr(hint, "__metadata__", ()) if isinstance(one, int)]


def _hook_part(hook: HookReport) -> HookPart:
    """What is reported of a webhook, without its events and their types."""
    explanations = [
        part(
            ExplanationPart,
            one.response,
            cause=one.cause,
            events=one.events,
            delivery_id=one.delivery_id,
            duration_ms=one.response.duration,
        )
        for one in hook.explanations
    ]
    sending = hook.sending
    types = [part(FailingTypePart, one) for one in sending.failing_types[:MOST_FAILING_TYPES]] if sending else []
    return part(
        HookPart,
        hook,
        gap=hook.gap and {"from": hook.gap[0], "to": hook.gap[1]},
        down_since=hook.outage and hook.outage.since,
        health=_health_part(hook.health, hook.stats),
        filtered_out=hook.count(Outcome.FILTERED_OUT),
        too_old=hook.count(Outcome.TOO_OLD),
        explanations=explanations,
        sending=sending and part(SendingPart, sending, failing_types=types),
        forecast=hook.forecast and part(ForecastPart, hook.forecast),
        errors=_sentences(hook.errors, _OF_A_HOOK),
        warnings=_sentences(hook.warnings, _OF_A_HOOK),
        events=[],
        events_omitted=len(hook.events),
    )


def _health_part(health: Health, stats: DeliveryStats | None) -> HealthPart:
    """Every figure is None if the window was not read whole."""
    figures: dict[str, object] = {
        "state": health,
        "by_event": [],
        "by_event_omitted": len(stats.by_event) if stats else 0,
    }
    if stats is None:
        return part(HealthPart, None, **dict.fromkeys(HealthPart.__annotations__) | figures)
    durations = {"p50": stats.p50, "p95": stats.p95, "max": stats.longest}
    return part(HealthPart, stats, duration_ms=None if None in durations.values() else durations, **figures)


def _type_part(one: TypeStats) -> TypePart:
    return part(TypePart, one, p95_ms=one.p95)


def _sentences(sentences: Sequence[str], most: int) -> list[str]:
    """As many as there is space for, each cut if it is too long; the last one then counts the rest."""
    space, shown = ByteBudget(most), list[str]()
    for number, sentence in enumerate(sentences):
        cut = sentence
        if len(as_text(sentence)) - 2 > _SENTENCE:
            sizes = accumulate(len(as_text(mark)) - 2 for mark in sentence)
            cut = sentence[: next(place for place, size in enumerate(sizes) if size > _SENTENCE)] + "…"
        if not space.take(as_text(cut)):
            return [*shown, f"and {len(sentences) - number:,} more"]
        shown.append(cut)
    return shown


def as_text(value: object) -> str:
    """A value as JSON that is harmless wherever it is pasted."""
    return for_shell(json.dumps(value, ensure_ascii=True, separators=(",", ":")))
