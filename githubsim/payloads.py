"""What GitHub sends: its own example payloads, from the npm package ``@octokit/webhooks-examples``."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from githubsim.outcomes import Kind

_EXAMPLES = Path(__file__).parent / "tests/contract/node_modules/@octokit/webhooks-examples/api.github.com/index.json"


def payload_for(kind: Kind, guid: str) -> bytes:
    """The body of one event: always the same one for the same guid. What GitHub has no example of is all but empty."""
    examples = _examples().get(kind.event, [{"action": kind.action}])
    fitting = [one for one in examples if kind.action is None or one.get("action") == kind.action]
    chosen = fitting or examples
    return json.dumps(chosen[zlib.crc32(guid.encode()) % len(chosen)]).encode()


@cache
def _examples() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    if not _EXAMPLES.exists():
        return {}  # where the simulation runs without npm's packages, as in a workflow
    return {one["name"]: one["examples"] for one in json.loads(_EXAMPLES.read_bytes())}
