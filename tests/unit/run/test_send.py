"""Sending: written down before it is asked for, asked again only after a limit, and watched meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from githubsim.clock import START
from redeliver.core.case import Acceptance, Case, Outcome, Reply
from redeliver.core.deliveries import Event, Row
from redeliver.core.flow import Ending, Flow
from redeliver.core.ledger import Ledger, Rules
from redeliver.errors import ApiFailing, BadToken, OutOfTime, PauseTooLong, Stopped
from redeliver.github.hooks import Hook, Owner
from redeliver.run.record import Record
from redeliver.run.send import Sender
from samples import Calls, Pages, answer, attempt, event, row
from wording import figures

#: A response's ``Date`` that is the beginning of the virtual time.
DATE = "Fri, 06 Nov 2026 21:20:00 GMT"


class PreparedHook(Hook):
    """Gives one prepared reply after the other, then accepts; it notes what was written down meanwhile."""

    def __init__(self, calls: Calls, ledger: Ledger, replies: list[Reply | BaseException | None], pages: Pages) -> None:
        super().__init__(calls.caller, Owner("/orgs/octo", "octo", "octo", ""), 1)
        self.ledger = ledger
        self.replies = replies
        self.asked: list[int] = []
        self.meanwhile: list[list[str]] = []
        self.page = pages.page  # type: ignore[method-assign]

    def redeliver(self, attempt_id: int) -> Reply | None:
        self.asked.append(attempt_id)
        self.meanwhile.append([f"{case.result_outcome}: {case.result_detail}" for case in self.ledger.sent])
        reply = self.replies.pop(0) if self.replies else Reply(Acceptance.ACCEPTED)
        if isinstance(reply, BaseException):
            raise reply
        return reply


class Desk:
    """A sender, a webhook with prepared replies, and a log in which something happens at a look."""

    def __init__(self, *replies: Reply | BaseException | None, limit: float = 3_600) -> None:
        self.calls = Calls(answer(200, date=DATE), limit=limit)
        self.clock, self.console = self.calls.clock, self.calls.console
        self.pages = Pages(clock=self.clock)
        self.ledger = Ledger(Rules(0, 0))
        self.hook = PreparedHook(self.calls, self.ledger, list(replies), self.pages)
        self.flow = Flow(alive=True, random=Random(1))
        self.sender = Sender(self.hook, self.ledger, self.flow, self.calls.run_clock, self.console, since=START)

    def cases(self, *events: Event) -> list[Case]:
        """Events to send."""
        self.ledger.cases = {one.guid: Case(one) for one in events}
        return [*self.ledger.cases.values()]

    def send(self, *events: Event, watch_for: int = 0) -> None:
        self.sender.send(self.cases(*events), watch_for=watch_for)

    def at_look(self, number: int, *rows: Row) -> None:
        """Rows that turn up just before a look, counted from 1."""
        before = self.pages.before_page

        def arrive(look: int) -> None:
            if before:
                before(look)
            if look == number:
                self.pages.rows.extend(rows)

        self.pages.before_page = arrive

    @property
    def replies(self) -> dict[str, Acceptance]:
        return {case.event.guid: case.redelivery.reply.acceptance for case in self.ledger.sent if case.redelivery}

    @property
    def outcomes(self) -> list[Outcome]:
        return [case.result_outcome for case in self.ledger.cases.values()]


def some(number: int) -> list[Event]:
    return [event(attempt(turn, START + turn), guid=f"g{turn}") for turn in range(1, number + 1)]


def result(guid: str, code: int = 200) -> Row:
    return row(100 + int(guid[1:]), START + 60_000, guid=guid, code=code, redelivery=True)


# -- asking -----------------------------------------------------------------------------------------------------


def test_newest_attempt_of_each_event_is_asked_for_in_order() -> None:
    desk = Desk()
    desk.send(event(attempt(1), attempt(8, redelivery=True), guid="a"), event(attempt(5), guid="b"))
    assert desk.hook.asked == [8, 5]
    assert desk.replies == {"a": Acceptance.ACCEPTED, "b": Acceptance.ACCEPTED}


def test_redelivery_is_recorded_as_unknown_before_it_is_requested() -> None:
    desk = Desk()
    desk.hook.now()
    desk.clock.sleep(3)
    desk.send(*some(2))
    assert desk.hook.meanwhile == [
        ["unknown: the run ended before GitHub replied"],
        ["pending: ", "unknown: the run ended before GitHub replied"],
    ]
    # By GitHub's clock, before it was asked.
    assert [case.redelivery.asked_at for case in desk.ledger.sent if case.redelivery] == [START + 3_000] * 2


def test_reply_is_recorded_and_logged_as_a_detail() -> None:
    desk = Desk(Reply(Acceptance.REFUSED, "GitHub answered 404"), Reply(Acceptance.UNKNOWN, "the connection was reset"))
    desk.send(*some(3))
    assert desk.replies == {"g1": Acceptance.REFUSED, "g2": Acceptance.UNKNOWN, "g3": Acceptance.ACCEPTED}
    assert [case.result_detail for case in desk.ledger.sent] == ["GitHub answered 404", "the connection was reset", ""]
    assert desk.console.lines == []
    assert [line.split("UTC)")[1] for line in desk.console.details if "UTC)" in line] == [
        ": refused: GitHub answered 404",
        ": unknown: the connection was reset",
        ": accepted",
    ]


@pytest.mark.parametrize("watch_for", [0, 60])
def test_only_a_limited_redelivery_is_requested_again(watch_for: int) -> None:
    desk = Desk(None, None, Reply(Acceptance.REFUSED, "GitHub answered 404"))
    desk.at_look(3, result("g2"))
    desk.send(*some(2), watch_for=watch_for)
    assert sorted(desk.hook.asked) == [1, 1, 1, 2] or desk.hook.asked[:3] == [2, 2, 2]
    assert sorted(desk.replies.values()) == [Acceptance.ACCEPTED, Acceptance.REFUSED]


def test_refusal_that_ends_the_run_is_not_recorded_as_accepted() -> None:
    desk = Desk(Reply(Acceptance.ACCEPTED), BadToken(what="redeliver"))
    with pytest.raises(BadToken):
        desk.send(*some(3))
    assert desk.replies == {"g1": Acceptance.ACCEPTED}
    assert desk.hook.asked == [1, 2]


def test_limit_without_time_for_another_try_leaves_nothing_recorded() -> None:
    desk = Desk(limit=10)
    desk.hook.now()
    desk.calls.pace.limited(60, desk.clock.monotonic(), slower=False)
    with pytest.raises(PauseTooLong):
        desk.send(*some(1))
    assert (desk.ledger.sent, desk.hook.asked) == ([], [])


def test_stop_in_mid_call_leaves_the_reply_unknown() -> None:
    desk = Desk(Stopped(2))
    with pytest.raises(Stopped):
        desk.send(*some(2))
    assert desk.replies == {"g1": Acceptance.UNKNOWN}


# -- looking meanwhile -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("watch_for", [0, 60])
def test_event_that_was_delivered_since_it_was_read_is_not_sent(watch_for: int) -> None:
    desk = Desk()
    desk.at_look(1, result("g1"), result("g3"))
    desk.at_look(2, result("g2"))
    desk.send(*some(3), watch_for=watch_for)
    assert desk.hook.asked == [2]
    assert desk.outcomes[0] is desk.outcomes[2] is Outcome.RECOVERED


def test_event_that_somebody_else_redelivers_meanwhile_is_not_sent_again() -> None:
    desk = Desk()
    desk.at_look(2, *[result(f"g{number}") for number in range(1, 41)])
    desk.send(*some(40), watch_for=60)
    assert len(desk.hook.asked) == 3, "before the second look"
    assert set(desk.outcomes) == {Outcome.RECOVERED}


def test_first_ones_are_watched_before_the_rest_is_sent() -> None:
    desk = Desk()
    for look in range(2, 60):
        desk.at_look(look, *[result(f"g{number}", 503) for number in range(1, 41)][: 3 * look])
    desk.flow = desk.sender._flow = Flow(alive=False, random=Random(1))
    desk.send(*some(40), watch_for=60)
    assert desk.flow.ending is Ending.DOWN
    assert len(desk.hook.asked) == 3


def test_wait_for_a_limit_is_used_to_look() -> None:
    desk = Desk()
    desk.at_look(2, result("g1"), result("g2"), result("g3"))
    desk.hook.now()
    waits = iter([0.0, 30.0, *[0.0] * 20])
    desk.hook.seconds_to_turn = lambda: next(waits)  # type: ignore[method-assign]
    desk.send(*some(3), watch_for=60)
    assert len(desk.pages.asked) == 2
    assert len(desk.hook.asked) == 1


@pytest.mark.parametrize("limit", [90, 30])
def test_time_is_left_to_watch(limit: int) -> None:
    desk = Desk(limit=limit)
    with pytest.raises(OutOfTime):
        desk.send(*some(500), watch_for=60)
    assert 0 < desk.calls.run_clock.remaining() <= 60
    assert desk.calls.run_clock.remaining() >= min(30, limit / 2) - 3


def test_progress_is_said_every_ten_seconds() -> None:
    desk = Desk()
    for look in range(2, 90):
        desk.at_look(look, *[result(f"g{number}") for number in range(1, len(desk.hook.asked) + 1)])
    desk.send(*some(12), watch_for=60)
    said = [figures(line) for line in desk.console.lines if line.startswith("Send")]
    assert said
    assert all(numbers[1] == "12" for numbers in said)


# -- until everything has an outcome ------------------------------------------------------------------------------


def waiting(*replies: Acceptance, limit: float = 3_600) -> Desk:
    """Three events that were sent a moment ago."""
    desk = Desk(*[Reply(reply) for reply in replies or (Acceptance.ACCEPTED,) * 3], limit=limit)
    desk.hook.now()
    desk.send(*some(len(replies) or 3))
    desk.pages.asked.clear()
    desk.clock.slept.clear()
    return desk


def test_it_looks_soon_then_less_often_until_every_redelivery_has_an_outcome() -> None:
    desk = waiting()
    desk.at_look(1, result("g1"))
    desk.at_look(4, result("g2", 422))
    desk.at_look(6, result("g3"))
    desk.sender.watch(60)
    assert desk.outcomes == [Outcome.RECOVERED, Outcome.FAILED_AGAIN, Outcome.RECOVERED]
    assert [wait for wait in desk.clock.slept if wait] == [1.0, 2.0, 3.0, 5.0, 5.0, 5.0]


@pytest.mark.parametrize(("seconds", "limit"), [(20, 3_600), (60, 20)])
def test_it_gives_up_when_the_time_for_it_is_over(seconds: int, limit: float) -> None:
    desk = waiting(limit=limit)
    desk.sender.watch(seconds)
    assert [wait for wait in desk.clock.slept if wait] == [1.0, 2.0, 3.0, 5.0, 5.0]
    assert desk.outcomes == [Outcome.PENDING] * 3


@pytest.mark.parametrize(("reply", "seconds"), [(Acceptance.REFUSED, 60), (Acceptance.ACCEPTED, 0)])
def test_nothing_is_looked_at_without_anything_to_wait_for_or_time(reply: Acceptance, seconds: int) -> None:
    desk = waiting(reply)
    desk.sender.watch(seconds)
    assert (desk.pages.asked, desk.clock.slept) == ([], [])


def test_long_wait_says_what_for() -> None:
    desk = waiting()
    desk.at_look(2, result("g1"))
    desk.sender.watch(12)
    assert [*map(figures, desk.console.lines)] == [["5", "2"], ["3", "3", "1", "0", "2"]]


def test_redelivery_of_long_ago_is_not_looked_for() -> None:
    desk = waiting()
    desk.clock.sleep(601)
    desk.clock.slept.clear()
    desk.sender.watch(60)
    assert desk.pages.asked == []


def test_look_goes_back_to_the_oldest_open_redelivery_and_no_further() -> None:
    desk = waiting()
    healthy = [row(number, START - (2_000 - number) * 100, guid="h", code=200) for number in range(1_000, 2_000)]
    desk.pages.rows.extend(healthy)  # 100 seconds of them
    desk.sender.watch(1)
    # The minute of slack is six pages, and one that is too old as a whole.
    assert len(desk.pages.asked) == 7


def test_look_while_sending_ends_at_a_page_that_goes_back_far_enough() -> None:
    desk = Desk()
    desk.pages.size = 10
    desk.pages.rows.extend(row(number, START - 60_000, guid="h", code=200) for number in range(1, 100))
    desk.at_look(2, result("g1"), result("g2"))
    desk.send(*some(4), watch_for=60)
    assert desk.outcomes[:2] == [Outcome.RECOVERED] * 2
    assert len(desk.pages.asked) == 2


def broken(number: int) -> None:
    raise ApiFailing(tries=number, what="read", why="502")


def test_unreadable_log_is_an_error() -> None:
    desk = waiting()
    desk.pages.before_page = broken
    with pytest.raises(ApiFailing):
        desk.sender.watch(60)


def test_limit_is_not_waited_out_only_to_look() -> None:
    desk = waiting()
    began = desk.clock.monotonic()
    look: Callable[[int], object] = lambda _: desk.calls.run_clock.wait(1_800, "GitHub's hourly rate limit")  # noqa: E731
    desk.pages.before_page = look
    desk.sender.watch(60)
    assert desk.clock.monotonic() < began + 60
    assert desk.outcomes == [Outcome.PENDING] * 3
    desk.calls.run_clock.wait(1_800, "what comes after watching")


def test_sending_goes_on_after_a_success_that_shows_late() -> None:
    desk, ended = Desk(), list[bool]()
    desk.flow = desk.sender._flow = Flow(alive=False, random=Random(1))

    def arrive(_look: int) -> None:
        if not ended and desk.flow.ending is not None and desk.ledger.sent:
            ended.append(True)
        shown = {one["guid"] for one in desk.pages.rows}
        sent = [case.event.guid for case in desk.ledger.sent]
        for place, guid in enumerate(sent):
            if guid not in shown and (place != 2 or ended):
                desk.pages.rows.append(result(guid, 200 if ended else 404))

    desk.pages.before_page = arrive
    record = Record(desk.ledger)
    desk.sender.deliver(desk.cases(*some(20)), record, watch_for=60)
    assert ended, "it had ended before the third one arrived"
    assert len(desk.hook.asked) == 20
    assert record.out_of_time is None
