"""What endpoints answered, as a part of the summary: next to its cause, and nothing but text."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import START
from hostile.page import Page
from hostile.strange import PIECES, text
from redeliver.core.endpoint import EndpointResponse
from redeliver.core.report import Explanation, HookReport, Report
from redeliver.output.receivers import explanations, response_lines
from redeliver.output.summary import markdown

CLOUDFLARE = EndpointResponse("text/html", "cloudflare", "Error · Cloudflare Access", "<!DOCTYPE html> <html>", 120)
PAGE = "https://github.com/organizations/octo/settings/hooks/17?tab=deliveries"


def hook(*told: Explanation, hook_id: str = "17", page: str = PAGE) -> HookReport:
    return HookReport(
        hook=f"hook {hook_id} of the organization octo",
        hook_id=hook_id,
        owner="octo",
        page=page,
        start=START,
        cutoff=START - 1,
        scanned=9,
        redelivered=0,
        events=(),
        checkpoint=START,
        explanations=told,
    )


def explained(response: EndpointResponse = CLOUDFLARE, cause: str = "HTTP 403") -> Explanation:
    return Explanation(cause, 1_200, "3804004623172239366", response)


def shown(*hooks: HookReport) -> list[list[str]]:
    """The rows of the table, as people read them."""
    rows = [line for line in explanations(Report(hooks)).splitlines() if line.startswith("| ")]
    return [[html.unescape(cell).replace("\u2060", "") for cell in row.strip("| ").split(" | ")] for row in rows]


def test_each_cause_stands_beside_what_the_receiver_answered() -> None:
    header, _, row = shown(hook(explained()))
    assert header[:2] == ["Cause", "Events"]
    assert row[:2] == ["HTTP\xa0403", "1,200"]
    assert row[2].split("<br>") == [
        "Content-Type: text/html",
        "Server: cloudflare",
        "Title: Error · Cloudflare Access",
        "Body: <!DOCTYPE html> <html>",
    ]


def test_of_several_webhooks_each_is_named_and_linked() -> None:
    header, _, *rows = shown(hook(explained()), hook(explained(cause="HTTP 500"), hook_id="18", page=""), hook())
    assert header[3] == "Webhook"
    assert [row[3] for row in rows] == [f"[17]({PAGE})", "18"]


def test_where_nothing_was_looked_up_there_is_nothing() -> None:
    assert explanations(Report((hook(),))) == explanations(Report(())) == ""


@pytest.mark.parametrize(
    ("response", "lines"),
    [
        (EndpointResponse(server="nginx"), ["Server: nginx", "Body: (empty)"]),
        (EndpointResponse(body="no"), ["Body: no"]),
    ],
)
def test_what_was_not_said_is_not_shown(response: EndpointResponse, lines: list[str]) -> None:
    assert response_lines(response) == lines


def test_of_a_response_that_is_empty_a_sentence_says_so() -> None:
    (line,) = response_lines(EndpointResponse(duration=5))
    assert line.endswith(".")


def test_the_summary_has_it() -> None:
    report = Report((hook(explained()),))
    assert explanations(report)
    assert explanations(report) in markdown(report)


@given(st.sampled_from(PIECES) | text)
def test_no_answer_shapes_the_page(said: str) -> None:
    usual = Page(markdown(Report((hook(explained(EndpointResponse("x", "x", "x", "x"))),))))
    answer = EndpointResponse(f"x{said}", f"x{said}", f"x{said}", f"x{said}")
    page = Page(markdown(Report((hook(explained(answer)),))))
    assert page.tags == usual.tags
    assert page.looked_for == usual.looked_for
