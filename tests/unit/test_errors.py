"""Every error's facts are those that its sentence and its advice show."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from typing import Any

import pytest

from docs.sentences import SOURCE, kinds
from redeliver.errors import (
    ApiError,
    ApiFailing,
    BadToken,
    CheckpointNotSaved,
    RedeliverError,
    SettingsError,
    StateUnsafe,
    TokenEnded,
)
from redeliver.text import OwnText

KINDS = {name: kind for name, kind in kinds().items() if kind is not SettingsError}


def shown(kind: type[RedeliverError]) -> set[str]:
    """The facts that its templates show."""
    return {name for _, name, _, _ in string.Formatter().parse(kind.sentence + kind.advice) if name}


def _calls() -> Iterator[tuple[str, str, set[str]]]:
    """Where the code makes errors: the file, the error's name, and the facts that it gives."""
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
                given = {str(one.arg) for one in node.keywords if one.arg != "request_id"}
                yield f"{file.name}:{node.lineno}", node.func.id, given


def test_every_error_is_raised_with_the_facts_of_its_sentence() -> None:
    made = [*_calls()]
    assert len({name for _, name, _ in made}) > 40
    assert [(where, name) for where, name, given in made if given != shown(KINDS[name])] == []


def test_missing_fact_is_a_key_error() -> None:
    incomplete: dict[str, Any] = {"tries": 1, "what": "x"}
    with pytest.raises(KeyError, match="why"):
        ApiFailing(**incomplete)


def test_error_has_its_sentence_its_next_step_and_its_facts() -> None:
    fault = ApiFailing(tries=4, what="read the log", why="it answered 502")
    assert fault.problem == "GitHub's API failed when asked to read the log: it answered 502 (4 tries)."
    assert fault.next_step == ApiFailing.advice
    assert str(fault) == f"{fault.problem} {fault.next_step}"
    assert fault.why == "it answered 502"


def test_kind_of_an_error_has_its_own_words_and_exit_code() -> None:
    ended = TokenEnded(what="read the log")
    assert isinstance(ended, ApiError)
    assert ended.next_step == TokenEnded.advice != BadToken.advice
    assert (StateUnsafe(path="x", why="y").exit_code, ended.exit_code) == (2, 1)


HOSTILE = "no\n::error::x https://user:hush@evil.example/ HTTP://hush"


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if shown(kind)])
def test_no_error_shows_a_strangers_address(name: str) -> None:
    known: dict[str, object] = {"tries": 4, "fault": ApiFailing(tries=4, what=HOSTILE, why=HOSTILE)}
    said = str(KINDS[name](**{fact: known.get(fact, f"{HOSTILE} {'x' * 999}") for fact in shown(KINDS[name])}))
    assert "hush" not in said
    assert "\n" not in said
    assert len(said) < 600 * (1 + len(shown(KINDS[name])))


def test_nested_error_keeps_our_addresses_and_hides_others() -> None:
    inner = ApiFailing(tries=4, what=OwnText("open https://github.com/x"), why=HOSTILE)
    said = str(CheckpointNotSaved(place="there", why=inner))
    assert str(inner) in said
    assert "https://github.com/x" in said
    assert "hush" not in said
