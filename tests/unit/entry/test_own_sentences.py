"""The action's own sentences are shown whole wherever they appear: strangers' text alone loses its URLs."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout

import pytest

import reports
from docs.sentences import kinds, problems
from hostile.page import Page
from redeliver.entry.terminal import TerminalConsole
from redeliver.entry.workflow import ActionsConsole
from redeliver.output.report_json import as_json
from redeliver.output.summary import markdown, unusable
from runner import commands

TEMPLATES = sorted({text for kind in kinds().values() for text in (kind.sentence, kind.advice)} | problems())


def annotated(text: str) -> str:
    with redirect_stdout(io.StringIO()) as out:
        ActionsConsole().tell("error", text)
    (command,) = commands(out.getvalue())
    return command.data


def on_a_terminal(text: str) -> str:
    console = TerminalConsole()
    with console._console.capture() as printed:
        console.tell("error", text)
    return printed.get()


def in_the_summary(markdown: str) -> str:
    return "".join(Page(markdown).texts).replace("\u2060", "")


PLACES: dict[str, Callable[[str], str]] = {
    "an annotation": annotated,
    "a terminal": on_a_terminal,
    "the summary of unusable inputs": lambda text: in_the_summary(unusable([text], redelivers=False)),
    "the summary of a run": lambda text: in_the_summary(markdown(reports.one(errors=["First.", text]))),
    "the report": lambda text: as_json(reports.one(errors=[text])).encode().decode("unicode_escape"),
}


@pytest.mark.parametrize("place", PLACES)
def test_own_sentences_are_shown_in_full(place: str) -> None:
    assert [text for text in TEMPLATES if text not in PLACES[place](text)] == []


def test_addresses_of_our_own_are_links_in_the_summary() -> None:
    with_address = [text for text in TEMPLATES if "://" in text]
    assert len(with_address) > 1
    for text in with_address:
        links = [tag for tag in Page(unusable([text], redelivers=False)).tags if tag.startswith("<a ")]
        assert len(links) == len(re.findall(r"https://[a-z]", text)), text
