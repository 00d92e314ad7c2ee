"""The tracking issue as GitHub shows it: strangers' words mention nobody, link to nothing and shape nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fuzz.page import Page
from fuzz.strange import PIECES, text
from githubsim.clock import DAY, START
from redeliver.core.tracking.decision import Change, TrackingIssue, decide
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


def test_it_fits_into_an_issue_however_much_there_is() -> None:
    mark = "\U0001f4a5" * 1_000
    hooks = situation("|" * 900).hooks * 10_000
    lost = tuple(LostEvent(f"{number}{mark}", mark, mark, mark) for number in range(5_000))
    much = replace(situation("x"), hooks=hooks, lost=5_000, lost_events=lost, errors=("#" * 2_000,) * 1_000)
    decision = decide(None, much, NOW)
    assert decision.change is Change.OPENED
    assert len(issue_body(decision, much, RUN)) < 65_536
    assert len(issue_comment(decision, much, RUN)) < 65_536
    assert "and 9,970 more webhooks" in issue_body(decision, much, RUN)


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
