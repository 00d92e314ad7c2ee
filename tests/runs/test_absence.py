"""Absence is no answer: what is missing, or cannot be read, or one response alone says, is never "there is nothing"."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from githubsim.clock import HOUR, MINUTE
from githubsim.faults import Fault, link_in_other_words, wrong_date
from githubsim.outcomes import LEFT_OUT, OK, UNAVAILABLE, odd
from redeliver.core.case import Outcome
from redeliver.core.health import Health
from redeliver.core.report import Report
from redeliver.core.settings import FailOn
from redeliver.output.report_json import outputs
from redeliver.run.lookup import survey
from world import World, of

LIST = "*/hooks/*/deliveries"
#: Rows of a page.
PAGE = 100
both_scans = pytest.mark.parametrize("scan", ["full", "failures"])


def code(report: Report) -> int:
    """How the run ends by default."""
    return report.exit_code(FailOn.ERROR)


def busy(rows: int) -> World:
    """A log with so many attempts that all succeeded, a minute apart, and a checkpoint before them."""
    world = World()
    now = world.clock()
    world.hook.load(world.hook.row(now - place * MINUTE, OK) for place in range(1, rows + 1))
    world.variables.seed("CHECKPOINT", str(now - (rows + 30) * MINUTE))
    return world


def rewrite_links(world: World, by: Callable[[str], str], path: str = LIST) -> None:
    world.sim.faults.add(Fault(link_in_other_words(by), path=path, times=None))


def run_breaks_off(world: World, **inputs: str) -> bool:
    """Whether a run is red, says that it has not read the log, and leaves everything as it was."""
    before = world.checkpoint
    report = world.run(inputs)
    (hook,) = report.hooks
    return (code(report), hook.read, world.sent, world.checkpoint) == (1, False, [], before)


# -- the next page ----------------------------------------------------------------------------------------------


def test_full_page_without_a_next_one_is_asked_for_once_more_and_then_the_scan_breaks_off() -> None:
    world = busy(150)
    world.fail(140.5)
    rewrite_links(world, lambda _: "")
    assert run_breaks_off(world)
    assert [one.query["per_page"] for one in world.requests()] == ["100", "99"]


@both_scans
@pytest.mark.parametrize(
    ("by", "page_cap"),
    [
        (lambda _: "", 100),
        (lambda link: link[:40], 100),
        (lambda _: '<https://proxy.example/help>; rel="help"', 100),
        # One that names a next page and cannot be read is an error on a short page, too.
        (lambda link: link.replace(">", ""), 50),
    ],
    ids=["nothing", "cut off", "a proxy's own", "on a short page"],
)
def test_page_whose_link_cannot_be_used_breaks_the_scan_off(by: Callable[[str], str], page_cap: int, scan: str) -> None:
    world = busy(20)
    for place in range(150):
        world.fail(25 + place / 100)
    world.sim.behaviour.page_cap = page_cap
    rewrite_links(world, by)
    assert run_breaks_off(world, scan=scan)


@both_scans
@pytest.mark.parametrize("pages", [1, 2])
def test_end_of_a_log_of_full_pages_is_proved_in_at_most_two_small_calls(pages: int, scan: str) -> None:
    # One asks for a row fewer. The other, if there is one, follows the link that has come. One more is the look at the
    # log before the first redelivery.
    world = busy(0)
    failed = [world.fail(25 - place / 100) for place in range(pages * PAGE)]
    report = world.run(scan=scan, wait_for_results="0")
    assert (code(report), report.hooks[0].read, report.failed) == (0, True, pages * PAGE)
    assert world.sent == failed
    walks = 1 + (scan == "failures")
    assert len(world.requests()) <= walks * (pages + 2) + 1


def test_full_page_older_than_the_window_needs_no_next_one() -> None:
    world = busy(150)
    world.clock.advance(2 * HOUR)
    world.variables.seed("CHECKPOINT", str(world.clock() - 15 * MINUTE))
    rewrite_links(world, lambda _: "")
    report = world.run()
    assert (code(report), world.checkpoint) == (0, str(report.start))
    assert len(world.requests()) == 1


# -- GitHub's clock ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [10 * HOUR, 14 * MINUTE, -14 * MINUTE, -10 * HOUR], ids=lambda by: f"{by / HOUR:+.1f}h")
@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5, 6])
def test_one_wrong_date_moves_no_checkpoint_past_what_comes_next(by: int, nth: int) -> None:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - HOUR))
    early = world.fail(5)
    world.sim.faults.add(Fault(wrong_date(by), nth=nth))
    report = world.run(latency_ms=40)
    assert int(world.checkpoint or "") <= world.clock()
    if by > 0:
        # With a clock that is too slow, a run may also leave the work to the next one.
        assert (code(report), world.sent) == (0, [early])
    if nth == 1 and code(report) == 0:
        assert report.warnings
    world.clock.advance(MINUTE)
    late = world.hook.add(world.clock(), UNAVAILABLE).guid
    world.clock.advance(14 * MINUTE)
    assert code(world.run(latency_ms=40)) == 0
    assert sorted(world.sent) == sorted([early, late])


# -- rows that cannot be read -----------------------------------------------------------------------------------

UNREADABLE: dict[str, dict[str, object]] = {
    "event null": {"event": None},
    "event missing": {"event": LEFT_OUT},
    "guid null": {"guid": None},
    "delivered_at null": {"delivered_at": None},
    "event too long": {"event": "e" * 201},
}


@both_scans
@pytest.mark.parametrize(
    "fields", [{"status": None}, {"status_code": None}, {"status_code": LEFT_OUT}, {"redelivery": LEFT_OUT}], ids=str
)
def test_row_without_a_code_or_a_flag_is_a_failed_first_attempt(fields: dict[str, object], scan: str) -> None:
    world = World()
    # GitHub's filter shows a row with another failure, so that "failures" reads the log, too.
    guid, other = world.fail(9, odd(UNAVAILABLE, **fields)), world.fail(10)
    report = world.run(scan=scan)
    assert (code(report), report.recovered, sorted(world.sent)) == (0, 2, sorted([guid, other]))
    assert world.checkpoint == str(report.start)


@both_scans
@pytest.mark.parametrize("how", UNREADABLE)
def test_unreadable_row_is_reported_and_holds_the_checkpoint_and_the_rest_is_done(how: str, scan: str) -> None:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - 2 * HOUR))
    older = world.fail(30)
    world.fail(20, odd(UNAVAILABLE, **UNREADABLE[how]))
    newer = world.fail(10)
    report = world.run(scan=scan)
    assert sorted(world.sent) == sorted([older, newer])
    assert (report.recovered, report.hooks[0].read, code(report)) == (2, True, 1)
    # Without a time it has that of the newer one.
    least = 10 if how == "delivered_at null" else 20
    assert int(world.checkpoint or "") < world.started - least * MINUTE
    # And so in every run until it has left the log; what else happens is seen to.
    world.clock.advance(HOUR)
    another = world.fail(5)
    report = world.run(scan=scan)
    assert world.sent[2:] == [another]
    assert (report.recovered, code(report)) == (1, 1)
    assert int(world.checkpoint or "") < world.started - (least + 60) * MINUTE


def test_unreadable_row_that_succeeded_is_a_warning() -> None:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - 2 * HOUR))
    other = world.fail(30)
    world.hook.add(world.clock() - 20 * MINUTE, odd(OK, event=None))
    report = world.run()
    assert (code(report), world.sent, report.errors) == (0, [other], ())
    assert report.warnings


def test_webhook_with_an_unreadable_row_is_not_called_healthy() -> None:
    world = World()
    world.hook.add(world.clock() - 20 * MINUTE, OK)
    world.hook.add(world.clock() - 10 * MINUTE, odd(OK, event=None))
    (found,) = survey(world.session())
    assert found.health is Health.UNKNOWN


@pytest.mark.parametrize("how", ["event null", "delivered_at null", "guid null"])
def test_unreadable_row_is_let_go_a_day_before_it_leaves_the_log_and_leaves_no_gap(how: str) -> None:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - 2 * HOUR))
    world.fail(20, odd(UNAVAILABLE, **UNREADABLE[how]))
    codes = {}
    for hours in range(0, 80, 5):
        world.hook.add(world.clock() - MINUTE, OK)
        report = world.run()
        codes[hours] = code(report)
        assert report.hooks[0].gap is None, f"after {hours} hours"
        assert (world.checkpoint == str(report.start)) is (hours >= 50), f"after {hours} hours"
        world.clock.advance(5 * HOUR)
    # No later run could tell that it was what held the checkpoint.
    assert codes == {hours: int(hours <= 50) for hours in codes}


@pytest.mark.parametrize(
    ("choice", "fields"),
    [
        *(("all", fields) for fields in ({"config": LEFT_OUT}, {"config": {"url": None}}, {"active": LEFT_OUT})),
        ("*://*", {"config": LEFT_OUT}),
    ],
    ids=["no config", "url null", "no active", "no config, for a pattern"],
)
def test_webhook_that_cannot_be_read_in_the_list_leaves_the_others_alone(
    choice: str, fields: dict[str, object]
) -> None:
    world = World()
    unreadable, third = world.sim.org_hook("octo"), world.sim.org_hook("octo")
    unreadable.odd = fields
    guids = [hook.add(world.clock() - 5 * MINUTE, UNAVAILABLE).guid for hook in (world.hook, third)]
    report = world.run(hook_id=choice)
    assert {hook.hook_id for hook in report.hooks} >= {str(world.hook.id), str(third.id)}
    assert sorted(world.sent) == sorted(guids)
    assert (report.recovered, report.undelivered, code(report)) == (2, 0, 0)
    if choice != "all":
        assert len(report.hooks) == 2
        assert str(unreadable.id) in report.warnings[0]


def test_event_whose_first_attempt_cannot_be_read_has_not_expired() -> None:
    world = World()
    now = world.clock()
    guid = world.hook.add(now - 20 * HOUR, odd(UNAVAILABLE, delivered_at=None)).guid
    world.hook.load(world.hook.row(now - place * 3 * MINUTE) for place in range(1, 1_000))
    world.again(guid, 20)
    world.variables.seed("CHECKPOINT", str(now - HOUR))
    report = world.run(retry_spacing="0")
    assert (world.sent, of(report, guid).outcome, report.lost) == ([guid], Outcome.RECOVERED, 0)


def test_replay_reports_which_rows_it_could_not_read() -> None:
    world = World()
    world.hook.add(world.clock() - 20 * MINUTE, odd(UNAVAILABLE, event=None))
    guid = world.fail(10)
    report = world.replay(from_="1h", send="true")
    assert ([event.guid for event, _ in report.events], report.exit_code) == ([guid], 0)
    assert "1 delivery" in report.warnings[0]


# -- pages that GitHub cannot give, and more than can be read -----------------------------------------------------


@pytest.mark.parametrize(("largest", "status"), [(99, 502), (50, 504), (25, 502), (10, 504)])
@both_scans
def test_smaller_pages_are_asked_for_where_github_fails_on_large_ones(largest: int, status: int, scan: str) -> None:
    world = busy(150)
    failed = [world.fail(140.5), world.fail(20.5)]
    world.sim.behaviour.largest_page, world.sim.behaviour.too_large = largest, status
    report = world.run(scan=scan)
    assert (code(report), world.sent, report.recovered) == (0, failed, 2)
    sizes = [(int(one.query["per_page"]), one.status) for one in world.requests()]
    assert max(size for size, answered in sizes if answered == 200) <= largest
    # It is remembered for the run: no page that is too large is asked for after the first that was given.
    first = next(place for place, (_, answered) in enumerate(sizes) if answered == 200)
    assert {answered for _, answered in sizes[first:]} == {200}


@both_scans
def test_read_part_of_too_many_failures_within_a_minute_is_reported(scan: str) -> None:
    world = World()
    now = world.clock()
    world.hook.load(world.hook.row(now - place, UNAVAILABLE) for place in range(1, 6_000))
    world.variables.seed("CHECKPOINT", str(now - HOUR))
    before = world.checkpoint
    report = world.run(scan=scan, wait_for_results="0", dry_run="true", time_limit="1m", latency_ms=1_000)
    (hook,) = report.hooks
    assert (hook.read, hook.partial, world.checkpoint) == (True, True, before)
    assert report.failed >= report.scanned > 2_000
    assert outputs(report)["failed-count"] == str(report.failed)
