"""Which answers are given to which calls.

``make soak`` gives every answer to every call. ``make test`` gives every answer to the call that must not be made
twice, and to some of the others, which take turns: each of them gets some of each kind.
"""

from __future__ import annotations

from collections import defaultdict

from hostile.answers import Answer, everything
from hostile.api import TARGETS
from runs.lengths import SOAK

#: An answer that is lost must not lead to the same attempt again.
EVERYTHING_AT = "POST an attempt"
OTHERS = [target for target in TARGETS if target != EVERYTHING_AT]
#: Where an answer means the most.
MADE_FOR = {
    "body: a status of 31 MiB": "GET the deliveries",
    "body: a row of parts": "GET the deliveries",
    "body: a row too many": "GET the deliveries again",
    "body: a row of the year 9999": "GET the deliveries",
    "body: a row of the year 1": "GET the deliveries",
    "body: a row that is to come": "GET the deliveries",
    "body: a row with a huge status code": "GET the deliveries",
    "body: a row with a huge id": "GET the deliveries",
    "body: a row with a negative id": "GET the deliveries",
    "body: a row with a long guid": "GET the deliveries again",
    "body: a value of 31 MiB": "GET the variable",
    "body: a checkpoint that is none": "GET the variable",
    "body: a checkpoint in the future": "GET the variable",
    "body: a surrogate": "GET the variable",
    "body: an empty token": "POST an access token",
    "body: a token that ends": "POST an access token",
    "body: an installation without a number": "GET the installation",
    "body: a message of 31 MiB": "GET the webhook",
    "body: 31 MiB of bytes that are no text": "PATCH the variable",
    "body: a million objects": "GET the list of webhooks",
    "body: a million keys": "GET the list of webhooks",
}


def kind(name: str) -> str:
    return name.partition(":")[0]


def answers_at(target: str, *, all_of_them: bool = SOAK) -> dict[str, Answer]:
    """The answers that are given to a call, by their names."""
    if all_of_them or target == EVERYTHING_AT:
        return everything()
    found, numbers = {}, defaultdict[str, int](int)
    for name, answer in everything().items():
        if target in _others(name, numbers[kind(name)]):
            found[name] = answer
        numbers[kind(name)] += 1
    return found


def _others(name: str, number: int) -> set[str]:
    """Where the answer with this number among those of its kind is given, besides the call that gets everything."""
    turns = 2
    if kind(name) in {"large", "slow", "header", "malformed"}:
        turns = 1  # they are read in one place, whatever was asked for
    elif "31 MiB" in name or "parts" in name:
        turns = 0  # each takes half a second
    at_home = {MADE_FOR[name]} if name in MADE_FOR else set()
    return at_home | {OTHERS[(number + turn * len(OTHERS) // 2) % len(OTHERS)] for turn in range(turns)}
