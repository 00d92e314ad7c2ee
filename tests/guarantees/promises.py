"""The promises, each as a check of one run against what really happened."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from githubsim.clock import SECOND
from guarantees.accounts import the_report_is_true
from redeliver.plan import LONGEST_SPACING
from redeliver.settings import ScanMode

if TYPE_CHECKING:
    from githubsim.log import Row
    from guarantees.interference import Call
    from guarantees.world import Run, World
    from redeliver.settings import Settings

#: Redeliveries that a dead endpoint gets in one run.
PROBE = 3


def keep_all(world: World, run: Run) -> None:
    """Every promise, after every run."""
    nothing_is_lost(world, run.settings)
    nothing_is_sent_in_vain(world, run)
    the_checkpoint_is_sound(world, run)
    limits_are_kept(run)
    a_signal_ends_it(run)
    a_dead_endpoint_is_spared(world, run)
    if run.report is not None:
        the_report_is_true(world, run, run.report)
    if run.undisturbed and not run.limits_met and run.calls_left > 200:
        what_can_be_done_is_done(world, run)


def nothing_is_lost(world: World, settings: Settings) -> None:
    """Whatever still has to be done lies where the next run will look."""
    kept, now = world.kept, world.clock()
    if kept is None or not settings.variable_name:
        return  # the next run looks back over ``lookback``, and that is what ours means then
    cutoff = (kept - settings.overlap * SECOND) // SECOND * SECOND
    for guid, rows in world.events().items():
        if guid in world.unseen or not (world.is_ours(rows, now, settings) and world.is_open(rows, now, settings)):
            continue
        assert any(world.shown_at(row) >= cutoff for row in rows), f"{guid} lies before the checkpoint: it is lost"


def nothing_is_sent_in_vain(world: World, run: Run) -> None:
    """No redelivery after the event's success was there to be seen, after its last attempt, or before it is due.

    The one admitted price is in what this does not forbid: an attempt that the log does not show yet when a run
    begins, neither its success nor its failure, cannot be known to that run.
    """
    for guid, count in Counter(one.guid for one in run.accepted).items():
        assert count == 1, f"{guid} was accepted {count} times in one run"
    for one in run.accepted:
        rows = world.hook.log.attempts_of(one.guid)
        seen = [row for row in rows if row.visible_at <= run.looked_at]
        assert not any(row.outcome.succeeded for row in seen), f"{one.guid} was delivered, and that could be seen"
        limit = run.settings.max_attempts
        assert limit == 0 or len(seen) < limit, f"{one.guid} had had its {limit} attempts"
        assert one.accepted_at + SECOND > due_at(world, seen, run.settings), f"{one.guid} was not due yet"
    if run.settings.dry_run:
        assert not any(call.redelivers for call in run.calls), "a dry run sends nothing"


def due_at(world: World, seen: list[Row], settings: Settings) -> int:
    """The moment from which an event with these attempts may be sent again; the beginning of time for the first."""
    if len(seen) < 2:
        return 0
    spacing = settings.retry_spacing * SECOND
    longest = max(LONGEST_SPACING, spacing)
    return world.shown_at(max(seen)) + min(spacing << (len(seen) - 2), longest)


def the_checkpoint_is_sound(world: World, run: Run) -> None:
    """Never in the future, never past an unsettled event, never written after a scan that broke off."""
    for _, value in run.writes:
        assert value <= run.looked_at, "the checkpoint lies after the moment the log was read"
    if run.settings.dry_run or not run.settings.variable_name:
        assert not run.writes, "a run that keeps nothing wrote a checkpoint"
        return
    report = run.report
    broke_off = report is not None and report.scanned == 0 and bool(report.errors or report.signal_number)
    if report and broke_off and run.writes and run.settings.scan is ScanMode.FULL:
        rows = [row for rows in world.events().values() for row in rows if row.delivered_at >= report.cutoff]
        there = [row for row in rows if world.in_log(row, run.looked_at) and world.in_log(row, run.ended)]
        assert not there, "a scan that broke off moved the checkpoint"
    if run.closed and run.kept_after is not None:
        for guid, rows in world.events().items():
            seen = [row for row in rows if world.in_log(row, run.looked_at)]
            if not seen or guid in world.unseen or not world.is_open(rows, run.ended, run.settings):
                continue
            if world.is_ours(seen, run.looked_at, run.settings):
                latest = max(row.delivered_at for row in rows if row.visible_at <= run.ended)
                assert run.kept_after < latest, f"the checkpoint lies past {guid}, which is not settled"


def limits_are_kept(run: Run) -> None:
    """Never over 900 points in any minute, and no call while a limit's waiting time is in force."""
    spent: list[tuple[int, int]] = []
    wait_until = 0
    without_a_word = 0
    for call in run.calls:
        assert call.at >= wait_until, f"a call at {call.at} although GitHub had asked to wait until {wait_until}"
        spent = [(at, points) for at, points in spent if at > call.at - 60 * SECOND]
        spent.append((call.at, 1 if call.verb == "GET" else 5))
        assert sum(points for _, points in spent) <= 900, "over 900 points in a minute"
        asked = _asked_to_wait(call, without_a_word)
        if asked is not None:
            wait_until = asked
            without_a_word += 1
        elif call.status is not None:
            without_a_word = 0


def _asked_to_wait(call: Call, before: int) -> int | None:
    """Until when; None: the answer was not a limit's. GitHub's words: at least a minute, then longer and longer."""
    if not call.is_limit:
        return None
    if "retry-after" in call.headers:
        return call.answered_at + int(call.headers["retry-after"]) * SECOND
    if call.headers.get("x-ratelimit-remaining") == "0":
        return int(call.headers["x-ratelimit-reset"]) * SECOND
    return call.answered_at + (60 * SECOND << before)


def a_signal_ends_it(run: Run) -> None:
    """After a signal there is no call but the checkpoint's, and the exit code says so."""
    for call in run.calls:
        assert not call.after_signal or call.keeps_checkpoint, f"{call.verb} {call.path} after the signal"


def a_dead_endpoint_is_spared(world: World, run: Run) -> None:
    """An endpoint that is down gets a run's first three redeliveries and no more."""
    if not run.undisturbed or run.settings.wait_for_results < 30 or run.limits_met:
        return
    attempts = [one.row for one in run.accepted]
    for one, row in zip(run.accepted, attempts, strict=True):
        # Attempts that show too late to be watched, or end in a way that is about one event, end the probe.
        if row is None or row.visible_at > one.accepted_at + 10 * SECOND or 200 <= row.outcome.status_code < 500:
            return
    others = [row for rows in world.events().values() for row in rows if row not in attempts]
    if any(row.outcome.succeeded and run.looked_at - 60 * SECOND <= row.visible_at <= run.ended for row in others):
        return
    assert len(run.accepted) <= PROBE, f"a dead endpoint got {len(run.accepted)} redeliveries"


def what_can_be_done_is_done(world: World, run: Run) -> None:
    """A run that nothing disturbs sends every event that is due, or has found the endpoint down."""
    report, settings = run.report, run.settings
    assert report is not None
    assert not report.errors, report.errors
    if settings.dry_run or report.warnings:
        return  # the endpoint is down, or the time was up
    accepted = {one.guid for one in run.accepted}
    for guid, rows in world.events().items():
        if any(run.looked_at < row.visible_at <= run.ended for row in rows if row.redelivery) and guid not in accepted:
            continue  # somebody else's attempt has turned up meanwhile
        seen = [row for row in rows if world.in_log(row, run.looked_at)]
        open_ = seen and guid not in world.unseen and world.is_open(rows, run.looked_at, settings)
        open_ = (open_ and world.is_open(rows, run.ended, settings)) or guid in accepted
        if open_ and world.is_ours(seen, run.looked_at, settings) and due_at(world, seen, settings) < report.start:
            assert guid in accepted, f"{guid} was due, and was not sent"
