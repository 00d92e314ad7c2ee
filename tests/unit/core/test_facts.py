"""Facts in words: every row of the table can be filled, and no field of a stranger's shapes anything."""

from __future__ import annotations

import re

import pytest

from githubsim.clock import DAY, START
from redeliver.core.facts import NAMES, Fact, FactKind
from redeliver.errors import ApiUnexpected

HOSTILE = "no\n::error::x https://user:hush@evil.example/"
FIELDS: dict[str, object] = {
    "error": ApiUnexpected(what=HOSTILE, why=HOSTILE),
    "since": START - DAY,
    "until": START,
    "use": "the webhook",
    "page": "https://github.com/settings/tokens/new",
    "left": "2 h",
    "which": "the undelivered event",
    "back_to": START,
    "guids": (HOSTILE, HOSTILE),
    "ids": (HOSTILE,),
    "names": (HOSTILE,),
    "first": ApiUnexpected(what=HOSTILE, why=HOSTILE),
    "seconds": 90.5,
    "probes": 3,
    "attempts": 10,
    "events": 1_200,
    "types": HOSTILE,
    **dict.fromkeys(NAMES, HOSTILE),
    "guid": HOSTILE,
    "per_minute": 40,
    "number": 15,
    "state": HOSTILE,
    "cause": HOSTILE,
    "why": HOSTILE,
}


@pytest.mark.parametrize("kind", FactKind)
def test_every_fact_is_complete_and_shows_no_strangers_address(kind: FactKind) -> None:
    since = {"since": HOSTILE} if kind is FactKind.DOWN else {}
    fact = Fact(kind, FIELDS | since)
    for text in (str(fact), fact.short, fact.headline):
        assert "hush" not in text
        assert not re.search(r"[\n{}]", text)
    assert fact.sentence in str(fact)
    assert fact.advice in str(fact)


def test_times_counts_and_ids_are_readable() -> None:
    lost = Fact(FactKind.GIVEN_UP, {"guids": ("g1", "g2"), "until": START, "attempts": 10})
    assert lost.sentence.startswith("2 events failed 10 times")
    assert lost.sentence.endswith(": g1, g2.")
    assert "6 Nov 21:20 UTC" in lost.advice
    one, two = (Fact(FactKind.ADDRESS_UNKNOWN, {"ids": ids}).sentence for ids in (("7",), ("7", "8")))
    assert "1 webhook (7)" in one
    assert one.endswith("left it out.")
    assert "2 webhooks (7, 8)" in two
    assert two.endswith("left them out.")
