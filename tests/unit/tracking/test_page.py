"""The tracking issue as GitHub shows it: strangers' words mention nobody, link to nothing and shape nothing."""

from __future__ import annotations

import html
import json
import re
import time
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from githubsim.clock import DAY, HOUR, START
from githubsim.issues import LONGEST_BODY
from hostile.page import Page
from hostile.strange import PIECES, text
from redeliver.core.case import Outcome
from redeliver.documents import document
from redeliver.tracking.decision import Change, Memory, TrackingIssue, decide, memory_of
from redeliver.tracking.page import issue_body, issue_comment
from redeliver.tracking.situation import HookSituation, Situation, State
from reports import lost_event

RUN = "https://github.com/octo/ops/actions/runs/1"
NOW = START + DAY


def situation(words: str, state: State = State.DOWN) -> Situation:
    """Everything that somebody else may have written, in these words."""
    hook = HookSituation(words, read=True, undelivered=1, causes=(words,), deadline=NOW, takes="4 min, in 1 run")
    return Situation(
        state,
        since=START,
        undelivered=1,
        deadline=NOW,
        lost=1,
        lost_events=(lost_event(words, words, words, Outcome.EXPIRED),),
        lost_hook=words,
        gap=(START, NOW),
        hooks=(hook,),
        errors=(words,),
    )


def test_link_to_make_a_new_token_can_be_followed() -> None:
    form = "https://github.com/settings/personal-access-tokens/new?name=Redeliver+webhooks&target_name=octo"
    told = Situation(State.ATTENTION, attention=(f"The token ends on 3 Dec. Make a new one: {form}",))
    decision = decide(None, told, NOW)
    assert decision.change is Change.OPENED
    assert f"<{form}>" in issue_body(decision, told, RUN)


def shown(words: str, state: State = State.DOWN) -> tuple[str, str]:
    """The issue's text and a comment."""
    there = TrackingIssue(1, is_open=True, memory=decide(None, situation("before", State.UNDELIVERED), NOW).memory)
    decision = decide(there, situation(words, state), NOW)
    return issue_body(decision, situation(words, state), RUN), issue_comment(decision, situation(words, state), RUN)


def tags(markdown: str) -> list[str]:
    """Those of its page, except for the hidden words."""
    return [tag for tag in Page(markdown).tags if not tag.startswith("<!-- redeliver-action: ")]


@given(text, st.sampled_from([State.DOWN, State.FAILED]))
@example("@octocat #1 GH-1 octo/hello#1 https://evil.example", State.FAILED)
@example("| x | <img src=x onerror=alert(1)> <!-- --> -->", State.DOWN)
@example("<!-- redeliver-action: {} -->", State.DOWN)
def test_strangers_text_shapes_nothing_and_pings_nobody(words: str, state: State) -> None:
    check(words, state)


def check(words: str, state: State) -> None:
    for page, plain in zip(shown(words, state), shown("x", state), strict=True):
        assert tags(page) == tags(plain)
        assert Page(page).looked_for == Page(plain).looked_for == []
        assert memory_of(page) == memory_of(plain) or memory_of(page) is not None
        links = {tag for tag in tags(page) if "href" in tag}
        assert links <= {f"<a [('href', '{place}')]>" for place in (RUN, document("on-call.md#when-time-runs-out"))}


@pytest.mark.parametrize("piece", sorted(set(PIECES)))
@pytest.mark.slow
def test_each_trick_alone_does_nothing(piece: str) -> None:
    check(piece, State.DOWN)


@given(text)
def test_memory_is_read_back_from_any_text(words: str) -> None:
    decision = decide(None, situation(words), NOW)
    assert memory_of(issue_body(decision, situation(words), RUN)) == decision.memory


@pytest.mark.parametrize("mark", ["\U0001f4a5", "@", ""], ids=ascii)
@pytest.mark.parametrize("many", [1, 30, 300])
@pytest.mark.slow
def test_issue_with_any_number_of_events_fits(mark: str, many: int) -> None:
    words = mark * 1_000
    hooks = situation(words, State.FAILED).hooks * many
    lost = tuple(lost_event(f"{number}{words}", words, words, Outcome.GIVEN_UP) for number in range(many))
    much = replace(
        situation("x", State.FAILED), hooks=hooks, lost=many, lost_events=lost, errors=(words or "x",) * many
    )
    told = decide(None, situation("before", State.UNDELIVERED), NOW).memory
    full = told.model_copy(update={"lost_marks": tuple(f"{number:010x}" for number in range(1_000)), "gap_mark": None})
    for issue in (None, TrackingIssue(1, is_open=True, memory=full), TrackingIssue(1, is_open=False, memory=full)):
        decision = decide(issue, much, NOW)
        assert decision.change in {Change.OPENED, Change.COMMENTED, Change.REOPENED}
        body, comment = issue_body(decision, much, RUN), issue_comment(decision, much, RUN)
        # In bytes, of which no character has less than one.
        assert max(len(body.encode()), len(comment.encode())) <= LONGEST_BODY
        assert memory_of(body) == decision.memory
        for page, rows, left_out in (
            (body, r"^\| .* \| 1 \| .* UTC \| 4 min, in 1 run \|$", "webhooks"),
            (comment, r"^\| .* \| given up \|$", "in the run's report"),
        ):
            if page == body and many == 1:
                continue  # the row of the state has it
            shown = len(re.findall(rows, page, re.MULTILINE))
            assert 0 < shown <= 30
            assert (f"and {many - shown:,} more {left_out}" in page) is (shown < many)


@pytest.mark.parametrize("mark", ["'" * 10, "\U0001f4a5" * 10, "0123456789a", "<", "ABCDEF0123"])
def test_invalid_mark_of_a_loss_is_dropped(mark: str) -> None:
    def read(**words: object) -> Memory | None:
        return memory_of(f"{BEGINNING}{json.dumps(words, ensure_ascii=False)} -->")

    assert read(lost=5, lost_marks=[mark] * 1_000) == Memory()
    assert read(lost_marks=["0123456789"]) == Memory(lost_marks=("0123456789",))


def test_omitted_errors_are_counted() -> None:
    failed = Situation(State.FAILED, errors=tuple(f"error {number}" for number in range(8)))
    body = issue_body(decide(None, failed, NOW), failed, RUN)
    assert [f"- error {number}\n" in body for number in range(8)] == [True] * 5 + [False] * 3
    assert "- and 3 more errors" in body


@pytest.mark.parametrize(("outcome", "told"), [(Outcome.GIVEN_UP, True), (Outcome.EXPIRED, False)])
def test_lost_event_that_can_be_replayed_says_how(outcome: Outcome, *, told: bool) -> None:
    lost = replace(situation("x"), lost_events=(lost_event("g", "push", "HTTP 422", outcome),))
    assert ("replay --guid" in issue_comment(decide(None, lost, NOW), lost, RUN)) is told


BEGINNING = "<!-- redeliver-action: "
moments = st.none() | st.integers(0, 253_402_300_799_000)
counts = st.integers(0, 2**53)
memories = st.builds(
    Memory,
    state=st.sampled_from(State),
    since=moments,
    undelivered=counts,
    deadline=moments,
    lost=counts,
    gap=st.none() | st.tuples(st.just(START), st.just(NOW)),
    lost_marks=st.lists(st.text("0123456789abcdef", min_size=10, max_size=10), max_size=3).map(tuple),
    gap_mark=moments,
    digest=st.text("0123456789abcdef", max_size=16),
)


def test_memory_is_read_from_anywhere_in_the_text() -> None:
    decision = decide(None, situation("x"), NOW)
    body = issue_body(decision, situation("x"), RUN)
    for found in (body, f"edited by hand\n{body}\nand below", "y" * (LONGEST_BODY - len(body)) + body):
        assert memory_of(found) == decision.memory
    assert memory_of("y" * LONGEST_BODY + body) is None


@pytest.mark.parametrize(
    "text",
    ["", "no words", "<!-- redeliver: {} -->", BEGINNING, f"{BEGINNING}{{}}", f" -->{BEGINNING}", f"{BEGINNING} --"],
)
def test_text_without_a_memory_is_not_the_actions(text: str) -> None:
    assert memory_of(text) is None


@pytest.mark.parametrize("piece", [BEGINNING, "<!-- ", f"{BEGINNING} --", " -->", f"{BEGINNING}[[[["])
def test_memory_is_read_in_linear_time(piece: str) -> None:
    # A body of GitHub's has 65,536 characters; this one has 64 times as many.
    body = piece * (64 * LONGEST_BODY // len(piece))
    began = time.process_time()
    assert memory_of(body) in {None, Memory()}
    assert time.process_time() - began < 1


@given(memories, st.sampled_from([State.DOWN, State.SETTLED]), counts)
@example(Memory(lost=2**53, undelivered=2**53), State.DOWN, 2**53)
def test_memory_can_always_be_extended(before: Memory, state: State, lost: int) -> None:
    now = replace(situation("x", state), lost=lost, undelivered=lost)
    after = decide(TrackingIssue(1, is_open=True, memory=before), now, NOW)
    assert memory_of(issue_body(after, now, RUN)) == after.memory
    assert issue_comment(after, now, RUN)


@given(memories, st.sampled_from([*State]), st.integers(0, 3))
@example(Memory(lost=3), State.SETTLED, 0)
@example(Memory(gap=(START, NOW)), State.SETTLED, 0)
def test_issue_is_never_green_over_a_loss(before: Memory, state: State, lost: int) -> None:
    now = replace(situation("x", state), lost=lost, gap=None)
    after = decide(TrackingIssue(1, is_open=True, memory=before), now, NOW)
    for page in (issue_body(after, now, RUN), issue_comment(after, now, RUN)):
        assert not ("🟢" in page and after.memory.has_losses)
        assert "🟢" not in page or state is State.SETTLED


def test_issue_over_a_loss_says_of_which_webhook_and_until_when_it_can_be_replayed() -> None:
    lost = lost_event("g", "push", "HTTP 422", Outcome.GIVEN_UP)
    over = Situation(State.SETTLED, lost=1, lost_events=(lost,), lost_hook="ci.octo.example")
    first = decide(None, over, START)
    until = "9 Nov 21:20 UTC"
    assert html.unescape(issue_body(first, over, RUN)).startswith("## 🔴 1 event for ci.octo.example was not delivered")
    assert f"replay it before **{until}**" in issue_body(first, over, RUN)
    assert until in issue_comment(first, over, RUN)
    there = TrackingIssue(1, is_open=True, memory=first.memory)
    settled = Situation(State.SETTLED)
    for later, told in ((START + HOUR, until), (START + 4 * DAY, "No run can redeliver it any more")):
        assert told in issue_body(decide(there, settled, later), settled, RUN)
    waits = situation("x", State.UNDELIVERED)
    assert until in issue_body(decide(there, waits, START + HOUR), waits, RUN)


def test_log_that_was_read_in_part_gives_no_size_but_what_was_known() -> None:
    told = replace(situation("x"), lost=0, lost_events=(), gap=None, undelivered=1_982, partial=True)
    first = decide(None, told, NOW)
    body = issue_body(first, told, RUN)
    assert "## 🔴 A receiver is down: at least 1,982 events wait, none is known to be lost\n" in body
    assert "UTC or earlier" in body
    later = replace(told, since=START + HOUR)
    body = issue_body(decide(TrackingIssue(1, is_open=True, memory=first.memory), later, NOW), later, RUN)
    assert "| 6 Nov 21:20 UTC |" in body, "an earlier run saw it"
