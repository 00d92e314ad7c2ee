"""What goes over the wire, with no wire: a request, an answer, a refusal, and an answer that never came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

LostKind = Literal["reset", "refused", "silence", "cut"]
JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class SimRequest:
    """One request as a client made it; header names are in lower case, the path is decoded."""

    verb: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class SimResponse:
    """One answer. ``forged`` marks what a fault put in GitHub's place, so that no judge takes it for GitHub's."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    delay_ms: int = 0
    forged: bool = False


def reply(status: int, value: Any = None, **headers: str) -> SimResponse:  # noqa: ANN401 - JSON is anything
    """An answer in JSON, or without a body; ``retry_after="5"`` becomes the header ``retry-after``."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    if value is None:
        return SimResponse(status, named)
    return SimResponse(status, {"content-type": JSON_TYPE, **named}, json.dumps(value).encode())


class Refused(Exception):
    """GitHub says no. ``status``: with what; ``headers``: with ``_`` for ``-``."""

    def __init__(self, status: int, message: str = "Validation Failed", **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers

    @property
    def answer(self) -> SimResponse:
        """The error the way GitHub words it."""
        told = {
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": str(self.status),
        }
        return reply(self.status, told, **self.headers)


class Lost(Exception):
    """No whole answer reaches the client; the effect may have happened all the same.

    ``answer`` is what would have been sent: a ``cut`` answer breaks off within its body.
    """

    def __init__(self, kind: LostKind, *, answer: SimResponse | None = None) -> None:
        super().__init__(kind)
        self.kind: LostKind = kind
        self.answer = answer
