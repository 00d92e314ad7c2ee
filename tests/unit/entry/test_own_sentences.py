"""The action's own sentences are shown whole wherever they appear: strangers' text alone loses its URLs."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import pytest

import reports
from docs.sentences import kinds, problems
from hostile.page import Page
from redeliver.entry.terminal import TerminalConsole
from redeliver.entry.workflow import ActionsConsole
from redeliver.output.report_json import as_json
from redeliver.output.summary import markdown, unusable
from runner import commands
from samples import plain_id

if TYPE_CHECKING:
    from collections.abc import Callable

TEMPLATES = sorted({text for kind in kinds().values() for text in (kind.sentence, kind.advice)} | problems())
WITH_ADDRESS = [text for text in TEMPLATES if "://" in text]


def annotated(text: str) -> str:
    with redirect_stdout(io.StringIO()) as out:
        ActionsConsole().error(text)
    (command,) = commands(out.getvalue())
    return command.data


def on_a_terminal(text: str) -> str:
    console = TerminalConsole()
    with console._console.capture() as printed:
        console.error(text)
    return printed.get()


def in_the_summary(markdown: str) -> str:
    return "".join(Page(markdown).texts).replace("\u2060", "")


PLACES: dict[str, Callable[[str], str]] = {
    "an annotation": annotated,
    "a terminal": on_a_terminal,
    "the summary of unusable inputs": lambda text: in_the_summary(unusable([text])),
    "the summary of a run": lambda text: in_the_summary(markdown(reports.one(errors=[text]))),
    "the report": lambda text: as_json(reports.one(errors=[text])).encode().decode("unicode_escape"),
}


def test_some_sentences_have_an_address() -> None:
    assert len(WITH_ADDRESS) > 1


@pytest.mark.parametrize("place", PLACES)
def test_a_sentence_of_our_own_is_shown_whole(place: str) -> None:
    assert [text for text in TEMPLATES if text not in PLACES[place](text)] == []


@pytest.mark.parametrize("text", WITH_ADDRESS, ids=plain_id)
def test_an_address_of_our_own_is_a_link_in_the_summary(text: str) -> None:
    links = [tag for tag in Page(unusable([text])).tags if tag.startswith("<a ")]
    assert len(links) == len(re.findall(r"https://[a-z]", text))
