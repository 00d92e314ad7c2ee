"""The promises, each as a check of one run, or of its part with one hook, against what really happened."""

from __future__ import annotations

from collections import Counter, deque
from math import inf
from typing import TYPE_CHECKING, Any

from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from redeliver.core.case import LOST, Outcome
from redeliver.core.facts import FactKind, Level
from redeliver.core.ledger import LONGEST_SPACING
from redeliver.core.report import URGENT
from redeliver.core.settings import ScanMode
from runs.accounts import FINAL, the_report_is_true, the_sums_are_right
from runs.model import too_old
from runs.parts import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from githubsim.log import Row
    from redeliver.core.report import Report
    from redeliver.core.settings import Settings
    from runs.interference import Call
    from runs.model import Run, World
    from runs.parts import Part

#: Redeliveries that a dead endpoint gets in one run at most.
DEAD_GETS = 12
#: What becomes of an event in a run that has no time left.
CUT_SHORT = {Outcome.OUT_OF_TIME, Outcome.UNCHECKED}


def checked_run(world: World, **how: Any) -> Run:  # noqa: ANN401 - as ``World.run`` takes it
    """A run that keeps every promise."""
    run = world.watch(**how)
    keep_all(world, run)
    return run


def keep_all(world: World, run: Run) -> None:
    """Every promise, after every run, for every hook."""
    nothing_is_sent_in_vain(world, run)
    limits_are_kept(run)
    a_signal_ends_it(run)
    every_hook_has_its_turn(run)
    if run.report is not None:
        the_sums_are_right(run, run.report)
        the_end_of_the_token_is_told(world, run.report)
    for part in run.parts:
        nothing_is_lost(world, part)
        the_checkpoint_is_sound(world, part)
        a_dead_endpoint_is_spared(part)
        a_limited_endpoint_is_not_flooded(part)
        one_that_accepts_is_not_called_down(part)
        no_type_holds_back_another(part)
        nothing_is_given_up_for_its_receiver(part)
        no_run_is_green_over_a_loss(world, part)
        if part.report is not None:
            part.life.told_lost |= {event.guid for event in part.report.events if event.outcome in LOST}
        no_loss_passes_untold(world, part)
        no_run_is_green_over_an_alarm(world, part)
        what_cannot_be_read_is_told(world, part)
        if part.report is not None:
            the_report_is_true(world, part, part.report)
        if part.undisturbed and run.calls_left > 200:
            what_can_be_done_is_done(world, part)


def every_hook_has_its_turn(run: Run) -> None:
    """One hook's failure does not stop the others; whose log was not read is left as it was."""
    own = {part.life.variable for part in run.parts}
    assert {name for _, name, _ in run.writes} <= own, "a checkpoint was written where no hook's is kept"
    for part in run.parts:
        hook = part.life.hook.path
        if run.report is None:
            continue  # how far it had come when it crashed, nobody knows
        if part.report is None:
            assert run.signalled or run.report.fault, f"{hook} did not have its turn"
            assert not part.calls, f"{hook} is not reported"
        elif not part.report.read:
            assert not part.accepted, f"{hook} was not read, and something was sent"
            assert not part.writes, f"{hook} was not read, and its checkpoint moved"


def nothing_is_lost(world: World, part: Part) -> None:
    """Whatever still has to be done lies where the next run will look, whichever checkpoint is the run's last."""
    life, settings = part.life, part.settings
    if life.kept is None or not settings.variable_name:
        return  # the next run looks back over ``lookback``, and that is what ours means then
    excepted = life.excepted
    for now, kept in (*part.writes, (world.clock(), life.kept)):
        cutoff = _next_cutoff(kept, settings)
        for guid, attempts in life.failed_events().items():
            # A success that the log did not show yet settled nothing.
            rows = [row for row in attempts if row.visible_at <= now or not row.outcome.succeeded]
            if guid in excepted or not rows or rows[0].redelivery:
                continue
            if life.is_ours(rows, now, settings) and world.is_open(life.hook.log, rows, now, settings):
                assert any(world.shown_at(row) >= cutoff for row in rows), f"{guid} lies before the checkpoint: lost"


def _next_cutoff(kept: int, settings: Settings) -> int:
    """Where the next run's window begins."""
    return (kept - settings.overlap * SECOND) // SECOND * SECOND


def _never_delivered(part: Part) -> Iterator[tuple[str, list[Row], list[Row]]]:
    """This user's events that are of a wanted type and not told as lost: guid, attempts that were shown, and all."""
    life, settings = part.life, part.settings
    for guid, attempts in life.failed_events().items():
        rows = [row for row in attempts if row.visible_at <= part.looked_at]
        if guid in life.unseen or guid in life.late or guid in life.told_lost or not rows or rows[0].redelivery:
            continue
        if any(row.outcome.succeeded for row in attempts) or not life.is_ours(rows, part.looked_at, settings):
            continue
        if not settings.events or rows[0].kind.event in settings.events:
            yield guid, rows, attempts


def no_run_is_green_over_a_loss(world: World, part: Part) -> None:
    """A run that finds an event lost, of which no run before it ended red, ends red itself."""
    report, life, settings = part.report, part.life, part.settings
    retention = settings.retention
    if report is None or not report.read or life.kept is None or world.sim.behaviour.retention_ms < retention:
        return  # the run tells nothing, keeps nothing, or could not know
    lost, gone, excepted = set(), set(), life.excepted
    for guid, rows, _ in _never_delivered(part):
        was_read = world.in_log(rows[0], part.looked_at) and world.shown_at(rows[0]) >= report.cutoff
        if too_old(rows[0], part.looked_at, settings) and not was_read:
            continue  # nobody wants it any more, and of its attempts not all are known
        given_up = guid not in excepted and world.is_out_of_attempts(
            life.hook.log, rows, part.looked_at, settings, report.cutoff, but=excepted
        )
        if all(world.shown_at(row) < part.looked_at - retention for row in rows):
            gone.add(guid)
        elif given_up and not report.partial:
            lost.add(guid)
    if not part.run.clock_behind:
        assert report.errors or not gone, f"green, and gone: {gone}"
        assert report.errors or not lost, f"green, and lost: {lost}"
    life.told_lost |= gone  # told, perhaps, by the time from which GitHub keeps nothing


def no_run_is_green_over_an_alarm(world: World, part: Part) -> None:
    """A webhook off, a silent source and little time left are errors, and nothing else is called so."""
    report, hook, settings = part.report, part.life.hook, part.settings
    if report is None or not report.read:
        return
    kinds = {fact.kind for fact in report.facts}
    at_the_end = [row for row in hook.log.rows if world.in_log(row, part.ended)]
    shown = [row for row in at_the_end if world.in_log(row, part.looked_at)]
    if report.active is False:
        assert not hook.active
        assert FactKind.SWITCHED_OFF_ERROR in kinds or not shown or settings.hook_id.several
        assert FactKind.SWITCHED_OFF_WARNING not in kinds or not shown or settings.hook_id.several
    if not part.run.clock_behind:
        left = [event.forgotten_at - part.run.ended for event in report.events if event.outcome not in FINAL]
        near = FactKind.DEADLINE_NEAR in kinds
        assert near or min(left, default=DAY) > URGENT - MINUTE, "little time is left"
        assert not near or report.partial or min(left) < URGENT + MINUTE, "there is time enough"
    if not settings.max_silence or report.active is False or part.run.clock_behind:
        return
    since = part.looked_at - settings.max_silence * SECOND
    if FactKind.SILENT in kinds:
        sent = [world.shown_at(row) for row in shown if not row.redelivery and row.outcome.readable]
        assert max(sent, default=0) < since + MINUTE, "it is called silent"
    elif not (report.partial or report.failures_first):
        # While the log is read, and again after an error, something may show up in it.
        unreadable = any(not row.outcome.readable for row in at_the_end)
        sent = [world.shown_at(row) for row in at_the_end if not row.redelivery]
        assert unreadable or max(sent, default=0) > since - MINUTE, "it is silent"


def the_end_of_the_token_is_told(world: World, report: Report) -> None:
    """From 14 days before on as a warning, from 3 days before on as an error, once GitHub has said when it is."""
    levels = {None: [], 20 * DAY: [], 10 * DAY: [Level.WARNING], 2 * DAY: [Level.ERROR]}
    told = [
        fact.level for fact in report.facts if fact.kind in {FactKind.TOKEN_ENDS_ERROR, FactKind.TOKEN_ENDS_WARNING}
    ]
    assert told == levels[world.token_lasts] or (not told and not any(hook.read for hook in report.hooks))


def no_loss_passes_untold(world: World, part: Part) -> None:
    """An event that no run sends any more is told as lost by one that can still see it.

    Not by one that crashed: what it has written by then, it has not told.
    """
    life, settings, excepted = part.life, part.settings, part.life.excepted
    if life.kept is None or not settings.variable_name:
        return  # the next run looks back over ``lookback``
    since = part.report.cutoff if part.report else 0
    for guid, rows, attempts in [*_never_delivered(part)]:
        if guid in excepted or too_old(rows[0], part.looked_at, settings):
            continue
        if any(world.shown_at(row) >= _next_cutoff(life.kept, settings) for row in attempts):
            continue
        if not any(world.in_log(row, part.looked_at) for row in rows):
            continue  # told, perhaps, by the time from which GitHub keeps nothing
        if not world.is_out_of_attempts(life.hook.log, rows, part.looked_at, settings, since, but=excepted):
            continue
        if part.report is None:
            life.told_lost.add(guid)
            continue
        assert not part.writes, f"{guid} is lost, lies before the checkpoint, and no run has told it"


def what_cannot_be_read_is_told(world: World, part: Part) -> None:
    """As long as a row is there that cannot be read and may be a loss, the run is red and the checkpoint before it."""
    report, life = part.report, part.life
    if report is None or not report.read or report.partial or part.filtered:
        return
    for guid in life.unreadable:
        attempts = life.hook.log.attempts_of(guid)
        if any(row.outcome.readable and row.visible_at <= part.ended for row in attempts):
            continue  # what the others show is enough
        for row in attempts:
            if row.outcome.readable or row.outcome.succeeded or world.shown_at(row) < report.cutoff:
                continue
            if not (world.in_log(row, part.looked_at) and world.in_log(row, part.ended)):
                continue
            if part.settings.scan is ScanMode.FAILURES and not 400 <= row.outcome.status_code <= 599:
                continue
            assert report.errors, f"a row of {guid} cannot be read, and the run is green"
            if part.closed:
                newest = _time_of(world, part, row)
                assert (part.kept or 0) < newest, f"the checkpoint lies past a row of {guid} that cannot be read"


def _time_of(world: World, part: Part, unreadable: Row) -> int:
    """The latest moment that a row can be taken to be of; without a time of its own it has its newer neighbour's."""
    if dict(unreadable.outcome.odd).get("delivered_at", unreadable.id) is not None:
        return world.shown_at(unreadable)
    rows = (row for row in part.life.hook.log.rows if row.id > unreadable.id and row.outcome.readable)
    newer = [row for row in rows if world.in_log(row, part.looked_at) and row.guid not in part.life.late]
    shown = [row for row in newer if 400 <= row.outcome.status_code <= 599]
    # Where failures alone are asked for, no other row need be there to tell.
    if part.settings.scan is not ScanMode.FAILURES:
        shown = shown or newer
    return max((world.shown_at(row) for row in shown[:1]), default=part.looked_at)


def nothing_is_sent_in_vain(world: World, run: Run) -> None:
    """No redelivery after the event's success was there to be seen, after its last attempt, or before it is due.

    The one admitted price is in what this does not forbid: an attempt that the log does not show yet when a run
    begins, neither its success nor its failure, cannot be known to that run.
    """
    asked = Counter(call.path for call in run.calls if call.redelivers and not call.is_limit)
    assert set(asked.values()) <= {1}, "a redelivery was asked for twice"
    for part in run.parts:
        for guid, count in Counter(one.guid for one in part.accepted).items():
            assert count == 1, f"{guid} was accepted {count} times in one run"
        for one in part.accepted:
            seen = [row for row in one.hook.log.attempts_of(one.guid) if row.visible_at <= part.looked_at]
            # What GitHub has forgotten, nobody can see.
            there = [row for row in seen if row.outcome.readable and world.in_log(row, part.ended)]
            assert not any(row.outcome.succeeded for row in there), f"{one.guid} was delivered, and that could be seen"
            since, excepted = part.report.cutoff if part.report else part.looked_at, part.life.excepted
            gone = any(not row.redelivery and not world.in_log(row, part.looked_at) for row in seen)
            assert not gone or len(there) < 2, f"the first attempt of {one.guid} is gone, and it had its last chance"
            original = next(row for row in one.hook.log.attempts_of(one.guid) if not row.redelivery)
            known = there if original in there else [original, *there]
            over = world.is_out_of_attempts(one.hook.log, known, part.looked_at, run.settings, since, but=excepted)
            assert not over, f"{one.guid} had had its {run.settings.max_attempts} attempts"
            assert one.accepted_at + SECOND > due_at(world, known, run.settings), f"{one.guid} was not due yet"
            # A run keeps to what it found at its start; some of GitHub's clocks tell whole seconds only.
            began = run.began - 3 * SECOND
            assert run.clock_behind or not too_old(original, began, run.settings), f"{one.guid} was too old"
    if run.settings.dry_run:
        assert not any(call.redelivers for call in run.calls), "a dry run sends nothing"


def due_at(world: World, seen: list[Row], settings: Settings) -> int:
    """The moment from which an event with these attempts may be sent again; the beginning of time for the first."""
    if len(seen) < 2:
        return 0
    spacing = settings.retry_spacing * SECOND
    longest = max(LONGEST_SPACING, spacing)
    return world.shown_at(max(seen)) + min(spacing << (len(seen) - 2), longest)


def the_checkpoint_is_sound(world: World, part: Part) -> None:
    """Never in the future, never past an unsettled event, never written after a scan that broke off."""
    for _, value in part.writes:
        assert value <= part.looked_at, "the checkpoint lies after the moment the log was read"
    if part.settings.dry_run or not part.settings.variable_name:
        assert not part.writes, "a run that keeps nothing wrote a checkpoint"
        return
    report, life = part.report, part.life
    broke_off = report is not None and report.scanned == 0 and bool(report.errors or part.run.signalled)
    if report and broke_off and part.writes and part.settings.scan is ScanMode.FULL:
        rows = [row for rows in life.events().values() for row in rows if row.delivered_at >= report.cutoff]
        shown = [row for row in rows if world.in_log(row, part.looked_at) and world.in_log(row, part.ended)]
        there = [row for row in shown if row.outcome.readable]
        assert not there, "a scan that broke off moved the checkpoint"
    # One that could read nothing leaves it where it was: before the overlap, and so before all that shows up late.
    if part.closed and not (report and not report.read):
        kept, excepted = part.kept or 0, life.excepted
        for guid, rows in life.failed_events().items():
            seen = [row for row in rows if world.in_log(row, part.looked_at)]
            if not seen or guid in excepted or not world.is_open(life.hook.log, rows, part.ended, part.settings):
                continue
            if life.is_ours(seen, part.looked_at, part.settings):
                latest = max(row.delivered_at for row in rows if row.visible_at <= part.ended)
                assert kept < latest, f"the checkpoint lies past {guid}, which is not settled"


def limits_are_kept(run: Run) -> None:
    """Never over 900 points in any minute, and no call while a limit's waiting time is in force."""
    spent: deque[tuple[int, int]] = deque()
    wait_until = points = 0
    without_a_word = 0
    for call in run.calls:
        assert call.at >= wait_until, f"a call at {call.at} although GitHub had asked to wait until {wait_until}"
        while spent and spent[0][0] <= call.at - 60 * SECOND:
            points -= spent.popleft()[1]
        spent.append((call.at, 1 if call.verb == "GET" else 5))
        points += spent[-1][1]
        assert points <= 900, "over 900 points in a minute"
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
    """After a signal there is no call but those that keep one checkpoint, and no other hook is begun."""
    late = [call for call in run.calls if call.after_signal]
    for call in late:
        assert call.keeps_checkpoint or call.variable == SHARED, f"{call.verb} {call.path} after the signal"
    assert len({call.variable for call in late}) <= 1, "several checkpoints were kept after the signal"
    stopped = [part for part in run.parts if part.report and any("by signal" in one for one in part.report.warnings)]
    assert len(stopped) <= 1, "a hook was begun after the signal"


def _watched(part: Part) -> list[Row] | None:
    """The attempts that it asked for; None: it could not see in time what became of them, or was disturbed."""
    if not part.undisturbed or part.settings.wait_for_results < 30 or part.run.short_of_time:
        return None
    # Its slowest answer takes ten seconds.
    in_time = [one.row for one in part.accepted if one.row and one.row.visible_at <= one.accepted_at + 15 * SECOND]
    return in_time if len(in_time) == len(part.accepted) else None


def a_dead_endpoint_is_spared(part: Part) -> None:
    """An endpoint that is down gets at most three redeliveries of each type in a run, and twelve in all.

    Twice as many of a type, if it accepted something within the hour before.
    """
    attempts = _watched(part)
    if attempts is None or any(row.outcome.succeeded for row in attempts):
        return
    others = [row for rows in part.life.events().values() for row in rows if row not in attempts]
    accepted = [row.visible_at for row in others if row.outcome.succeeded and row.visible_at <= part.ended]
    if any(part.looked_at - 60 * SECOND <= moment for moment in accepted):
        return
    of_a_type = 3 if all(moment < part.looked_at - HOUR for moment in accepted) else 6
    assert len(part.accepted) <= DEAD_GETS, f"a dead endpoint got {len(part.accepted)} redeliveries"
    most = Counter(row.kind for row in attempts).most_common(1)
    assert not most or most[0][1] <= of_a_type, f"a dead endpoint got {most[0]}"


def a_limited_endpoint_is_not_flooded(part: Part) -> None:
    """An endpoint that takes so many in a while refuses no more than it takes, apart from the first few.

    Twice as many if it takes fewer than five a minute: the longest pause is a minute.
    """
    attempts, receiver = _watched(part), part.life.endpoint.receiver
    if attempts is None or receiver is None or receiver.takes == inf:
        return
    delivered = sum(row.outcome.succeeded for row in attempts)
    refused = sum(not row.outcome.succeeded and row.guid not in part.life.endpoint.by_guid for row in attempts)
    is_tiny = receiver.takes * MINUTE < 5 * receiver.per
    assert refused <= delivered * (2 if is_tiny else 1) + 12, f"{refused} were refused, and {delivered} delivered"


def one_that_accepts_is_not_called_down(part: Part) -> None:
    """An endpoint that has accepted anything after what failed in a run is not called down by it."""
    attempts, looks = _watched(part), [call.at for call in part.calls if call.lists]
    if attempts is None or part.report is None or not part.report.down:
        return
    failed = max(row.delivered_at for row in attempts if not row.outcome.succeeded)
    rows = (row for rows in part.life.events().values() for row in rows if row.outcome.succeeded)
    accepted = [row for row in rows if row.delivered_at > failed + 2 * SECOND and row.visible_at <= looks[-1]]
    assert not accepted, f"called down, and {accepted[0].guid} was accepted after the failures"


def no_type_holds_back_another(part: Part) -> None:
    """If an endpoint fails on the events of one type, all others that are due are sent."""
    receiver, report = part.life.endpoint.receiver, part.report
    if _watched(part) is None or not report or not receiver or not receiver.poison or part.settings.dry_run:
        return
    accepted = {one.guid for one in part.accepted}

    def type_of(guid: str) -> str:
        return part.life.hook.log.attempts_of(guid)[0].kind.event

    # Some fail on their own account, and a few of those are as many as a type may begin with.
    failing = {*receiver.poison, *map(type_of, part.life.endpoint.by_guid)}
    for event in report.events:
        if event.outcome is Outcome.TYPE_FAILS and event.guid not in accepted:
            name = type_of(event.guid)
            assert name in failing, f"{event.guid} is of {name}, and was not sent"


def nothing_is_given_up_for_its_receiver(part: Part) -> None:
    """An event is given up for attempts that speak of the event, ``max_attempts`` of them."""
    for event in part.report.events if part.report else ():
        if event.outcome is Outcome.GIVEN_UP:
            rows = part.life.hook.log.attempts_of(event.guid)
            codes = [row.outcome.status_code for row in rows if not row.outcome.succeeded]
            speaking = sum(code not in {0, 429, 502, 503, 504} for code in codes)
            assert speaking >= part.settings.max_attempts, f"{event.guid} is given up for {codes}"


def what_can_be_done_is_done(world: World, part: Part) -> None:
    """A run that nothing disturbs sends every due event, except for types that the endpoint fails."""
    report, settings, life = part.report, part.settings, part.life
    assert report is not None
    if settings.dry_run or report.outage or (report.errors and part.run.short_of_time):
        return
    left = {event.guid for event in report.events if event.outcome is Outcome.TYPE_FAILS}
    told = left or life.unreadable
    if report.warnings and (not told or any(event.outcome in CUT_SHORT for event in report.events)):
        return  # the time was up
    expected = report.lost or report.gap or report.urgent or report.silent or report.active is False or life.unreadable
    assert not report.errors or expected, report.errors
    assert report.read, "an undisturbed run has not read the log"
    excepted = life.excepted
    accepted = {one.guid for one in part.accepted}
    failing = {event.name for event in report.events if event.guid in left}
    left |= {event.guid for event in report.events if event.name in failing and event.outcome is Outcome.EXPIRED}
    for guid, rows in life.failed_events().items():
        meanwhile = [row for row in rows if row.redelivery and part.looked_at < row.visible_at <= part.ended]
        if (meanwhile and guid not in accepted) or guid in left:
            continue  # that was somebody else, or the endpoint fails such events
        seen = [row for row in rows if world.in_log(row, part.looked_at)]
        open_ = seen and guid not in excepted and world.is_open(life.hook.log, rows, part.looked_at, settings)
        open_ = (open_ and world.is_open(life.hook.log, rows, part.ended, settings)) or guid in accepted
        if open_ and life.is_ours(seen, part.looked_at, settings) and due_at(world, seen, settings) < report.start:
            assert guid in accepted, f"{guid} was due, and was not sent"
        elif guid not in excepted and _has_a_last_chance(world, part, rows):
            assert guid in accepted, f"{guid} had a last chance, and did not get it"


def _has_a_last_chance(world: World, part: Part, rows: list[Row]) -> bool:
    """Whether an event's first attempt is gone, and one failed redelivery of it is all that the log still shows.

    Its attempts are two to the action, and it has to wait for its turn as any other with two.
    """
    settings, original = part.settings, next(row for row in rows if not row.redelivery)
    moments = (part.run.began, part.ended)
    listed = [row for row in rows if world.in_log(row, part.looked_at)]
    if len(listed) != 1 or listed[0].outcome.succeeded or any(world.in_log(original, moment) for moment in moments):
        return False
    if any(settings.max_age.values()) or (settings.events and original.kind.event not in settings.events):
        return False
    if settings.scan is ScanMode.FAILURES or 0 < settings.max_attempts <= 2:
        return False
    report, (row,) = part.report, listed
    if report is None or not world.in_log(row, part.ended) or world.shown_at(row) < report.cutoff:
        return False
    return world.shown_at(row) + settings.retry_spacing * SECOND < report.start
