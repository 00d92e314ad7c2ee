"""What GitHub sends: its own example payloads, from the npm package ``@octokit/webhooks-examples``."""

from __future__ import annotations

import json
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from githubsim.outcomes import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EXAMPLES = Path(__file__).parent / "tests/contract/node_modules/@octokit/webhooks-examples/api.github.com/index.json"


def payload_for(kind: Kind, guid: str) -> bytes:
    """The body of one event: always the same one for the same guid. What GitHub has no example of is all but empty."""
    examples = _examples().get(kind.event, [{"action": kind.action}])
    fitting = [one for one in examples if kind.action is None or one.get("action") == kind.action]
    chosen = fitting or examples
    return json.dumps(chosen[_number(guid) % len(chosen)]).encode()


def kind_of(number: int) -> Kind:
    """One of the kinds of event that GitHub has examples of; they come round in turn."""
    known = _kinds()
    return known[number % len(known)]


@cache
def _examples() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    if not _EXAMPLES.exists():
        return {}  # where the simulation runs without npm's packages, as in a workflow
    return {one["name"]: one["examples"] for one in json.loads(_EXAMPLES.read_bytes())}


@cache
def _kinds() -> Sequence[Kind]:
    found = {
        Kind(event, example.get("action"))
        for event, examples in _examples().items()
        for example in examples
        if isinstance(example.get("action"), str | None)
    }
    # By a hash, so that neighbours in the log differ, in the same order every time.
    return sorted(found, key=lambda kind: zlib.crc32(repr(kind).encode()))


def _number(guid: str) -> int:
    return zlib.crc32(guid.encode())
