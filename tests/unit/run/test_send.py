"""Sending: one after the other, written down before it is asked for, and asked again only after a limit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from githubsim.clock import START
from redeliver.core.deliveries import DeliveryLog, Event, Filter, Page
from redeliver.core.ports import Quota
from redeliver.core.redelivery import Acceptance, Reply
from redeliver.errors import BadToken, OutOfTime, Stopped
from redeliver.github.pace import GITHUB_REFUSES, WRITE_POINTS
from redeliver.run.record import Probe, Sending
from redeliver.run.send import PROBE_SIZE, Sender, send_with_probe
from samples import TASK, Calls, answer, attempt, event, row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redeliver.core.redelivery import Redelivery

DATE = "Thu, 05 Nov 2026 10:40:00 GMT"
THEN = 1_793_875_200_000


@dataclass
class StandInHook:
    """What a sender uses of a hook, on prepared calls."""

    calls: Calls
    name = web_page = hook_id = owner = ""
    quota = Quota()

    def page(self, query: Mapping[str, str] | None = None, *, only: Filter | None = None) -> Page:
        raise NotImplementedError

    def is_active(self) -> bool | None:
        raise NotImplementedError

    def now(self) -> int:
        return self.calls.caller.now()

    def wait_for_turn(self) -> None:
        self.calls.caller.wait_for_turn(WRITE_POINTS, redelivery=True)


@dataclass
class Hook(StandInHook):
    """Gives one prepared reply after the other, then accepts; it notes what was written down meanwhile."""

    book: dict[str, Redelivery]
    answers: list[Reply | BaseException] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    meanwhile: list[dict[str, str]] = field(default_factory=list)

    def redeliver(self, attempt_id: int) -> Reply:
        self.asked.append(attempt_id)
        self.meanwhile.append({guid: f"{one.reply.acceptance}: {one.reply.why}" for guid, one in self.book.items()})
        told = self.answers.pop(0) if self.answers else Reply(Acceptance.ACCEPTED)
        if isinstance(told, BaseException):
            raise told
        return told


class Desk:
    def __init__(self, *answers: Reply | BaseException, limit: float = 3_600) -> None:
        self.calls = Calls(answer(200, date=DATE), limit=limit)
        self.book: dict[str, Redelivery] = {}
        self.hook = Hook(self.calls, self.book, list(answers))
        self.sender = Sender(self.hook, self.book, self.calls.console)

    @property
    def answers(self) -> dict[str, Acceptance]:
        return {guid: one.reply.acceptance for guid, one in self.book.items()}


def some(number: int) -> list[Event]:
    return [event(attempt(turn, START + turn), guid=f"g{turn}") for turn in range(1, number + 1)]


def test_each_events_newest_failed_attempt_is_asked_for_in_order() -> None:
    desk = Desk()
    desk.sender.send([event(attempt(1), attempt(8, redelivery=True), guid="a"), event(attempt(5), guid="b")])
    assert desk.hook.asked == [8, 5]
    assert desk.answers == {"a": Acceptance.ACCEPTED, "b": Acceptance.ACCEPTED}


def test_it_is_written_down_as_unknown_before_it_is_asked_for() -> None:
    desk = Desk()
    desk.sender.send(some(2))
    assert desk.hook.meanwhile == [
        {"g1": "unknown: the run ended before GitHub replied"},
        {"g1": "accepted: ", "g2": "unknown: the run ended before GitHub replied"},
    ]


def test_the_moment_that_is_written_down_is_githubs_before_it_was_asked() -> None:
    desk = Desk()
    desk.calls.caller.now()
    desk.calls.clock.sleep(3)
    desk.sender.send(some(1))
    assert desk.book["g1"].asked_at == THEN + 3_000


def test_what_github_replied_is_written_down_and_a_detail_of_the_log() -> None:
    desk = Desk(Reply(Acceptance.REFUSED, "GitHub answered 404"), Reply(Acceptance.UNKNOWN, "the connection was reset"))
    desk.sender.send(some(3))
    assert desk.answers == {"g1": Acceptance.REFUSED, "g2": Acceptance.UNKNOWN, "g3": Acceptance.ACCEPTED}
    assert [one.reply.why for one in desk.book.values()] == ["GitHub answered 404", "the connection was reset", ""]
    assert desk.calls.console.lines == []
    assert [line.split("UTC)")[1] for line in desk.calls.console.details if "UTC)" in line] == [
        ": refused: GitHub answered 404",
        ": unknown: the connection was reset",
        ": accepted",
    ]


def test_nothing_but_a_limit_is_asked_for_again() -> None:
    limited = Reply(Acceptance.LIMITED)
    desk = Desk(limited, limited, Reply(Acceptance.UNKNOWN, "GitHub answered 502"))
    desk.sender.send(some(2))
    assert desk.hook.asked == [1, 1, 1, 2]
    assert desk.answers == {"g1": Acceptance.UNKNOWN, "g2": Acceptance.ACCEPTED}
    assert sum("UTC)" in line for line in desk.calls.console.details) == 2


def test_a_no_that_ends_the_run_is_not_written_down_as_taken() -> None:
    desk = Desk(Reply(Acceptance.ACCEPTED), BadToken(what="redeliver"))
    with pytest.raises(BadToken):
        desk.sender.send(some(3))
    assert desk.answers == {"g1": Acceptance.ACCEPTED}
    assert desk.hook.asked == [1, 2]


@dataclass
class RealHook(StandInHook):
    """Asks GitHub, as far as it is prepared."""

    def redeliver(self, attempt_id: int) -> Reply:
        return self.calls.caller.post_once(f"/{attempt_id}", TASK)


def test_no_time_for_another_try_after_a_limit_leaves_nothing_written_down() -> None:
    known = answer(202, date=DATE)
    calls = Calls(known, known, answer(429, retry_after="60", date=DATE), limit=10)
    book: dict[str, Redelivery] = {}
    calls.caller.now()
    with pytest.raises(OutOfTime, match=GITHUB_REFUSES):
        Sender(RealHook(calls), book, calls.console).send(some(1))
    assert book == {}
    assert calls.script.lines == ["GET /rate_limit", "GET /rate_limit", "POST /1"]


def test_it_goes_at_the_pace_of_redeliveries() -> None:
    calls = Calls(answer(202, date=DATE))
    Sender(RealHook(calls), {}, calls.console).send(some(8))
    assert calls.clock.slept == pytest.approx([0.4, 0.4, 0.4])


def test_a_stop_in_mid_call_leaves_it_unknown() -> None:
    desk = Desk(Stopped(2))
    with pytest.raises(Stopped):
        desk.sender.send(some(2))
    assert desk.answers == {"g1": Acceptance.UNKNOWN}
    assert desk.book["g1"].asked_at == THEN


# -- the first few are watched ----------------------------------------------------------------------------------


@dataclass
class Watch:
    """Says what the first redeliveries tell."""

    tells: Probe = Probe.UP
    log: DeliveryLog = field(default_factory=DeliveryLog)
    watched: list[tuple[set[str], int]] = field(default_factory=list)

    def probe(self, guids: set[str], seconds: int) -> Probe:
        self.watched.append((guids, seconds))
        return self.tells


def probed(desk: Desk, watch: Watch, events: list[Event], seconds: int = 60) -> Sending:
    # The Watch is a stand-in for the one class that there is, of which no more than ``probe`` and ``log`` is used.
    return send_with_probe(desk.sender, watch, events, seconds)  # type: ignore[arg-type]


@pytest.mark.parametrize("tells", [Probe.UP, Probe.UNDECIDED])
def test_the_rest_is_sent_unless_the_first_few_show_that_the_endpoint_is_down(tells: Probe) -> None:
    desk, watch = Desk(), Watch(tells)
    assert probed(desk, watch, some(5)) is Sending.DONE
    assert watch.watched == [({"g1", "g2", "g3"}, 60)]
    assert desk.hook.asked == [1, 2, 3, 4, 5]


def test_those_with_fewest_attempts_are_the_first_few_and_none_is_sent_twice() -> None:
    tried = [event(attempt(10 + turn), attempt(20 + turn, redelivery=True), guid=f"t{turn}") for turn in range(2)]
    desk, watch = Desk(), Watch()
    assert probed(desk, watch, [*tried, *some(4)]) is Sending.DONE
    assert watch.watched == [({"g1", "g2", "g3"}, 60)]
    assert desk.hook.asked == [1, 2, 3, 20, 21, 4]


def test_the_rest_is_kept_when_the_endpoint_is_down() -> None:
    desk, watch = Desk(), Watch(Probe.DOWN)
    assert probed(desk, watch, some(5)) is Sending.ENDPOINT_DOWN
    assert desk.hook.asked == [1, 2, 3]


@pytest.mark.parametrize(("events", "seconds"), [(PROBE_SIZE, 60), (1, 60), (0, 60), (9, 0)])
def test_with_no_rest_or_no_time_to_watch_there_is_no_probe(events: int, seconds: int) -> None:
    desk, watch = Desk(), Watch(Probe.DOWN)
    assert probed(desk, watch, some(events), seconds=seconds) is Sending.DONE
    assert watch.watched == []
    assert len(desk.hook.asked) == events


def test_what_somebody_else_redelivered_meanwhile_is_not_sent() -> None:
    log = DeliveryLog()
    log.add([row(9, guid="g4", code=200, redelivery=True)])
    desk = Desk()
    assert probed(desk, Watch(log=log), some(5)) is Sending.DONE
    assert desk.hook.asked == [1, 2, 3, 5]
