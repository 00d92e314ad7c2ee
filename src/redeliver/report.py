"""What happened in a run, as data: every event that was seen failing, accounted for. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redeliver.errors import OutOfTime, RedeliverError, SettingsError, Stopped
from redeliver.plan import Reason
from redeliver.redelivery import Outcome
from redeliver.settings import FailOn
from redeliver.text import plain

if TYPE_CHECKING:
    from redeliver.delivery_log import Attempt, Event
    from redeliver.facts import Facts

#: The action's outputs, and what people read of them.
OUTPUTS = {
    "redelivered-count": "Redeliveries that GitHub accepted.",
    "recovered-count": "Events that were delivered in the course of the run.",
    "failed-count": "Events that were found undelivered.",
    "undelivered-count": "Events that are still undelivered at the end.",
    "scanned-count": "Attempts that were read from the delivery log.",
    "checkpoint": "The moment up to which everything is settled, in epoch milliseconds.",
    "report": "What happened to each event, as JSON.",
}
#: Events in the JSON report; an output may hold 1 MiB in all, and this stays far below.
REPORTED_EVENTS = 500


@dataclass(frozen=True, slots=True)
class EventReport:
    """One event that was found undelivered, and what became of it."""

    guid: str
    name: str
    first_failed_at: int
    cause: str
    attempts: int
    outcome: Outcome | Reason
    detail: str
    """Why GitHub refused, or why the answer is unknown; else empty."""


@dataclass(frozen=True, slots=True)
class Report:
    """One run over one hook. Moments are epoch milliseconds; counts are of events unless they say otherwise."""

    hook: str
    start: int
    cutoff: int
    scanned: int
    """Attempts read."""
    redelivered: int
    """Redeliveries that GitHub took."""
    events: tuple[EventReport, ...]
    checkpoint: int | None
    """The checkpoint as it is kept at the end; None: none is kept, or it could not be read."""
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    dry_run: bool
    signal_number: int | None

    @property
    def failed(self) -> int:
        """Events found undelivered."""
        return len(self.events)

    @property
    def recovered(self) -> int:
        """Events that were delivered in the course of the run."""
        return self.count(Outcome.RECOVERED)

    @property
    def undelivered(self) -> int:
        """Events that are not known to be delivered at the end."""
        return self.failed - self.recovered

    def count(self, outcome: Outcome | Reason) -> int:
        """Events with that outcome."""
        return sum(event.outcome == outcome for event in self.events)

    def exit_code(self, fail_on: FailOn) -> int:
        """0, 1, or 128 + the signal's number."""
        if self.signal_number is not None:
            return 128 + self.signal_number
        failing = bool(self.errors) or (fail_on is FailOn.UNDELIVERED and self.undelivered > 0)
        return int(failing and fail_on is not FailOn.NEVER)

    def outputs(self) -> dict[str, str]:
        """The action's outputs."""
        return {
            "redelivered-count": str(self.redelivered),
            "recovered-count": str(self.recovered),
            "failed-count": str(self.failed),
            "undelivered-count": str(self.undelivered),
            "scanned-count": str(self.scanned),
            "checkpoint": "" if self.checkpoint is None else str(self.checkpoint),
            "report": self.as_json(),
        }

    def as_json(self) -> str:
        """The report for programs: bounded, and with nothing in it that could not be shown."""
        shown = [
            {
                "guid": plain(event.guid, 64),
                "event": plain(event.name, 100),
                "first_failed_at": event.first_failed_at,
                "cause": event.cause,
                "attempts": event.attempts,
                "outcome": str(event.outcome),
                "detail": event.detail,
            }
            for event in self.events[:REPORTED_EVENTS]
        ]
        return json.dumps(
            {
                "hook": self.hook,
                "start": self.start,
                "cutoff": self.cutoff,
                "checkpoint": self.checkpoint,
                "dry_run": self.dry_run,
                "scanned": self.scanned,
                "failed": self.failed,
                "redelivered": self.redelivered,
                "recovered": self.recovered,
                "undelivered": self.undelivered,
                "errors": list(self.errors),
                "warnings": list(self.warnings),
                "events": shown,
                "events_omitted": self.failed - len(shown),
            },
            ensure_ascii=True,
            separators=(",", ":"),
        )


def make_report(hook: str, facts: Facts, *, dry_run: bool, signal_number: int | None) -> Report:
    """Account for everything a run knows."""
    events = tuple(_account(facts, dry_run=dry_run))
    log = facts.scan.log if facts.scan else None
    taken = sum(one.was_accepted(log) for one in facts.redeliveries.values()) if log else 0
    errors, warnings = _faults(facts)
    return Report(
        hook=hook,
        start=facts.start,
        cutoff=facts.cutoff,
        scanned=facts.scan.scanned if facts.scan else 0,
        redelivered=taken,
        events=events,
        checkpoint=facts.kept,
        errors=tuple(errors),
        warnings=tuple(warnings),
        dry_run=dry_run,
        signal_number=signal_number,
    )


def _account(facts: Facts, *, dry_run: bool) -> list[EventReport]:
    if facts.scan is None:
        return []
    log = facts.scan.log
    if facts.plan is None:
        planned: list[tuple[Event, Reason]] = [
            (event, _unsent(facts, dry_run=dry_run)) for event in log.undelivered(facts.cutoff)
        ]
    else:
        planned = [(event, _unsent(facts, dry_run=dry_run)) for event in facts.plan.due]
        planned.extend(facts.plan.left)
    accounts = []
    for event, reason in planned:
        redelivery = facts.redeliveries.get(event.guid)
        outcome: Outcome | Reason = reason
        if redelivery is not None:
            outcome = redelivery.outcome(log)
        elif log.is_delivered(event.guid):
            outcome = Outcome.RECOVERED
        now = event if log.is_delivered(event.guid) else log.event(event.guid)
        detail = redelivery.why if redelivery and outcome in {Outcome.REFUSED, Outcome.UNKNOWN} else ""
        first: Attempt = now.attempts[0]
        accounts.append(EventReport(event.guid, event.name, first.at, now.latest.cause, now.count, outcome, detail))
    return sorted(accounts, key=lambda account: (account.first_failed_at, account.guid))


def _unsent(facts: Facts, *, dry_run: bool) -> Reason:
    """Why an event that was due was not sent."""
    if dry_run:
        return Reason.DRY_RUN
    if facts.endpoint_down:
        return Reason.ENDPOINT_DOWN
    match facts.ended_by:
        case OutOfTime():
            return Reason.OUT_OF_TIME
        case Stopped():
            return Reason.STOPPED
        case _:
            return Reason.FAULT


def _faults(facts: Facts) -> tuple[list[str], list[str]]:
    """Errors, which make the run fail, and warnings, which do not."""
    errors: list[str] = []
    warnings: list[str] = []
    match facts.ended_by:
        case OutOfTime() as late if facts.scan is not None:
            warnings.append(str(late))
        case SettingsError() as wrong:
            errors.extend(wrong.problems)
        case RedeliverError() as fault:
            errors.append(str(fault))
        case None:
            pass
        case Stopped() as stopped:
            warnings.append(f"The run was stopped by signal {stopped.signal_number}. The next one finishes the work.")
    if facts.unsaved:
        errors.append(str(facts.unsaved))
    if facts.endpoint_down:
        warnings.append(
            "The webhook's endpoint is down: the first redeliveries failed as the attempts before. "
            "The rest is kept for the next run."
        )
    if facts.scan and facts.scan.filtered:
        warnings.append(
            "The window was too long to read whole: failures with status 0 or 3xx may have been missed in its older "
            "part. Raise time-limit, or run more often."
        )
    return errors, warnings
