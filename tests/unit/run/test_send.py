"""Sending: one after the other, written down before it is asked for, and asked again only after a limit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from githubsim.clock import START
from redeliver.core.case import PROBE_SIZE, Acceptance, Case, Reply
from redeliver.core.ledger import Ledger, Rules
from redeliver.errors import BadToken, OutOfTime, Stopped
from redeliver.github.hooks import Hook, Owner
from redeliver.github.pace import GITHUB_REFUSES
from redeliver.run.record import Probe, Sending
from redeliver.run.send import Sender, send_with_probe
from samples import Calls, answer, attempt, event
from wording import raises

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redeliver.core.deliveries import Event

DATE = "Thu, 05 Nov 2026 10:40:00 GMT"
THEN = 1_793_875_200_000


def hook_of(calls: Calls) -> Hook:
    return Hook(calls.caller, Owner("/orgs/octo", "octo", "octo", ""), 1)


class PreparedHook(Hook):
    """Gives one prepared reply after the other, then accepts; it notes what was written down meanwhile."""

    def __init__(self, calls: Calls, ledger: Ledger, answers: list[Reply | BaseException]) -> None:
        vars(self).update(vars(hook_of(calls)))
        self.ledger = ledger
        self.answers = answers
        self.asked: list[int] = []
        self.meanwhile: list[dict[str, str]] = []

    def redeliver(self, attempt_id: int) -> Reply:
        self.asked.append(attempt_id)
        self.meanwhile.append(
            {case.event.guid: f"{case.result_outcome}: {case.result_detail}" for case in self.ledger.sent}
        )
        told = self.answers.pop(0) if self.answers else Reply(Acceptance.ACCEPTED)
        if isinstance(told, BaseException):
            raise told
        return told


class Desk:
    def __init__(self, *answers: Reply | BaseException, limit: float = 3_600) -> None:
        self.calls = Calls(answer(200, date=DATE), limit=limit)
        self.ledger = Ledger(Rules(0, 0))
        self.hook = PreparedHook(self.calls, self.ledger, list(answers))
        self.sender = Sender(self.hook, self.ledger, self.calls.console)

    def send(self, events: Sequence[Event]) -> None:
        self.sender.send(map(Case, events))

    @property
    def answers(self) -> dict[str, Acceptance]:
        return {case.event.guid: case.redelivery.reply.acceptance for case in self.ledger.sent if case.redelivery}


def some(number: int) -> list[Event]:
    return [event(attempt(turn, START + turn), guid=f"g{turn}") for turn in range(1, number + 1)]


def test_each_events_newest_failed_attempt_is_asked_for_in_order() -> None:
    desk = Desk()
    desk.send([event(attempt(1), attempt(8, redelivery=True), guid="a"), event(attempt(5), guid="b")])
    assert desk.hook.asked == [8, 5]
    assert desk.answers == {"a": Acceptance.ACCEPTED, "b": Acceptance.ACCEPTED}


def test_a_redelivery_is_recorded_as_unknown_before_it_is_requested() -> None:
    desk = Desk()
    desk.calls.caller.now()
    desk.calls.clock.sleep(3)
    desk.send(some(2))
    assert desk.hook.meanwhile == [
        {"g1": "unknown: the run ended before GitHub replied"},
        {"g1": "pending: ", "g2": "unknown: the run ended before GitHub replied"},
    ]
    # By GitHub's clock, before it was asked.
    assert [case.redelivery.asked_at for case in desk.ledger.sent if case.redelivery] == [THEN + 3_000] * 2


def test_githubs_reply_is_recorded_and_a_detail_of_the_log() -> None:
    desk = Desk(Reply(Acceptance.REFUSED, "GitHub answered 404"), Reply(Acceptance.UNKNOWN, "the connection was reset"))
    desk.send(some(3))
    assert desk.answers == {"g1": Acceptance.REFUSED, "g2": Acceptance.UNKNOWN, "g3": Acceptance.ACCEPTED}
    assert [case.result_detail for case in desk.ledger.sent] == ["GitHub answered 404", "the connection was reset", ""]
    assert desk.calls.console.lines == []
    assert [line.split("UTC)")[1] for line in desk.calls.console.details if "UTC)" in line] == [
        ": refused: GitHub answered 404",
        ": unknown: the connection was reset",
        ": accepted",
    ]


def test_only_a_limited_redelivery_is_requested_again() -> None:
    limited = Reply(Acceptance.LIMITED)
    desk = Desk(limited, limited, Reply(Acceptance.UNKNOWN, "GitHub answered 502"))
    desk.send(some(2))
    assert desk.hook.asked == [1, 1, 1, 2]
    assert desk.answers == {"g1": Acceptance.UNKNOWN, "g2": Acceptance.ACCEPTED}
    assert sum("UTC)" in line for line in desk.calls.console.details) == 2


def test_a_refusal_that_ends_the_run_is_not_recorded_as_accepted() -> None:
    desk = Desk(Reply(Acceptance.ACCEPTED), BadToken(what="redeliver"))
    with raises(BadToken):
        desk.send(some(3))
    assert desk.answers == {"g1": Acceptance.ACCEPTED}
    assert desk.hook.asked == [1, 2]


def test_a_limit_without_time_for_another_try_leaves_nothing_recorded() -> None:
    known = answer(202, date=DATE)
    calls = Calls(known, known, answer(429, retry_after="60", date=DATE), limit=10)
    ledger, case = Ledger(Rules(0, 0)), Case(event())
    calls.caller.now()
    with pytest.raises(OutOfTime, match=GITHUB_REFUSES):
        Sender(hook_of(calls), ledger, calls.console).send([case])
    assert (ledger.sent, case.redelivery) == ([], None)
    assert calls.script.lines == ["GET /rate_limit", "GET /rate_limit", "POST /orgs/octo/hooks/1/deliveries/1/attempts"]


def test_it_goes_at_the_pace_of_redeliveries() -> None:
    calls = Calls(answer(202, date=DATE))
    Sender(hook_of(calls), Ledger(Rules(0, 0)), calls.console).send(map(Case, some(8)))
    assert calls.clock.slept == pytest.approx([0.4, 0.4, 0.4])


def test_a_stop_in_mid_call_leaves_it_unknown() -> None:
    desk = Desk(Stopped(2))
    with pytest.raises(Stopped):
        desk.send(some(2))
    assert desk.answers == {"g1": Acceptance.UNKNOWN}


# -- the first few are watched ----------------------------------------------------------------------------------


@dataclass
class Watch:
    """Says what the first redeliveries tell. Meanwhile somebody else redelivers one of the others."""

    tells: Probe = Probe.UP
    other: Case | None = None
    watched: list[tuple[list[str], int]] = field(default_factory=list)

    def probe(self, cases: Sequence[Case], seconds: int) -> Probe:
        self.watched.append(([case.event.guid for case in cases], seconds))
        if self.other:
            self.other.delivered_at = START
        return self.tells


def probed(desk: Desk, watch: Watch, cases: Sequence[Case], seconds: int = 60) -> Sending:
    # The Watch is a stand-in for the one class that there is, of which no more than ``probe`` is used.
    return send_with_probe(desk.sender, watch, cases, seconds)  # type: ignore[arg-type]


def test_those_with_fewest_attempts_are_the_first_few_and_none_is_sent_twice() -> None:
    tried = [event(attempt(10 + turn), attempt(20 + turn, redelivery=True), guid=f"t{turn}") for turn in range(2)]
    desk, watch = Desk(), Watch()
    assert probed(desk, watch, [*map(Case, [*tried, *some(4)])]) is Sending.DONE
    assert watch.watched == [(["g1", "g2", "g3"], 60)]
    assert desk.hook.asked == [1, 2, 3, 20, 21, 4]


@pytest.mark.parametrize(
    ("tells", "sending", "asked"),
    [
        (Probe.UP, Sending.DONE, [1, 2, 3, 5]),
        (Probe.UNDECIDED, Sending.DONE, [1, 2, 3, 5]),
        (Probe.DOWN, Sending.ENDPOINT_DOWN, [1, 2, 3]),
    ],
)
def test_the_rest_is_kept_when_the_endpoint_is_down_and_what_was_delivered_meanwhile_is_not_sent(
    tells: Probe, sending: Sending, asked: list[int]
) -> None:
    cases = [*map(Case, some(5))]
    desk = Desk()
    assert probed(desk, Watch(tells, cases[3]), cases) is sending
    assert desk.hook.asked == asked


@pytest.mark.parametrize(("events", "seconds"), [(PROBE_SIZE, 60), (1, 60), (0, 60), (9, 0)])
def test_with_no_rest_or_no_time_to_watch_there_is_no_probe(events: int, seconds: int) -> None:
    desk, watch = Desk(), Watch(Probe.DOWN)
    assert probed(desk, watch, [*map(Case, some(events))], seconds=seconds) is Sending.DONE
    assert watch.watched == []
    assert len(desk.hook.asked) == events
