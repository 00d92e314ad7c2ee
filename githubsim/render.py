"""How GitHub writes things down: times, rows, hooks, variables, errors."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from githubsim.outcomes import LEFT_OUT
from githubsim.wire import SimResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from githubsim.log import Row
    from githubsim.outcomes import Kind, Outcome
    from githubsim.variables import Variable

JSON_TYPE = "application/json; charset=utf-8"
DOCS = "https://docs.github.com/rest"


def reply(status: int, value: Any = None, **headers: str) -> SimResponse:  # noqa: ANN401 - JSON is anything
    """An answer in JSON, or without a body."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    if value is None:
        return SimResponse(status, named)
    return SimResponse(status, {"content-type": JSON_TYPE, **named}, json.dumps(value).encode())


def refusal(status: int, message: str, **headers: str) -> SimResponse:
    """An error the way GitHub words it."""
    return reply(status, {"message": message, "documentation_url": DOCS, "status": str(status)}, **headers)


def page(status: int) -> SimResponse:
    """A page of the web's."""
    body = f"<html><head><title>{status}</title></head><body>This is not the page you are looking for.</body></html>"
    return SimResponse(status, {"content-type": "text/html; charset=utf-8"}, body.encode())


@lru_cache(maxsize=65_536)
def _second(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def iso(moment: int, *, whole_seconds: bool = False) -> str:
    """Epoch milliseconds as GitHub prints them."""
    seconds, milliseconds = divmod(moment, 1_000)
    return f"{_second(seconds)}Z" if whole_seconds else f"{_second(seconds)}.{milliseconds:03d}Z"


def http_date(moment: int) -> str:
    """Epoch milliseconds as a ``Date`` header."""
    return _http_second(moment // 1_000)


@lru_cache(maxsize=1_024)
def _http_second(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


@lru_cache(maxsize=1_024)
def _tail(outcome: Outcome, kind: Kind) -> str:
    """The part of a row that many rows share, written once."""
    text = json.dumps(
        {
            "duration": outcome.duration_ms / 1_000,
            "status": outcome.status,
            "status_code": outcome.status_code,
            "event": kind.event,
            "action": kind.action,
            "installation_id": kind.installation_id,
            "repository_id": kind.repository_id,
        }
    )
    return text[1:-1]


@lru_cache(maxsize=65_536)
def row_json(row: Row, whole_seconds: bool) -> str:  # noqa: FBT001 - a cache is quicker without keywords
    """One row of the log. By hand and once: a long test reads millions of rows, and most of them many times."""
    redelivery = "true" if row.redelivery else "false"
    when = iso(row.delivered_at, whole_seconds=whole_seconds)
    throttled = f'"{when}"' if row.outcome.throttled else "null"
    text = (
        f'{{"id": {row.id}, "guid": "{row.guid}", "delivered_at": "{when}", '
        f'"redelivery": {redelivery}, {_tail(row.outcome, row.kind)}, "throttled_at": {throttled}}}'
    )
    return json.dumps(altered(json.loads(text), dict(row.outcome.odd))) if row.outcome.odd else text


def altered(described: dict[str, Any], odd: Mapping[str, object]) -> dict[str, Any]:
    """An object with some fields as GitHub should not write them; LEFT_OUT: without them."""
    return {name: value for name, value in {**described, **odd}.items() if value is not LEFT_OUT}


def rows_json(rows: list[Row], *, whole_seconds: bool) -> bytes:
    """A page of the log."""
    return f"[{', '.join([row_json(row, whole_seconds) for row in rows])}]".encode()


def variable_json(variable: Variable) -> dict[str, str]:
    """One variable."""
    return {
        "name": variable.name,
        "value": variable.value,
        "created_at": iso(variable.created_at, whole_seconds=True),
        "updated_at": iso(variable.updated_at, whole_seconds=True),
    }
