"""The job summary: what matters first, tables that nothing can break, and below GitHub's limit."""

from __future__ import annotations

import html
import re
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from redeliver.core.outcomes import Outcome
from redeliver.core.report import Report
from redeliver.output.summary import SHOWN_EVENTS, markdown, unusable
from redeliver.text import plain
from reports import EVENT, PAGE, events, hook, hooks, one

MEBIBYTE = 1_048_576

hostile = st.text(st.sampled_from("a|\\`*_<>[]()#@!&:;~$-+.\n\r\t\x00\u202e é"), max_size=40) | st.text(max_size=40)


def rendered(text: str) -> str:
    """As GitHub would show it, but for what GitHub takes out afterwards."""
    return str(MarkdownIt("gfm-like").render(text))


def cells(text: str) -> list[list[str]]:
    """The cells of the last table, row by row, as a reader sees them."""
    return [[words(cell) for cell in row] for row in table_of(rendered(text), -1)]


def table_of(shown: str, number: int) -> list[list[str]]:
    """The cells of a table, counted from 1, row by row."""
    rows = re.findall(r"<tr>(.*?)</tr>", shown.split("<table>")[number], re.DOTALL)
    return [re.findall(r"<t[dh].*?>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]


def words(cell: str) -> str:
    """What a reader sees."""
    return html.unescape(re.sub(r"<[^>]*>", "", cell)).replace("\xa0", " ")


# -- what one sees first ----------------------------------------------------------------------------------------


def test_a_good_day_is_told_in_three_lines() -> None:
    assert markdown(one()).splitlines() == [
        "## 🟢 Nothing to redeliver: no undelivered event was found",
        "",
        f"[hook 1 of the organization octo]({PAGE}): 1,234 attempts read, back to 2026-11-06 21:20:00 UTC",
    ]


def test_a_good_day_of_many_webhooks_is_told_in_a_few() -> None:
    text = markdown(Report(hooks(1_000)))
    assert text.splitlines()[:3] == [
        "## 🟢 Nothing to redeliver: no undelivered event was found",
        "",
        "<details><summary>1,000 webhooks with nothing to redeliver (1,234,000 attempts read)</summary>",
    ]
    assert len(text.splitlines()) == 10


def test_a_hook_that_was_not_read_says_so() -> None:
    assert (
        markdown(one(read=False, errors=("no",))).splitlines()[2]
        == f"[hook 1 of the organization octo]({PAGE}): not read"
    )


def test_of_many_webhooks_the_worst_comes_first_and_the_quiet_ones_are_folded_away() -> None:
    report = Report(
        (
            *hooks(2),
            hook(*events(Outcome.RECOVERED), name="hook 3"),
            hook(*events(Outcome.REFUSED, Outcome.NOT_DUE), name="hook 4"),
            hook(*events(Outcome.ENDPOINT_DOWN), name="hook 5"),
            hook(name="hook 6", read=False, scanned=0, errors=("no",)),
        )
    )
    shown = rendered(markdown(report))
    rows = [[words(cell) for cell in row] for row in table_of(shown, 1)[1:]]
    assert rows == [
        ["🔴 hook 6", "not read", "", "", "", ""],
        ["🔴 hook 5", "1,234", "1", "2", "0", "1"],
        ["🟡 hook 4", "1,234", "2", "2", "0", "2"],
        ["🟢 hook 3", "1,234", "1", "2", "1", "0"],
    ]
    folded = re.search(r"<details><summary>2 webhooks with nothing to redeliver .*?</details>", shown, re.DOTALL)
    assert folded
    assert re.findall(r">(\d)</a>", folded[0]) == ["1", "2"]


def test_errors_and_warnings_stand_out() -> None:
    shown = rendered(markdown(one(errors=("The token may not do this.",), warnings=("It was slow.",))))
    assert re.search(r"<blockquote>\s*<p>\[!CAUTION\]\s*The token may not do this\.</p>", shown)
    assert re.search(r"<blockquote>\s*<p>\[!WARNING\]\s*It was slow\.</p>", shown)


def test_what_to_do_stands_before_every_detail() -> None:
    text = markdown(one(*events(*[Outcome.FAILED_AGAIN] * 9), errors=("no",), warnings=("slow",)))
    places = [text.index(part) for part in ("## ", "[!CAUTION]", "[!WARNING]", "What to do", "mermaid", "First failed")]
    assert places == sorted(places)


def test_every_outcome_has_its_line_and_what_to_do_about_it() -> None:
    kinds: list[Outcome] = Outcome
    rows = table_of(rendered(markdown(one(*events(*kinds)))), 1)[1:]
    assert sorted(words(row[0]).partition(" ")[2] for row in rows) == sorted(kinds)
    assert all(words(advice) for _, _, advice in rows)


def test_where_there_is_nothing_to_do_nothing_is_said_of_it() -> None:
    assert "What to do" not in markdown(one(*events(Outcome.RECOVERED, Outcome.FILTERED_OUT)))


def test_what_is_not_well_comes_first_by_its_weight_and_does_not_fall_off_the_end() -> None:
    many = events(*[Outcome.RECOVERED] * 300, Outcome.PENDING, Outcome.REFUSED, Outcome.GIVEN_UP)
    text = markdown(one(*many))
    open_rows, folded_rows = (table_of(rendered(text), number)[1:] for number in (2, 3))
    assert [words(row[4]) for row in open_rows] == ["⏸️ out of attempts", "🚫 refused", "⏳ pending"]
    assert len(folded_rows) == SHOWN_EVENTS - 3
    assert "<details><summary>300 events recovered</summary>" in text
    assert "and 103 more events\n\n</details>" in text


def test_what_comes_after_it_is_not_swallowed() -> None:
    for report in (one(), one(*events(Outcome.RECOVERED)), one(*events(Outcome.FILTERED_OUT)), Report(hooks(3))):
        assert rendered(markdown(report) + "## Next\n").rstrip().endswith("<h2>Next</h2>")


def test_with_several_webhooks_each_event_says_whose_it_is() -> None:
    text = markdown(Report(hooks(2, *events(Outcome.FAILED_AGAIN))))
    assert [words(row[-1]) for row in cells(text)] == ["Webhook", "1", "2"]


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
        "details",
        "summary",
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
    assert set(re.findall(r"<([a-z0-9]+)", shown)) <= {"h2", "a", "blockquote", "p"}
    assert set(re.findall(r'href="([^"]*)"', shown)) == {PAGE}


def test_no_text_in_an_input_breaks_out_of_the_list_of_problems() -> None:
    shown = rendered(unusable(["hook-id: must be a number, not '# <b>x</b>\n- y'", "token: is needed"] * 50))
    assert shown.startswith("<h2>🔴 The inputs cannot be used</h2>")
    assert set(re.findall(r"<([a-z0-9]+)", shown)) <= {"h2", "ul", "li"}
    assert shown.count("<li>") == 20
    assert "and 80 more problems" in shown


# -- its size ---------------------------------------------------------------------------------------------------


def test_ten_thousand_events_stay_below_what_github_takes() -> None:
    worst = replace(EVENT, name="|" * 500, guid="@" * 500, outcome=Outcome.REFUSED, detail="GitHub answered 404")
    text = markdown(one(*[worst] * 10_000, errors=("|" * 5_000,), warnings=("|" * 5_000,)))
    assert len(text.encode()) < MEBIBYTE / 2
    assert "and 9,800 more events" in text


def test_a_thousand_failing_hooks_stay_below_what_github_takes() -> None:
    worst = replace(EVENT, name="|" * 500, guid="@" * 500, cause="HTTP " + "9" * 500, outcome=Outcome.FAILED_AGAIN)
    owner = f"the organization {'o' * 100}"
    failing = [
        hook(*[worst] * 100, name=f"hook {number:019} of {owner}", errors=(f"{number % 99} {'|' * 5_000}",) * 3)
        for number in range(1_000)
    ]
    text = markdown(Report(tuple(failing)))
    assert len(text.encode()) < MEBIBYTE / 2
    assert [line for line in text.splitlines() if line.startswith("and ")] == [
        "and 700 more webhooks",
        "and 79 more errors",
        "and 99,800 more events",
    ]


def test_a_thousand_quiet_hooks_stay_below_what_github_takes() -> None:
    text = markdown(Report(hooks(1_000)))
    assert len(text.encode()) < MEBIBYTE / 10
    assert "and 700 more webhooks" in text
