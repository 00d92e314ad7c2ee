"""The action's sentences, compared with tests/unit/wording/*.txt. Logs and pages of runs: tests/runs/test_snapshots.py.

After an intended change, run once with ``UPDATE_SNAPSHOTS=1``, and read the difference as a user would.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

from docs.sentences import kinds, problems
from redeliver.core.case import OUTCOMES
from redeliver.core.deliveries import NO_CONNECTION, TIMED_OUT, TLS
from redeliver.core.facts import FactKind
from redeliver.core.settings import FailOn
from redeliver.entry.cli import app
from redeliver.output.headline import annotate, headline, what_comes_next
from redeliver.output.pieces import advice_for, mark
from unit.output.endings import ANNOTATED, ENDINGS

SNAPSHOTS = Path(__file__).with_name("wording")


def errors() -> Iterator[str]:
    for name, kind in sorted(kinds().items()):
        yield f"{name}: {kind.sentence} | {kind.advice}"
    for fact in FactKind:
        if not fact.name.startswith("ERROR"):  # they have the error's words
            words, level = fact.value, fact.value.level.name
            yield f"{fact.name.removesuffix(f'_{level}')} {level}: {words.sentence} | {words.advice or words.then}"


def wrong_inputs() -> Iterator[str]:
    yield from sorted(problems())


def outcomes() -> Iterator[str]:
    for words in OUTCOMES.values():
        yield f"{words.mark} {words.word}: {words.advice}"


def causes() -> Iterator[str]:
    for cause in (NO_CONNECTION, TIMED_OUT, TLS, *(f"HTTP {code}" for code in (302, 401, 404, 413, 422, 429, 503))):
        yield f"{cause}: {advice_for(cause)}"


def headlines() -> Iterator[str]:
    for report in ENDINGS:
        yield f"{mark(report)} {headline(report)} | {what_comes_next(report)}".removesuffix(" | ")


def notes() -> Iterator[str]:
    for report in ANNOTATED:
        yield from (f"{level}: {text}" for level, text in annotate(report, FailOn.ERROR))


def helps() -> Iterator[str]:
    group = typer.main.get_command(app)
    commands = {"redeliver": group} | getattr(group, "commands", {})
    for name, command in commands.items():
        yield f"{name}: {command.help} | {' '.join((command.epilog or '').split())}"
        yield from (f"{name} {one.opts[0]}: {one.help}" for one in command.params if getattr(one, "help", None))


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    one.__name__: one for one in (errors, wrong_inputs, outcomes, causes, headlines, notes, helps)
}


@pytest.mark.parametrize("name", PARTS)
def test_the_words_are_those_of_the_snapshot(name: str) -> None:
    file = SNAPSHOTS / f"{name}.txt"
    said = "\n".join(line.rstrip() for line in PARTS[name]()).strip("\n") + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.write_text(said, encoding="utf-8")
    assert said == file.read_text(encoding="utf-8")


def test_each_snapshot_is_compared() -> None:
    assert {file.stem for file in SNAPSHOTS.iterdir()} == PARTS.keys()


@pytest.mark.parametrize("name", PARTS)
def test_no_word_is_written_twice_in_a_row(name: str) -> None:
    text = (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")
    assert re.findall(r"\b([A-Za-z]{2,}) \1\b", text) == []
