"""A replay as a story: the plan, what is sent, and what is said of it."""

from __future__ import annotations

import pytest

from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.faults import Call, Fault, Lose, Rewrite, json_answer
from githubsim.outcomes import OK, UNAVAILABLE, invalid_response
from redeliver.core.case import Outcome
from redeliver.core.facts import FactKind
from redeliver.errors import ApiFailing, GuidsNotFound, ReplayEndedEarly, TooManyEvents, WindowForgotten
from redeliver.replay.report import ReplayReport
from redeliver.times import timestamp
from wording import figures, says, told
from world import World

LOST = "3b1f2a00-0000-11ee-8000-00000000dead"


@pytest.fixture
def world() -> World:
    return World()


def deliver(world: World, *minutes_ago: float) -> list[str]:
    """Events that arrived at once; their guids."""
    return [world.fail(minutes, OK) for minutes in minutes_ago]


def outcomes(report: ReplayReport) -> dict[str, str]:
    return {event.guid: str(case.outcome) for event, case in report.events}


# -- which -------------------------------------------------------------------------------------------------------


def test_replay_sends_guids_in_any_case_and_order(world: World) -> None:
    first, _, third = deliver(world, 50, 40, 30)
    world.replay(guid=f"{third.upper()}\n{first}", send="true")
    assert world.sent == [first, third]


def test_guid_whose_original_has_expired_is_sent_by_its_redelivery(world: World) -> None:
    (guid,) = deliver(world, 71 * 60)
    world.clock.advance(2 * HOUR)
    world.again(guid, 60)
    world.replay(guid=guid, send="true")
    (sent,) = world.sim.accepted
    assert sent.guid == guid
    assert sent.row


def test_search_for_a_guid_ends_with_its_original(world: World) -> None:
    world.sim.behaviour.page_cap = 2
    *_, last = deliver(world, *range(60, 10, -1))
    world.replay(guid=last)
    assert len(world.requests()) == 1


def test_guid_that_is_not_in_the_log_is_named_and_nothing_is_sent(world: World) -> None:
    (there,) = deliver(world, 50)
    report = world.replay(guid=f"{LOST},{there}", send="true")
    assert (report.exit_code, world.sent) == (1, [])
    assert told(GuidsNotFound, report.errors[0]) == {"guids": LOST}


def test_replay_of_more_events_than_the_limit_is_refused(world: World) -> None:
    deliver(world, *range(50, 40, -1))
    refused = world.replay(from_="1h", limit="9", send="true")
    assert (refused.exit_code, refused.events, world.sent) == (2, (), [])
    assert says(TooManyEvents, refused.errors[0])
    assert world.replay(from_="1h", limit="10", send="true").sent == 10


def test_replay_window_must_be_within_retention_by_githubs_clock(world: World) -> None:
    since = timestamp(world.clock() - 3 * DAY - 5 * MINUTE)
    report = world.replay(from_=since, send="true", slow_by=10 * MINUTE)
    assert report.exit_code == 2
    assert says(WindowForgotten, report.errors[0])
    assert world.requests() == []


def test_second_replay_reports_what_was_redelivered_within_the_hour(world: World) -> None:
    guids = deliver(world, *range(50, 40, -1))
    world.replay(from_="1h", to="45m", send="true")
    world.clock.advance(5 * SECOND)
    report = world.replay(from_="1h")
    assert report.plan
    assert report.plan.redelivered == 5
    assert list(report.unfinished) == guids[5:]
    assert any(figures(line) == ["5"] for line in world.console.lines)
    world.clock.advance(HOUR)
    later = world.replay(from_="2h")
    assert later.plan
    assert later.plan.redelivered == 0


# -- what becomes of it ------------------------------------------------------------------------------------------


def test_replay_sends_oldest_first_and_an_old_success_proves_nothing(world: World) -> None:
    guids = deliver(world, *range(50, 40, -1))
    broken = guids[4]
    world.sim.stub.by_guid[broken] = invalid_response(422)
    report = world.replay(from_="1h", send="true")
    assert world.sent == guids
    assert outcomes(report) == dict.fromkeys(guids, "recovered") | {broken: "failed_again"}
    assert report.sent == 10
    assert report.exit_code == 1
    assert report.undelivered == (broken,)
    assert told(FactKind.NOT_DELIVERED, report.errors[0])["why"] == "1 failed again"
    world.sim.stub.by_guid.clear()
    again = world.replay(guid=",".join(report.undelivered), send="true")
    assert (again.exit_code, outcomes(again)) == (0, {broken: "recovered"})


def test_late_success_older_than_the_request_proves_nothing(world: World) -> None:
    (guid,) = deliver(world, 50)
    world.sim.stub.by_guid[guid] = invalid_response(422)

    def late_success() -> None:
        world.hook.add(world.clock() - 10 * SECOND, OK, guid=guid, redelivery=True)

    world.sim.faults.add(Fault(Call(late_success), path="*/attempts", when="after"))
    assert outcomes(world.replay(guid=guid, send="true")) == {guid: "failed_again"}


def test_redelivery_that_does_not_appear_in_time_is_pending(world: World) -> None:
    world.sim.behaviour.appears_ms = 10 * MINUTE
    (guid,) = deliver(world, 50)
    world.clock.advance(10 * MINUTE)
    report = world.replay(from_="2h", send="true")
    assert outcomes(report) == {guid: "pending"}
    assert (report.exit_code, report.undelivered, report.unseen) == (0, (), (guid,))
    assert says(FactKind.NO_RESULT, report.warnings[0])


@pytest.mark.parametrize(
    ("fault", "became", "sent"),
    [
        (Fault(Rewrite(500), path="*/attempts", nth=2, when="after"), ["recovered"] * 3, 3),
        (Fault(Lose("reset"), path="*/attempts", nth=2, when="after"), ["recovered"] * 3, 3),
        (Fault(json_answer(422, "No"), path="*/attempts", nth=2), ["recovered", "refused", "recovered"], 2),
        (Fault(json_answer(403, "Resource not accessible"), path="*/attempts", times=9), ["run_failed"] * 3, 0),
    ],
    ids=["failed", "lost", "refused", "not allowed"],
)
def test_replay_requests_each_event_once_whatever_github_replies(
    world: World, fault: Fault, became: list[str], sent: int
) -> None:
    guids = deliver(world, 50, 49, 48)
    world.sim.faults.add(fault)
    report = world.replay(from_="1h", send="true")
    assert [*outcomes(report).values()] == became
    assert report.sent == sent
    assert len(world.requests("POST", "/attempts")) == (3 if sent else 1)
    assert report.undelivered == tuple(guid for guid, one in zip(guids, became, strict=True) if one != "recovered")
    assert report.exit_code == (sent < 3)


def test_replay_of_an_unreadable_log_sends_nothing(world: World) -> None:
    world.sim.behaviour.page_cap = 2
    deliver(world, *range(50, 40, -1))
    bad = json_answer(502, "Bad", x_github_request_id="C0FE:1")
    world.sim.faults.add(Fault(bad, path="*/deliveries", nth=3, times=99))
    report = world.replay(from_="1h", send="true")
    assert (report.exit_code, report.plan, world.sent) == (1, None, [])
    assert says(ReplayEndedEarly, report.errors[0])
    assert says(ApiFailing, report.errors[0])
    assert "C0FE:1" in report.errors[0]


def test_replay_keeps_the_limits_and_the_pace(world: World) -> None:
    deliver(world, *[30 + number / 10 for number in range(400)])
    report = world.replay(from_="2h", send="true", latency_ms=40)
    assert report.sent == 400
    assert world.sim.limits.violations == 0
    assert report.plan
    began = world.sim.accepted[0].accepted_at
    minutes = (world.sim.accepted[-1].accepted_at - began) / MINUTE
    assert minutes == pytest.approx(report.plan.seconds / 60, rel=0.2)


def test_run_after_a_replay_does_not_retry_what_was_delivered_before(world: World) -> None:
    (guid,) = deliver(world, 50)
    world.sim.stub.by_guid[guid] = invalid_response(422)
    world.replay(from_="1h", send="true")
    world.sim.stub.by_guid.clear()
    world.run(retry_spacing="0")
    assert world.sent == [guid]


def test_receiver_that_is_down_is_called_so_whatever_was_delivered_before() -> None:
    world = World()
    for number in range(8):
        world.hook.add(world.clock() - 10 * MINUTE + number * SECOND, OK)
    world.sim.stub.fail_with(UNAVAILABLE)
    report = world.replay(from_="1h", send="true")
    assert (report.outcomes[Outcome.FAILED_AGAIN], report.outcomes[Outcome.ENDPOINT_DOWN]) == (3, 5)
    assert says(FactKind.FIRST_FAILED, report.warnings[0])
