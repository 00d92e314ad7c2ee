"""What a report says, held against what really happened."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from githubsim.clock import MINUTE, SECOND
from redeliver.core.case import LOST, Outcome
from redeliver.core.settings import ScanMode
from redeliver.errors import Unexpected
from redeliver.output.report_json import outputs
from redeliver.output.summary import markdown
from runs.model import too_old
from wording import says

if TYPE_CHECKING:
    from collections.abc import Callable

    from githubsim.log import Row
    from redeliver.core.report import EventReport, HookReport, Report
    from runs.model import Run, World
    from runs.parts import Part


#: What becomes of an event that no later run sends.
FINAL = LOST | {Outcome.RECOVERED, Outcome.FILTERED_OUT, Outcome.TOO_OLD}


def the_sums_are_right(run: Run, report: Report) -> None:
    """Each hook is reported once, and what is said of all of them is the sum of what is said of each."""
    hooks = [part.report for part in run.parts if part.report is not None]
    assert len(hooks) == len(report.hooks), "a hook is reported that is none"
    sums = {
        "redelivered-count": sum(hook.redelivered for hook in hooks),
        "recovered-count": sum(hook.recovered for hook in hooks),
        "failed-count": sum(hook.failed for hook in hooks),
        "undelivered-count": sum(hook.undelivered for hook in hooks),
        "scanned-count": sum(hook.scanned for hook in hooks),
        "checkpoint": min((hook.checkpoint for hook in hooks if hook.checkpoint is not None), default=""),
    }
    told = outputs(report)
    assert {name: told[name] for name in sums} == {name: str(value) for name, value in sums.items()}
    assert (report.signal_number is not None) == run.signalled
    assert markdown(report)


def the_report_is_true(world: World, part: Part, report: HookReport) -> None:
    """Every count adds up, every event is accounted for, and each account is what happened."""
    assert not any(says(Unexpected, error) for error in report.errors), "the action has a bug"
    accounts = {event.guid: event for event in report.events}
    outcomes = Counter(event.outcome for event in report.events)
    assert len(accounts) == len(report.events), "an event is accounted for twice"
    assert report.recovered == outcomes[Outcome.RECOVERED]
    assert report.failed == len(accounts) - outcomes[Outcome.FILTERED_OUT]
    assert report.undelivered == report.failed - outcomes[Outcome.RECOVERED]
    # Gathered once: there can be thousands of events.
    sent, unanswered = {one.guid for one in part.accepted}, part.unanswered
    for account in report.events:
        _account_is_true(world, part, report, account, outcomes, sent=sent, unanswered=unanswered)
    _sent_is_true(part, report)
    _found_is_true(world, part, report)
    if part.closed:
        assert report.checkpoint == part.kept, "not the checkpoint that is kept"


def _account_is_true(
    world: World,
    part: Part,
    report: HookReport,
    account: EventReport,
    outcomes: Counter[Outcome],
    *,
    sent: set[str],
    unanswered: set[str],
) -> None:
    rows = part.life.hook.log.attempts_of(account.guid)
    shown = [row for row in rows if row.visible_at <= part.ended]
    failed = [row for row in shown if not row.outcome.succeeded]
    was_sent = account.guid in sent
    original = next(row for row in rows if not row.redelivery)
    settings, outcome = part.settings, account.outcome
    # Of a part of the log all that was read is told, and more than is claimed to be known was read.
    in_window = report.partial or any(world.shown_at(row) >= report.cutoff for row in failed)
    assert in_window, "it did not fail in the window"
    assert account.attempts <= len(shown), "more attempts than there were"
    delivered = [row for row in shown if row.outcome.succeeded and row.outcome.readable]
    known = any(world.in_log(row, part.looked_at) and world.in_log(row, part.ended) for row in delivered)
    assert outcome not in LOST or not known, f"{account.guid} is called lost, and was delivered"
    if not part.run.clock_behind:
        began = part.run.began - MINUTE
        since = [row for row in delivered if row.delivered_at >= began or row.visible_at > part.looked_at]
        assert outcome is not Outcome.RECOVERED or since, (
            f"{account.guid} was delivered before the run, as it could see"
        )
        if outcome not in LOST and account.guid not in part.life.unreadable:
            leaves_at = original.delivered_at + min(settings.retention, world.sim.behaviour.retention_ms)
            assert account.forgotten_at >= leaves_at - MINUTE, f"{account.guid} is not forgotten as soon as that"
        _what_is_final_is_told(world, part, report, account, rows)
    claims: dict[Outcome, Callable[[], bool]] = {
        Outcome.RECOVERED: lambda: len(failed) < len(shown),
        Outcome.FAILED_AGAIN: lambda: any(row.redelivery and row.visible_at > part.looked_at for row in failed),
        Outcome.PENDING: lambda: was_sent,
        Outcome.REFUSED: lambda: not was_sent,
        # A signal between the decision and the call leaves this, too.
        Outcome.UNKNOWN: lambda: account.guid in unanswered or part.run.signalled,
        # Somebody may have sent it once more meanwhile.
        Outcome.GIVEN_UP: lambda: any(
            world.is_out_of_attempts(part.life.hook.log, shown, moment, settings)
            for moment in (part.looked_at, part.ended)
        ),
        Outcome.EXPIRED: lambda: not world.in_log(original, part.ended),
        Outcome.FILTERED_OUT: lambda: original.kind.event not in (settings.events or {original.kind.event}),
        Outcome.TOO_OLD: lambda: too_old(original, part.looked_at, settings),
        Outcome.NOT_DUE: lambda: len(shown) > 1,
        Outcome.ENDPOINT_DOWN: lambda: outcomes[Outcome.FAILED_AGAIN] + outcomes[Outcome.GIVEN_UP] > 0,
        Outcome.TYPE_FAILS: lambda: outcomes[Outcome.FAILED_AGAIN] + outcomes[Outcome.GIVEN_UP] > 0,
        Outcome.DRY_RUN: lambda: settings.dry_run,
        Outcome.STOPPED: lambda: part.run.signalled,
        Outcome.RUN_FAILED: lambda: bool(report.errors),
        Outcome.OUT_OF_TIME: lambda: bool(report.warnings),
        Outcome.UNCHECKED: lambda: True,
    }
    assert claims[outcome](), f"{account.guid}: {outcome} is not what happened"


def _what_is_final_is_told(world: World, part: Part, report: HookReport, account: EventReport, rows: list[Row]) -> None:
    """What no run sends any more is called so, however the run has ended, if its window shows all of the event."""
    settings, outcome = part.settings, account.outcome
    if outcome in FINAL or account.guid in part.life.excepted or account.guid in part.asked:
        return
    original = next(row for row in rows if not row.redelivery)
    assert not settings.events or original.kind.event in settings.events, f"{account.guid} is filtered out"
    seen = [row for row in rows if row.visible_at <= part.looked_at]
    if not world.in_log(original, part.looked_at) or world.shown_at(original) < report.cutoff:
        return
    if any(part.looked_at < row.visible_at <= part.ended for row in rows):
        return  # somebody else had it sent again, which the run may have seen, or not
    if settings.scan is not ScanMode.FULL or part.filtered or report.partial:
        return
    assert not too_old(original, part.run.began - 3 * SECOND, settings), f"{account.guid} is too old: {outcome}"
    over = world.is_out_of_attempts(
        part.life.hook.log, seen, part.looked_at, settings, report.cutoff, but=part.life.excepted
    )
    assert not over, f"{account.guid} is out of attempts: {outcome}"


def _sent_is_true(part: Part, report: HookReport) -> None:
    """``redelivered``: those GitHub said yes to, and those without an answer that showed up."""
    told = sum(status == 202 for status in part.asked.values())
    settled = {
        event.guid
        for event in report.events
        if event.outcome in {Outcome.RECOVERED, Outcome.FAILED_AGAIN, Outcome.GIVEN_UP}
    }
    showed_up = part.unanswered & settled
    # Expired is what an event is called whether its last chance showed up or not.
    expired = part.unanswered & {event.guid for event in report.events if event.outcome is Outcome.EXPIRED}
    more = report.redelivered - told - len(showed_up)
    assert 0 <= more <= len(expired), "not the number of redeliveries that GitHub took"
    for guid in showed_up - {one.guid for one in part.accepted}:
        # Never taken, but an attempt that somebody else asked for turned up meanwhile: nobody could tell.
        rows = part.life.hook.log.attempts_of(guid)
        assert any(row.redelivery and row.visible_at > part.looked_at - SECOND for row in rows), f"{guid} was not taken"


def _found_is_true(world: World, part: Part, report: HookReport) -> None:
    """Found are the events that failed in the window and that nothing in it delivered."""
    reported = {event.guid for event in report.events}
    whole = part.settings.scan is ScanMode.FULL  # else neither count nor window is all there is
    broke_off, excepted = not report.read, part.life.unseen | part.life.unreadable
    for guid, rows in part.life.failed_events().items():
        was_there = [row for row in rows if world.in_log(row, part.looked_at)]
        in_window = [row for row in was_there if world.shown_at(row) >= report.cutoff]
        if guid in reported and whole:
            assert not any(row.outcome.succeeded for row in in_window), f"{guid} was delivered in the window"
        elif guid not in reported and not broke_off and guid not in excepted:
            still_there = [row for row in in_window if world.in_log(row, part.ended)]
            delivered = any(row.outcome.succeeded and row.visible_at <= part.ended for row in rows)
            assert delivered or not still_there, f"{guid} failed in the window, and is not reported"
    if broke_off or part.filtered or world.sim.behaviour.paging == "offset" or not (whole or report.stats):
        return
    everything = [row for rows in part.life.events().values() for row in rows]
    window = [row for row in everything if world.shown_at(row) >= report.cutoff and row.outcome.readable]
    there = [row for row in window if world.in_log(row, part.looked_at) and world.in_log(row, part.ended)]
    if whole:
        most = sum(row.visible_at <= part.ended for row in everything)
        assert len(there) <= report.scanned <= most, "not the number of attempts that were read"
    if report.stats:
        first = sum(not row.redelivery for row in there)
        assert first <= report.stats.events, "the window was not read whole, and the report says how all of it went"
