"""The action's outputs, including the report as JSON: bounded, and harmless wherever it is pasted. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from redeliver.core.redelivery import Outcome
from redeliver.core.report import VERSION
from redeliver.output.pieces import ORDER
from redeliver.text import for_shell, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redeliver.core.health import DeliveryStats, Health, HookHealth, TypeStats
    from redeliver.core.report import EventReport, Explanation, HookReport, Report
    from redeliver.core.report_model import (
        DurationPart,
        EventPart,
        ExplanationPart,
        HealthPart,
        HookPart,
        ReportModel,
        TypePart,
    )

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
#: often passed on in an environment variable, which holds 131,072 bytes on Linux (MAX_ARG_STRLEN).
MOST = 120_000
#: Characters of all errors at the top; of one sentence; of all sentences of one webhook.
_ERRORS, _SENTENCE, _OF_A_HOOK = 12_000, 2_000, 8_000


def outputs(report: Report) -> dict[str, str]:
    """The action's outputs, by name."""
    return {
        "redelivered-count": str(report.redelivered),
        "recovered-count": str(report.recovered),
        "failed-count": str(report.failed),
        "undelivered-count": str(report.undelivered),
        "lost-count": str(report.lost),
        "scanned-count": str(report.scanned),
        "health": str(report.health),
        "checkpoint": "" if report.checkpoint is None else str(report.checkpoint),
        "report": as_json(report),
    }


def as_json(report: Report) -> str:
    """The report for programs, of at most MOST characters; docs/report.schema.json describes it.

    If it would be longer, it leaves out what matters least, and counts it: recovered events before undelivered
    ones, and webhooks with nothing to report before others.
    """
    whole: ReportModel = {
        "version": VERSION,
        "dry_run": report.dry_run,
        "scanned": report.scanned,
        "failed": report.failed,
        "redelivered": report.redelivered,
        "recovered": report.recovered,
        "undelivered": report.undelivered,
        "lost": report.lost,
        "health": {"state": report.health},
        "errors": _sentences(report.errors, _ERRORS),
        "hooks_unreached": report.unreached,
        "hooks_omitted": len(report.hooks),
        "hooks": [],
    }
    left = MOST - len(as_text(whole))
    for_events = left // 3 if report.events else 0
    hooks, left = _shown_hooks(report.hooks, left - for_events)
    left = _add_events(hooks, left + for_events)
    _add_types(hooks, left)
    whole["hooks_omitted"] -= len(hooks)
    whole["hooks"] = [part for _, part in hooks]
    return as_text(whole)


def _shown_hooks(hooks: Sequence[HookReport], left: int) -> tuple[list[tuple[HookReport, HookPart]], int]:
    """Webhooks and what is reported of them, without events and types, and the characters left after that."""
    shown: dict[int, tuple[HookReport, HookPart]] = {}
    for place in sorted(range(len(hooks)), key=lambda place: _how_quiet(hooks[place])):
        part = _hook_part(hooks[place])
        # Commas between events and types are counted with them.
        size = len(as_text(part)) + 1
        if size > left:
            break
        left -= size
        shown[place] = hooks[place], part
    return [shown[place] for place in sorted(shown)], left


def _how_quiet(hook: HookReport) -> tuple[bool, bool, int]:
    return (not (hook.is_failing or hook.lost), not (hook.facts or hook.undelivered), -hook.failed)


def _add_events(hooks: Sequence[tuple[HookReport, HookPart]], left: int) -> int:
    """Add as many events as there is space for, in their order. Returns the characters left after that."""
    rows = sorted(
        (ORDER[event.outcome], place, number)
        for place, (hook, _) in enumerate(hooks)
        for number, event in enumerate(hook.events)
    )
    shown: list[dict[int, EventPart]] = [{} for _ in hooks]
    for _, place, number in rows:
        event = _event_part(hooks[place][0].events[number])
        size = len(as_text(event)) + 1
        if size > left:
            break
        left -= size
        shown[place][number] = event
    for (_, part), events in zip(hooks, shown, strict=True):
        part["events"] = [event for _, event in sorted(events.items())]
        part["events_omitted"] -= len(events)
    return left


def _add_types(hooks: Sequence[tuple[HookReport, HookPart]], left: int) -> None:
    """Add as many types of events as there is space for, each webhook's most common ones first."""
    rows = [(number, place) for place, (hook, _) in enumerate(hooks) for number in range(len(_types(hook.stats)))]
    for number, place in sorted(rows):
        hook, part = hooks[place]
        one = _type_part(_types(hook.stats)[number])
        left -= len(as_text(one)) + 1
        if left < 0:
            break
        part["health"]["by_event"].append(one)
        part["health"]["by_event_omitted"] -= 1


def listed(one: HookHealth) -> dict[str, object]:
    """A webhook and how its deliveries went, for programs. Its id is text: it can be too large for some readers."""
    health: dict[str, object] = {**_health_part(one.health, one.stats)}
    del health["by_event_omitted"]
    return {
        "hook_id": str(one.hook_id or ""),
        "host": one.host,
        "active": one.active,
        "deliveries": one.deliveries,
        "failed": one.failed,
        "last_success": one.last_success,
        "undelivered": one.undelivered,
        "health": health | {"by_event": [_type_part(each) for each in one.stats.by_event]},
    }


# -- the parts --------------------------------------------------------------------------------------------------


def _hook_part(hook: HookReport) -> HookPart:
    """What is reported of a webhook, without its events and their types."""
    return {
        "hook": plain(hook.hook),
        "hook_id": plain(hook.hook_id),
        "owner": plain(hook.owner),
        "active": hook.active,
        "start": hook.start,
        "cutoff": hook.cutoff,
        "checkpoint": hook.checkpoint,
        "read": hook.read,
        "partial": hook.partial,
        "gap": None if hook.gap is None else {"from": hook.gap[0], "to": hook.gap[1]},
        "deadline": hook.deadline,
        "down": hook.down,
        "down_since": hook.outage.since if hook.outage else None,
        "scanned": hook.scanned,
        "failed": hook.failed,
        "redelivered": hook.redelivered,
        "recovered": hook.recovered,
        "undelivered": hook.undelivered,
        "lost": hook.lost,
        "health": _health_part(hook.health, hook.stats),
        "filtered_out": hook.count(Outcome.FILTERED_OUT),
        "too_old": hook.count(Outcome.TOO_OLD),
        "explanations": [_explanation_part(one) for one in hook.explanations],
        "errors": _sentences(hook.errors, _OF_A_HOOK),
        "warnings": _sentences(hook.warnings, _OF_A_HOOK),
        "events": [],
        "events_omitted": len(hook.events),
    }


def _health_part(health: Health, stats: DeliveryStats | None) -> HealthPart:
    """Every figure is None if the window was not read whole."""
    durations: DurationPart | None = None
    if stats and stats.p50 is not None and stats.p95 is not None and stats.longest is not None:
        durations = {"p50": stats.p50, "p95": stats.p95, "max": stats.longest}
    return {
        "state": health,
        "events": stats.events if stats else None,
        "delivered_first_try": stats.delivered_first_try if stats else None,
        "duration_ms": durations,
        "near_timeout": stats.near_timeout if stats else None,
        "throttled": stats.throttled if stats else None,
        "by_event": [],
        "by_event_omitted": len(_types(stats)),
    }


def _types(stats: DeliveryStats | None) -> Sequence[TypeStats]:
    return stats.by_event if stats else ()


def _type_part(one: TypeStats) -> TypePart:
    return {
        "event": one.event,
        "events": one.events,
        "delivered_first_try": one.delivered_first_try,
        "p95_ms": one.p95,
    }


def _explanation_part(explanation: Explanation) -> ExplanationPart:
    response = explanation.response
    return {
        "cause": plain(explanation.cause, 30),
        "events": explanation.events,
        "delivery_id": plain(explanation.delivery_id, 30),
        "content_type": response.content_type,
        "server": response.server,
        "title": response.title,
        "body": response.body,
        "duration_ms": response.duration,
    }


def _event_part(event: EventReport) -> EventPart:
    return {
        "guid": plain(event.guid, 64),
        "event": plain(event.name, 100),
        "first_failed_at": event.first_failed_at,
        "cause": plain(event.cause, 30),
        "attempts": event.attempts,
        "outcome": event.outcome,
        "detail": plain(event.detail),
        "delivery_id": plain(event.delivery_id, 30),
        "forgotten_at": event.forgotten_at,
        "next_attempt_at": event.next_attempt_at,
    }


def _sentences(sentences: Sequence[str], most: int) -> list[str]:
    """As many as there is space for, each cut if it is too long; the last one then counts the rest."""
    shown: list[str] = []
    for number, sentence in enumerate(sentences):
        cut = _cut(sentence)
        most -= len(as_text(cut)) + 1
        if most < 0:
            return [*shown, f"and {len(sentences) - number:,} more"]
        shown.append(cut)
    return shown


def _cut(sentence: str) -> str:
    """Its beginning, as far as that is no longer than _SENTENCE as JSON."""
    if len(as_text(sentence)) - 2 <= _SENTENCE:
        return sentence
    size = 0
    for place, mark in enumerate(sentence):
        size += len(as_text(mark)) - 2
        if size > _SENTENCE:
            return sentence[:place] + "…"
    return sentence


def as_text(value: object) -> str:
    """A value as JSON that is harmless wherever it is pasted."""
    return for_shell(json.dumps(value, ensure_ascii=True, separators=(",", ":")))
