"""A run in one sentence. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.outcomes import Outcome
from redeliver.text import count

if TYPE_CHECKING:
    from redeliver.core.report import Report


def headline(report: Report) -> str:
    """What somebody should know who reads nothing else. What could not be checked comes first."""
    found = _found(report)
    if report.signal_number is not None:
        return f"The run was stopped: {_lower(found)}" if report.failed else "The run was stopped"
    unread = sum(not hook.read for hook in report.hooks)
    if unread == len(report.hooks) and (report.errors or report.warnings):
        return "The run failed: no deliveries could be checked" if report.errors else "No deliveries could be checked"
    if unread:
        return f"{unread:,} of {count(len(report.hooks), 'webhook')} could not be checked; elsewhere {_lower(found)}"
    return f"The run failed; {_lower(found)}" if report.errors else found


def mark(report: Report) -> str:
    """The headline's traffic light."""
    if report.errors or report.count(Outcome.ENDPOINT_DOWN):
        return "🔴"
    return "🟡" if report.undelivered or report.warnings or report.signal_number is not None else "🟢"


def _found(report: Report) -> str:
    """What became of the events."""
    if not report.failed:
        return f"Nothing to redeliver: {_nothing(report)}"
    if report.dry_run:
        return f"Dry run: {count(report.failed, 'event')} undelivered, nothing was sent"
    if report.undelivered == 0:
        return (
            "The event that had failed is recovered"
            if report.failed == 1
            else f"All {report.failed:,} events that had failed are recovered"
        )
    down = sum(hook.count(Outcome.ENDPOINT_DOWN) > 0 for hook in report.hooks)
    if down:
        least = "at least " if any(hook.partial for hook in report.hooks) else ""
        undelivered = f"{least}{count(report.undelivered, 'event')} still undelivered"
        return f"{_endpoints(down, len(report.hooks))} down: {undelivered}"
    unseen = report.count(Outcome.PENDING) + report.count(Outcome.UNKNOWN)
    parts = [
        f"{report.recovered:,} of {count(report.failed, 'event')} recovered",
        f"{unseen:,} with no outcome yet" if unseen else "",
        f"{report.undelivered - unseen:,} still undelivered" if report.undelivered > unseen else "",
    ]
    return ", ".join(part for part in parts if part)


def _nothing(report: Report) -> str:
    filtered = report.count(Outcome.FILTERED_OUT)
    if filtered:
        return f"{count(filtered, 'event')} filtered out"
    # Not "every event was delivered": a run knows its window, and of that only what it asked for.
    return "no undelivered event was found"


def _endpoints(down: int, hooks: int) -> str:
    if hooks == 1:
        return "The endpoint is"
    return f"{down:,} of {hooks:,} endpoints {'is' if down == 1 else 'are'}"


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
