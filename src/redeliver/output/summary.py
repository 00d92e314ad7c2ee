"""The job summary: what a person looks at first. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.causes import short_name
from redeliver.core.outcomes import Outcome
from redeliver.output import headline
from redeliver.output.advice import ADVICE, MARKS, ORDER
from redeliver.output.charts import pictures
from redeliver.text import count, for_markdown
from redeliver.times import clock_time, day_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redeliver.core.report import EventReport, HookReport, Report

#: Rows of the tables; a summary over 1 MiB would be dropped whole.
SHOWN_EVENTS = 200
SHOWN_HOOKS = 300
SHOWN_FAULTS = 20
_SENTENCE = 1_000
_NOTHING_TO_DO = frozenset({Outcome.RECOVERED, Outcome.FILTERED_OUT})


def markdown(report: Report) -> str:
    """The job summary as GitHub-flavoured Markdown: three lines on a good day, and what to do before all details."""
    events = [event for event in report.events if event.outcome is not Outcome.FILTERED_OUT]
    parts = [
        f"## {headline.mark(report)} {headline.headline(report)}",
        *(_many_hooks(report) if len(report.hooks) > 1 else map(_one_hook, report.hooks)),
        *_alerts("CAUTION", report.errors, "errors"),
        *_alerts("WARNING", report.warnings, "warnings"),
        _what_to_do(report),
        *pictures(events),
        *_tables(report),
    ]
    text = "\n\n".join(part for part in parts if part)
    # Without a blank line after it, HTML would swallow the heading of whatever comes next.
    return text + ("\n\n" if text.endswith("</details>") else "\n")


def unusable(problems: Sequence[str]) -> str:
    """The job summary of a run that could not begin."""
    lines = [f"- {for_markdown(problem, _SENTENCE)}" for problem in problems[:SHOWN_FAULTS]]
    return "\n".join(["## 🔴 The inputs cannot be used", "", *lines, _more(len(problems) - SHOWN_FAULTS, "problems")])


# -- the webhooks -----------------------------------------------------------------------------------------------


def _one_hook(hook: HookReport) -> str:
    shown = _linked(for_markdown(hook.hook), hook)
    if not hook.read:
        return f"{shown}: not read"
    read = f"{shown}: {count(hook.scanned, 'attempt')} read, back to {clock_time(hook.cutoff)}"
    if not hook.failed:
        return read
    return (
        f"{read}; {count(hook.failed, 'event')} found undelivered, {hook.redelivered:,} redelivered, "
        f"{hook.recovered:,} recovered"
    )


def _many_hooks(report: Report) -> list[str]:
    """Those that somebody should look at in a table, worst first; the others folded away."""
    loud = sorted((hook for hook in report.hooks if not _is_quiet(hook)), key=_how_bad)
    quiet = [hook for hook in report.hooks if _is_quiet(hook)]
    table = _table(
        "| Webhook | Attempts read | Found | Redelivered | Recovered | Undelivered |",
        "| :-- | --: | --: | --: | --: | --: |",
        [_hook_row(hook) for hook in loud[:SHOWN_HOOKS]],
    )
    names = " · ".join(_linked(for_markdown(short_name(hook.hook)), hook) for hook in quiet[:SHOWN_HOOKS])
    read = sum(hook.scanned for hook in quiet)
    title = f"{count(len(quiet), 'webhook')} with nothing to redeliver ({count(read, 'attempt')} read)"
    return [
        table,
        _more(len(loud) - SHOWN_HOOKS, "webhooks"),
        *([_folded(title, names, _more(len(quiet) - SHOWN_HOOKS, "webhooks"))] if quiet else []),
    ]


def _is_quiet(hook: HookReport) -> bool:
    return hook.read and not (hook.failed or hook.errors or hook.warnings)


def _how_bad(hook: HookReport) -> tuple[bool, bool, int]:
    return (not hook.errors, not hook.count(Outcome.ENDPOINT_DOWN), -hook.undelivered)


def _hook_row(hook: HookReport) -> str:
    light = "🔴" if hook.errors or hook.count(Outcome.ENDPOINT_DOWN) else "🟡" if hook.undelivered else "🟢"
    numbers = [hook.scanned, hook.failed, hook.redelivered, hook.recovered, hook.undelivered]
    shown = " | ".join(f"{number:,}" for number in numbers) if hook.read else "not read | | | |"
    return f"| {light} {_linked(for_markdown(hook.hook), hook)} | {shown} |"


# -- what is not well -------------------------------------------------------------------------------------------


def _alerts(kind: str, sentences: Sequence[str], what: str) -> list[str]:
    shown = [f"> [!{kind}]\n> {for_markdown(sentence, _SENTENCE)}" for sentence in sentences[:SHOWN_FAULTS]]
    return [*shown, _more(len(sentences) - SHOWN_FAULTS, what)]


def _what_to_do(report: Report) -> str:
    """What became of the events, and what to do about it; nothing where there is nothing to do."""
    numbers = {kind: number for kind in ADVICE if (number := report.count(kind))}
    if numbers.keys() <= _NOTHING_TO_DO:
        return ""
    rows = [f"| {_shown(kind)} | {number:,} | {ADVICE[kind]} |" for kind, number in numbers.items()]
    return _table("| Outcome | Events | What to do |", "| :-- | --: | :-- |", rows)


# -- the events -------------------------------------------------------------------------------------------------


def _tables(report: Report) -> list[str]:
    """What is not well in sight, and first, so that it does not fall off the end; all else folded away."""
    several = len(report.hooks) > 1
    rows = [(hook, event) for hook in report.hooks for event in hook.events]
    undelivered = sorted(
        (row for row in rows if row[1].outcome not in _NOTHING_TO_DO), key=lambda row: ORDER[row[1].outcome]
    )
    recovered = [row for row in rows if row[1].outcome is Outcome.RECOVERED]
    filtered = [row for row in rows if row[1].outcome is Outcome.FILTERED_OUT]
    room = SHOWN_EVENTS
    parts = []
    for group, title in (
        (undelivered, ""),
        (recovered, f"{count(len(recovered), 'event')} recovered"),
        (filtered, f"{count(len(filtered), 'event')} filtered out"),
    ):
        table = _event_table(group[:room], several=several)
        more = _more(len(group) - room, "events")
        parts += [_folded(title, table, more)] if title and group else [table, more]
        room = max(0, room - len(group))
    return parts


def _event_table(rows: Iterable[tuple[HookReport, EventReport]], *, several: bool) -> str:
    hook = " Webhook |" if several else ""
    return _table(
        f"| Event | First failed (UTC) | Cause | Attempts | Outcome | Delivery |{hook}",
        "| :-- | :-- | :-- | --: | :-- | :-- |" + (" :-- |" if several else ""),
        [_event_row(hook, event, several=several) for hook, event in rows],
    )


def _event_row(hook: HookReport, event: EventReport, *, several: bool) -> str:
    cells = [
        for_markdown(event.name, 80),
        _whole(day_time(event.first_failed_at)),
        _whole(event.cause[:30]),
        str(event.attempts),
        _shown(event.outcome) + (f" ({event.detail})" if event.detail else ""),
        for_markdown(event.guid, 36) if several else _linked(for_markdown(event.guid, 36), hook),
        *([_linked(for_markdown(short_name(hook.hook)), hook)] if several else []),
    ]
    return f"| {' | '.join(cells)} |"


# -- Markdown ---------------------------------------------------------------------------------------------------


def _table(header: str, rule: str, rows: list[str]) -> str:
    return "\n".join([header, rule, *rows]) if rows else ""


def _folded(title: str, *parts: str) -> str:
    # GitHub reads Markdown within HTML only between blank lines.
    return "\n\n".join([f"<details><summary>{title}</summary>", *(part for part in parts if part), "</details>"])


def _linked(shown: str, hook: HookReport) -> str:
    return f"[{shown}]({hook.page})" if hook.page else shown


def _shown(kind: Outcome) -> str:
    return _whole(f"{MARKS[kind]} {kind}")


def _whole(text: str) -> str:
    """Words that stay on one line."""
    return text.replace(" ", "&nbsp;")


def _more(number: int, what: str) -> str:
    return f"and {number:,} more {what}" if number > 0 else ""
