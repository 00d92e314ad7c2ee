"""What is sent next, by what became of what was sent before; ``test_receivers`` has whole runs."""

from __future__ import annotations

from itertools import count
from math import inf
from random import Random

import pytest

from githubsim.clock import START
from redeliver.core.case import Acceptance, Case, Redelivery, Reply
from redeliver.core.deliveries import OTHER, Attempt, cause_of
from redeliver.core.flow import (
    CREDIT,
    CREDIT_IF_ALIVE,
    LATE,
    MOST_TYPES,
    RECEIVER,
    WIDEST,
    WINDOW,
    Ending,
    Flow,
)
from samples import attempt, event

OK, CRASH, LIMITED = 200, 500, 429


class Line:
    """A flow, and a receiver that answers by hand. Its clock is set by hand, too; a redelivery arrives at once."""

    def __init__(self, *names: str, alive: bool = True, seed: int | None = 1) -> None:
        self.flow = Flow(alive=alive, random=None if seed is None else Random(seed))
        self.cases = [Case(event(attempt(n), guid=f"g{n}", name=name)) for n, name in enumerate(names, 1)]
        self.flow.plan(self.cases)
        self.now = 0.0
        self._ids = count(1_000)

    def send(self, most: int = 1_000, reply: Acceptance = Acceptance.ACCEPTED) -> list[Case]:
        """Ask for what may be asked for now."""
        sent: list[Case] = []
        while len(sent) < most and (case := self.flow.next(self.now)) is not None:
            assert case.is_untouched
            case.redelivery = Redelivery(case.event, self._at, Reply(reply))
            self.flow.asked(case, self.now)
            sent.append(case)
        return sent

    def answer(self, code: int, *cases: Case) -> None:
        """The log shows how these ended."""
        for case in cases:
            if code == OK:
                case.delivered_at = self._at
            else:
                cause = cause_of(f"Invalid HTTP Response: {code}", code)
                case.add_attempts([Attempt(next(self._ids), self._at, True, code, cause)])  # noqa: FBT003

    def look(self, newest_success: int | None = None) -> None:
        self.now += 2
        self.flow.looked(self.now, newest_success=newest_success)

    def round(self, code: int) -> int:
        """Send what may be sent, all of which is answered so. Returns how many that were."""
        self.now = max(self.now, self.flow.wake if self.flow.wake < inf else 0)
        sent = self.send()
        self.answer(code, *sent)
        self.look()
        return len(sent)

    @property
    def _at(self) -> int:
        return START + round(self.now * 1000)


def names_of(cases: list[Case]) -> list[str]:
    return [case.event.name for case in cases]


# -- the window -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "sent"),
    [
        # Each success widens it by one, until it is at its widest.
        ([OK] * 8, [3, 6, 12, 24, 48, WIDEST, WIDEST, WIDEST]),
        # A look that shows overload alone leaves a window of one.
        ([OK, LIMITED, *[OK] * 5], [3, 6, 1, 1, 1, 1, 1]),
    ],
)
def test_window_follows_what_each_look_shows(codes: list[int], sent: list[int]) -> None:
    line = Line(*["push"] * 1_000)
    assert [line.round(code) for code in codes] == sent


def test_whole_window_of_overload_in_one_look_is_one_cut() -> None:
    line = Line(*["push"] * 500)
    while line.round(OK) < 48:
        pass
    first, *rest = line.send()
    assert len(rest) > 50
    line.answer(OK, first)
    line.answer(LIMITED, *rest)
    line.look()
    assert line.flow.slowed == {"HTTP 429": 1}
    line.now = line.flow.wake
    assert len(line.send()) == 12, "at full pace, but no more than that"


def test_overload_of_what_was_asked_before_the_cut_is_no_news() -> None:
    line = Line(*["push"] * 100)
    line.round(OK)
    first, second, *_ = line.send()
    line.answer(LIMITED, first)
    line.look()
    line.answer(LIMITED, second)
    line.look()
    assert line.flow.slowed.total() == 1


def test_cut_halves_what_was_in_flight_if_the_window_is_wider() -> None:
    line = Line(*["push"] * 200)
    while line.round(OK) < 48:
        pass
    sent = line.send(8)
    line.answer(OK, sent[0])
    line.answer(LIMITED, *sent[1:])
    line.look()
    line.now = line.flow.wake
    assert len(line.send()) == 4


def test_nothing_is_sent_in_a_pause_which_doubles_until_something_succeeds() -> None:
    line = Line(*["push"] * 200)
    line.round(OK)
    pauses = []
    for code in (LIMITED, LIMITED, LIMITED, LIMITED, OK, LIMITED):
        line.round(code)
        if code == LIMITED:
            pauses.append(line.flow.wake - line.now)
            line.now = line.flow.wake - 0.1
            assert line.flow.next(line.now) is None
    assert pauses == [15, 30, 60, 60, 15]
    assert line.flow.next(line.flow.wake) is not None
    assert line.flow.wake == inf


def test_success_of_what_was_asked_before_the_cut_does_not_shorten_the_next_pause() -> None:
    line = Line(*["push"] * 100)
    line.round(OK)
    first, *others = line.send()
    line.answer(LIMITED, first)
    line.look()
    line.answer(OK, *others)
    line.look()
    line.round(LIMITED)
    assert line.flow.wake - line.now == 30


def test_there_is_no_pause_before_the_first_success() -> None:
    line = Line(*["push"] * 20)
    line.round(503)
    assert (line.flow.wake, line.flow.slowed) == (inf, {})


@pytest.mark.parametrize(
    ("code", "status", "overload"),
    [
        *[(code, "Invalid HTTP Response", True) for code in (429, 502, 503, 504)],
        *[(code, "Invalid HTTP Response", False) for code in (301, 404, 500, 501, 505)],
        *[(0, status, True) for status in ("timed out", "x509: unknown authority", "failed to connect to host")],
        (500, "giving up", True),
    ],
)
def test_what_counts_as_overload(code: int, status: str, *, overload: bool) -> None:
    assert Attempt(1, START, True, code, cause_of(status, code)).is_overload is overload  # noqa: FBT003


# -- outcomes that are late or unknown --------------------------------------------------------------------------------


def test_what_has_no_outcome_after_a_minute_is_not_waited_for_but_still_counts() -> None:
    line = Line(*["push"] * 20)
    late = line.send()
    assert list(line.flow.in_flight) == late
    assert line.send() == []
    line.now = LATE + 0.1
    line.look()
    assert list(line.flow.in_flight) == []
    assert len(line.send()) == 2 * WINDOW
    line.answer(OK, *late)
    line.look()
    assert line.flow.proven


def test_after_ten_minutes_no_outcome_is_expected() -> None:
    line = Line(*["push"] * 3)
    sent = line.send()
    line.now = 10 * LATE
    line.look()
    line.answer(OK, *sent)
    line.look()
    assert not line.flow.proven


def test_unknown_reply_is_in_flight_until_its_row() -> None:
    line = Line("push")
    sent = line.send(reply=Acceptance.UNKNOWN)
    assert list(line.flow.in_flight) == sent
    line.answer(OK, *sent)
    line.look()
    assert list(line.flow.in_flight) == []


def test_refusal_leaves_at_once_and_proves_nothing() -> None:
    line = Line(*["push"] * 50, alive=False)
    assert len(line.send(reply=Acceptance.REFUSED)) == 50
    assert list(line.flow.in_flight) == []
    line.look()
    assert not line.flow.proven
    assert line.flow.ending is Ending.DONE


def test_case_that_github_did_not_take_is_next_again() -> None:
    line = Line(*["push"] * 5)
    case = line.flow.next(0)
    assert case is not None
    line.flow.asked(case, 0)  # a limit was in the way, so that it has no request
    assert line.flow.next(1) is case
    assert line.flow.look_at == inf


# -- when to look -----------------------------------------------------------------------------------------------------


def test_looks_are_due_while_anything_is_in_flight() -> None:
    line = Line(*["push"] * 20)
    assert line.flow.look_at == inf
    line.now = 100.0
    line.send()
    assert line.flow.look_at == 101
    line.flow.looked(101, newest_success=None)
    assert line.flow.look_at == 103


def test_looks_are_rare_once_the_window_is_wide_unless_something_waits_for_them() -> None:
    line = Line(*["push"] * 1_000)
    while line.round(OK) < WIDEST:
        pass
    line.send(10)
    assert line.flow.look_at == line.now + 60
    line.send()
    assert line.flow.look_at == line.now + 2


def test_half_as_wide_a_window_is_looked_at_four_times_as_often() -> None:
    line = Line(*["push"] * 1_000)
    for number in (3, 6, 12, 6):
        line.answer(OK, *line.send(number))
        line.look()
    line.send(WIDEST // 2 - 1)
    assert line.flow.look_at == line.now + 15


# -- the credit of a type ---------------------------------------------------------------------------------------------


def failed_rounds(line: Line, code: int = CRASH) -> int:
    return sum(iter(lambda: line.round(code), 0))


@pytest.mark.parametrize(("alive", "credit"), [(True, CREDIT_IF_ALIVE), (False, CREDIT)])
def test_type_that_fails_uses_up_its_credit(*, alive: bool, credit: int) -> None:
    line = Line(*["push"] * 50, alive=alive)
    assert failed_rounds(line) == credit
    assert line.flow.ending is (Ending.LEFT if alive else Ending.DOWN)


def test_types_take_turns_until_they_have_succeeded() -> None:
    line = Line(*["push"] * 50, "issues", "fork")
    assert set(names_of(line.send())) == {"push", "issues", "fork"}


def test_types_that_have_succeeded_are_sent_in_the_plans_order() -> None:
    line = Line(*["push", "issues", "fork"] * 20)
    line.round(OK)
    left = [case for case in line.cases if case.is_untouched]
    assert line.send() == left[: 2 * WINDOW]


def test_without_chance_all_goes_in_the_plans_order() -> None:
    line = Line(*["push"] * 3, *["issues"] * 8, *["push"] * 3, alive=False, seed=None)
    sent: list[Case] = []
    while line.flow.ending is None:
        sent += (now := line.send())
        line.answer(OK, *now)
        line.look()
    assert sent == line.cases


def test_once_anything_fails_every_second_is_sent_by_chance() -> None:
    line = Line(*["push"] * 100)
    while line.round(OK) < 12:
        pass
    line.answer(CRASH, *line.send(1))
    line.look()
    waiting = [case for case in line.cases if case.is_untouched]
    sent = line.send(10)
    oldest = waiting[:5]
    assert set(oldest) <= set(sent)
    assert set(sent) != set(waiting[:10])


def test_one_success_reopens_a_type() -> None:
    line = Line(*["push"] * 50)
    late, *sent = line.send()
    while sent:
        line.answer(CRASH, *sent)
        line.look()
        sent = line.send()
    line.now += LATE
    line.look()
    assert line.flow.next(line.now) is not None  # one of six is still without an outcome
    line.answer(CRASH, *line.send())
    line.look()
    assert line.flow.ending is Ending.LEFT
    line.answer(OK, late)
    line.look()
    assert line.flow.ending is None
    assert len(line.send()) == 3


def test_type_that_overloads_from_the_start_is_left_and_the_others_go_on() -> None:
    line = Line(*["check_suite"] * 50, *["push"] * 20)
    while line.flow.ending is None:
        line.now = max(line.now, line.flow.wake if line.flow.wake < inf else 0)
        if len(line.cases) - sum(case.is_untouched for case in line.cases) > 15:
            assert list(line.flow.left) == ["check_suite"]
        for case in line.send(1):
            line.answer(504 if case.event.name == "check_suite" else OK, case)
        line.look()
    assert line.flow.ending is Ending.LEFT
    (left,) = line.flow.left.items()
    assert left[0] == "check_suite"
    assert len(left[1].waiting) == 50 - CREDIT_IF_ALIVE
    assert left[1].failed is not None
    assert left[1].failed.result is not None
    assert left[1].failed.result.cause == "HTTP 504"


def test_types_after_the_fiftieth_share_one_credit() -> None:
    names = [f"type{n}" for n in range(MOST_TYPES + 30)]
    line = Line(*names)
    assert failed_rounds(line) == RECEIVER
    assert len(line.flow.left) == MOST_TYPES + 1 - RECEIVER
    assert len(line.flow.left[OTHER].waiting) == 30


@pytest.mark.parametrize("seed", range(3))
def test_events_with_the_fewest_attempts_are_tried_in_an_order_that_chance_decides(seed: int) -> None:
    tried = Line(*["push"] * 5, seed=seed)
    for case in tried.cases[:2]:
        case.add_attempts([attempt(50, redelivery=True)])
    tried.flow.plan(tried.cases)
    orders = {tuple(case.event.guid for case in Line(*["push"] * 9, seed=each).send()) for each in range(9)}
    assert len(orders) > 5
    assert set(tried.send()) == set(tried.cases[2:])


# -- the plan ---------------------------------------------------------------------------------------------------------


def test_asking_twice_gives_the_same_case() -> None:
    line = Line(*["push", "issues"] * 20)
    assert len({line.flow.next(0) for _ in range(10)}) == 1


def test_case_that_was_delivered_meanwhile_is_skipped() -> None:
    line = Line("push", "push")
    case = line.flow.next(0)
    assert case is not None
    line.answer(OK, case)
    assert line.send() == [other for other in line.cases if other is not case]
    assert line.flow.ending is Ending.DONE


def test_second_plan_sends_nothing_twice_and_keeps_what_is_known() -> None:
    line = Line(*["push"] * 3, alive=False)
    early = line.send(2)
    line.answer(CRASH, early[0])
    line.look()
    line.flow.plan([*line.cases, *Line(*["push"] * 20).cases])
    assert list(line.flow.in_flight) == early[1:]
    later = line.send()
    assert len(early) + len(later) == CREDIT
    assert not set(early) & set(later)


def test_what_a_second_plan_leaves_out_is_not_sent() -> None:
    line = Line(*["push"] * 4)
    line.flow.plan(line.cases[1:2])
    assert line.send() == line.cases[1:2]


# -- how it ends ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alive", "code", "names", "sent", "ending"),
    [
        (False, 503, ["push"] * 20, CREDIT, Ending.DOWN),
        (False, CRASH, ["push", "issues", "fork", "star"] * 20, RECEIVER, Ending.DOWN),
        (False, CRASH, [f"type{n}" for n in range(30)], RECEIVER, Ending.DOWN),
        (True, CRASH, ["push", "issues", "fork", "star"] * 20, RECEIVER, Ending.LEFT),
        # One that is down answers nothing that is about the event.
        (False, 404, ["push"] * 20, CREDIT, Ending.LEFT),
        (False, LIMITED, ["push"] * 20, CREDIT, Ending.LEFT),
    ],
)
def test_receiver_that_fails_from_the_start(
    code: int, names: list[str], sent: int, ending: Ending, *, alive: bool
) -> None:
    line = Line(*names, alive=alive)
    assert failed_rounds(line, code) == sent
    assert line.flow.ending is ending


@pytest.mark.parametrize(("code", "ending"), [(CRASH, Ending.DOWN), (503, Ending.DOWN), (LIMITED, Ending.LEFT)])
def test_receiver_that_goes_down_again(code: int, ending: Ending) -> None:
    line = Line(*["push", "issues"] * 100)
    while line.round(OK) < 24:
        pass
    while line.flow.ending is None:
        line.round(code)
    assert line.flow.ending is ending
    assert len(line.flow.left) == (2 if ending is Ending.LEFT else 0)


def test_answer_before_the_last_success_does_not_show_that_it_is_up_now() -> None:
    line = Line(*["push", "issues"] * 100)
    first, *others = line.send()
    line.answer(404, first)
    line.now += 1
    line.answer(OK, *others)
    line.look()
    while line.flow.ending is None:
        line.round(503)
    assert line.flow.ending is Ending.DOWN


def test_success_of_whatever_event_after_the_failures_shows_that_it_is_up() -> None:
    line = Line(*["push", "issues", "fork", "star"] * 20, alive=False)
    failed_rounds(line)
    before = line.flow.ending
    line.look(newest_success=START + 3_600_000)
    assert (before, line.flow.ending) == (Ending.DOWN, Ending.LEFT)


def test_success_from_before_the_first_redelivery_does_not_show_that_it_is_up() -> None:
    line = Line(*["push"] * 20, alive=False)
    line.answer(CRASH, *line.send())
    line.look(newest_success=START - 5 * 3_600_000)
    assert line.flow.ending is Ending.DOWN


def test_it_ends_only_when_nothing_is_in_flight() -> None:
    line = Line(*["push"] * 100)
    while line.round(OK) < 24:
        pass
    last, *others = line.send()
    line.answer(CRASH, *others)
    line.look()
    assert line.send() == []
    before = line.flow.ending
    line.answer(CRASH, last)
    line.look()
    assert (before, line.flow.ending) == (None, Ending.LEFT)
