"""What a report says, held against what really happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from githubsim.clock import SECOND
from redeliver.plan import Reason
from redeliver.redelivery import Outcome
from redeliver.settings import ScanMode
from redeliver.summary import markdown

if TYPE_CHECKING:
    from githubsim.log import Row
    from guarantees.world import Run, World
    from redeliver.report import EventReport, Report


def the_report_is_true(world: World, run: Run, report: Report) -> None:
    """Every count adds up, every event is accounted for, and each account is what happened."""
    accounts = {event.guid: event for event in report.events}
    assert len(accounts) == len(report.events), "an event is accounted for twice"
    assert report.failed + report.count(Reason.FILTERED) == len(accounts)
    assert report.recovered + report.undelivered == report.failed
    assert sum(report.count(outcome) for outcome in (*Outcome, *Reason)) == len(accounts)
    for guid, account in accounts.items():
        _account_is_true(world, run, report, account, world.hook.log.attempts_of(guid))
    _sent_is_true(world, run, report)
    _found_is_true(world, run, report)
    if run.closed:
        assert report.checkpoint == run.kept_after == run.writes[-1][1], "not the checkpoint that is kept"
    assert (report.signal_number is not None) == run.signalled
    assert markdown(report)
    assert report.outputs()["failed-count"] == str(report.failed)


def _account_is_true(world: World, run: Run, report: Report, account: EventReport, rows: list[Row]) -> None:
    shown = [row for row in rows if row.visible_at <= run.ended]
    failed = [row for row in shown if not row.outcome.succeeded]
    sent = any(one.guid == account.guid for one in run.accepted)
    original = next(row for row in rows if not row.redelivery)
    settings, outcome = run.settings, account.outcome
    assert any(world.shown_at(row) >= report.cutoff for row in failed), "it did not fail in the window"
    assert account.attempts <= len(shown), "more attempts than there were"
    claims: dict[Outcome | Reason, bool] = {
        Outcome.RECOVERED: len(failed) < len(shown),
        Outcome.FAILED_AGAIN: any(row.redelivery and row.visible_at > run.looked_at for row in failed),
        Outcome.PENDING: sent,
        Outcome.REFUSED: not sent,
        # A signal between the decision and the call leaves this, too.
        Outcome.UNKNOWN: account.guid in run.unanswered or run.signalled,
        Reason.OUT_OF_ATTEMPTS: 0 < settings.max_attempts <= len(shown),
        Reason.LEFT_LOG: not world.in_log(original, run.ended),
        Reason.FILTERED: original.kind.event not in (settings.events or {original.kind.event}),
        Reason.NOT_DUE: len(shown) > 1,
        Reason.ENDPOINT_DOWN: report.count(Outcome.FAILED_AGAIN) > 0,
        Reason.DRY_RUN: settings.dry_run,
        Reason.STOPPED: run.signalled,
        Reason.FAULT: bool(report.errors),
        Reason.OUT_OF_TIME: bool(report.warnings),
        Reason.UNCHECKED: True,
    }
    assert claims[outcome], f"{account.guid}: {outcome} is not what happened"
    assert not sent or isinstance(outcome, Outcome), f"{account.guid} was accepted, and reported as not sent"


def _sent_is_true(world: World, run: Run, report: Report) -> None:
    """``redelivered``: those GitHub said yes to, and those without an answer that showed up."""
    told = sum(status == 202 for status in run.asked.values())
    settled = {event.guid for event in report.events if event.outcome in {Outcome.RECOVERED, Outcome.FAILED_AGAIN}}
    showed_up = run.unanswered & settled
    assert report.redelivered == told + len(showed_up), "not the number of redeliveries that GitHub took"
    for guid in showed_up - {one.guid for one in run.accepted}:
        # Never taken, but an attempt that somebody else asked for turned up meanwhile: nobody could tell.
        rows = world.hook.log.attempts_of(guid)
        assert any(row.redelivery and row.visible_at > run.looked_at - SECOND for row in rows), f"{guid} was not taken"


def _found_is_true(world: World, run: Run, report: Report) -> None:
    """Found are the events that failed in the window and that nothing in it delivered."""
    reported = {event.guid for event in report.events}
    whole = run.settings.scan is ScanMode.FULL  # else neither count nor window is all there is
    broke_off = report.scanned == 0
    for guid, rows in world.events().items():
        was_there = [row for row in rows if world.in_log(row, run.looked_at)]
        in_window = [row for row in was_there if world.shown_at(row) >= report.cutoff]
        if guid in reported and whole:
            assert not any(row.outcome.succeeded for row in in_window), f"{guid} was delivered in the window"
        elif guid not in reported and not broke_off and guid not in world.unseen:
            still_there = [row for row in in_window if world.in_log(row, run.ended)]
            delivered = any(row.outcome.succeeded and row.visible_at <= run.ended for row in rows)
            assert delivered or not still_there, f"{guid} failed in the window, and is not reported"
    if whole and not broke_off and not run.filtered and world.sim.behaviour.paging == "keyset":
        everything = [row for rows in world.events().values() for row in rows]
        window = [row for row in everything if world.shown_at(row) >= report.cutoff]
        least = sum(world.in_log(row, run.looked_at) and world.in_log(row, run.ended) for row in window)
        most = sum(row.visible_at <= run.ended for row in everything)
        assert least <= report.scanned <= most, "not the number of attempts that were read"
