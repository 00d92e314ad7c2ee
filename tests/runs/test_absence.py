"""Absence is no answer: what is missing, or cannot be read, or one response alone says, is never "there is nothing"."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from githubsim.clock import HOUR, MINUTE
from githubsim.faults import Fault, link_in_other_words, proxy_refusal, without_link, wrong_date
from githubsim.outcomes import LEFT_OUT, OK, UNAVAILABLE, Kind, odd
from githubsim.render import http_date
from redeliver.core.case import Outcome
from redeliver.core.health import Health
from redeliver.core.report import Report
from redeliver.core.settings import FailOn
from redeliver.output.report_json import outputs
from redeliver.run.lookup import survey
from world import World, of

LIST = "*/hooks/*/deliveries"
HOOKS = "*/hooks"
#: Rows of a page.
PAGE = 100


def code(report: Report) -> int:
    """How the run ends by default."""
    return report.exit_code(FailOn.ERROR)


def busy(rows: int, **sim: object) -> World:
    """A log with so many attempts that all succeeded, a minute apart, and a checkpoint before them."""
    world = World(**sim)
    now = world.clock()
    world.hook.load(world.hook.row(now - place * MINUTE, OK) for place in range(1, rows + 1))
    world.variables.seed("CHECKPOINT", str(now - (rows + 30) * MINUTE))
    return world


def is_broken_off(world: World, report: Report, checkpoint: str | None) -> bool:
    """Whether the run is red, says that it has not read the log, and has left everything as it was."""
    (hook,) = report.hooks
    return (code(report), hook.read, world.sent, world.checkpoint) == (1, False, [], checkpoint)


# -- the next page ----------------------------------------------------------------------------------------------


def test_a_full_page_that_names_no_next_one_is_asked_for_once_more_and_then_breaks_the_scan_off() -> None:
    world = busy(150)
    world.fail(140.5)
    before = world.checkpoint
    world.sim.faults.add(Fault(without_link(), path=LIST, times=None))
    assert is_broken_off(world, world.run(), before)
    assert [one.query["per_page"] for one in world.requests()] == ["100", "99"]


UNUSABLE: dict[str, Callable[[str], str]] = {
    "no brackets": lambda link: link.replace("<", "").replace(">", ""),
    "no closing bracket": lambda link: link.replace(">", ""),
    "cut off in the address": lambda link: link[:40],
    "cut off in the relation": lambda link: link[: link.index('"') + 3],
    "no relation": lambda link: link[: link.index(">") + 1],
    "no address": lambda _: '<>; rel="next"',
    "a proxy's own relation instead": lambda _: '<https://proxy.example/help>; rel="help"',
    "nothing": lambda _: "",
}


@pytest.mark.parametrize("how", UNUSABLE)
@pytest.mark.parametrize("scan", ["full", "failures"])
def test_a_full_page_whose_link_cannot_be_used_breaks_the_scan_off(how: str, scan: str) -> None:
    world = busy(20)
    for place in range(150):
        world.fail(25 + place / 100)
    before = world.checkpoint
    world.sim.faults.add(Fault(link_in_other_words(UNUSABLE[how]), path=LIST, times=None))
    assert is_broken_off(world, world.run(scan=scan), before)


@pytest.mark.parametrize("how", ["no brackets", "no closing bracket", "cut off in the relation", "no address"])
def test_a_link_that_names_a_next_page_and_cannot_be_read_is_an_error_on_a_short_page_too(how: str) -> None:
    world = busy(90)
    world.fail(80.5)
    world.sim.behaviour.page_cap = 50
    before = world.checkpoint
    world.sim.faults.add(Fault(link_in_other_words(UNUSABLE[how]), path=LIST, times=None))
    assert is_broken_off(world, world.run(), before)


@pytest.mark.parametrize(("by", "times"), [(lambda _: "", 1), (lambda link: link.replace('"', "'"), None)])
def test_what_follows_a_full_page_whose_link_is_odd_is_found_or_the_run_is_red(
    by: Callable[[str], str], times: int | None
) -> None:
    world = busy(150)
    beyond = world.fail(140.5)
    before = world.checkpoint
    world.sim.faults.add(Fault(link_in_other_words(by), path=LIST, times=times))
    report = world.run()
    assert is_broken_off(world, report, before) or (code(report), world.sent) == (0, [beyond])


@pytest.mark.parametrize(
    "beside",
    [
        '<https://proxy.example/help>; rel="help", {}',
        '{}, <https://proxy.example/help>; rel="help"',
        '<https://proxy.example/a,b;c>; rel="via"; title="next, or not", {}',
    ],
)
def test_a_proxys_own_entry_beside_the_next_page_changes_nothing(beside: str) -> None:
    world = busy(150)
    beyond = world.fail(140.5)
    world.sim.faults.add(Fault(link_in_other_words(beside.format), path=LIST, times=None))
    report = world.run()
    assert (code(report), world.sent) == (0, [beyond])


@pytest.mark.parametrize("scan", ["full", "failures"])
@pytest.mark.parametrize("pages", [1, 2])
def test_a_log_of_full_pages_alone_is_read_whole_and_its_end_is_proved_in_at_most_two_small_calls(
    pages: int, scan: str
) -> None:
    # One asks for a row fewer. The other, if there is one, follows the link that has come.
    world = busy(0)
    failed = [world.fail(25 - place / 100) for place in range(pages * PAGE)]
    report = world.run(scan=scan, wait_for_results="0")
    assert (code(report), report.hooks[0].read, report.failed) == (0, True, pages * PAGE)
    assert world.sent == failed
    walks = 1 + (scan == "failures")
    assert len(world.requests()) <= walks * (pages + 2)


def test_a_full_page_that_is_older_than_the_window_needs_no_next_one() -> None:
    world = busy(150)
    world.clock.advance(2 * HOUR)
    world.variables.seed("CHECKPOINT", str(world.clock() - 15 * MINUTE))
    world.sim.faults.add(Fault(without_link(), path=LIST, times=None))
    report = world.run()
    assert (code(report), world.checkpoint) == (0, str(report.start))
    assert len(world.requests()) == 1


def test_a_list_of_webhooks_whose_link_is_cut_off_is_no_shorter_list() -> None:
    world = World()
    hooks = [world.sim.org_hook("octo") for _ in range(PAGE + 20)]
    hooks[-1].add(world.clock() - 5 * MINUTE, UNAVAILABLE)
    world.sim.faults.add(Fault(link_in_other_words(lambda link: link[:-3]), path=HOOKS, times=None))
    assert code(world.run(hook_id="all", scan="failures")) == 1


# -- GitHub's clock ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [10 * HOUR, 14 * MINUTE, -14 * MINUTE, -10 * HOUR], ids=lambda by: f"{by / HOUR:+.1f}h")
@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5, 6])
def test_one_response_with_a_wrong_date_moves_no_checkpoint_past_what_comes_next(by: int, nth: int) -> None:
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


def test_a_date_that_no_other_response_bears_out_is_asked_for_once_more() -> None:
    world = World()
    world.fail(5)
    world.sim.faults.add(Fault(wrong_date(10 * HOUR), path="*/actions/variables/CHECKPOINT", times=None))
    report = world.run(latency_ms=40)
    assert report.start <= world.clock()
    assert int(world.checkpoint or "") <= world.clock()


@pytest.mark.parametrize("times", [1, None])
def test_a_proxys_refusal_has_no_say_in_what_time_it_is(times: int | None) -> None:
    world = World()
    world.sim.token("variables", permissions={"actions_variables": "write"})
    world.fail(5)
    ahead = http_date(world.clock() + 10 * HOUR)
    world.sim.faults.add(Fault(proxy_refusal(ahead), path="/rate_limit", times=times))
    report = world.run(variable_token="variables", latency_ms=40)
    assert report.start <= world.clock()
    assert world.checkpoint is None or int(world.checkpoint) <= world.clock()


# -- rows that cannot be read -----------------------------------------------------------------------------------

UNREADABLE: dict[str, dict[str, object]] = {
    "event null": {"event": None},
    "event missing": {"event": LEFT_OUT},
    "guid null": {"guid": None},
    "delivered_at null": {"delivered_at": None},
    "event too long": {"event": "e" * 201},
}
READABLE: dict[str, dict[str, object]] = {
    "status null": {"status": None},
    "status_code null": {"status_code": None},
    "status_code missing": {"status_code": LEFT_OUT},
    "redelivery missing": {"redelivery": LEFT_OUT},
}


@pytest.mark.parametrize("how", READABLE)
@pytest.mark.parametrize("scan", ["full", "failures"])
def test_a_row_without_a_code_or_a_flag_is_read_as_a_failed_first_attempt(how: str, scan: str) -> None:
    world = World()
    # GitHub's filter shows a row with another failure, so that "failures" reads the log, too.
    guid, other = world.fail(9, odd(UNAVAILABLE, **READABLE[how])), world.fail(10)
    report = world.run(scan=scan)
    assert (code(report), report.recovered, sorted(world.sent)) == (0, 2, sorted([guid, other]))
    assert world.checkpoint == str(report.start)


@pytest.mark.parametrize("how", UNREADABLE)
@pytest.mark.parametrize("scan", ["full", "failures"])
def test_a_row_that_cannot_be_read_is_told_and_holds_the_checkpoint_and_the_rest_is_done(how: str, scan: str) -> None:
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


@pytest.mark.parametrize("how", ["event null", "event missing", "event too long"])
def test_a_row_that_cannot_be_read_and_has_succeeded_is_no_loss_and_a_warning(how: str) -> None:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - 2 * HOUR))
    other = world.fail(30)
    world.hook.add(world.clock() - 20 * MINUTE, odd(OK, **UNREADABLE[how]))
    report = world.run()
    assert (code(report), world.sent, report.errors) == (0, [other], ())
    assert report.warnings


@pytest.mark.parametrize("how", ["event null", "delivered_at null", "guid null"])
def test_a_row_that_could_not_be_read_is_let_go_a_day_before_it_leaves_the_log_and_makes_no_gap(how: str) -> None:
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
    "fields",
    [{"config": LEFT_OUT}, {"config": {"content_type": "json", "url": None}}, {"active": LEFT_OUT}],
    ids=["no config", "url null", "no active"],
)
def test_a_webhook_that_cannot_be_read_in_the_list_is_left_out_alone(fields: dict[str, object]) -> None:
    world = World()
    odd_one, third = world.sim.org_hook("octo"), world.sim.org_hook("octo")
    odd_one.odd = fields
    guids = [hook.add(world.clock() - 5 * MINUTE, UNAVAILABLE).guid for hook in (world.hook, third)]
    report = world.run(hook_id="all")
    assert {hook.hook_id for hook in report.hooks} >= {str(world.hook.id), str(third.id)}
    assert sorted(world.sent) == sorted(guids)
    assert (report.recovered, report.undelivered) == (2, 0)


def test_a_pattern_tells_which_webhooks_it_cannot_be_compared_with() -> None:
    world = World()
    odd_one = world.sim.org_hook("octo")
    odd_one.odd = {"config": LEFT_OUT}
    guid = world.fail()
    report = world.run(hook_id="*://*")
    assert ([hook.hook_id for hook in report.hooks], world.sent) == ([str(world.hook.id)], [guid])
    assert str(odd_one.id) in report.warnings[0]
    assert code(report) == 0


def test_an_event_whose_first_attempt_cannot_be_read_has_not_expired() -> None:
    world = World()
    now = world.clock()
    guid = world.hook.add(now - 20 * HOUR, odd(UNAVAILABLE, delivered_at=None)).guid
    world.hook.load(world.hook.row(now - place * 3 * MINUTE) for place in range(1, 1_000))
    world.again(guid, 20)
    world.variables.seed("CHECKPOINT", str(now - HOUR))
    report = world.run(retry_spacing="0")
    assert (world.sent, of(report, guid).outcome, report.lost) == ([guid], Outcome.RECOVERED, 0)


def test_a_replay_tells_which_rows_it_could_not_read() -> None:
    world = World()
    world.hook.add(world.clock() - 20 * MINUTE, odd(UNAVAILABLE, event=None))
    guid = world.fail(10)
    report = world.replay(from_="1h", send="true")
    assert ([event.guid for event, _ in report.events], report.exit_code) == ([guid], 0)
    assert "1 delivery" in report.warnings[0]


def test_a_webhook_with_a_row_that_cannot_be_read_is_not_called_healthy() -> None:
    world = World()
    world.hook.add(world.clock() - 20 * MINUTE, OK)
    world.hook.add(world.clock() - 10 * MINUTE, odd(OK, event=None))
    (found,) = survey(world.session())
    assert found.health is Health.UNKNOWN


# -- pages that GitHub cannot give ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [502, 504])
@pytest.mark.parametrize("largest", [99, 50, 25, 10])
@pytest.mark.parametrize("scan", ["full", "failures"])
def test_smaller_pages_are_asked_for_where_github_fails_on_large_ones(largest: int, status: int, scan: str) -> None:
    world = busy(150)
    failed = [world.fail(140.5), world.fail(20.5)]
    world.sim.behaviour.largest_page, world.sim.behaviour.too_large = largest, status
    report = world.run(scan=scan)
    assert (code(report), world.sent, report.recovered) == (0, failed, 2)
    sizes = [(int(one.query["per_page"]), one.status) for one in world.requests()]
    given = [size for size, answered in sizes if answered == 200]
    assert max(given) <= largest
    # It is remembered for the run: no page that is too large is asked for after the first that was given.
    first = next(place for place, (_, answered) in enumerate(sizes) if answered == 200)
    assert {answered for _, answered in sizes[first:]} == {200}


# -- what was read is told --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scan", ["full", "failures"])
def test_what_was_read_of_more_failures_within_a_minute_than_can_be_read_is_told(scan: str) -> None:
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


def test_a_name_of_an_event_that_is_as_long_as_can_be_is_read() -> None:
    world = World()
    guid = world.fail(5, kind=Kind("e" * 200))
    assert (code(world.run()), world.sent) == (0, [guid])
