"""What a run may believe of what it has read, and say: each in a world of a few rows."""

from __future__ import annotations

import signal
from unittest import mock

import pytest

from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.faults import Call, Effect, Fault, Lose, json_answer
from githubsim.outcomes import OK, REDIRECTED, UNAVAILABLE, invalid_response
from githubsim.outcomes import Outcome as Ending
from redeliver.core.case import Outcome
from redeliver.core.health import Health
from redeliver.core.report import Report
from redeliver.core.settings import FailOn
from redeliver.output.summary import markdown
from redeliver.run.scan import Reader
from redeliver.times import day_time
from world import World, kind, of

LIST = "*/hooks/*/deliveries"
REFUSED = invalid_response(422)


def code(report: Report) -> int:
    """How the run ends by default."""
    return report.exit_code(FailOn.ERROR)


def long_log(*, read_hours_ago: int = 1) -> World:
    """A success every three minutes for three days, and a checkpoint of so long ago."""
    world = World()
    now = world.clock()
    world.hook.load(world.hook.row(now - place * 3 * MINUTE) for place in range(1, 1_400))
    world.variables.seed("CHECKPOINT", str(now - read_hours_ago * HOUR))
    return world


def shows_up_late(world: World, minutes_late: float, outcome: Ending = OK) -> str:
    """A row that has just come into the log, above all others, of an attempt so many minutes ago."""
    now = world.clock()
    return world.hook.add(now, outcome, delivered_at=now - round(minutes_late * MINUTE)).guid


# -- one row that shows up late says nothing about its neighbours ----------------------------------------------


@pytest.mark.parametrize("scan", ["full", "failures"])
def test_late_row_on_small_pages_hides_no_other_failure(scan: str) -> None:
    world = World()
    world.sim.behaviour.page_cap = 2
    failed = [world.fail(30), world.fail(20)]
    for minutes_ago in range(1, 9):
        world.fail(minutes_ago, OK)
    failed.append(world.fail(0.1))
    world.variables.seed("CHECKPOINT", str(world.clock() - HOUR))
    late = shows_up_late(world, 3 * 60, UNAVAILABLE)
    world.run(scan=scan)
    assert [guid for guid in world.sent if guid != late] == failed


def test_late_row_hides_no_earlier_success() -> None:
    world = long_log()
    delivered = world.fail(30 * 60)
    world.again(delivered, 25 * 60, OK)
    world.again(delivered, 5)
    shows_up_late(world, 40 * 60)
    report = world.run(retry_spacing="0")
    assert (world.sent, report.failed, code(report)) == ([], 0, 0)


def test_late_row_makes_no_part_of_the_log_look_whole() -> None:
    world = World()
    now = world.clock()
    world.hook.load(world.hook.row(now - place * 10 * SECOND) for place in range(6, 300))
    world.variables.seed("CHECKPOINT", str(now - HOUR))
    shows_up_late(world, 3 * 60)
    failed = world.fail(0)
    report = world.run(scan="failures")
    (hook,) = report.hooks
    assert (world.sent, report.recovered) == ([failed], 1)
    in_window = sum(row.delivered_at >= hook.cutoff for row in world.hook.log.rows if row.guid != failed) + 1
    assert hook.health is not Health.HEALTHY or report.scanned >= in_window
    assert hook.stats is None or hook.stats.events == in_window


# -- a loss is told by the run that can last see it -------------------------------------------------------------


def with_a_loss_and_one_to_read_back_for(settings: dict[str, str]) -> tuple[World, str, str]:
    """An event that no run sends any more, and a younger one whose first attempts are to be read before it is sent."""
    world = long_log(read_hours_ago=2)
    of_kind = kind(settings.pop("kind", "push"))
    over = world.fail(60, REFUSED, kind=of_kind)
    for minutes_ago in (50, 40):
        world.fail(minutes_ago, REFUSED, guid=over, redelivery=True, kind=of_kind)
    other = world.fail(30 * 60, REDIRECTED)
    world.again(other, 5, REFUSED)
    return world, over, other


ENDS: dict[str, Effect] = {
    "404": json_answer(404, "Not Found"),
    "401": json_answer(401, "Bad credentials"),
    "500": json_answer(500, "Server Error"),
    "lost": Lose("reset"),
}
FINAL = {
    "given up": ({"max-attempts": "3"}, Outcome.GIVEN_UP),
    "too old": ({"max-age": "push=30m"}, Outcome.TOO_OLD),
    "filtered out": ({"events": "push", "kind": "issues"}, Outcome.FILTERED_OUT),
}


@pytest.mark.parametrize("end", [*ENDS, "signal"])
@pytest.mark.parametrize("why", FINAL)
def test_final_outcome_is_reported_by_a_run_that_ends_while_it_reads_back(why: str, end: str) -> None:
    settings, outcome = dict(FINAL[why][0]), FINAL[why][1]
    world, over, other = with_a_loss_and_one_to_read_back_for(settings)
    window = 2  # pages
    stop = Call(lambda: world.run_clock.on_signal(signal.SIGTERM))
    effect = stop if end == "signal" else ENDS[end]
    world.sim.faults.add(Fault(effect, path=LIST, nth=window + 1, times=None))
    report = world.run({"retry-spacing": "0", **settings})
    assert world.sent == []
    assert of(report, over).outcome is outcome
    if why == "given up":
        assert report.lost == 1
        assert report.errors
    assert code(report) == (128 + signal.SIGTERM if end == "signal" else 1)
    # The other one is left to the next run, whatever was in the way of this one.
    world.sim.faults.clear()
    world.clock.advance(15 * MINUTE)
    if why != "too old":
        assert of(world.run({"retry-spacing": "0", **settings}), other).outcome is Outcome.RECOVERED
        assert world.sent == [other]


def test_expired_event_is_reported_by_a_run_that_fails_while_sending() -> None:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - HOUR))
    expired = world.hook.add(world.clock() - 73 * HOUR, REFUSED).guid
    for minutes_ago in (40, 30):
        world.again(expired, minutes_ago, REFUSED)
    due = world.fail(5)
    world.sim.faults.add(Fault(json_answer(401, "Bad credentials"), path="*/attempts"))
    report = world.run(retry_spacing="0")
    assert (of(report, expired).outcome, of(report, due).outcome) == (Outcome.EXPIRED, Outcome.RUN_FAILED)
    assert (report.lost, code(report)) == (1, 1)


# -- when GitHub forgets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("old", [REDIRECTED, OK])
def test_reading_back_for_one_event_makes_no_other_look_as_old(old: Ending) -> None:
    world = long_log()
    now = world.clock()
    # Neither first attempt is one that GitHub's filter for failures lists. One is looked for, since the event is due.
    due, young = world.fail(71 * 60, old), world.fail(30 * 60, REDIRECTED)
    world.again(due, 50)
    world.again(young, 5)
    world.sim.stub.by_guid[due] = UNAVAILABLE
    report = world.run(retry_spacing="20m")
    assert of(report, young).outcome is Outcome.NOT_DUE
    assert of(report, young).forgotten_at >= now - 30 * HOUR + 3 * DAY - MINUTE
    if old is OK:
        assert (world.sent, code(report)) == ([], 0)
        assert (report.hooks[0].deadline or 0) >= now - 30 * HOUR + 3 * DAY - MINUTE
    else:
        assert world.sent == [due]
        assert abs(of(report, due).forgotten_at - (now - 71 * HOUR + 3 * DAY)) <= MINUTE


# -- what was delivered before ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("most", "first"), [("2", UNAVAILABLE), ("3", UNAVAILABLE), ("2", OK)])
def test_event_delivered_before_the_window_is_not_given_up(most: str, first: Ending) -> None:
    world = long_log()
    guid = world.fail(31 * 60, first)
    if first is not OK:
        world.again(guid, 30 * 60, OK)
    world.again(guid, 20, invalid_response(400))
    report = world.run(max_attempts=most, retry_spacing="0")
    assert (world.sent, report.lost, report.failed, code(report)) == ([], 0, 0, 0)
    assert world.checkpoint == str(report.start)


def test_late_success_from_before_the_run_is_not_counted() -> None:
    world = World()
    now = world.clock()
    # It waits for its turn. That somebody delivered it a day ago shows only while the run watches another one.
    waiting = world.hook.add(now - 26 * HOUR, UNAVAILABLE).guid
    world.again(waiting, 1)
    world.hook.add(now + 500, OK, guid=waiting, redelivery=True, delivered_at=now - DAY, visible_at=now + 500)
    due = world.fail(5)
    report = world.run(lookback="3d")
    assert world.sent == [due]
    assert report.recovered == 1
    assert waiting not in {event.guid for event in report.events if event.outcome is Outcome.RECOVERED}


def test_yesterdays_success_found_while_watching_is_not_counted() -> None:
    world = World()
    world.sim.behaviour.page_cap = 3
    # The window ends with the second page. Further back is read for one event alone, down to its first attempt; the
    # other one waits for its turn.
    read_back_for = world.fail(30 * 60, REDIRECTED)
    world.fail(29 * 60, OK)
    waiting = world.fail(24 * 60, OK)
    for place in range(3):
        world.fail(120 + place, OK)
    world.again(read_back_for, 0.5, REFUSED)
    world.again(waiting, 0.3, REFUSED)
    world.again(waiting, 0.25, REFUSED)
    world.variables.seed("CHECKPOINT", str(world.clock() - 5 * MINUTE))
    # The new attempt pushes the window's last row onto the second page, so that a look reads the third one, too.
    report = world.run(retry_spacing="10s", overlap="2m")
    assert world.sent == [read_back_for]
    assert report.recovered == 1
    assert waiting not in {event.guid for event in report.events if event.outcome is Outcome.RECOVERED}


# -- when it failed ---------------------------------------------------------------------------------------------


def test_unread_first_attempt_is_reported_by_when_the_event_had_failed() -> None:
    world = long_log()
    waiting = world.fail(20 * 60)
    world.again(waiting, 5)
    whole = world.fail(8, REFUSED)
    world.again(whole, 4, REFUSED)
    with mock.patch.object(Reader, "read_earlier_failures", lambda reader, _: reader._reading(reader._extent)):
        report = world.run()
    assert [of(report, guid).first_was_read for guid in (waiting, whole)] == [False, True]
    said = [f"by {day_time(of(report, guid).first_failed_at)}".replace(" ", "&nbsp;") for guid in (waiting, whole)]
    assert [by in markdown(report) for by in said] == [True, False]
