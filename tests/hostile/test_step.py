"""Whatever strangers write, a step says and shows the same as if they had written nothing of note."""

from __future__ import annotations

import io
import json
import os
import re
from contextlib import redirect_stdout
from dataclasses import replace
from functools import cache
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hostile.page import Page
from hostile.run import Ending, Strange
from hostile.strange import PIECES, text
from redeliver.core.deliveries import NO_CONNECTION, TIMED_OUT, TLS, cause_of
from redeliver.entry.workflow import ActionsConsole
from runner import commands
from runs.lengths import examples
from step import Done

ENDINGS: tuple[Ending, ...] = ("well", "refused", "forbidden", "unread", "elsewhere", "unreadable checkpoint")

strange = st.builds(Strange, guid=text, event=text, action=text, said=text, answered=text)


@cache
def harmless(ending: Ending) -> Done:
    return Strange(ending=ending).run()


@cache
def harmless_page(ending: Ending) -> Page:
    return Page(harmless(ending).summary)


@pytest.mark.parametrize("ending", ENDINGS)
def test_there_is_something_to_see(ending: Ending) -> None:
    told = harmless(ending)
    assert "report" in told.outputs
    assert commands(told.log)
    assert len(Page(told.summary).tags) > 5
    if ending == "well":
        assert "Server&#58;&#8288; xno" in told.summary
    if ending in {"forbidden", "unread"}:
        assert "message" in told.log + told.summary


def check(strange: Strange) -> None:
    told, usual = strange.run(), harmless(strange.ending)

    assert [one.name for one in commands(told.log)] == [one.name for one in commands(usual.log)]
    assert len(told.log.splitlines()) == len(usual.log.splitlines())
    assert not re.search(r"[^\n\x20-\x7e\xa0-\U0010ffff]", told.log)

    assert told.outputs.keys() == usual.outputs.keys()
    numbers = {name: value for name, value in told.outputs.items() if name != "report"}
    assert numbers == {name: usual.outputs[name] for name in numbers}
    assert json.loads(told.outputs["report"]).keys() == json.loads(usual.outputs["report"]).keys()
    assert commands(told.outputs["report"]) == []  # a later step may print it

    page, usual_page = Page(told.summary), harmless_page(strange.ending)
    assert page.tags == usual_page.tags
    assert page.drawn == usual_page.drawn
    assert page.looked_for == usual_page.looked_for


@pytest.mark.parametrize("ending", ["well", "forbidden"])
def test_no_single_trick_shapes_log_outputs_or_summary(ending: Ending) -> None:
    for piece in PIECES:
        check(Strange(guid=piece, event=piece, action=piece, said=piece, answered=piece, ending=ending))


@pytest.mark.parametrize("ending", ENDINGS)
@given(strange=strange)
@example(strange=Strange(event=". 0", said=". 0"))
@example(strange=Strange(event=". 0", said=". Ok. "))
@settings(max_examples=examples(30, soak=1_600), deadline=None)
def test_no_text_shapes_log_outputs_or_summary(ending: Ending, strange: Strange) -> None:
    check(replace(strange, ending=ending))


@given(st.sampled_from(PIECES) | text)
@settings(max_examples=examples(30, soak=8_000))
def test_no_line_is_a_command_and_an_annotation_is_one(said: str) -> None:
    console = ActionsConsole()
    with mock.patch.dict(os.environ, {"RUNNER_DEBUG": "1"}), redirect_stdout(io.StringIO()) as out:
        console.line(said)
        console.detail(said)
        for level in ("error", "warning", "notice"):
            console.tell(level, said)
        with console.group(said):
            pass
    assert "##[" not in out.getvalue()
    names = [command.name for command in commands(out.getvalue())]
    assert names == ["debug", "error", "warning", "notice", "group", "endgroup"]


@given(text, st.integers(-1, 999))
@settings(max_examples=examples(30, soak=6_000))
def test_a_cause_is_always_in_words_of_ours(status: str, code: int) -> None:
    assert cause_of(status, code) in {TIMED_OUT, TLS, NO_CONNECTION, f"HTTP {code}"}
