"""The action's outputs, including the report as JSON: bounded, and harmless wherever it is pasted. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from redeliver.core.health import figures, type_figures
from redeliver.core.redelivery import Outcome
from redeliver.output.words import ORDER
from redeliver.text import for_shell, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redeliver.core.report import EventReport, Explanation, HookReport, Report

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
#: The JSON report's version. A change that breaks a reader raises it.
VERSION = 1
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
    whole: dict[str, object] = {
        "version": VERSION,
        "dry_run": report.dry_run,
        "scanned": report.scanned,
        "failed": report.failed,
        "redelivered": report.redelivered,
        "recovered": report.recovered,
        "undelivered": report.undelivered,
        "lost": report.lost,
        "health": {"state": str(report.health)},
        "errors": _sentences(report.errors, _ERRORS),
        "hooks_unreached": report.unreached,
        "hooks_omitted": len(report.hooks),
        "hooks": [],
    }
    left = MOST - len(_text(whole))
    for_events = left // 3 if report.events else 0
    hooks, left = _shown_hooks(report.hooks, left - for_events)
    events, left = _shown_events([report.hooks[place] for place in hooks], left + for_events)
    types = _shown_types([report.hooks[place] for place in hooks], left)
    whole["hooks_omitted"] = len(report.hooks) - len(hooks)
    whole["hooks"] = [
        known
        | {"health": _health(report.hooks[place], by_event)}
        | {"events": told, "events_omitted": len(report.hooks[place].events) - len(told)}
        for (place, known), told, by_event in zip(hooks.items(), events, types, strict=True)
    ]
    return _text(whole)


def _shown_hooks(hooks: Sequence[HookReport], left: int) -> tuple[dict[int, dict[str, object]], int]:
    """What is reported of webhooks, by their places, and the characters left after that."""
    shown: dict[int, dict[str, object]] = {}
    for place in sorted(range(len(hooks)), key=lambda place: _how_quiet(hooks[place])):
        known = _known(hooks[place])
        # Its events' commas are counted with them; here, the longest that the two fields can be.
        size = len(_text(known | {"events": [], "events_omitted": len(hooks[place].events)})) + 1
        if size > left:
            break
        left -= size
        shown[place] = known
    return dict(sorted(shown.items())), left


def _how_quiet(hook: HookReport) -> tuple[bool, bool, int]:
    return (not (hook.is_failing or hook.lost), not (hook.facts or hook.undelivered), -hook.failed)


def _shown_events(hooks: Sequence[HookReport], left: int) -> tuple[list[list[dict[str, object]]], int]:
    """What is reported of events, oldest first, a list for each webhook, and the characters left after that."""
    rows = [
        (ORDER[event.outcome], place, number)
        for place, hook in enumerate(hooks)
        for number, event in enumerate(hook.events)
    ]
    shown: list[dict[int, dict[str, object]]] = [{} for _ in hooks]
    for _, place, number in sorted(rows):
        event = _event(hooks[place].events[number])
        size = len(_text(event)) + 1
        if size > left:
            break
        left -= size
        shown[place][number] = event
    return [[event for _, event in sorted(events.items())] for events in shown], left


def _shown_types(hooks: Sequence[HookReport], left: int) -> list[list[dict[str, object]]]:
    """What is reported of types of events, a list for each webhook, its most common types first."""
    shown: list[list[dict[str, object]]] = [[] for _ in hooks]
    rows = [(number, place) for place, hook in enumerate(hooks) for number in range(_types(hook))]
    for number, place in sorted(rows):
        stats = hooks[place].stats
        one = type_figures(stats.by_event[number]) if stats else {}
        left -= len(_text(one)) + 1
        if left < 0:
            break
        shown[place].append(one)
    return shown


def _types(hook: HookReport) -> int:
    return len(hook.stats.by_event) if hook.stats else 0


def _health(hook: HookReport, by_event: list[dict[str, object]]) -> dict[str, object]:
    omitted = _types(hook) - len(by_event)
    return figures(hook.health, hook.stats) | {"by_event": by_event, "by_event_omitted": omitted}


def _known(hook: HookReport) -> dict[str, object]:
    """What is reported of a webhook, without its events."""
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
        "health": _health(hook, []),
        "filtered_out": hook.count(Outcome.FILTERED_OUT),
        "too_old": hook.count(Outcome.TOO_OLD),
        "explanations": [_explanation(one) for one in hook.explanations],
        "errors": _sentences(hook.errors, _OF_A_HOOK),
        "warnings": _sentences(hook.warnings, _OF_A_HOOK),
    }


def _explanation(explanation: Explanation) -> dict[str, object]:
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


def _event(event: EventReport) -> dict[str, object]:
    return {
        "guid": plain(event.guid, 64),
        "event": plain(event.name, 100),
        "first_failed_at": event.first_failed_at,
        "cause": plain(event.cause, 30),
        "attempts": event.attempts,
        "outcome": str(event.outcome),
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
        most -= len(_text(cut)) + 1
        if most < 0:
            return [*shown, f"and {len(sentences) - number:,} more"]
        shown.append(cut)
    return shown


def _cut(sentence: str) -> str:
    """Its beginning, as far as that is no longer than _SENTENCE as JSON."""
    if len(_text(sentence)) - 2 <= _SENTENCE:
        return sentence
    size = 0
    for place, mark in enumerate(sentence):
        size += len(_text(mark)) - 2
        if size > _SENTENCE:
            return sentence[:place] + "…"
    return sentence


def _text(value: object) -> str:
    return for_shell(json.dumps(value, ensure_ascii=True, separators=(",", ":")))
