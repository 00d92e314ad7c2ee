"""Which events are sent now, in which order, and why the others are left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import START
from redeliver.core.case import Outcome
from redeliver.core.deliveries import Attempt, Event, Row
from redeliver.core.ledger import LONGEST_SPACING, Ledger, Rules
from samples import HOUR, MINUTE, attempt, event, reading_of, row, window_of

RULES = Rules(max_attempts=10, retry_spacing=10 * MINUTE)
THREE_HOURS = Rules(0, 0, max_ages={"": 3 * HOUR})


def tried(times: int, *, latest: int = START, code: int = 404) -> Event:
    """An event that failed so often, the last time at ``latest``, a millisecond between two attempts."""
    turns = range(1, times + 1)
    return event(*(attempt(turn, latest - times + turn, redelivery=turn > 1, code=code) for turn in turns))


def verdict(
    judged: Event,
    rules: Rules = RULES,
    now: int = START,
    *,
    accepted: Sequence[int] = (),
    is_whole: bool = True,
    is_gone: bool = False,
    back_to: float = 0,
) -> Outcome | None:
    """``accepted``: when the receiver accepted other events; ``back_to``: how far back the log was read whole."""
    window = replace(window_of(24 * HOUR), start=now)
    reading = reading_of(window=window, sought_back_to=back_to)
    for moment in accepted:
        reading.successes.add(moment)
    return rules.verdict(judged, reading, is_whole=is_whole, is_gone=is_gone)


# -- when -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spacing", "attempts", "pause"),
    [
        (10 * MINUTE, (1, 2, 3, 4), (0, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE)),
        (10 * MINUTE, (5, 6, 7, 8, 9), (80 * MINUTE, 160 * MINUTE, 4 * HOUR, 4 * HOUR, 4 * HOUR)),
        # One that is as long as the longest pause, or longer, does not double.
        (4 * HOUR, (2, 3), (4 * HOUR, 4 * HOUR)),
        (6 * HOUR, (2, 3, 10, 5_000), (6 * HOUR,) * 4),
        (0, (1, 2, 3, 5_000), (0,) * 4),
        # Doubling ends after forty times, where a millisecond has come to 34 years.
        (1, (41, 42, 43, 60), (LONGEST_SPACING,) * 4),
    ],
)
def test_the_pause_doubles_with_each_redelivery_up_to_four_hours(
    spacing: int, attempts: tuple[int, ...], pause: tuple[int, ...]
) -> None:
    assert LONGEST_SPACING == 4 * HOUR
    rules = Rules(0, spacing)
    for times, milliseconds in zip(attempts, pause, strict=True):
        waiting = tried(times)
        assert rules.due_at(waiting) == START + milliseconds
        assert verdict(waiting, rules, START + milliseconds) is None
        if milliseconds:
            assert verdict(waiting, rules, START + milliseconds - 1) is Outcome.NOT_DUE


def test_the_pause_counts_from_the_newest_attempt_and_an_original_that_was_not_read_counts_for_it() -> None:
    again = attempt(2, START, redelivery=True)
    assert RULES.due_at(event(attempt(1, START - 5 * HOUR), again)) == START + 10 * MINUTE
    assert RULES.due_at(event(again)) == START + 10 * MINUTE
    assert RULES.due_at(event(attempt(1, START - 1, redelivery=True), again)) == START + 20 * MINUTE


def test_an_event_younger_than_our_idea_of_githubs_clock_is_due_all_the_same() -> None:
    assert verdict(tried(1, latest=START + 900)) is None
    assert verdict(tried(2, latest=START + 900), Rules(0, 1)) is Outcome.NOT_DUE


@given(st.integers(1, 60), st.integers(0, 10**9))
def test_the_pause_never_shrinks_and_never_passes_the_longest(attempts: int, spacing: int) -> None:
    rules = Rules(0, spacing)
    pause, longer = (rules.due_at(tried(times)) - START for times in (attempts, attempts + 1))
    assert 0 <= pause <= longer <= max(LONGEST_SPACING, spacing)


# -- how often --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "judged", "given_up"),
    [
        (10, tried(9), False),
        (10, tried(10), True),
        (10, tried(11), True),
        (1, tried(1), True),
        (2, tried(1), False),
        (0, tried(1), False),
        (0, tried(5_000), False),
    ],
)
def test_event_is_given_up_at_exactly_the_last_attempt(limit: int, judged: Event, *, given_up: bool) -> None:
    assert verdict(judged, Rules(limit, 0)) is (Outcome.GIVEN_UP if given_up else None)


def failed(*codes: int) -> Event:
    """An event that failed with these codes, an hour apart; the last time now."""
    first = START - (len(codes) - 1) * HOUR
    return event(*(attempt(n + 1, first + n * HOUR, redelivery=n > 0, code=code) for n, code in enumerate(codes)))


#: An hour before each of three attempts, and within it.
BETWEEN = [START - 150 * MINUTE, START - 90 * MINUTE, START - 30 * MINUTE]


@pytest.mark.parametrize("code", [302, 400, 404, 410, 422])
def test_refusal_always_counts(code: int) -> None:
    assert verdict(failed(code, code, code), Rules(3, 0), back_to=START) is Outcome.GIVEN_UP


@pytest.mark.parametrize("code", [0, 429, 502, 503, 504])
def test_overload_and_outage_never_count(code: int) -> None:
    assert verdict(failed(code, code, code), Rules(3, 0), accepted=BETWEEN) is None
    assert verdict(failed(404, 404, code), Rules(2, 0), accepted=BETWEEN) is None
    assert verdict(failed(404, code, 404), Rules(3, 0), accepted=BETWEEN) is None
    assert verdict(failed(404, code, 404), Rules(2, 0), accepted=BETWEEN) is Outcome.GIVEN_UP


@pytest.mark.parametrize(
    ("accepted", "given_up"),
    [
        (BETWEEN, True),
        (BETWEEN[1:], False),
        ([BETWEEN[0], BETWEEN[2]], False),
        (BETWEEN[:2], False),
        # An hour before the first attempt, and at the moment of the last: too early, and too late.
        ([START - 3 * HOUR, *BETWEEN[1:]], False),
        ([*BETWEEN[:2], START], False),
        # In one minute with an attempt, on the right side of it.
        ([START - 3 * HOUR + 1, START - 2 * HOUR + 1, START - 1], True),
        ([], False),
    ],
)
def test_other_failure_counts_if_another_event_was_accepted_since_the_attempt_before(
    accepted: list[int], *, given_up: bool
) -> None:
    judged = verdict(failed(500, 500, 500), Rules(3, 0), accepted=accepted)
    assert judged is (Outcome.GIVEN_UP if given_up else None)


@given(st.lists(st.sampled_from([0, 302, 404, 429, 500, 501, 503]), min_size=1, max_size=12), st.data())
def test_no_event_is_given_up_for_what_says_something_about_the_receiver(codes: list[int], data: st.DataObject) -> None:
    judged = failed(*codes)
    accepted = data.draw(st.lists(st.integers(judged.first.at - 2 * HOUR, START), max_size=12))
    counted, before = 0, judged.first.at - HOUR
    for one in judged.attempts:
        counted += one.code in {302, 404} or (one.code in {500, 501} and any(before < at < one.at for at in accepted))
        before = one.at
    if verdict(judged, Rules(3, 0), accepted=accepted) is Outcome.GIVEN_UP:
        assert counted >= 3
        assert codes[-1] not in {0, 429, 503}


def test_event_that_may_be_spent_is_looked_into_at_once_if_it_was_refused() -> None:
    judged, rules = failed(500, 500, 500), Rules(3, 2 * HOUR)
    now, late = START, START + 5 * HOUR

    def unread(event: Event, moment: int, accepted: Sequence[int] = BETWEEN[2:]) -> Outcome | None:
        return verdict(event, rules, moment, accepted=accepted, is_whole=False, back_to=START)

    assert (unread(judged, now), unread(judged, late)) == (Outcome.NOT_DUE, Outcome.UNCHECKED)
    assert unread(failed(500, 500, 404), now) is Outcome.UNCHECKED
    assert (unread(judged, now, ()), unread(judged, late, ())) == (Outcome.NOT_DUE, Outcome.UNCHECKED)
    # The original that was not read may count, too.
    spent = event(attempt(2, redelivery=True, code=404))
    assert verdict(spent, Rules(2, HOUR), is_whole=False) is Outcome.UNCHECKED
    assert verdict(spent, Rules(3, HOUR), is_whole=False) is Outcome.NOT_DUE


# -- which ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "name", "sent"),
    [
        ([], "push", True),
        (["push"], "push", True),
        (["push", "issues"], "issues", True),
        (["push"], "issues", False),
        (["pull_request"], "pull_request.opened", True),
        (["pull_request.opened"], "pull_request.opened", True),
        (["pull_request.opened"], "pull_request.closed", False),
        (["pull_request.opened"], "pull_request", False),
        (["pull"], "pull_request", False),
        (["opened"], "pull_request.opened", False),
        (["a"], "a.b.c", True),
    ],
)
def test_an_event_is_wanted_by_its_name_with_or_without_the_action(wanted: list[str], name: str, *, sent: bool) -> None:
    assert verdict(event(name=name), Rules(0, 0, frozenset(wanted))) is (None if sent else Outcome.FILTERED_OUT)


# -- how old ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "too_old"), [(0, False), (3 * HOUR, False), (3 * HOUR + 1_000, False), (3 * HOUR + 1_001, True)]
)
@pytest.mark.parametrize("later", [(), (attempt(2, redelivery=True),)])
def test_an_event_is_too_old_when_its_first_attempt_is_whatever_the_later_ones(
    age: int, later: tuple[Attempt, ...], *, too_old: bool
) -> None:
    judged = event(attempt(1, START - age), *later)
    assert verdict(judged, THREE_HOURS) is (Outcome.TOO_OLD if too_old else None)


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("push", 24),
        ("workflow_job", 5),
        ("workflow_job.queued", 1),
        ("workflow_job.completed", 5),
        ("issues.opened", 3),
        ("", 3),
    ],
)
def test_the_age_of_the_most_exact_name_counts(name: str, hours: int) -> None:
    ages = {"": 3, "push": 24, "workflow_job": 5, "workflow_job.queued": 1, "opened": 9}
    rules = Rules(0, 0, max_ages={event: age * HOUR for event, age in ages.items()})
    assert rules.too_old_after(event(attempt(1), name=name)) == START + hours * HOUR + 1_000


@pytest.mark.parametrize("ages", [{}, {"push": 1}, {"": 1, "issues": 0}])
def test_without_an_age_for_it_an_event_is_never_too_old(ages: dict[str, int]) -> None:
    rules, judged = Rules(0, 0, max_ages=ages), event(name="issues.opened")
    assert rules.too_old_after(judged) is None
    assert verdict(judged, rules, START + 10**12) is None


# -- which reason comes first -----------------------------------------------------------------------------------

NOT_WHOLE, GONE = {"is_whole": False}, {"is_whole": False, "is_gone": True}
ISSUES = frozenset({"issues"})
OLD = tried(3, latest=START - 5 * HOUR)
LAST_SEEN = event(attempt(2, START - MINUTE, redelivery=True, code=404))
TWO_SEEN = event(attempt(2, START - 4 * HOUR, redelivery=True), attempt(3, START - HOUR, redelivery=True))


@pytest.mark.parametrize(
    ("judged", "rules", "read", "expected"),
    [
        (tried(3), Rules(3, 10 * MINUTE, ISSUES), GONE, Outcome.FILTERED_OUT),
        (OLD, Rules(3, 0, ISSUES, {"": HOUR}), {}, Outcome.FILTERED_OUT),
        (OLD, Rules(3, 0, max_ages={"": HOUR}), {}, Outcome.GIVEN_UP),
        # Its success may have been missed.
        (OLD, Rules(3, 0), NOT_WHOLE, Outcome.UNCHECKED),
        (tried(3), Rules(3, 10 * MINUTE), NOT_WHOLE, Outcome.UNCHECKED),
        (OLD, Rules(3, 0), GONE, Outcome.EXPIRED),
        (OLD, Rules(4, 0, max_ages={"": HOUR}), {}, Outcome.TOO_OLD),
        (OLD, Rules(4, 0, max_ages={"": HOUR}), NOT_WHOLE, Outcome.TOO_OLD),
        # By what is known of it, it is young; if its first attempt is gone, it is older than any age.
        (LAST_SEEN, THREE_HOURS, NOT_WHOLE, Outcome.UNCHECKED),
        (LAST_SEEN, THREE_HOURS, GONE, Outcome.TOO_OLD),
        (tried(2), Rules(0, 1, max_ages={"": HOUR}), {}, Outcome.NOT_DUE),
        (tried(2), RULES, NOT_WHOLE, Outcome.NOT_DUE),
        (tried(2), RULES, GONE, Outcome.NOT_DUE),
        (tried(1), RULES, NOT_WHOLE, Outcome.UNCHECKED),
        # Of what has expired, the only attempt that is left is sent once. Then there are two.
        (LAST_SEEN, Rules(0, 0), GONE, None),
        (LAST_SEEN, Rules(2, 0), GONE, Outcome.EXPIRED),
        (TWO_SEEN, RULES, GONE, Outcome.EXPIRED),
        (TWO_SEEN, Rules(0, 0, max_ages={"issues": HOUR}), GONE, Outcome.EXPIRED),
        (tried(1), RULES, {}, None),
    ],
)
def test_every_reason_has_its_turn_and_the_final_ones_come_first(
    judged: Event, rules: Rules, read: dict[str, Any], expected: Outcome | None
) -> None:
    assert verdict(judged, rules, **read) is expected


# -- in which order ---------------------------------------------------------------------------------------------


def again(number: int, at: int, guid: str) -> Row:
    return row(number, at, guid=guid, redelivery=True)


def judged(rows: Iterable[Row], rules: Rules) -> Ledger:
    ledger = Ledger(rules)
    ledger.judge(reading_of(rows))
    return ledger


def test_fewest_attempts_go_first_then_the_oldest_then_the_smallest_id() -> None:
    ordered = [
        [row(2, START - 99, guid="oldest, tried twice"), again(7, START - 9, "oldest, tried twice")],
        [row(9, START - 90, guid="old")],
        [row(4, START - 89, guid="same moment, smaller id")],
        [row(5, START - 89, guid="same moment, larger id")],
        [row(3, START - 88, guid="young, tried twice"), again(6, START, "young, tried twice")],
        [row(1, START - 87, guid="younger")],
        [row(20, START - 199, guid="three times"), *(again(number, START, "three times") for number in (21, 22))],
        [row(10, START - 199, guid="four times"), *(again(number, START, "four times") for number in (11, 12, 13))],
    ]
    ledger = judged((one for rows in reversed(ordered) for one in rows), Rules(0, 0))
    assert [case.event.guid for case in ledger.due] == [rows[0]["guid"] for rows in ordered]


def test_what_is_left_is_told_oldest_first_whatever_the_reason() -> None:
    ordered = [
        [row(7, START - 9, guid="oldest"), again(8, START, "oldest")],
        [again(2, START - 8, "not read, smaller id")],
        [row(3, START - 8, guid="same moment, larger id"), again(4, START, "same moment, larger id")],
        [row(1, START - 7, guid="filtered out", event="issues")],
    ]
    ledger = judged((one for rows in reversed(ordered) for one in rows), Rules(10, 10 * MINUTE, frozenset({"push"})))
    assert [case.event.guid for case, _ in ledger.skipped] == [rows[0]["guid"] for rows in ordered]
    assert [reason for _, reason in ledger.skipped] == [*[Outcome.NOT_DUE] * 3, Outcome.FILTERED_OUT]


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 10 * HOUR)), max_size=8), st.integers(0, 5), st.data())
def test_every_event_is_either_due_or_left_and_the_order_of_rows_does_not_matter(
    drawn: list[tuple[int, int]], limit: int, data: st.DataObject
) -> None:
    rows = [
        row(10 * number + turn, START - ago + turn, guid=f"g{number}", redelivery=turn > 0, code=404)
        for number, (times, ago) in enumerate(drawn)
        for turn in range(times)
    ]
    ledger, other = judged(rows, Rules(limit, HOUR)), judged(data.draw(st.permutations(rows)), Rules(limit, HOUR))
    told = [[case.event for case in (*one.due, *(case for case, _ in one.skipped))] for one in (ledger, other)]
    assert told[0] == told[1]
    assert sorted(one.guid for one in told[0]) == sorted(f"g{number}" for number in range(len(drawn)))
