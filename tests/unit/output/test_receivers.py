"""What is known of receivers, as people read it: health and answers, bounded, and nothing but text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reports
from hostile.page import Page
from hostile.strange import PIECES, text
from redeliver.core.case import Outcome
from redeliver.core.deliveries import EndpointResponse
from redeliver.core.health import Health
from redeliver.core.report import Explanation, Report
from redeliver.output.receivers import SHOWN_HOOKS, SHOWN_TYPES, explanations, health_line, percent, response_lines
from redeliver.output.summary import markdown
from reports import hook, hooks, one, stats
from wording import figures

CLOUDFLARE = EndpointResponse("text/html", "cloudflare", "Error · Cloudflare Access", "<!DOCTYPE html> <html>", 120)
BUSY = stats({"push": (900, 899), "issues": (100, 93)}, near=14, throttled=3)


def explained(response: EndpointResponse = CLOUDFLARE, cause: str = "HTTP 403") -> Explanation:
    return Explanation(cause, 1_200, "3804004623172239366", response)


@pytest.mark.parametrize(
    ("response", "lines"),
    [
        (EndpointResponse(server="nginx"), ["Server: nginx", "Body: (empty)"]),
        (EndpointResponse(body="no"), ["Body: no"]),
    ],
)
def test_only_what_was_answered_is_shown(response: EndpointResponse, lines: list[str]) -> None:
    assert response_lines(response) == lines
    assert len(response_lines(EndpointResponse(duration=5))) == 1, "a sentence says that it sent nothing"
    assert explanations(Report((hook(),))) == explanations(Report(())) == ""


@given(st.sampled_from(PIECES) | text)
def test_response_does_not_change_the_page(said: str) -> None:
    usual = Page(markdown(Report((hook(explanations=(explained(EndpointResponse("x", "x", "x", "x")),)),))))
    answer = EndpointResponse(f"x{said}", f"x{said}", f"x{said}", f"x{said}")
    page = Page(markdown(Report((hook(explanations=(explained(answer),)),))))
    assert page.tags == usual.tags
    assert page.looked_for == usual.looked_for


def test_health_is_one_line() -> None:
    line = health_line(one(stats=BUSY))
    assert "\n" not in line
    assert Health.HEALTHY in line
    assert figures(line) == ["99.2", "1,000", "95", "1.8", "14", "8", "10", "3"]


def test_missing_figures_are_left_out() -> None:
    assert figures(health_line(one(stats=stats({"push": (1, 1)}, p95=None)))) == ["100", "1"]
    assert health_line(one(read=False)) == health_line(Report(())) == ""
    assert "was not read in full" in health_line(one(stats=None))
    assert "no event" in health_line(one(stats=stats({})))


def test_share_is_never_rounded_up_to_all() -> None:
    assert percent(99_999, 100_000) == "99.9%"
    assert percent(5, 5) == "100%"


def test_health_of_several_webhooks_is_their_sum_and_worst_state() -> None:
    report = Report((hook(stats=BUSY), hook(stats=BUSY), hook(read=False)))
    line = health_line(report)
    assert Health.UNKNOWN in line
    assert figures(line) == ["1", "3", "99.2", "2,000", "28", "8", "10", "6"]


def test_what_decided_is_said_beside_the_state() -> None:
    recovered = one(stats=stats({"push": (200, 188)}, p95=None))
    assert recovered.health is Health.DEGRADED
    assert figures(health_line(recovered)) == ["94", "200"]
    assert "degraded" not in health_line(recovered), "nothing is left to do"
    waiting = one(reports.events(Outcome.PENDING)[0], stats=stats({"push": (200, 199)}, p95=None))
    assert waiting.health is Health.DEGRADED
    assert figures(health_line(waiting)) == ["1", "99.5", "200"]


def test_table_by_type_is_folded_if_there_are_several() -> None:
    shown = markdown(one(stats=BUSY))
    assert "| push | 900 | 99.8% | 1.8&nbsp;s |\n| issues | 100 | 93% | 1.8&nbsp;s |" in shown
    assert shown.count("<details>") == 1
    assert "<details>" not in markdown(one(stats=stats({"push": (1, 1)}), redelivered=0))


def test_tables_are_bounded_and_hold_strangers_text_as_text() -> None:
    names = {f"</details>|<script>{number}::error::x": (1, 1) for number in range(101)}
    shown = markdown(one(stats=stats(names)))
    assert "<script>" not in shown
    assert shown.count("\n| &#60;") == SHOWN_TYPES
    assert f"and {101 - SHOWN_TYPES} more types" in shown
    several = markdown(Report(hooks(2_000, stats=stats(names))))
    assert several.count("| healthy (nothing is undelivered) | 101 |") == SHOWN_HOOKS
    assert f"and {2_000 - SHOWN_HOOKS:,} more webhooks" in several
