"""The run in a sentence or two, and what stands on its own page."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import DAY, MINUTE, START
from redeliver.core.case import LOST, Outcome
from redeliver.core.facts import Fact, FactKind
from redeliver.core.report import HookReport, Outage, Report
from redeliver.core.settings import FailOn
from redeliver.documents import entry
from redeliver.output.headline import MAX_ANNOTATIONS, annotate, bounded, headline, what_comes_next
from redeliver.output.pieces import mark
from redeliver.output.summary import markdown
from reports import Problem, events, hook, one
from unit.core.test_facts import FIELDS
from unit.output.endings import ANNOTATED
from wording import figures

outcomes = st.sampled_from(Outcome)
any_hook = st.builds(
    lambda kinds, known: hook(*events(*kinds), **known),
    st.lists(outcomes, max_size=6),
    st.fixed_dictionaries(
        {
            "read": st.booleans(),
            "partial": st.booleans(),
            "active": st.none() | st.booleans(),
            "gap": st.none() | st.just((1, 2)),
            "errors": st.sampled_from([(), ("no",)]),
            "deadline": st.none() | st.integers(START - DAY, START + 4 * DAY),
        }
    ),
)


@given(reports=st.lists(any_hook, min_size=1, max_size=3), dry_run=st.booleans(), signal=st.sampled_from([None, 2]))
def test_headline_is_never_green_over_a_loss_or_an_unread_log(
    *, reports: list[HookReport], dry_run: bool, signal: int | None
) -> None:
    report = Report(tuple(reports), dry_run, signal)
    light, says = mark(report), headline(report)
    assert says
    if report.lost or any(one.gap for one in reports):
        assert light == "🔴"
    if light == "🟢":
        assert all(one.read and not one.undelivered for one in reports)
    if any(event.outcome in LOST for event in report.events):
        assert re.search("(is|are) (no longer retried|lost)", says)


@pytest.mark.parametrize("report", ANNOTATED)
def test_annotations_say_each_thing_once(report: Report) -> None:
    said = [*annotate(report, FailOn.ERROR)]
    assert said == [*annotate(report, FailOn.NEVER)]
    assert len([level for level, _ in said if level != "error"]) <= 1
    sentences = [one for _, text in said for one in text.split(". ") if one]
    assert len(set(sentences)) == len(sentences)


def test_next_redelivery_is_reported() -> None:
    due, later = (
        replace(event, next_attempt_at=START + wait)
        for event, wait in zip(events(Outcome.REFUSED, Outcome.NOT_DUE), (0, 20 * MINUTE), strict=True)
    )
    assert figures(what_comes_next(one(due, later))) == ["1", "1", "21:40"]
    assert figures(what_comes_next(one(later))) == ["21:40"]
    for report in (one(due, later), one(later)):
        assert what_comes_next(report) in dict(annotate(report, FailOn.ERROR))["warning"]


def test_step_that_fails_by_fail_on_says_so() -> None:
    again = events(Outcome.PENDING)
    report = one(*again, warnings=("It was slow.",))
    reason = "(fail-on: undelivered)"
    failing, warning = annotate(report, FailOn.UNDELIVERED)
    assert failing == ("error", f"{headline(report)} {reason}")
    assert warning[1].endswith("It was slow.")
    assert headline(report) not in warning[1]
    down = one(*again, outage=Outage(None, at_least=False, cause="HTTP 503", tests=3))
    assert ("error", f"{headline(down)} (fail-on: down)") in [*annotate(down, FailOn.DOWN)]
    unread = one(read=False, warnings=("The hour is spent.",))
    for ending, error in (
        (unread, [f"{headline(unread)} {reason}"]),
        (one(*events(Outcome.RECOVERED)), []),
        (one(*again, errors=("No.",)), ["No."]),
    ):
        assert [text for level, text in annotate(ending, FailOn.UNDELIVERED) if level == "error"] == error


def test_annotations_are_limited_to_what_github_shows() -> None:
    assert bounded(["no"] * MAX_ANNOTATIONS) == ("no",) * MAX_ANNOTATIONS
    report = Report(tuple(hook(number=number, errors=(f"{'x' * number}",)) for number in range(1, 41)))
    errors = [text for level, text in annotate(report, FailOn.ERROR) if level == "error"]
    assert len(errors) == MAX_ANNOTATIONS
    assert figures(errors[-1]) == ["31"]


#: Of these the headline has the numbers, or the signal; a table of webhooks has the short form.
TOLD_OTHERWISE = {FactKind.DEADLINE_NEAR, FactKind.STOPPED}


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("kind", [kind for kind in FactKind if kind not in TOLD_OTHERWISE])
def test_every_fact_is_on_the_page_however_many_webhooks_have_it(kind: FactKind, number: int) -> None:
    since = START - DAY if kind is FactKind.GAP else " since yesterday"
    fact = Fact(kind, FIELDS | {"since": since, "error": Problem("It is so.", "Do that.")})
    report = Report(tuple(hook(number=place, endings=(fact,)) for place in range(1, number + 1)))
    (fact,) = (one for one in report.facts if one.kind is kind)
    page = markdown(report)
    shown = html.unescape(page).replace("\u2060", "")
    assert any(words and words in shown for words in (fact.heading, fact.sentence, fact.short))
    assert f"]({entry(fact)})" in shown or (fact.short and fact.short in shown)
