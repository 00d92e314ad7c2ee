"""One replay over one webhook: choose, plan and, if asked to, send and watch. It uses no checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver import __version__
from redeliver.core.flow import Flow
from redeliver.core.forecast import seconds_to_redeliver
from redeliver.core.ledger import Ledger, Rules
from redeliver.core.reading import SLACK
from redeliver.errors import GuidsNotFound, NoneListed, TooManyEvents
from redeliver.replay.plan import ReplayPlan
from redeliver.replay.report import ReplayReport
from redeliver.run.log_lines import Progress, log_outcomes
from redeliver.run.record import Record, ending_in
from redeliver.run.send import Sender
from redeliver.run.walk import Cursor
from redeliver.text import count
from redeliver.times import duration, utc

if TYPE_CHECKING:
    from redeliver.github.hooks import Hook
    from redeliver.github.session import Session
    from redeliver.replay.plan import Arrived


def replay_hook(hook: Hook, session: Session, arrived: Arrived | None = None) -> ReplayReport:
    """One replay over one webhook. Whatever happens, the report holds what is known.

    ``arrived``: what the receiver has, so that everything else is chosen.
    """
    settings, clock, console = session.settings, session.clock, session.console
    ledger = Ledger(Rules(max_attempts=0, retry_spacing=0), results_only=True)
    record = Record(ledger)
    plan: ReplayPlan | None = None
    with ending_in(record):
        plan = _make_plan(hook, session, arrived)
        ledger.cases = plan.cases
        if plan.missing:
            raise GuidsNotFound(guids=plan.missing)
        if arrived and not plan.listed:
            raise NoneListed
        if plan.too_many:
            raise TooManyEvents(events=count(plan.found, "event"), limit=f"{plan.limit:,}")
        if settings.send and plan.cases:
            record.flow = Flow(alive=False, random=None)
            sender = Sender(hook, ledger, record.flow, clock, console, since=plan.made_at)
            sender.deliver([*plan.cases.values()], record, watch_for=settings.wait_for_results)
    with ending_in(record):
        log_outcomes(ledger, console)
    record.close(dry_run=not settings.send)
    return ReplayReport(
        hook=hook.name,
        hook_id=hook.hook_id,
        owner=hook.owner,
        page=hook.web_page,
        send=settings.send,
        plan=plan,
        ended_by=record.ended_by or record.out_of_time,
        endpoint_down=record.endpoint_down,
        signal_number=clock.signal_number,
    )


def _make_plan(hook: Hook, session: Session, arrived: Arrived | None) -> ReplayPlan:
    settings, clock, console = session.settings, session.clock, session.console
    plan, progress, cursor = ReplayPlan(settings, hook.now(), arrived), Progress(clock, console), Cursor(hook)
    console.line(f"Redeliver {__version__} · replay · {hook.described}")
    console.line(f"from {utc(plan.since, plan.made_at)} at the earliest", "Read")
    for page in cursor.read_back_to(plan.since - SLACK):
        plan.add(page)
        progress.of_walk(cursor, plan.scanned, plan.made_at, plan.since)
        if plan.is_complete:
            break
    plan.end()
    plan.seconds = seconds_to_redeliver(plan.found, settings.redeliveries_per_minute, hook.quota.hourly)
    left = f" ({plan.filtered_out:,} more left out by events)" if plan.filtered_out else ""
    left += f" ({count(plan.listed, 'other')} in except-guids-file)" if plan.listed else ""
    chosen = f"{count(plan.found, 'event')} chosen{left}, {plan.delivered:,} of them delivered before"
    console.line(f"{count(plan.scanned, 'delivery', 'deliveries')}: {chosen}", "Read")
    if plan.found:
        console.line(f"{plan.found:,} to send: {duration(plan.seconds)}, {count(plan.calls, 'API call')}", "Plan")
    if plan.redelivered:
        console.line(f"{plan.redelivered:,} of them were redelivered within the last hour", "Plan")
    return plan
