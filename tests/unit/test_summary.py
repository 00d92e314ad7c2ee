"""The job summary: the run in one sentence, tables that nothing can break, and below GitHub's limit."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from githubsim.clock import START
from redeliver.plan import Reason
from redeliver.redelivery import Outcome
from redeliver.report import EventReport, HookReport, Report
from redeliver.summary import SHOWN_EVENTS, headline, markdown
from redeliver.text import plain

PAGE = "https://github.com/organizations/octo/settings/hooks/1?tab=deliveries"
MEBIBYTE = 1_048_576
EVENT = EventReport("g", "push", START, "HTTP 503", 2, Outcome.RECOVERED, "")

hostile = st.text(st.sampled_from("a|\\`*_<>[]()#@!&:;~$-+.\n\r\t\x00\u202e é"), max_size=40) | st.text(max_size=40)


def events(*outcomes: Outcome | Reason) -> tuple[EventReport, ...]:
    return tuple(
        replace(EVENT, guid=f"guid-{number}", outcome=outcome, first_failed_at=START + number * 60_000)
        for number, outcome in enumerate(outcomes)
    )


def hook(*shown: EventReport, name: str = "hook 1 of the organization octo", **known: Any) -> HookReport:  # noqa: ANN401
    usual: dict[str, Any] = {"page": PAGE, "start": START, "cutoff": START, "scanned": 1_234, "redelivered": 2}
    return HookReport(hook=name, events=shown, **usual | {"checkpoint": START} | known)


def one(*shown: EventReport, **known: Any) -> Report:  # noqa: ANN401
    return Report((hook(*shown, **known),))


def rendered(text: str) -> str:
    """As GitHub would show it, but for what GitHub takes out afterwards."""
    return str(MarkdownIt("gfm-like").render(text))


def cells(text: str) -> list[list[str]]:
    """The cells of the last table, row by row, as a reader sees them."""
    table = rendered(text).split("<table>")[-1]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    return [
        [html.unescape(re.sub(r"<[^>]*>", "", cell)) for cell in re.findall(r"<t[dh].*?>(.*?)</t[dh]>", row, re.DOTALL)]
        for row in rows
    ]


# -- the run in one sentence ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report", "says", "mark"),
    [
        (one(), "Nothing to redeliver: every event in the window was delivered", "🟢"),
        (one(*events(Reason.FILTERED)), "Nothing to redeliver: 1 event filtered out", "🟢"),
        (one(*events(*[Reason.FILTERED] * 1_000)), "Nothing to redeliver: 1,000 events filtered out", "🟢"),
        (one(*events(Outcome.RECOVERED)), "The event that had failed is recovered", "🟢"),
        (one(*events(*[Outcome.RECOVERED] * 2)), "All 2 events that had failed are recovered", "🟢"),
        (one(*events(Outcome.RECOVERED, Outcome.PENDING)), "1 of 2 events recovered, 1 still undelivered", "🟡"),
        (one(*events(Reason.NOT_DUE)), "0 of 1 event recovered, 1 still undelivered", "🟡"),
        (
            one(*events(Outcome.FAILED_AGAIN, Reason.ENDPOINT_DOWN)),
            "The endpoint is down: 2 events still undelivered",
            "🔴",
        ),
        (
            Report((hook(*events(Reason.DRY_RUN)),), dry_run=True),
            "Dry run: 1 event undelivered, nothing was sent",
            "🟡",
        ),
        (one(errors=("no",)), "The run failed", "🔴"),
        (Report((), fault="No webhook fits."), "The run failed", "🔴"),
        (one(*events(Reason.FAULT), errors=("no",)), "0 of 1 event recovered, 1 still undelivered", "🔴"),
        (one(warnings=("slow",)), "Nothing to redeliver: every event in the window was delivered", "🟡"),
        (
            Report((hook(*events(Outcome.RECOVERED, Reason.STOPPED)),), signal_number=15),
            "The run was stopped: 1 of 2 events recovered so far",
            "🟡",
        ),
    ],
)
def test_each_ending_has_its_sentence_and_its_mark(report: Report, says: str, mark: str) -> None:
    assert headline(report) == says
    assert markdown(report).splitlines()[0] == f"## {mark} {says}"


def test_a_good_day_is_told_in_a_few_lines() -> None:
    text = markdown(one())
    assert len(text.splitlines()) <= 3
    assert "1,234 attempts read, back to 2026-11-06 21:20:00 UTC; 0 events found undelivered" in html.unescape(text)


def test_a_hook_that_was_not_read_says_so() -> None:
    assert "not read" in markdown(one(start=0, errors=("no",)))


def test_errors_and_warnings_stand_out() -> None:
    shown = rendered(markdown(one(errors=("The token may not do this.",), warnings=("It was slow.",))))
    assert re.search(r"<blockquote>\s*<p>\[!CAUTION\]\s*The token may not do this\.</p>", shown)
    assert re.search(r"<blockquote>\s*<p>\[!WARNING\]\s*It was slow\.</p>", shown)


def test_every_outcome_has_its_line_and_what_to_do_about_it() -> None:
    kinds: list[Outcome | Reason] = [*Outcome, *Reason]
    text = markdown(one(*events(*kinds)))
    table = rendered(text).split("<table>")[1]
    for kind in kinds:
        (line,) = [
            row for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL) if f" {html.escape(kind, quote=False)}<" in row
        ]
        advice = re.findall(r"<td.*?>(.*?)</td>", line)[2]
        assert bool(advice) is (kind not in {Outcome.RECOVERED, Reason.FILTERED}), kind


def test_what_is_not_well_comes_first_and_does_not_fall_off_the_end() -> None:
    many = events(*[Outcome.RECOVERED] * 300, Outcome.REFUSED)
    rows = cells(markdown(one(*many)))
    assert rows[1][4:] == ["🚫 refused", "guid-300"]
    assert len(rows) == 1 + SHOWN_EVENTS
    assert "and 101 more events" in markdown(one(*many))


def test_why_is_told_beside_the_outcome() -> None:
    refused = replace(EVENT, outcome=Outcome.REFUSED, detail="GitHub answered 404")
    assert cells(markdown(one(refused)))[1][4] == "🚫 refused (GitHub answered 404)"


# -- nothing that strangers wrote does anything -----------------------------------------------------------------


@given(hostile, hostile)
@example("|", "a|b")
@example("\\", "\\|")
@example("`|`", "``")
@example("x\n| a | b |", "x\n\n# y")
@example("<script>alert(1)</script>", "<!--")
@example("[x](javascript:alert(1))", "![x](https://evil.example/x.png)")
@example("www.evil.com me@evil.com https://evil.com", "@octocat #1")
@example("```mermaid", "</td></tr></table>")
def test_no_text_breaks_a_cell_or_means_anything_in_it(name: str, guid: str) -> None:
    text = markdown(one(replace(EVENT, name=name, guid=guid)))
    header, row = cells(text)
    assert len(header) == len(row) == 6
    assert row[0].replace("\u2060", "").strip() == plain(name, 80)
    assert row[5].replace("\u2060", "").strip() == plain(guid, 36)
    shown = rendered(text)
    assert set(re.findall(r"<([a-z0-9]+)", shown)) <= {
        *"abp",
        "h2",
        "ul",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "td",
        "th",
    }
    assert set(re.findall(r'(?:href|src)="([^"]*)"', shown)) == {PAGE}


@given(hostile)
def test_no_text_breaks_out_of_a_caution(said: str) -> None:
    shown = rendered(markdown(one(errors=(f"GitHub says: {said}",))))
    assert shown.count("<blockquote>") == 1
    assert set(re.findall(r"<([a-z0-9]+)", shown)) <= {"h2", "ul", "li", "a", "blockquote", "p"}
    assert set(re.findall(r'href="([^"]*)"', shown)) == {PAGE}


# -- its size ---------------------------------------------------------------------------------------------------


def test_ten_thousand_events_stay_below_what_github_takes() -> None:
    worst = replace(EVENT, name="|" * 500, guid="@" * 500, outcome=Outcome.REFUSED, detail="GitHub answered 404")
    text = markdown(one(*[worst] * 10_000, errors=("|" * 5_000,), warnings=("|" * 5_000,)))
    assert len(text.encode()) < MEBIBYTE / 2
    assert "and 9,800 more events" in text


def test_a_thousand_failing_hooks_stay_below_what_github_takes() -> None:
    name = "hook 1234567890123456789 of the organization " + "o" * 100
    failing = hook(EVENT, name=name, errors=("|" * 5_000,), warnings=("|" * 5_000,))
    text = markdown(Report((failing,) * 1_000))
    assert len(text.encode()) < MEBIBYTE
    assert [line for line in text.splitlines() if line.startswith("and ")] == [
        "and 700 more webhooks",
        "and 950 more errors",
        "and 950 more warnings",
        "and 800 more events",
    ]


def test_a_run_over_many_hooks_tells_each_in_a_line() -> None:
    shown = rendered(markdown(Report((hook(name="hook 1"), hook(name="hook 2")))))
    assert [html.unescape(line) for line in re.findall(r">(hook \d)<", shown)] == ["hook 1", "hook 2"]
