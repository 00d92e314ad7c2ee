"""The job summary: what matters first, tables that nothing can break, and below GitHub's limit."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from math import inf
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from githubsim.clock import DAY, HOUR, START
from redeliver.core.case import Outcome
from redeliver.core.forecast import forecast
from redeliver.core.report import Outage, Report
from redeliver.output.pieces import SHOWN_EVENTS, advice_for
from redeliver.output.summary import markdown, unusable
from redeliver.text import plain
from reports import EVENT, PAGE, events, hook, hooks, one
from wording import figures

MEBIBYTE = 1_048_576

hostile = st.text(st.sampled_from("a|\\`*_<>[]()#@!&:;~$-+.\n\r\t\x00\u202e é"), max_size=40) | st.text(max_size=40)


def rendered(text: str) -> str:
    """As GitHub would show it, but for what GitHub takes out afterwards."""
    return str(MarkdownIt("gfm-like").render(text))


def table_of(shown: str, number: int) -> list[list[str]]:
    """The cells of a table, counted from 1, row by row."""
    rows = re.findall(r"<tr>(.*?)</tr>", shown.split("<table>")[number], re.DOTALL)
    return [re.findall(r"<t[dh].*?>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]


def words(cell: str) -> str:
    """What a reader sees."""
    return html.unescape(re.sub(r"<[^>]*>", "", cell)).replace("\xa0", " ").replace("\u2060", "")


def test_good_day_of_many_webhooks_takes_few_lines() -> None:
    text = markdown(Report(hooks(1_000, redelivered=0)))
    assert len(text.encode()) < MEBIBYTE / 10
    assert "and 700 more webhooks" in text
    assert figures(text.splitlines()[2]) == ["1,000", "1,234,000"]
    assert text.splitlines()[4].startswith("<details>")
    assert len(text.splitlines()) == 10


def test_worst_webhook_comes_first_and_quiet_ones_are_folded() -> None:
    outage = Outage(START - HOUR, at_least=False, cause="no connection", tests=3)
    takes = forecast(600, 150, inf, run_seconds=3_600, time_left=inf)
    report = Report(
        (
            *hooks(2),
            hook(*events(Outcome.RECOVERED), number=3),
            hook(*events(Outcome.REFUSED, Outcome.NOT_DUE), number=4),
            hook(*events(Outcome.ENDPOINT_DOWN), number=5, outage=outage, forecast=takes),
            hook(number=6, read=False, scanned=0, errors=("no",)),
            hook(*events(Outcome.GIVEN_UP), number=7),
            hook(number=8, active=False),
        )
    )
    shown = rendered(markdown(report))
    until = "9 Nov 21:20 UTC (3 d left)"
    assert [[words(cell) for cell in row] for row in table_of(shown, 1)[1:]] == [
        ["🔴 7", "", "0", "1", "0", "", ""],
        ["🔴 6", "not read", "", "", "", "", ""],
        ["🔴 5", "down since 20:20 UTC (1 h ago): no connection", "1", "0", "0", until, "4 min, in 1 run"],
        ["🟡 4", "", "2", "0", "0", until, ""],
        ["🟡 8", "switched off", "0", "0", "0", "", ""],
        ["🟢 3", "", "0", "0", "1", "", ""],
    ]
    (quiet,) = re.findall("Nothing to redeliver: (.*)", shown)
    assert re.findall(r">(\d)</a>", quiet) == ["1", "2"]


def test_advice_follows_the_causes_of_events_that_failed_again() -> None:
    failed = [
        replace(event, cause=cause)
        for event, cause in zip(
            events(*[Outcome.FAILED_AGAIN] * 3), ("no connection", "HTTP 422", "no connection"), strict=True
        )
    ]
    pending = replace(EVENT, outcome=Outcome.PENDING, cause="HTTP 404")
    text = markdown(one(*failed, pending))
    rows = table_of(rendered(text), 2)[1:]
    assert [[words(cell) for cell in row] for row in rows] == [
        ["no connection", "2", "See above."],
        ["HTTP 422", "1", advice_for("HTTP 422")],
    ]
    (do,) = re.findall(r"Do now:\*\* (.*)", text)
    assert "no connection" in do
    alone = markdown(one(failed[0]))
    assert "What to do" not in alone, "the alert has it"
    assert words(rendered(alone)).count(advice_for("no connection")) == 1


def test_what_cannot_be_sent_in_time_is_red_and_says_what_helps() -> None:
    takes = forecast(50_000, 150, 5_000, run_seconds=1_800, time_left=7_200)
    report = one(*events(Outcome.OUT_OF_TIME), forecast=takes, deadline=START + 24 * HOUR)
    text = markdown(report)
    assert text.startswith("## 🔴")
    assert "12 h 30 min" in text.splitlines()[0]
    assert all(help_ in words(rendered(text)) for help_ in (takes.in_one_run, *takes.faster))
    soon = forecast(50_000, 150, 5_000, run_seconds=1_800, time_left=90_000)
    assert markdown(one(*events(Outcome.OUT_OF_TIME), forecast=soon)).startswith("## 🟡")


def test_later_markdown_is_not_swallowed() -> None:
    for report in (one(), one(*events(Outcome.RECOVERED)), one(*events(Outcome.FILTERED_OUT)), Report(hooks(3))):
        assert rendered(markdown(report) + "## Next\n").rstrip().endswith("<h2>Next</h2>")


def test_many_events_are_counted_by_type_and_folded() -> None:
    many = [
        *events(*[Outcome.ENDPOINT_DOWN] * 20),
        *(replace(event, guid=f"other-{event.guid}", name="issues") for event in events(*[Outcome.ENDPOINT_DOWN] * 30)),
    ]
    text = markdown(one(*many))
    assert "\n30 issues · 20 push\n" in text
    assert "<details><summary>50 events waiting, with GUIDs</summary>" in text
    few = markdown(one(*events(Outcome.REFUSED)))
    assert "guid&#45;0" in few.split("<details>")[0]


def test_events_are_listed_by_weight_and_lost_ones_are_not_cut() -> None:
    many = events(*[Outcome.RECOVERED] * 210, Outcome.PENDING, Outcome.REFUSED, Outcome.GIVEN_UP)
    text = markdown(one(*many))
    lost, waiting, unseen, recovered = (table_of(rendered(text), number)[1:] for number in (2, 3, 4, 5))
    assert [words(row[5]) for row in lost + waiting + unseen] == ["🔴 given up", "🚫 refused", "⏳ pending"]
    assert len(recovered) == SHOWN_EVENTS - 3
    assert "<details><summary>197 of 210 events recovered, with GUIDs</summary>" in text


def test_page_of_a_run_that_read_nothing_says_until_when_that_is_safe() -> None:
    known: dict[str, Any] = {"read": False, "redelivered": 0, "errors": ("No.",)}
    text = words(rendered(markdown(one(**known, unread_from=START - HOUR, unread_until=START + 2 * DAY))))
    assert "Nothing was checked or redelivered." in text
    assert text.count("8 Nov 21:20 UTC (2 d left)") == 2
    assert "safe for 3 days after that run" in words(rendered(markdown(one(**known))))
    waits = one(*events(Outcome.RUN_FAILED), errors=("No.",))
    assert "nothing is redelivered. The next run that works sends 1 event." in words(rendered(markdown(waits)))


def test_same_number_is_on_the_whole_page() -> None:
    report = one(*events(*[Outcome.NOT_DUE] * 18, *[Outcome.PENDING] * 3))
    assert "18 events are still undelivered, 3 have no result yet" in html.unescape(markdown(report)).replace(
        "\u2060", ""
    )
    assert "21" not in re.sub(r"\d+:21|21:\d+|guid.21|<details>.*", "", markdown(report).split("<details>")[0])


def test_events_that_are_no_longer_retried_can_be_copied() -> None:
    guid, other = "0b989ba4-242f-11e5-81e1-c7b6966d2516", "```\n# x"
    given_up = [replace(EVENT, outcome=Outcome.GIVEN_UP, guid=one) for one in (guid, other)]
    text = markdown(one(*given_up))
    assert f"```\n{guid}\n```" in text
    assert "# x" not in text


@given(hostile, hostile)
@example("|", "a|b")
@example("\\", "\\|")
@example("`|`", "``")
@example("x\n| a | b |", "x\n\n# y")
@example("<script>alert(1)</script>", "<!--")
@example("[x](javascript:alert(1))", "![x](https://evil.example/x.png)")
@example("www.evil.com me@evil.com https://evil.com", "@octocat #1")
@example("```mermaid", "</td></tr></table>")
def test_text_in_a_cell_has_no_syntax(name: str, guid: str) -> None:
    text = markdown(one(replace(EVENT, name=name, guid=guid)))
    header, row = ([words(cell) for cell in row] for row in table_of(rendered(text), 1))
    assert len(header) == len(row) == 6
    assert row[1].strip() == plain(name, 80)
    assert row[0].strip() == (plain(guid, 36) + EVENT.delivery_id).strip()
    shown = rendered(text)
    table = "table thead tbody tr td th"
    assert set(re.findall(r"<([a-z0-9]+)", shown)) <= set(f"a b p br strong h2 details summary {table}".split())
    assert set(re.findall(r'(?:href|src)="([^"]*)"', shown)) == {PAGE}


def test_problems_of_inputs_stay_in_their_list() -> None:
    problems = ["hook-id: must be a number, not '# <b>x</b>\n- y'", "token: is needed"] * 50
    shown = rendered(unusable(problems, redelivers=True))
    assert shown.startswith("<h2>🔴 ")
    assert set(re.findall(r"<([a-z0-9]+)", shown)) <= {"h2", "ul", "li", "blockquote", "p", "strong", "br"}
    assert shown.count("<li>") == 21
    assert "and 80 more problems" in shown
    assert "nothing is redelivered" in shown
    assert "redelivered" not in unusable(problems, redelivers=False)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["\U0001f600" * 5_000, "@" * 5_000])
def test_thousands_of_events_or_webhooks_stay_below_what_github_takes(text: str) -> None:
    many = replace(EVENT, name=text, guid=text, outcome=Outcome.REFUSED, detail=text)
    errors = [f"{'a' * number}{text}" for number in range(30)]
    shown = markdown(one(*[many] * 10_000, errors=errors, warnings=errors, hook=text))
    assert len(shown.encode()) < MEBIBYTE
    left_out = dict(re.findall(r"^and [\d,]+ more (\w+) ?(.*)", shown, re.MULTILINE))
    assert {"errors", "events"} <= left_out.keys()
    # As many different errors as there are webhooks, and addresses as long as a server's name lets them be.
    worst = [replace(EVENT, name=f"{number}{text}", guid=text, outcome=Outcome.FAILED_AGAIN) for number in range(8)]
    usual: dict[str, Any] = {"page": f"{PAGE}{'x' * 300}", "hook_id": text, "hook": text}
    failing = [hook(*worst, number=number, errors=[f"{'a' * number}{text}"] * 3, **usual) for number in range(1, 500)]
    shown = markdown(Report(tuple(failing)))
    assert len(shown.encode()) < MEBIBYTE
    assert shown.count("\nand ") >= 2


@pytest.mark.slow
@given(hostile, st.integers(1, 100), st.integers(1, 5), st.sampled_from(Outcome))
def test_summary_with_any_text_fits(said: str, many: int, several: int, kind: Outcome) -> None:
    text = said * 200
    worst = replace(EVENT, name=text, guid=text, cause=text, detail=text, delivery_id=text, outcome=kind)
    shown = markdown(Report(hooks(several, *[worst] * many, errors=[text], warnings=[text])))
    assert len(shown.encode()) < MEBIBYTE
