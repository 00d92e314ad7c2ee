"""What goes over the wire, with no wire: a request, an answer, and an answer that never came."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

LostKind = Literal["reset", "refused", "silence", "cut"]


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


def sent(request: SimRequest, answer: SimResponse) -> SimResponse:
    """An answer as it is sent: with an ETag, without a body where the client has it or asked for none."""
    if answer.status != 200 or request.verb not in {"GET", "HEAD"}:
        return answer
    tag = f'W/"{hashlib.sha256(answer.body).hexdigest()}"'
    headers = {**answer.headers, "etag": tag}
    if request.headers.get("if-none-match") == tag:
        return SimResponse(304, headers)
    if request.verb == "HEAD":
        return SimResponse(200, {**headers, "content-length": str(len(answer.body))})
    return SimResponse(200, headers, answer.body)


class Lost(Exception):
    """No whole answer reaches the client; the effect may have happened all the same.

    ``answer`` is what would have been sent: a ``cut`` answer breaks off within its body.
    """

    def __init__(self, kind: LostKind, *, answer: SimResponse | None = None, delay_ms: int = 0) -> None:
        """Say how it was lost, and after how long."""
        super().__init__(kind)
        self.kind: LostKind = kind
        self.answer = answer
        self.delay_ms = delay_ms
