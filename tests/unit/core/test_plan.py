"""Which events are sent now, in which order, and why the others are left."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import START
from redeliver.core.plan import LONGEST_SPACING, Rules, make_plan, next_checkpoint
from redeliver.core.redelivery import Outcome
from samples import HOUR, MINUTE, attempt, event

if TYPE_CHECKING:
    from redeliver.core.deliveries import Event

RULES = Rules(max_attempts=10, retry_spacing=10 * MINUTE)
NO_LIMITS = Rules(max_attempts=0, retry_spacing=0)


def tried(times: int, *, latest: int = START, guid: str = "g", number: int = 0) -> Event:
    """An event that failed so often, the last time at ``latest``, a millisecond between two attempts."""
    attempts = [
        attempt(100 * number + turn, latest - times + turn, redelivery=turn > 1) for turn in range(1, times + 1)
    ]
    return event(*attempts, guid=guid)


def reasons(
    plan_of: Event,
    now: int = START,
    rules: Rules = RULES,
    *,
    expired: tuple[str, ...] = (),
    unchecked: tuple[str, ...] = (),
) -> list[Outcome]:
    plan = make_plan([plan_of], rules, now, expired=expired, unchecked=unchecked)
    assert len(plan.due) + len(plan.skipped) == 1
    return [reason for _, reason in plan.skipped]


# -- when -------------------------------------------------------------------------------------------------------


def test_the_first_redelivery_waits_for_nothing() -> None:
    assert Rules(0, 10 * MINUTE).due_at(tried(1)) == START
    assert reasons(tried(1), now=START) == []


def test_an_event_younger_than_our_idea_of_githubs_clock_is_due_all_the_same() -> None:
    assert reasons(tried(1, latest=START + 900), now=START) == []
    assert reasons(tried(2, latest=START + 900), now=START, rules=Rules(0, 1)) == [Outcome.NOT_DUE]


@pytest.mark.parametrize(
    ("attempts", "pause"),
    [
        (2, 10 * MINUTE),
        (3, 20 * MINUTE),
        (4, 40 * MINUTE),
        (5, 80 * MINUTE),
        (6, 160 * MINUTE),
        (7, 4 * HOUR),
        (8, 4 * HOUR),
        (9, 4 * HOUR),
    ],
)
def test_the_pause_doubles_with_each_redelivery_up_to_four_hours(attempts: int, pause: int) -> None:
    waiting = tried(attempts)
    assert RULES.due_at(waiting) == START + pause
    assert reasons(waiting, now=START + pause - 1) == [Outcome.NOT_DUE]
    assert reasons(waiting, now=START + pause) == []


def test_the_pause_counts_from_the_newest_attempt() -> None:
    waiting = event(attempt(1, START - 5 * HOUR), attempt(2, START, redelivery=True))
    assert RULES.due_at(waiting) == START + 10 * MINUTE


def test_an_original_out_of_sight_counts_for_the_pause() -> None:
    assert RULES.due_at(event(attempt(2, START, redelivery=True))) == START + 10 * MINUTE
    two_seen = event(attempt(2, START - 1, redelivery=True), attempt(3, START, redelivery=True))
    assert RULES.due_at(two_seen) == START + 20 * MINUTE


@pytest.mark.parametrize("attempts", [2, 3, 10, 5_000])
def test_a_spacing_longer_than_four_hours_is_kept_and_does_not_double(attempts: int) -> None:
    assert Rules(0, 6 * HOUR).due_at(tried(attempts)) == START + 6 * HOUR


def test_a_spacing_of_exactly_four_hours_is_the_longest() -> None:
    assert LONGEST_SPACING == 4 * HOUR
    assert [Rules(0, 4 * HOUR).due_at(tried(attempts)) for attempts in (2, 3)] == [START + 4 * HOUR] * 2


@pytest.mark.parametrize("attempts", [1, 2, 3, 5_000])
def test_without_spacing_every_event_is_due_at_once(attempts: int) -> None:
    assert NO_LIMITS.due_at(tried(attempts)) == START
    assert reasons(tried(attempts), now=START, rules=NO_LIMITS) == []


@pytest.mark.parametrize(("attempts", "doublings"), [(41, 39), (42, 40), (43, 40), (60, 40)])
def test_doubling_ends_where_no_spacing_could_still_be_below_four_hours(attempts: int, doublings: int) -> None:
    # A millisecond doubled forty times is 34 years: the bound decides nothing but the work it takes.
    assert (1 << doublings) > LONGEST_SPACING
    assert Rules(0, 1).due_at(tried(attempts)) == START + LONGEST_SPACING


@given(st.integers(1, 60), st.integers(0, 10**9))
def test_the_pause_never_shrinks_and_never_passes_the_longest(attempts: int, spacing: int) -> None:
    rules = Rules(0, spacing)
    pause, longer = (rules.due_at(tried(times)) - START for times in (attempts, attempts + 1))
    assert 0 <= pause <= longer <= max(LONGEST_SPACING, spacing)


# -- how often --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "attempts", "given_up"),
    [(10, 9, False), (10, 10, True), (10, 11, True), (1, 1, True), (2, 1, False), (0, 1, False), (0, 5_000, False)],
)
def test_an_event_is_given_up_at_exactly_the_last_attempt(limit: int, attempts: int, *, given_up: bool) -> None:
    assert reasons(tried(attempts), rules=Rules(limit, 0)) == ([Outcome.GIVEN_UP] if given_up else [])


def test_an_original_out_of_sight_counts_as_an_attempt() -> None:
    seen_once = event(attempt(2, redelivery=True))
    assert reasons(seen_once, rules=Rules(2, 0)) == [Outcome.GIVEN_UP]
    assert reasons(seen_once, rules=Rules(3, 0)) == []


# -- which ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "oldest_success", "given_up"),
    [
        (503, inf, False),
        (0, inf, False),
        (503, START + 1, False),
        (503, START, True),
        (0, START - HOUR, True),
        (404, inf, True),
        (302, inf, True),
    ],
)
def test_an_attempt_at_an_endpoint_that_is_down_uses_nothing_up(
    code: int, oldest_success: float, *, given_up: bool
) -> None:
    spent = event(attempt(1, START - HOUR, code=code), attempt(2, START, redelivery=True, code=code))
    rules = Rules(2, 0)
    plan = make_plan([spent], rules, START, oldest_success=oldest_success)
    assert plan.skipped == (((spent, Outcome.GIVEN_UP),) if given_up else ())
    kept = next_checkpoint(START, [spent], rules, (), oldest_success=oldest_success)
    assert kept == (START if given_up else START - 1)


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
    rules = Rules(0, 0, frozenset(wanted))
    assert reasons(event(name=name), rules=rules) == ([] if sent else [Outcome.FILTERED_OUT])


# -- how old ----------------------------------------------------------------------------------------------------

THREE_HOURS = Rules(0, 0, max_ages={"": 3 * HOUR})


@pytest.mark.parametrize(
    ("age", "too_old"), [(0, False), (3 * HOUR, False), (3 * HOUR + 1_000, False), (3 * HOUR + 1_001, True)]
)
def test_an_event_is_too_old_when_its_first_attempt_is_whatever_the_later_ones(age: int, *, too_old: bool) -> None:
    expected = [Outcome.TOO_OLD] if too_old else []
    assert reasons(event(attempt(1, START - age)), rules=THREE_HOURS) == expected
    assert reasons(event(attempt(1, START - age), attempt(2, START, redelivery=True)), rules=THREE_HOURS) == expected


def test_an_original_out_of_sight_makes_no_event_too_old_before_what_is_known_of_it_is() -> None:
    young = event(attempt(2, START - 3 * HOUR, redelivery=True), attempt(3, START, redelivery=True))
    assert reasons(young, rules=THREE_HOURS) == []
    assert reasons(young, rules=THREE_HOURS, unchecked=("g",)) == [Outcome.UNCHECKED]
    old = event(attempt(2, START - 4 * HOUR, redelivery=True), attempt(3, START, redelivery=True))
    assert reasons(old, rules=THREE_HOURS, unchecked=("g",)) == [Outcome.TOO_OLD]


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


def test_without_an_age_for_it_an_event_is_never_too_old() -> None:
    for rules in (Rules(0, 0), Rules(0, 0, max_ages={"push": 1}), Rules(0, 0, max_ages={"": 1, "issues": 0})):
        assert rules.too_old_after(event(name="issues.opened")) is None
        assert reasons(event(name="issues.opened"), START + 10**12, rules) == []


def test_what_has_expired_is_older_than_any_age() -> None:
    seen_again = event(attempt(2, START, redelivery=True), attempt(3, START, redelivery=True))
    assert reasons(seen_again, rules=THREE_HOURS, expired=("g",)) == [Outcome.TOO_OLD]
    assert reasons(seen_again, rules=Rules(0, 0, max_ages={"issues": HOUR}), expired=("g",)) == [Outcome.EXPIRED]


def test_what_nobody_wanted_or_was_given_up_in_time_is_not_called_too_old() -> None:
    old = tried(3, latest=START - 5 * HOUR)
    assert reasons(old, rules=Rules(0, 0, frozenset({"issues"}), {"": HOUR})) == [Outcome.FILTERED_OUT]
    assert reasons(old, rules=Rules(3, 0, max_ages={"": HOUR})) == [Outcome.GIVEN_UP]
    assert reasons(old, rules=Rules(4, 0, max_ages={"": HOUR})) == [Outcome.TOO_OLD]


# -- why not ----------------------------------------------------------------------------------------------------


def test_every_reason_has_its_turn_and_the_final_ones_come_first() -> None:
    waiting = tried(3)
    spent, filtered = Rules(3, 10 * MINUTE), Rules(3, 10 * MINUTE, frozenset({"issues"}))
    assert reasons(waiting, rules=filtered, expired=("g",), unchecked=("g",)) == [Outcome.FILTERED_OUT]
    assert reasons(waiting, rules=spent, expired=("g",), unchecked=("g",)) == [Outcome.EXPIRED]
    assert reasons(waiting, rules=spent) == [Outcome.GIVEN_UP]
    assert reasons(waiting, rules=spent, unchecked=("g",)) == [Outcome.UNCHECKED]
    assert reasons(waiting, unchecked=("g",)) == [Outcome.UNCHECKED]
    assert reasons(waiting) == [Outcome.NOT_DUE]
    assert reasons(waiting, now=START + HOUR) == []


def test_of_what_has_expired_the_only_attempt_that_is_left_is_sent_once_and_two_are_left_alone() -> None:
    one, two = attempt(2, START - MINUTE, redelivery=True), attempt(3, START, redelivery=True)
    assert reasons(event(one), expired=("g",)) == []
    assert reasons(event(one, two), expired=("g",)) == [Outcome.EXPIRED]
    assert reasons(event(one), rules=Rules(2, 0), expired=("g",)) == [Outcome.EXPIRED]
    assert reasons(event(one), rules=Rules(2, 0, frozenset({"issues"})), expired=("g",)) == [Outcome.FILTERED_OUT]
    assert next_checkpoint(START + HOUR, [event(one)], RULES, {"g"}) == START + HOUR


def test_what_is_said_of_one_event_is_not_said_of_another() -> None:
    plan = make_plan(
        [tried(2, guid="a"), tried(1, guid="b"), tried(1, guid="c")],
        RULES,
        START,
        expired=["a"],
        unchecked=["b"],
    )
    assert [one.guid for one in plan.due] == ["c"]
    assert {one.guid: reason for one, reason in plan.skipped} == {"a": Outcome.EXPIRED, "b": Outcome.UNCHECKED}


# -- in which order ---------------------------------------------------------------------------------------------


def test_fewest_attempts_go_first_then_the_oldest_then_the_smallest_id() -> None:
    ordered = [
        event(attempt(2, START - 9), attempt(7, START - 1, redelivery=True), guid="oldest, tried twice"),
        event(attempt(9, START), guid="old"),
        event(attempt(4, START + 1), guid="same moment, smaller id"),
        event(attempt(5, START + 1), guid="same moment, larger id"),
        event(attempt(3, START + 2), attempt(6, START + 3, redelivery=True), guid="young, tried twice"),
        event(attempt(1, START + 4), guid="younger"),
        event(attempt(8, START - 99, redelivery=True), attempt(10, START - 98, redelivery=True), guid="three times"),
        event(
            attempt(11, START - 99),
            *(attempt(number, START - 99 + number, redelivery=True) for number in (12, 13, 14)),
            guid="four times",
        ),
    ]
    assert list(make_plan(reversed(ordered), NO_LIMITS, START + HOUR).due) == ordered


def test_what_is_left_is_told_oldest_first_whatever_the_reason() -> None:
    left = [
        event(attempt(7, START - 9), attempt(8, START, redelivery=True), guid="oldest"),
        event(attempt(2, START - 8), attempt(9, START, redelivery=True), guid="expired, smaller id"),
        event(attempt(3, START - 8), attempt(4, START, redelivery=True), guid="same moment, larger id"),
        event(attempt(1, START - 7), guid="unchecked"),
    ]
    plan = make_plan(reversed(left), RULES, START, expired=["expired, smaller id"], unchecked=["unchecked"])
    assert [one for one, _ in plan.skipped] == left


events = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 10 * HOUR)), max_size=12).map(
    lambda drawn: [
        tried(times, latest=START - ago, guid=f"g{number}", number=number) for number, (times, ago) in enumerate(drawn)
    ]
)


@given(events, st.integers(0, 12), st.integers(0, 8 * HOUR), st.data())
def test_every_event_is_either_due_or_left_and_the_order_of_asking_does_not_matter(
    given_events: list[Event], limit: int, spacing: int, data: st.DataObject
) -> None:
    rules = Rules(limit, spacing)
    plan = make_plan(given_events, rules, START)
    everyone = [*plan.due, *(one for one, _ in plan.skipped)]
    assert sorted(one.guid for one in everyone) == sorted(one.guid for one in given_events)
    shuffled = data.draw(st.permutations(given_events))
    assert make_plan(shuffled, rules, START) == plan


# -- the checkpoint ---------------------------------------------------------------------------------------------


def test_with_nothing_undelivered_everything_up_to_the_runs_start_is_settled() -> None:
    assert next_checkpoint(START, [], RULES, ()) == START


def test_the_earliest_of_the_latest_attempts_holds_the_checkpoint_a_millisecond_before_it() -> None:
    old_but_tried_again = event(attempt(1, START - 9 * HOUR), attempt(5, START - HOUR, redelivery=True))
    waiting = event(attempt(2, START - 2 * HOUR))
    assert next_checkpoint(START, [old_but_tried_again, waiting], RULES, ()) == START - 2 * HOUR - 1
    assert next_checkpoint(START, [old_but_tried_again], RULES, ()) == START - HOUR - 1


@pytest.mark.parametrize(("at", "settled"), [(START - 1, START - 2), (START, START - 1), (START + 1, START)])
def test_around_the_runs_start_the_earlier_of_the_two_counts(at: int, settled: int) -> None:
    assert next_checkpoint(START, [event(attempt(1, at))], RULES, ()) == settled
    assert next_checkpoint(START, [event(attempt(1, START + HOUR))], RULES, ()) == START


def test_an_event_that_is_not_looked_at_again_does_not_hold_it() -> None:
    waiting = event(attempt(1, START - HOUR), guid="waiting")
    assert next_checkpoint(START, [waiting], Rules(1, 0), ()) == START
    assert next_checkpoint(START, [waiting], Rules(0, 0, frozenset({"issues"})), ()) == START
    assert next_checkpoint(START, [waiting], RULES, {"waiting"}) == START
    assert next_checkpoint(START, [waiting], RULES, {"another"}) == START - HOUR - 1


def test_an_event_that_is_too_old_does_not_hold_it_and_one_that_is_young_enough_does() -> None:
    old, young = event(attempt(1, START - 4 * HOUR), guid="old"), event(attempt(2, START - 2 * HOUR), guid="young")
    assert next_checkpoint(START, [old], THREE_HOURS, ()) == START
    assert next_checkpoint(START, [old, young], THREE_HOURS, ()) == START - 2 * HOUR - 1
    assert next_checkpoint(START, [old, young], NO_LIMITS, ()) == START - 4 * HOUR - 1


@given(events, st.dictionaries(st.sampled_from(["", "push", "issues"]), st.integers(0, 9 * HOUR)), st.integers(0, 12))
def test_an_age_passes_over_the_events_that_are_too_old_and_changes_nothing_for_the_others(
    given_events: list[Event], ages: dict[str, int], limit: int
) -> None:
    rules, without = Rules(limit, 0, max_ages=ages), Rules(limit, 0)
    plan, usual = make_plan(given_events, rules, START), make_plan(given_events, without, START)
    too_old = {one.guid for one, reason in plan.skipped if reason is Outcome.TOO_OLD}
    age = ages.get("push", ages.get("", 0))
    for one in given_events:
        assert one.guid not in too_old or 0 < age < START - one.attempts[0].at
    assert plan.due == tuple(one for one in usual.due if one.guid not in too_old)
    assert [pair for pair in plan.skipped if pair[0].guid not in too_old] == list(usual.skipped)
    others = [one for one in given_events if one.guid not in too_old]
    assert next_checkpoint(START, given_events, rules, ()) == next_checkpoint(START, others, without, ())


def test_an_event_that_is_not_due_holds_it() -> None:
    tired = tried(3, latest=START - MINUTE)
    assert reasons(tired) == [Outcome.NOT_DUE]
    assert next_checkpoint(START, [tired], RULES, ()) == START - MINUTE - 1


def test_where_failures_are_asked_for_an_attempt_that_they_show_holds_it() -> None:
    first, then_redirected = attempt(1, START - HOUR), attempt(2, START - MINUTE, redelivery=True, code=302)
    mixed = event(first, then_redirected)
    assert next_checkpoint(START, [mixed], RULES, ()) == START - MINUTE - 1
    assert next_checkpoint(START, [mixed], RULES, (), failures_only=True) == START - HOUR - 1
    only_redirected = event(attempt(1, START - HOUR, code=302))
    assert next_checkpoint(START, [only_redirected], RULES, (), failures_only=True) == START - HOUR - 1
