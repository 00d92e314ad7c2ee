"""The tracking issue as GitHub shows it: strangers' words mention nobody, link to nothing and shape nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fuzz.page import Page
from fuzz.strange import PIECES, text
from githubsim.clock import DAY, START
from redeliver.core.tracking.decision import Change, Memory, TrackingIssue, decide, remembered
from redeliver.core.tracking.situation import HookSituation, LostEvent, Situation, State
from redeliver.output.tracking_page import issue_body, issue_comment, memory_of

RUN = "https://github.com/octo/ops/actions/runs/1"
NOW = START + DAY


def situation(words: str, state: State = State.DOWN) -> Situation:
    """Everything that somebody else may have written, in these words."""
    hook = HookSituation(words, read=True, undelivered=1, causes=(words,), deadline=NOW)
    return Situation(
        state, START, 1, NOW, 0, 1, (LostEvent(words, words, words, words),), (START, NOW), (hook,), (words,)
    )


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
def test_what_strangers_wrote_shapes_nothing_and_pings_nobody(words: str, state: State) -> None:
    for page, plain in zip(shown(words, state), shown("x", state), strict=True):
        assert tags(page) == tags(plain)
        assert Page(page).looked_for == Page(plain).looked_for == []
        assert memory_of(page) == memory_of(plain) or memory_of(page) is not None
        assert [tag for tag in tags(page) if "href" in tag] == [f"<a [('href', '{RUN}')]>"]


@pytest.mark.parametrize("piece", sorted(set(PIECES)))
def test_each_trick_alone_does_nothing(piece: str) -> None:
    for page, plain in zip(shown(piece), shown("x"), strict=True):
        assert tags(page) == tags(plain)
        assert Page(page).looked_for == []


@given(text)
def test_what_it_remembers_is_what_it_was_told_whatever_its_text_holds(words: str) -> None:
    decision = decide(None, situation(words), NOW)
    assert memory_of(issue_body(decision, situation(words), RUN)) == decision.memory


#: GitHub's limit, https://docs.github.com/en/rest/issues; in bytes, of which no character has less than one.
MOST = 65_536


@pytest.mark.parametrize("mark", ["\U0001f4a5", "#", "@", "|", "GH-1", "\u6f22", "x", ""], ids=ascii)
@pytest.mark.parametrize("many", [1, 30, 1_000])
def test_it_fits_into_an_issue_and_remembers_however_much_there_is(mark: str, many: int) -> None:
    words = mark * 1_000
    hooks = situation(words, State.FAILED).hooks * many
    lost = tuple(LostEvent(f"{number}{words}", words, words, "given_up") for number in range(many))
    much = replace(
        situation("x", State.FAILED), hooks=hooks, lost=many, lost_events=lost, errors=(words or "x",) * many
    )
    told = decide(None, situation("before", State.UNDELIVERED), NOW).memory
    full = told.model_copy(update={"lost_marks": tuple(f"{number:010x}" for number in range(1_000)), "gap_mark": None})
    for issue in (None, TrackingIssue(1, is_open=True, memory=full), TrackingIssue(1, is_open=False, memory=full)):
        decision = decide(issue, much, NOW)
        assert decision.change in {Change.OPENED, Change.COMMENTED, Change.REOPENED}
        body, comment = issue_body(decision, much, RUN), issue_comment(decision, much, RUN)
        assert max(len(body.encode()), len(comment.encode())) <= MOST
        assert memory_of(body) == decision.memory
        for page, rows, left_out in (
            (body, r"^\| .* \| 1 \| .* UTC \|$", "webhooks"),
            (comment, r"^\| .* \| given up \|$", "in the run's report"),
        ):
            shown = len(re.findall(rows, page, re.MULTILINE))
            assert 0 < shown <= 30
            assert (f"and {many - shown:,} more {left_out}" in page) is (shown < many)


@pytest.mark.parametrize("mark", ["'" * 10, "\U0001f4a5" * 10, "0123456789a", "<", "ABCDEF0123"])
def test_what_is_no_mark_of_a_loss_takes_no_space(mark: str) -> None:
    forged = remembered(json.dumps({"lost": 5, "lost_marks": [mark] * 1_000}))
    assert forged == Memory()
    assert remembered(json.dumps({"lost_marks": ["0123456789"]})).lost_marks == ("0123456789",)


def test_errors_that_are_left_out_are_counted() -> None:
    failed = Situation(State.FAILED, errors=tuple(f"error {number}" for number in range(8)))
    body = issue_body(decide(None, failed, NOW), failed, RUN)
    assert [f"- error {number}\n" in body for number in range(8)] == [True] * 5 + [False] * 3
    assert "- and 3 more errors" in body


def test_an_issue_of_others_remembers_nothing() -> None:
    assert memory_of("") is None
    assert memory_of("<!-- redeliver: {} -->") is None


def test_where_no_run_is_known_there_is_no_empty_line_for_it() -> None:
    there = TrackingIssue(1, is_open=True, memory=decide(None, situation("before", State.UNDELIVERED), NOW).memory)
    after = situation("x", State.DOWN)
    assert "<sub></sub>" not in issue_comment(decide(there, after, NOW), after, "")


@pytest.mark.parametrize(("outcome", "told"), [("given_up", True), ("expired", False)])
def test_a_loss_that_can_still_be_sent_again_comes_with_how(outcome: str, *, told: bool) -> None:
    lost = replace(situation("x"), lost_events=(LostEvent("g", "push", "HTTP 422", outcome),))
    assert ("replay --guid" in issue_comment(decide(None, lost, NOW), lost, RUN)) is told
