"""From the record of a run to its report: every event that was seen failing, accounted for once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from redeliver.core.case import AWAITING_RESULT, SETTLED, Acceptance, Outcome, latest_failures
from redeliver.core.deliveries import ROUNDING
from redeliver.core.facts import Fact, FactKind, Level
from redeliver.core.flow import Ending
from redeliver.core.forecast import forecast
from redeliver.core.reading import Extent, Unread
from redeliver.core.report import EventReport, FailingType, HookReport, Outage, SendingReport
from redeliver.errors import DidNotWait, HourSpent, OutOfTime, PauseTooLong, RedeliverError, Stopped, Unexpected

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from redeliver.core.flow import Flow
    from redeliver.core.forecast import Forecast
    from redeliver.core.reading import Reading
    from redeliver.core.settings import Settings
    from redeliver.github.hooks import Hook
    from redeliver.run.record import Record

#: Events with these outcomes have no moment for the next attempt. Of some, GitHub has just been asked.
_NOT_SENT_AGAIN = SETTLED | AWAITING_RESULT
_HOW_BAD = {
    Unread.LET_GO: FactKind.UNREADABLE_LOSS,
    Unread.HOLDS: FactKind.UNREADABLE_ERROR,
    Unread.HARMLESS: FactKind.UNREADABLE_WARNING,
}


def build_report(hook: Hook, record: Record, settings: Settings) -> HookReport:
    """Account for everything that a run over one webhook knows."""
    endings = tuple(_endings(record))
    known = replace(_unread(hook, record), gap=record.gap, clocks_differ_by=hook.clocks_differ_by, endings=endings)
    reading = record.reading
    if reading is None:
        if window := record.window:
            since = max(window.checkpoint, window.retained_from)
            return replace(known, unread_from=since, unread_until=since + settings.retention)
        return known
    window, partial = reading.window, reading.extent is Extent.NEWEST
    events, unread = _events(record, reading, settings), reading.unread_rows()
    undelivered = [event for event in events if event.outcome not in SETTLED]
    forgotten_at = [event.forgotten_at for event in undelivered]
    # What was not read can be as old as the window, and nobody can say what it takes to send what is left.
    deadline = min([*forgotten_at, window.cutoff + settings.retention] if partial else forgotten_at, default=None)
    left = [] if partial else [event.forgotten_at for event in events if event.outcome not in _NOT_SENT_AGAIN]
    return replace(
        known,
        cutoff=reading.accounts_from,
        scanned=reading.scanned,
        redelivered=sum(case.was_accepted for case in record.ledger.sent),
        events=events,
        read=True,
        newest_delivery=None if reading.newest_original == -inf else int(reading.newest_original),
        silent=reading.is_silent,
        should_be_on=hook.id in settings.hook_id.ids and (reading.any_row or reading.is_silent),
        partial=partial,
        unread_from=window.cutoff if partial else None,
        deadline=deadline,
        outage=_outage(record, reading, undelivered) if record.endpoint_down else None,
        forecast=forecast_of(hook, record, settings, left, window.start) if left else None,
        sending=_sending(record.flow) if record.flow and record.ledger.sent else None,
        stats=reading.stats,
        failures_first=reading.extent is Extent.FAILURES_FIRST,
        unread={kind: [row.label for row in unread[how]] for how, kind in _HOW_BAD.items() if how in unread},
    )


def forecast_of(hook: Hook, record: Record, settings: Settings, forgotten_at: Collection[int], now: int) -> Forecast:
    """What it takes to send events that GitHub forgets at these moments. Moments are in epoch milliseconds."""
    return forecast(
        len(forgotten_at),
        settings.redeliveries_per_minute,
        hook.quota.hourly,
        run_seconds=record.run_seconds,
        time_left=(min(forgotten_at) - now) / 1000,
    )


def _outage(record: Record, reading: Reading, undelivered: Sequence[EventReport]) -> Outage:
    """Since when the receiver is down, and why. The redeliveries of this run may have shown it while it went down."""
    failures = latest_failures(record.ledger.sent)
    causes = Counter([one.cause for one in failures] or [event.cause for event in undelivered]).most_common(1)
    since, at_least = reading.failing_since, not reading.any_success
    if record.flow and record.flow.proven and failures:
        since, at_least = min(one.at for one in failures), False
    return Outage(since, at_least=at_least, cause=causes[0][0] if causes else "", tests=len(failures))


def report_of_bug(hook: Hook, record: Record, bug: Exception) -> HookReport:
    """The little that can be said of a run whose record cannot be accounted for, and why."""
    replies = [case.redelivery.reply.acceptance for case in record.ledger.sent if case.redelivery]
    endings = (Fact.of(Unexpected(kind=type(bug).__name__)),)
    return replace(_unread(hook, record), redelivered=replies.count(Acceptance.ACCEPTED), endings=endings)


def _unread(hook: Hook, record: Record) -> HookReport:
    """What is known of a run that has read nothing."""
    window = record.window
    return HookReport(
        hook=hook.name,
        hook_id=hook.hook_id,
        owner=hook.owner,
        page=hook.web_page,
        host=hook.host,
        active=record.active,
        start=window.start if window else 0,
        cutoff=window.cutoff if window else 0,
        scanned=0,
        redelivered=0,
        events=(),
        checkpoint=record.checkpoint,
        read=False,
    )


def _events(record: Record, reading: Reading, settings: Settings) -> tuple[EventReport, ...]:
    rules, reports = record.ledger.rules, []
    for guid, case in record.ledger.cases.items():
        event, outcome = case.event, case.outcome
        delivered_before = case.delivered_at is not None and case.delivered_at < reading.window.start - ROUNDING
        if case.redelivery is None and delivered_before:
            continue  # that is known since a look at the log: it is none of those that were undelivered
        next_attempt: int | None = None
        if outcome not in _NOT_SENT_AGAIN:
            due, last = rules.due_at(event), rules.too_old_after(event)
            next_attempt = due if last is None or due <= last else None
        reports.append(
            EventReport(
                guid=guid,
                name=event.name,
                first_failed_at=event.first.at,
                cause=event.latest.cause,
                attempts=event.count,
                outcome=outcome,
                detail=case.result_detail if outcome in {Outcome.REFUSED, Outcome.UNKNOWN} else "",
                delivery_id=str(event.latest.id),
                forgotten_at=reading.first_by(event) + settings.retention,
                next_attempt_at=next_attempt,
                first_was_read=event.original is not None,
            )
        )
    return tuple(sorted(reports, key=lambda report: (report.first_failed_at, report.guid)))


def _sending(flow: Flow) -> SendingReport:
    sent, lasted = flow.asked_for, flow.last_asked - flow.first_asked
    left = [] if flow.ending is Ending.DOWN else [*flow.left.items()]
    failing = []
    for name, kind in left:
        failed = kind.failed.result if kind.failed else None
        guid = kind.failed.event.guid if kind.failed else ""
        failing.append(FailingType(name, len(kind.waiting), failed.cause if failed else "", guid))
    return SendingReport(
        per_minute=round((sent - 1) * 60 / lasted) if lasted > 0 else 0,
        slowdowns=flow.slowed.total(),
        slowed_by=max(flow.slowed, key=flow.slowed.__getitem__, default=""),
        failing_types=tuple(sorted(failing, key=lambda one: -one.waiting)),
    )


def _endings(record: Record) -> Iterator[Fact]:
    """What ended the run, or a part of it. That its time or calls were spent does not make it fail."""
    if record.out_of_time:
        yield Fact.of(record.out_of_time, Level.WARNING)
    match record.ended_by:
        case Stopped(signal_number=number):
            yield Fact(FactKind.STOPPED, {"number": number})
        case RedeliverError() as error:
            waits = isinstance(error, DidNotWait) and record.window is not None
            can_wait = waits or isinstance(error, (HourSpent, PauseTooLong))
            normal = can_wait or (isinstance(error, OutOfTime) and record.reading is not None)
            yield Fact.of(error, Level.WARNING if normal else Level.ERROR)
        case None:
            pass
    if record.unsaved:
        yield Fact.of(record.unsaved)
