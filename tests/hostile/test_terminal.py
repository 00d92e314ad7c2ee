"""Whatever strangers write, or an endpoint answered, a terminal shows words, and the colours that are ours."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import partial
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from hostile.strange import PIECES, text
from redeliver.core.case import Outcome
from redeliver.core.deliveries import EndpointResponse
from redeliver.core.health import HookHealth
from redeliver.core.report import Explanation, ShownAttempt, ShownEvent
from redeliver.core.settings import parse
from redeliver.entry.terminal import TerminalConsole, show_events, show_hooks, show_report
from redeliver.github.endpoint import host_of
from reports import EVENT, one, stats
from runner import commands
from runs.lengths import examples

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
SETTINGS = parse({"org": "octo", "hook-id": "1"}, ())
#: A terminal of 300 columns, with every colour and with links; and a pipe.
TERMINAL = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "300", "COLORTERM": "truecolor"}
PIPE: dict[str, str] = {}


def shown(said: str, where: dict[str, str] = TERMINAL) -> str:
    """All that the command line prints of what a stranger may have written."""
    answer = EndpointResponse(said, said, said, said, 120)
    attempts = tuple(
        ShownAttempt("1", 0, redelivery, 500, said, "HTTP 500", response, said)
        for redelivery, response in ((False, answer), (True, None))
    )
    event = replace(EVENT, guid=said, name=said, outcome=Outcome.REFUSED, detail="GitHub answered 404")
    known = {"deliveries": 2, "failed": 1, "last_success": 0, "undelivered": 1}
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(out), mock.patch.dict("os.environ", where):
        console = TerminalConsole(verbose=True)
        for say in (console.line, console.detail, partial(console.tell, "error"), partial(console.tell, "warning")):
            say(said)
        with console.group(said):
            console.line("x")
        explained = (Explanation(said, 1, "1", answer),)
        show_report(one(event, errors=(said,), warnings=(said,), explanations=explained))
        host = host_of(f"https://{said}/in")
        listed = HookHealth(1, "octo", host, active=True, **known, stats=stats({said: (2, 1)}))
        show_hooks([listed], SETTINGS, "octo", 0)
        show_events([ShownEvent(said, "1", said, said, attempts)])
    return out.getvalue()


def test_there_is_something_to_see() -> None:
    # On the console, in the report, in the list, and of an event: it, its two attempts, and what was answered twice.
    assert shown("strange").count("strange") >= 7 + 15
    assert COLOUR.search(shown("strange"))


OURS = set(COLOUR.findall(shown("x")))


def check(said: str) -> None:
    for where in (TERMINAL, PIPE):
        told = shown(said, where)
        assert set(COLOUR.findall(told)) <= OURS
        words = COLOUR.sub("", told)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069]", words)
        # A log of a server is often that of a workflow's step.
        assert commands(words) == []


def test_no_single_trick_controls_the_terminal() -> None:
    for piece in PIECES:
        check(piece)


@given(text | st.text(max_size=1_500))
@settings(max_examples=examples(30, soak=1_200), deadline=None)
def test_no_text_controls_the_terminal(said: str) -> None:
    check(said)


def test_markup_is_shown_as_it_is() -> None:
    # But for the host: what is no address has none.
    assert COLOUR.sub("", shown("a[red]b[/]:warning:")).count("a[red]b[/]:warning:") == shown("x-x").count("x-x") - 1
