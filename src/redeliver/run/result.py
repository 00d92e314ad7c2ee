"""From the record of a run to its report: every event that was seen failing, accounted for once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from redeliver.core.deliveries import ROUNDING
from redeliver.core.findings import (
    ClocksDiffer,
    EndpointDown,
    EventsExpired,
    EventsGivenUp,
    FailuresFirst,
    Finding,
    GapFound,
    HookInactive,
    OnlyNewestRead,
    OnlyNewestReadWithGap,
    RowsLetGo,
    RowsUnreadable,
    RowsUnreadableDelivered,
    RunStopped,
)
from redeliver.core.redelivery import LOST, UNSEEN, Acceptance, Outcome, why_unsent
from redeliver.core.report import EventReport, HookReport, Outage
from redeliver.errors import HourSpent, OutOfTime, RedeliverError, Stopped, Unexpected
from redeliver.github.pace import seconds_to_redeliver
from redeliver.run.record import Extent, Unread
from redeliver.run.send import PROBE_SIZE
from redeliver.text import count, some_of
from redeliver.times import clock_time, duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from redeliver.core.deliveries import DeliveryLog, Event
    from redeliver.core.plan import Rules
    from redeliver.core.ports import Hook
    from redeliver.core.settings import Settings
    from redeliver.run.record import Record

#: Events with these outcomes are never sent again, or need not be.
_SETTLED = LOST | {Outcome.RECOVERED, Outcome.FILTERED_OUT, Outcome.TOO_OLD}


def build_report(hook: Hook, record: Record, settings: Settings) -> HookReport:
    """Account for everything that a run over one webhook knows."""
    scan, window = record.scan, record.window
    events = tuple(_events(record, settings))
    log = scan.log if scan else None
    accepted = sum(one.was_accepted(log) for one in record.redeliveries.values()) if log else 0
    outage = _outage(record, events, hook.quota.hourly, settings) if record.endpoint_down else None
    findings = [*_losses(record, events), *_unread(record), *_conditions(record, outage)]
    if hook.clocks_differ_by:
        findings.append(ClocksDiffer(by=duration(hook.clocks_differ_by / 1000)))
    return HookReport(
        hook=hook.name,
        hook_id=hook.hook_id,
        owner=hook.owner,
        page=hook.web_page,
        active=record.active,
        start=window.start if window else 0,
        cutoff=record.cutoff,
        scanned=scan.scanned if scan and record.read else 0,
        redelivered=accepted,
        events=events,
        checkpoint=record.checkpoint,
        read=record.read,
        partial=scan is not None and scan.extent is Extent.NEWEST,
        gap=record.gap,
        deadline=_deadline(record, events, settings),
        outage=outage,
        stats=record.stats,
        faults=(*_faults(record), *(one for one in findings if one.exit_code)),
        remarks=(*_endings(record), *(one for one in findings if not one.exit_code)),
    )


def report_of_bug(hook: Hook, record: Record, bug: Exception) -> HookReport:
    """The little that can be said of a run whose record cannot be accounted for, and why."""
    window, replies = record.window, [one.reply.acceptance for one in record.redeliveries.values()]
    return HookReport(
        hook=hook.name,
        hook_id=hook.hook_id,
        owner=hook.owner,
        page=hook.web_page,
        active=record.active,
        start=window.start if window else 0,
        cutoff=window.cutoff if window else 0,
        scanned=0,
        redelivered=replies.count(Acceptance.ACCEPTED),
        events=(),
        checkpoint=record.checkpoint,
        read=False,
        faults=(Unexpected(kind=type(bug).__name__),),
    )


# -- the events -------------------------------------------------------------------------------------------------


def _events(record: Record, settings: Settings) -> list[EventReport]:
    if record.scan is None or not record.read:
        return []
    log = record.scan.log
    reports = []
    for event, reason in _candidates(record, log):
        if event.guid not in record.redeliveries and _was_delivered_before(record, log, event.guid):
            continue  # that is known since a look at the log: it is none of those that were undelivered
        outcome = _outcome(record, event, reason, log, dry_run=settings.dry_run)
        now = event if log.is_delivered(event.guid) else log.event(event.guid)
        redelivery = record.redeliveries.get(event.guid)
        reports.append(
            EventReport(
                guid=event.guid,
                name=event.name,
                first_failed_at=now.first.at,
                cause=now.latest.cause,
                attempts=now.count,
                outcome=outcome,
                detail=redelivery.why(outcome) if redelivery else "",
                delivery_id=str(now.latest.id),
                forgotten_at=_first_attempt_before(record, now) + settings.retention_ms,
                next_attempt_at=None if outcome in _SETTLED | UNSEEN else _next_attempt(record.rules, now),
                first_was_read=now.original is not None,
            )
        )
    return sorted(reports, key=lambda report: (report.first_failed_at, report.guid))


def _was_delivered_before(record: Record, log: DeliveryLog, guid: str) -> bool:
    """Whether an event was delivered before the run began."""
    start = record.window.start if record.window else 0
    return log.is_delivered(guid) and not log.is_delivered(guid, since=start - ROUNDING)


def _first_attempt_before(record: Record, event: Event) -> int:
    """When its first attempt was. If that was not read, a moment before which it was, as early as is known."""
    if event.original or record.scan is None or record.window is None:
        return event.first.at
    return int(min(event.first.at, max(record.scan.back_to(event.guid), record.window.retained_from)))


def _next_attempt(rules: Rules, event: Event) -> int | None:
    """The earliest moment at which a run may send it; None: it is too old by then."""
    due, last = rules.due_at(event), rules.too_old_after(event)
    return due if last is None or due <= last else None


def _candidates(record: Record, log: DeliveryLog) -> Iterator[tuple[Event, Outcome | None]]:
    """Every event to account for, and why the plan skipped it; None: it was due."""
    plan = record.plan or record.window_plan or record.early_plan
    known = {}
    for event in (*(one.event for one in record.redeliveries.values()), *(plan.due if plan else ())):
        known[event.guid] = event
    if plan is None:
        known |= {event.guid: event for event in log.undelivered(record.window.cutoff if record.window else 0)}
    for event in known.values():
        yield event, None
    for event, reason in plan.skipped if plan else ():
        yield event, reason


def _outcome(record: Record, event: Event, reason: Outcome | None, log: DeliveryLog, *, dry_run: bool) -> Outcome:
    redelivery = record.redeliveries.get(event.guid)
    if redelivery is not None:
        outcome = redelivery.outcome(log)
    elif log.is_delivered(event.guid) and reason is not Outcome.FILTERED_OUT:
        outcome = Outcome.RECOVERED
    else:
        ending = record.ended_by or record.out_of_time
        outcome = reason or why_unsent(ending, dry_run=dry_run, endpoint_down=record.endpoint_down)
    if outcome is Outcome.FAILED_AGAIN:
        return record.final_outcome(log.event(event.guid)) or outcome
    # Whatever became of its last try: no later run makes another one.
    tried = outcome not in {Outcome.RECOVERED, Outcome.FILTERED_OUT, Outcome.TOO_OLD}
    return Outcome.EXPIRED if tried and event.guid in record.expired else outcome


# -- what people should know ------------------------------------------------------------------------------------


def _faults(record: Record) -> Iterator[RedeliverError]:
    """What went wrong."""
    ending = record.ended_by
    if isinstance(ending, RedeliverError) and not _is_normal(record, ending):
        yield ending
    if record.unsaved:
        yield record.unsaved


def _endings(record: Record) -> Iterator[RedeliverError]:
    """Why a run ended early without a fault."""
    if record.out_of_time:
        yield record.out_of_time
    ending = record.ended_by
    if isinstance(ending, Stopped):
        yield RunStopped(number=ending.signal_number)
    elif ending is not None and _is_normal(record, ending):
        yield ending


def _is_normal(record: Record, ending: RedeliverError) -> bool:
    """Whether this ending is not a failure: the run's time or calls were spent."""
    return isinstance(ending, HourSpent) or (isinstance(ending, OutOfTime) and record.read)


def _losses(record: Record, events: Sequence[EventReport]) -> Iterator[Finding]:
    """What is lost for good."""
    if record.gap:
        since, until = record.gap
        yield GapFound(since=clock_time(since), until=clock_time(until))
    if given_up := [event for event in events if event.outcome is Outcome.GIVEN_UP]:
        first = min(event.forgotten_at for event in given_up)
        guids = some_of([event.guid for event in given_up])
        yield EventsGivenUp(events=count(len(given_up), "event"), guids=guids, until=clock_time(first))
    if expired := [event for event in events if event.outcome is Outcome.EXPIRED]:
        yield EventsExpired(events=count(len(expired), "event"), guids=some_of([event.guid for event in expired]))


def _unread(record: Record) -> Iterator[Finding]:
    """Rows that could not be read."""
    kinds = {Unread.LET_GO: RowsLetGo, Unread.HOLDS: RowsUnreadable, Unread.HARMLESS: RowsUnreadableDelivered}
    found = record.unread_rows()
    for meaning, kind in kinds.items():
        if rows := found.get(meaning):
            ids = some_of([row.label for row in rows])
            yield kind(deliveries=count(len(rows), "delivery", "deliveries"), ids=ids)


def _conditions(record: Record, outage: Outage | None) -> Iterator[Finding]:
    """What else the user should look at."""
    if record.active is False:
        yield HookInactive()
    if outage:
        yield EndpointDown(since=_since(record, outage), probes=PROBE_SIZE, cause=outage.cause)
    if record.scan and record.scan.extent is Extent.FAILURES_FIRST:
        yield FailuresFirst()
    if record.scan and record.scan.extent is Extent.NEWEST:
        kind = OnlyNewestReadWithGap if record.gap else OnlyNewestRead
        yield kind(back_to=clock_time(record.cutoff))


def _since(record: Record, outage: Outage) -> str:
    if outage.since is None or record.window is None:
        return ""
    least = " at least" if outage.at_least else ""
    lasting = duration((record.window.start - outage.since) / 1000)
    return f", since{least} {clock_time(outage.since)} ({lasting})"


def _outage(record: Record, events: Sequence[EventReport], hourly: float, settings: Settings) -> Outage:
    scan = record.scan
    undelivered = [event for event in events if event.outcome not in _SETTLED]
    causes = Counter(event.cause for event in undelivered).most_common(1)
    return Outage(
        since=scan.failing_since if scan else None,
        at_least=scan is not None and not scan.any_success,
        cause=causes[0][0] if causes else "",
        backlog=seconds_to_redeliver(len(undelivered), settings.redeliveries_per_minute, hourly),
    )


def _deadline(record: Record, events: Iterable[EventReport], settings: Settings) -> int | None:
    """When GitHub begins to forget what is still undelivered."""
    moments = [event.forgotten_at for event in events if event.outcome not in _SETTLED]
    if record.window and record.scan and record.scan.extent is Extent.NEWEST:
        # What was not read can be as old as the window.
        moments.append(record.window.cutoff + settings.retention_ms)
    return min(moments, default=None)
