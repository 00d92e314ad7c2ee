"""The job summary: what a person looks at first. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver import picture
from redeliver.plan import Reason
from redeliver.redelivery import Outcome
from redeliver.text import for_markdown
from redeliver.times import clock_time

if TYPE_CHECKING:
    from redeliver.report import EventReport, HookReport, Report

#: Rows of the tables; a summary over 1 MiB would be dropped whole.
SHOWN_EVENTS = 200
SHOWN_HOOKS = 300
SHOWN_FAULTS = 50
_SENTENCE = 1_000

_MARKS: dict[Outcome | Reason, str] = {
    Outcome.RECOVERED: "✅",
    Outcome.FAILED_AGAIN: "❌",
    Outcome.PENDING: "⏳",
    Outcome.REFUSED: "🚫",
    Outcome.UNKNOWN: "❔",
}
_LEFT = "⏸️"

_ADVICE: dict[Outcome | Reason, str] = {
    Outcome.FAILED_AGAIN: "The endpoint did not take them this time either. The webhook's page shows what it answered; "
    "they are sent again when their spacing allows.",
    Outcome.PENDING: "GitHub took them, but the log does not show them yet. The next run looks again; a longer "
    "wait-for-results would let this one see more.",
    Outcome.REFUSED: "GitHub would not redeliver them. The next run asks again, until they leave GitHub's log.",
    Outcome.UNKNOWN: "GitHub's answer was lost. The next run finds out, and sends what was not taken.",
    Reason.NOT_DUE: "They failed before and wait for their spacing; a later run sends them.",
    Reason.OUT_OF_ATTEMPTS: "They used up max-attempts. Mend what refuses them, and redeliver them by hand from the "
    "webhook's page, or raise max-attempts.",
    Reason.LEFT_LOG: "GitHub does not keep deliveries long enough for these any more.",
    Reason.UNCHECKED: "The log was too long to see whether they are delivered already. Raise time-limit, or run "
    "more often.",
    Reason.DRY_RUN: "Run without dry-run to send them.",
    Reason.ENDPOINT_DOWN: "Bring the endpoint back; the next run sends them.",
    Reason.OUT_OF_TIME: "The next run sends them. Raise time-limit if that happens often.",
    Reason.STOPPED: "The next run sends them.",
    Reason.FAULT: "The next run sends them, once the error above is mended.",
}


def headline(report: Report) -> str:
    """The run in one sentence."""
    if report.signal_number is not None:
        return f"The run was stopped: {report.recovered:,} of {_events(report.failed)} recovered so far"
    if report.failed:
        return _result(report)
    if report.errors:
        return "The run failed"
    filtered = report.count(Reason.FILTERED)
    why = f"{_events(filtered)} filtered out" if filtered else "every event in the window was delivered"
    return f"Nothing to redeliver: {why}"


def _result(report: Report) -> str:
    if report.dry_run:
        return f"Dry run: {_events(report.failed)} undelivered, nothing was sent"
    if report.undelivered == 0:
        all_of_them = "The event" if report.failed == 1 else f"All {_events(report.failed)}"
        return f"{all_of_them} that had failed {'is' if report.failed == 1 else 'are'} recovered"
    if report.count(Reason.ENDPOINT_DOWN):
        return f"The endpoint is down: {_events(report.undelivered)} still undelivered"
    return f"{report.recovered:,} of {_events(report.failed)} recovered, {report.undelivered:,} still undelivered"


def markdown(report: Report) -> str:
    """The job summary as GitHub-flavoured Markdown: three lines on a good day."""
    parts = [
        f"## {_mark(report)} {headline(report)}",
        "\n".join(_hook_line(hook) for hook in report.hooks[:SHOWN_HOOKS]),
        _more(len(report.hooks) - SHOWN_HOOKS, "webhooks"),
        *(f"> [!CAUTION]\n> {for_markdown(error, _SENTENCE)}" for error in report.errors[:SHOWN_FAULTS]),
        _more(len(report.errors) - SHOWN_FAULTS, "errors"),
        *(f"> [!WARNING]\n> {for_markdown(warning, _SENTENCE)}" for warning in report.warnings[:SHOWN_FAULTS]),
        _more(len(report.warnings) - SHOWN_FAULTS, "warnings"),
    ]
    events = [event for event in report.events if event.outcome is not Reason.FILTERED]
    if len(events) >= picture.WORTH_A_PICTURE:
        parts += [picture.over_time(events), picture.causes(events)]
    if report.events:
        parts += [_outcomes(report), _table(report)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _mark(report: Report) -> str:
    if report.errors or report.count(Reason.ENDPOINT_DOWN):
        return "🔴"
    return "🟡" if report.undelivered or report.warnings else "🟢"


def _hook_line(hook: HookReport) -> str:
    """One line for one hook."""
    name = for_markdown(hook.hook)
    shown = f"[{name}]({hook.page})" if hook.page else name
    if not hook.start:
        return f"- {shown}: not read"
    return (
        f"- {shown}: {hook.scanned:,} attempts read, back to {clock_time(hook.cutoff)}; "
        f"{hook.failed:,} events found undelivered, {hook.redelivered:,} redelivered, {hook.recovered:,} recovered"
    )


def _outcomes(report: Report) -> str:
    """What became of the events, and what to do about it."""
    kinds: list[Outcome | Reason] = [*Outcome, *Reason]
    rows = [(kind, report.count(kind)) for kind in kinds]
    lines = [
        f"| {_MARKS.get(kind, _LEFT)} {kind} | {number:,} | {_ADVICE.get(kind, '')} |"
        for kind, number in rows
        if number
    ]
    return "\n".join(["| Outcome | Events | What to do |", "| :-- | --: | :-- |", *lines])


def _table(report: Report) -> str:
    rows = [(hook, event) for hook in report.hooks for event in hook.events]
    # What is not well comes first: it is what one looks for, and what must not fall off the end.
    rows.sort(key=lambda row: row[1].outcome is Outcome.RECOVERED)
    lines = [_row(hook, event) for hook, event in rows[:SHOWN_EVENTS]]
    table = "\n".join(
        [
            "| Event | First failed | Cause | Attempts | Outcome | Delivery |",
            "| :-- | :-- | :-- | --: | :-- | :-- |",
            *lines,
        ]
    )
    return "\n\n".join(part for part in (table, _more(len(rows) - SHOWN_EVENTS, "events")) if part)


def _row(hook: HookReport, event: EventReport) -> str:
    outcome = _shown(event.outcome) + (f" ({event.detail})" if event.detail else "")
    guid = for_markdown(event.guid, 36)
    delivery = f"[{guid}]({hook.page})" if hook.page else guid
    return (
        f"| {for_markdown(event.name, 80)} | {clock_time(event.first_failed_at)} | {event.cause} | {event.attempts} "
        f"| {outcome} | {delivery} |"
    )


def _shown(kind: Outcome | Reason) -> str:
    return f"{_MARKS.get(kind, _LEFT)} {kind}"


def _more(number: int, what: str) -> str:
    return f"and {number:,} more {what}" if number > 0 else ""


def _events(number: int) -> str:
    return f"{number:,} event" + ("" if number == 1 else "s")
