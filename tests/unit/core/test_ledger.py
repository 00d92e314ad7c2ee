"""The cases of a run: judged by what was read, filled in by what followed, and what they leave to later runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import pytest

from githubsim.clock import START
from redeliver.core.case import Acceptance, Case, Outcome, Reply
from redeliver.core.deliveries import Row, UnreadRow
from redeliver.core.ledger import Ledger, Rules, next_checkpoint
from redeliver.core.reading import Extent, Reading
from samples import HOUR, MINUTE, event, reading_of, row, window_of

RULES = Rules(max_attempts=10, retry_spacing=10 * MINUTE)
NO_LIMITS = Rules(max_attempts=0, retry_spacing=0)
ACCEPTED = Reply(Acceptance.ACCEPTED)
HOUR_LONG = window_of(HOUR)
ASKED = START + MINUTE


def again(number: int, at: int = START, guid: str = "g", code: int = 503) -> Row:
    return row(number, at, guid=guid, code=code, redelivery=True)


def judged(reading: Reading, rules: Rules = RULES) -> Ledger:
    ledger = Ledger(rules)
    ledger.judge(reading)
    return ledger


def sent(ledger: Ledger, *guids: str) -> None:
    for guid in guids:
        ledger.ask(ledger.cases[guid], ASKED)
        ledger.answer(ledger.cases[guid], ACCEPTED)


def verdicts(ledger: Ledger) -> dict[str, Outcome | None]:
    return {guid: case.verdict for guid, case in ledger.cases.items()}


# -- what has been read is judged -------------------------------------------------------------------------------


def test_every_event_with_a_failure_in_the_window_and_no_success_has_a_case() -> None:
    rows = [row(1, START, guid="a"), row(2, START, guid="b"), again(3, START, "b", 200), row(4, START - 2 * HOUR)]
    assert verdicts(judged(reading_of(rows, HOUR_LONG))) == {"a": None}


UNREADABLE = UnreadRow(1, "g", START - 5 * HOUR)


@pytest.mark.parametrize(
    ("back_to", "unread", "verdict", "is_whole", "expired"),
    [
        (START - HOUR, [], Outcome.UNCHECKED, False, False),
        # GitHub has nothing more of it: it is tried once more, and lost whatever becomes of that.
        (-inf, [], None, False, True),
        (START - 72 * HOUR, [], None, False, True),
        # A first attempt that cannot be read has not left the log.
        (-inf, [UNREADABLE], None, True, False),
        (START - HOUR, [UNREADABLE], Outcome.UNCHECKED, False, False),
    ],
)
@pytest.mark.parametrize("sought", [True, False])
def test_an_event_whose_first_attempt_was_not_read_is_unchecked_or_has_expired(
    back_to: float, unread: list[UnreadRow], verdict: Outcome | None, *, is_whole: bool, expired: bool, sought: bool
) -> None:
    # It may be read further back than others are, or others further than it.
    how = {"sought_back_to": back_to, "sought": {"g"}} if sought else {"back_to": back_to, "sought_back_to": -inf}
    reading = reading_of([again(2)], HOUR_LONG, **how)
    reading.log.set_aside(unread)
    case = judged(reading, NO_LIMITS).cases["g"]
    assert (case.verdict, case.is_whole, case.expired) == (verdict, is_whole, expired)


@pytest.mark.parametrize(
    ("rows", "rules", "expected"),
    [
        ([again(2)], NO_LIMITS, True),
        ([again(2)], RULES, True),
        ([again(2)], Rules(2, 0), True),
        ([again(2)], Rules(0, 0, frozenset({"issues"})), False),
        ([row(2)], NO_LIMITS, False),
    ],
    ids=["due", "not due", "out of attempts", "filtered out", "whole"],
)
def test_which_events_need_what_was_before_the_window(rows: list[Row], rules: Rules, *, expected: bool) -> None:
    ledger = judged(reading_of(rows, HOUR_LONG), rules)
    assert ledger.cases["g"].needs_history is expected
    sent(ledger, "g")
    assert not ledger.cases["g"].needs_history


def test_where_more_has_been_read_of_some_events_these_alone_are_judged_again() -> None:
    reading = reading_of([again(number, guid=guid) for number, guid in enumerate("abcd", 10)], HOUR_LONG)
    ledger = judged(reading, NO_LIMITS)
    assert set(verdicts(ledger).values()) == {Outcome.UNCHECKED}
    earlier = START - 5 * HOUR
    reading.log.add(
        [row(1, earlier, guid="a"), again(2, earlier, "b", 200), again(3, earlier, "d", 200), row(4, guid="e")]
    )
    ledger.judge(replace(reading, sought=frozenset("abc"), sought_back_to=earlier), "abc")
    assert verdicts(ledger) == {"a": None, "c": Outcome.UNCHECKED, "d": Outcome.UNCHECKED}
    assert [len(case.event.attempts) for case in ledger.cases.values()] == [2, 1, 1]
    assert ledger.due == [ledger.cases["a"]]


def test_what_was_sent_before_the_window_was_read_is_carried_over() -> None:
    rows = [row(number, guid=guid, code=404) for number, guid in enumerate("abcd", 1)]
    head = reading_of(rows, back_to=START - HOUR)
    ledger = judged(head, Rules(2, 0))
    sent(ledger, "a", "b")
    # Somebody else redelivers two more, and the window's rows show the half of all that.
    ledger.take([again(10, ASKED, "a", 404), again(11, ASKED, "b", 200)])
    ledger.take([again(12, ASKED, "c", 404), again(13, ASKED, "d", 200)])
    head.log.add([again(11, ASKED, "b", 200), row(5, guid="e")])
    ledger.judge(head)
    assert {guid: case.outcome for guid, case in ledger.cases.items()} == {
        "a": Outcome.GIVEN_UP,
        "b": Outcome.RECOVERED,
        "c": Outcome.GIVEN_UP,
        "d": Outcome.RECOVERED,
        "e": Outcome.RUN_FAILED,
    }
    assert ledger.due == [ledger.cases["e"]]
    assert [case.event.guid for case in ledger.sent] == ["a", "b"]


def test_what_was_delivered_before_it_was_sent_has_no_case_any_more() -> None:
    reading = reading_of([row(1, guid="a"), row(2, guid="b")])
    ledger = judged(reading)
    reading.log.add([again(3, START, "a", 200)])
    ledger.judge(reading)
    assert list(ledger.cases) == ["b"]


# -- what is sent ---------------------------------------------------------------------------


def test_until_github_replies_the_outcome_is_unknown_and_what_it_did_not_take_was_not_sent() -> None:
    ledger = judged(reading_of([row(1, guid="a"), row(2, guid="b")]))
    first, second = ledger.due
    ledger.ask(first, ASKED)
    assert (first.outcome, first.result_detail) == (Outcome.UNKNOWN, "the run ended before GitHub replied")
    ledger.answer(first, Reply(Acceptance.REFUSED, "GitHub answered 404"))
    assert (first.outcome, first.result_detail) == (Outcome.REFUSED, "GitHub answered 404")
    assert first.redelivery
    assert first.redelivery.asked_at == ASKED
    ledger.ask(second, ASKED + 1)
    assert (ledger.sent, ledger.due) == ([first, second], [])
    ledger.answer(second, None)
    assert (ledger.sent, ledger.due, second.redelivery) == ([first], [second], None)


def test_what_was_due_and_not_sent_is_closed_with_the_reason_and_nothing_else_is() -> None:
    rows = [
        row(1, guid="sent"),
        row(2, guid="due"),
        row(3, guid="delivered"),
        row(4, guid="left"),
        again(5, guid="left"),
    ]
    ledger = judged(reading_of(rows))
    sent(ledger, "sent")
    ledger.take([again(9, guid="delivered", code=200)])
    ledger.close(Outcome.STOPPED)
    assert {guid: case.outcome for guid, case in ledger.cases.items()} == {
        "sent": Outcome.PENDING,
        "due": Outcome.STOPPED,
        "delivered": Outcome.RECOVERED,
        "left": Outcome.NOT_DUE,
    }


# -- what looks at the log show ---------------------------------------------------------------------------------


def test_a_look_adds_what_is_new_of_the_events_that_have_a_case_once() -> None:
    ledger = judged(reading_of([row(1, guid="a"), row(2, guid="b")]))
    sent(ledger, "a")
    shown = [again(9, ASKED, "a", 404), row(7, ASKED, guid="stranger"), again(8, ASKED, "b", 200), again(6, ASKED, "b")]
    failed, delivered = ledger.cases["a"], ledger.cases["b"]
    for _ in range(2):
        ledger.take(shown)
        assert list(ledger.cases.values()) == [failed, delivered]
        assert ([one.id for one in failed.event.attempts], failed.outcome) == ([1, 9], Outcome.FAILED_AGAIN)
        # It keeps the attempt that it had before its success.
        assert ([one.id for one in delivered.event.attempts], delivered.outcome) == ([2], Outcome.RECOVERED)
    ledger.take([again(5, ASKED - HOUR, "b", 200)])
    assert delivered.delivered_at == ASKED


@pytest.mark.parametrize(
    ("code", "accepted", "back_to", "outcome"),
    [
        (404, (), 0, Outcome.GIVEN_UP),
        # That says nothing of the event: the receiver was overloaded, or accepted nothing else.
        (503, (START + 1,), 0, Outcome.FAILED_AGAIN),
        (500, (), 0, Outcome.FAILED_AGAIN),
        (500, (START + 1,), 0, Outcome.GIVEN_UP),
        # It has expired, and this was its last try.
        (404, (), START - 72 * HOUR, Outcome.EXPIRED),
    ],
)
def test_event_that_fails_at_its_last_attempt_is_given_up(
    code: int, accepted: Sequence[int], back_to: float, outcome: Outcome
) -> None:
    rows = [again(1, code=404)] if back_to else [row(1, code=404), again(2, code=404)]
    ledger = judged(reading_of(rows, back_to=back_to), Rules(3, 0))
    sent(ledger, "g")
    ledger.take([*(row(50, at, guid="other", code=200) for at in accepted), again(9, ASKED, code=code)])
    assert ledger.cases["g"].outcome is outcome


@pytest.mark.parametrize(("results_only", "outcome"), [(False, Outcome.RECOVERED), (True, Outcome.PENDING)])
def test_in_a_replay_only_what_its_redelivery_may_have_led_to_counts(*, results_only: bool, outcome: Outcome) -> None:
    ledger = Ledger(NO_LIMITS, [Case(event()), Case(event(guid="unsent"))], results_only=results_only)
    sent(ledger, "g")
    ledger.take([again(2, ASKED - MINUTE, code=200), again(3, ASKED, "unsent", 200)])
    assert ledger.cases["g"].outcome is outcome
    assert (ledger.cases["unsent"].delivered_at is None) is results_only
    ledger.take([again(2, ASKED - MINUTE, code=200), again(4, ASKED, code=200)])
    assert ledger.cases["g"].outcome is Outcome.RECOVERED


# -- the checkpoint ---------------------------------------------------------------------------------------------

OLD, YOUNG = row(1, START - 9 * HOUR, guid="old", code=404), row(2, START - 2 * HOUR, guid="young", code=404)
TRIED_AGAIN = [OLD, again(3, START - HOUR, "old")]
REDIRECTED = [OLD, again(3, START - HOUR, "old", 302)]


@pytest.mark.parametrize(
    ("rows", "rules", "expected"),
    [
        ([], RULES, START),
        # One millisecond before the earliest of the newest attempts.
        ([*TRIED_AGAIN, YOUNG], RULES, START - 2 * HOUR - 1),
        (TRIED_AGAIN, RULES, START - HOUR - 1),
        ([row(1, START - 1)], RULES, START - 2),
        ([row(1, START)], RULES, START - 1),
        ([row(1, START + 1)], RULES, START),
        ([row(1, START + HOUR)], RULES, START),
        # One that is not due holds it, and one that no later run sends does not.
        ([row(1, START - HOUR), again(2, START - MINUTE)], RULES, START - MINUTE - 1),
        ([OLD, YOUNG], Rules(1, 0), START),
        ([OLD, YOUNG], replace(RULES, events=frozenset({"issues"})), START),
        ([OLD, YOUNG], replace(RULES, max_ages={"": 3 * HOUR}), START - 2 * HOUR - 1),
        ([again(1, START - HOUR)], RULES, START),  # expired
    ],
)
def test_what_is_still_to_be_done_holds_the_checkpoint(rows: list[Row], rules: Rules, expected: int) -> None:
    reading = reading_of(rows, back_to=-inf)
    ledger = judged(reading, rules)
    assert next_checkpoint(ledger, reading, start=START, has_gap=False) == expected


@pytest.mark.parametrize(
    ("shown", "expected"),
    [([], START - 2 * HOUR - 1), ([again(9, ASKED, "young", 200)], START), ([again(9, START - 5, "young")], START - 6)],
)
def test_what_became_of_an_event_moves_the_checkpoint(shown: list[Row], expected: int) -> None:
    reading = reading_of([YOUNG])
    ledger = judged(reading)
    sent(ledger, "young")
    ledger.take(shown)
    ledger.close(Outcome.STOPPED)
    assert next_checkpoint(ledger, reading, start=START, has_gap=False) == expected
    assert next_checkpoint(ledger, reading, start=START - 3 * HOUR, has_gap=False) == START - 3 * HOUR


@pytest.mark.parametrize(
    ("rows", "expected"), [(REDIRECTED, START - 9 * HOUR - 1), ([REDIRECTED[1]], START - HOUR - 1), ([], START)]
)
def test_where_failures_are_asked_for_an_attempt_that_they_show_holds_it(rows: list[Row], expected: int) -> None:
    reading = reading_of(rows, failures_only=True)
    assert next_checkpoint(judged(reading), reading, start=START, has_gap=False) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (START - 5 * HOUR, START - 5 * HOUR - 1),
        # Without a time it may be as young as can be.
        (None, START - 1),
        # It is let go a day and an hour before GitHub deletes it.
        (START - 47 * HOUR, START - 47 * HOUR - 1),
        (START - 47 * HOUR - 1, START),
    ],
)
def test_a_row_that_cannot_be_read_holds_it(at: int | None, expected: int) -> None:
    reading = reading_of((), window_of())
    reading.log.set_aside([UnreadRow(8, None, at)])
    assert next_checkpoint(judged(reading), reading, start=START, has_gap=False) == expected


@pytest.mark.parametrize(
    ("back", "gap", "expected"),
    [(HOUR, False, None), (HOUR, True, START - HOUR), (90 * HOUR, True, START - 72 * HOUR)],
)
def test_where_only_the_newest_was_read_it_stays_or_leaves_a_gap_behind(
    back: int, expected: int | None, *, gap: bool
) -> None:
    reading = reading_of([YOUNG], window_of(back), extent=Extent.NEWEST)
    assert next_checkpoint(judged(reading), reading, start=START, has_gap=gap) == expected
