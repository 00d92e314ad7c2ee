"""From what a run knows to what it reports: every event that was seen failing, accounted for. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.plan import Reason
from redeliver.core.redelivery import Outcome
from redeliver.core.report import EventReport, HookReport
from redeliver.errors import HourSpent, OutOfTime, RedeliverError, Stopped

if TYPE_CHECKING:
    from redeliver.core.deliveries import Event
    from redeliver.github.hook import Hook
    from redeliver.run.record import Facts

STOPPED = "The run was stopped by signal {number}. The next one finishes the work."
ENDPOINT_DOWN = (
    "The webhook's endpoint is down: the first redeliveries failed as their attempts before did. The rest is kept for "
    "the next run."
)
TOO_LONG = (
    "The window was too long to read whole: failures with status 0 or 3xx may have been missed in its older part. "
    "Raise time-limit, or run more often."
)
CUT = (
    "For long, every attempt has failed, so that only the newest part of the log was read: what failed before is not "
    "counted here. None of it is lost: the checkpoint stays where it is."
)
WARNINGS = (STOPPED, ENDPOINT_DOWN, TOO_LONG, CUT)


def account(hook: Hook, facts: Facts, *, dry_run: bool) -> HookReport:
    """Account for everything a run knows."""
    events = tuple(_events(facts, dry_run=dry_run))
    log = facts.scan.log if facts.scan else None
    taken = sum(one.was_accepted(log) for one in facts.redeliveries.values()) if log else 0
    errors, warnings = _faults(facts)
    return HookReport(
        hook=hook.name,
        page=hook.web_page,
        start=facts.start,
        cutoff=facts.cutoff,
        scanned=facts.scan.scanned if facts.scan else 0,
        redelivered=taken,
        events=events,
        checkpoint=facts.kept,
        read=facts.scan is not None,
        whole=facts.scan is not None and not facts.scan.cut,
        errors=tuple(errors),
        warnings=tuple(warnings),
    )


def _events(facts: Facts, *, dry_run: bool) -> list[EventReport]:
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
        elif log.is_delivered(event.guid) and reason is not Reason.FILTERED:
            outcome = Outcome.RECOVERED
        now = event if log.is_delivered(event.guid) else log.event(event.guid)
        detail = redelivery.why if redelivery and outcome in {Outcome.REFUSED, Outcome.UNKNOWN} else ""
        first, cause = now.attempts[0].at, now.latest.cause
        accounts.append(
            EventReport(event.guid, event.name, first, cause, now.count, outcome, detail, str(now.latest.id))
        )
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
        case OutOfTime() as late if facts.scan is not None or isinstance(late, HourSpent):
            warnings.append(str(late))
        case RedeliverError() as fault:
            errors.append(str(fault))
        case None:
            pass
        case Stopped() as stopped:
            warnings.append(STOPPED.format(number=stopped.signal_number))
    if facts.unsaved:
        errors.append(str(facts.unsaved))
    if facts.endpoint_down:
        warnings.append(ENDPOINT_DOWN)
    if facts.scan and facts.scan.filtered:
        warnings.append(TOO_LONG)
    if facts.scan and facts.scan.cut:
        warnings.append(CUT)
    return errors, warnings
