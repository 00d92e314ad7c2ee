"""Health as people read it: a line, and tables that are bounded and hold text alone."""

from __future__ import annotations

from redeliver.core.report import Report
from redeliver.output.receivers import SHOWN_HOOKS, SHOWN_TYPES, health_line, percent
from redeliver.output.summary import markdown
from reports import hook, hooks, one, stats

BUSY = stats({"push": (900, 899), "issues": (100, 93)}, near=14, throttled=3)


def test_health_is_one_line() -> None:
    assert health_line(one(stats=BUSY)) == (
        "Health: healthy · 99.2% of 1,000 events delivered at first try · p95 1.8 s · "
        "14 took over 8 s of GitHub's 10 s · 3 throttled"
    )


def test_what_there_is_none_of_is_left_out() -> None:
    assert health_line(one(stats=stats({"push": (1, 1)}, p95=None))) == (
        "Health: healthy · 100% of 1 event delivered at first try"
    )
    assert health_line(one(stats=None)) == health_line(one(stats=stats({}))) == health_line(Report(())) == ""


def test_a_share_is_never_rounded_up_to_all() -> None:
    assert percent(99_999, 100_000) == "99.9%"
    assert percent(5, 5) == "100%"


def test_the_line_of_several_webhooks_has_their_sums_and_the_worst_state() -> None:
    report = Report((hook(stats=BUSY), hook(stats=BUSY), hook(read=False)))
    assert health_line(report).startswith("Health: unknown · 99.2% of 2,000 events delivered at first try · 28 took")


def test_a_table_by_type_is_folded_away_where_there_are_types_to_compare() -> None:
    shown = markdown(one(stats=BUSY))
    assert "| push | 900 | 99.8% | 1.8&nbsp;s |\n| issues | 100 | 93% | 1.8&nbsp;s |" in shown
    assert shown.count("<details>") == 1
    assert "<details>" not in markdown(one(stats=stats({"push": (1, 1)})))


def test_the_tables_are_bounded_and_hold_text_of_strangers_as_text() -> None:
    names = {f"</details>|<script>{number}::error::x": (1, 1) for number in range(101)}
    shown = markdown(one(stats=stats(names)))
    assert "<script>" not in shown
    assert shown.count("\n| &#60;") == SHOWN_TYPES
    assert f"and {101 - SHOWN_TYPES} more types" in shown
    several = markdown(Report(hooks(2_000, stats=stats(names))))
    assert several.count("| healthy | 101 |") == SHOWN_HOOKS
    assert f"and {2_000 - SHOWN_HOOKS:,} more webhooks" in several
