"""The job summary: what a person looks at first. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.plan import Reason
from redeliver.redelivery import Outcome
from redeliver.text import for_markdown
from redeliver.times import clock_time

if TYPE_CHECKING:
    from redeliver.report import EventReport, HookReport, Report

#: Rows of the table; a summary over 1 MiB would be dropped whole.
SHOWN_EVENTS = 200
_SENTENCE = 1_000

_MARKS: dict[Outcome | Reason, str] = {Outcome.RECOVERED: "✅", Outcome.FAILED_AGAIN: "❌", Outcome.PENDING: "⏳"}


def headline(report: Report) -> str:
    """The run in one sentence."""
    if report.errors and not report.events:
        return "The run failed"
    if report.failed == 0:
        return "Nothing to redeliver: every event in the window was delivered"
    if report.dry_run:
        return f"Dry run: {_events(report.failed)} undelivered, nothing was sent"
    if report.undelivered == 0:
        return (
            "The event that had failed is recovered"
            if report.failed == 1
            else f"All {report.failed:,} failed events are recovered"
        )
    if report.count(Reason.ENDPOINT_DOWN):
        return f"The endpoint is down: {_events(report.undelivered)} still undelivered"
    return f"{report.recovered:,} of {_events(report.failed)} recovered, {report.undelivered:,} still undelivered"


def markdown(report: Report) -> str:
    """The job summary as GitHub-flavoured Markdown."""
    parts = [
        f"## {headline(report)}",
        "\n".join(f"{_mark(hook)}{_line(hook)}" for hook in report.hooks if hook.start),
        *(f"> [!CAUTION]\n> {for_markdown(error, _SENTENCE)}" for error in report.errors),
        *(f"> [!WARNING]\n> {for_markdown(warning, _SENTENCE)}" for warning in report.warnings),
    ]
    if report.events:
        parts += [_counts(report), _table(report.events)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _mark(hook: HookReport) -> str:
    return "- ❌ " if hook.errors else "- "


def _line(hook: HookReport) -> str:
    return (
        f"{for_markdown(hook.hook)}: {hook.scanned:,} attempts read, back to {clock_time(hook.cutoff)}; "
        f"{hook.failed:,} events found undelivered, {hook.recovered:,} recovered"
    )


def _events(number: int) -> str:
    return f"{number:,} event" + ("" if number == 1 else "s")


def _counts(report: Report) -> str:
    outcomes: list[Outcome | Reason] = [*Outcome, *Reason]
    rows = [(outcome, report.count(outcome)) for outcome in outcomes]
    lines = [f"| {_MARKS.get(outcome, '⏸️')} {outcome} | {number:,} |" for outcome, number in rows if number]
    return "\n".join(
        ["| Outcome | Events |", "| :-- | --: |", *lines, f"| **found undelivered** | **{report.failed:,}** |"]
    )


def _table(events: tuple[EventReport, ...]) -> str:
    lines = ["| Event | First failed | Cause | Attempts | Outcome |", "| :-- | :-- | :-- | --: | :-- |"]
    for event in events[:SHOWN_EVENTS]:
        outcome = f"{_MARKS.get(event.outcome, '⏸️')} {event.outcome}" + (f" ({event.detail})" if event.detail else "")
        lines.append(
            f"| {for_markdown(event.name)} | {clock_time(event.first_failed_at)} | {event.cause} "
            f"| {event.attempts} | {outcome} |"
        )
    if len(events) > SHOWN_EVENTS:
        lines.append(f"\nand {len(events) - SHOWN_EVENTS:,} more.")
    return "\n".join(lines)
