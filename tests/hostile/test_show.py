"""Whatever an endpoint answered, ``redeliver show`` and ``--explain`` print words."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile.strange import PIECES, text
from redeliver.core.endpoint import EndpointResponse
from redeliver.core.report import Explanation, HookReport, Report
from redeliver.entry.terminal import show_events, show_report
from redeliver.run.lookup import ShownAttempt, ShownEvent
from runner import commands
from runs.lengths import examples

#: A terminal of 300 columns, with every colour and with links; and a pipe.
TERMINAL = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "300", "COLORTERM": "truecolor"}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def shown(said: str, given_environment: dict[str, str]) -> str:
    answer = EndpointResponse(said, said, said, said, 120)
    attempts = tuple(
        ShownAttempt("1", 0, redelivery, 500, said, "HTTP 500", response, said)
        for redelivery, response in ((False, answer), (True, None))
    )
    hook = HookReport(
        hook="hook 1",
        hook_id="1",
        owner="octo",
        page="",
        start=1,
        cutoff=1,
        scanned=1,
        redelivered=1,
        events=(),
        checkpoint=1,
        explanations=(Explanation(said, 1, "1", answer),),
    )
    with redirect_stdout(io.StringIO()) as out, mock.patch.dict("os.environ", given_environment):
        show_events([ShownEvent(said, "1", said, said, attempts)])
        show_report(Report((hook,)))
    return out.getvalue()


def check(said: str) -> None:
    for given_environment in (TERMINAL, {}):
        words = COLOUR.sub("", shown(said, given_environment))
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069]", words)
        # A log of a server is often that of a workflow's step.
        assert commands(words) == []


def test_there_is_something_to_see() -> None:
    assert shown("strange", {}).count("strange") == 3 + 5 + 2 + 5
    assert COLOUR.search(shown("strange", TERMINAL))


@pytest.mark.parametrize("pieces", [PIECES[: len(PIECES) // 2], PIECES[len(PIECES) // 2 :]], ids=["one half", "other"])
def test_nothing_alone_controls_the_terminal(pieces: tuple[str, ...]) -> None:
    for piece in pieces:
        check(piece)


@given(text | st.text(max_size=1_500))
@settings(max_examples=examples(30, soak=1_200), deadline=None)
def test_no_text_controls_the_terminal(said: str) -> None:
    check(said)
