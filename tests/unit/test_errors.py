"""Every error's facts are those that its sentence and its advice show."""

from __future__ import annotations

import inspect
import pkgutil
import string
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, get_origin

import pytest

import redeliver
from redeliver.errors import ApiFailing, BadToken, CheckpointNotSaved, RedeliverError, SettingsError, TokenEnded
from redeliver.text import OwnText

if TYPE_CHECKING:
    from collections.abc import Iterator


def _below(kind: type[RedeliverError]) -> Iterator[type[RedeliverError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


for _module in pkgutil.walk_packages(redeliver.__path__, "redeliver."):
    if _module.name != "redeliver.__main__":
        import_module(_module.name)
KINDS = [kind for kind in _below(RedeliverError) if hasattr(kind, "sentence") and kind is not SettingsError]


def facts(kind: type[RedeliverError]) -> set[str]:
    """What a type checker asks of the constructor."""
    if "__init__" in vars(kind):
        return set(inspect.signature(kind).parameters)
    found: set[str] = set()
    for one in kind.__mro__:
        for name, annotation in vars(one).get("__annotations__", {}).items():
            # One with a default, a request's id, stands behind the templates of every API error.
            is_template = not str(annotation).startswith("ClassVar") and get_origin(annotation) is not ClassVar
            if is_template and not hasattr(one, name):
                found.add(name)
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_facts_of_an_error_are_what_its_templates_show(kind: type[RedeliverError]) -> None:
    shown = {name for _, name, _, _ in string.Formatter().parse(kind.sentence + kind.advice) if name}
    assert facts(kind) == shown


def test_a_fact_that_is_missing_is_no_error_without_a_word() -> None:
    incomplete: dict[str, Any] = {"tries": 1, "what": "x"}
    with pytest.raises(KeyError, match="why"):
        ApiFailing(**incomplete)


def test_an_error_says_what_went_wrong_and_what_to_do_and_keeps_its_facts() -> None:
    fault = ApiFailing(tries=4, what="read the log", why="it answered 502")
    assert fault.problem == ApiFailing.sentence.format(tries=4, what="read the log", why="it answered 502")
    assert fault.next_step == ApiFailing.advice
    assert str(fault) == f"{fault.problem} {fault.next_step}"
    assert (fault.tries, fault.what) == (4, "read the log")


def test_a_kind_of_an_error_has_the_facts_of_the_one_above_it() -> None:
    assert facts(TokenEnded) == facts(BadToken) == {"what"}


HOSTILE = "no\n::error::x https://user:hush@evil.example/ HTTP://hush"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if facts(kind)], ids=lambda kind: kind.__name__)
def test_no_fact_of_any_error_shows_a_strangers_address(kind: type[RedeliverError]) -> None:
    said = str(kind(**dict.fromkeys(facts(kind), HOSTILE)))
    assert "hush" not in said
    assert "\n" not in said


def test_an_error_within_an_error_keeps_what_is_ours_and_shows_nothing_of_a_strangers() -> None:
    inner = ApiFailing(tries=4, what=OwnText("open https://github.com/x"), why=HOSTILE)
    said = str(CheckpointNotSaved(place="there", why=inner))
    assert str(inner) in said
    assert "https://github.com/x" in said
    assert "hush" not in said


def test_a_fact_is_shown_as_one_short_line_without_addresses() -> None:
    said = str(CheckpointNotSaved(place="there", why="no\n::error::x https://user:hush@evil.example/" + "x" * 999))
    assert "hush" not in said
    assert "\n" not in said
    assert len(said) < 600
