"""How GitHub writes things down: times, and rows of the log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.log import Row
from githubsim.outcomes import LEFT_OUT, Kind, Outcome


@lru_cache(maxsize=256)
def _day(number: int, form: str) -> str:
    return datetime.fromtimestamp(number * DAY // SECOND, UTC).strftime(form)


def iso(moment: int, *, whole_seconds: bool = False) -> str:
    """Epoch milliseconds as GitHub prints them."""
    day, rest = divmod(moment, DAY)
    fraction = "" if whole_seconds else f".{rest % SECOND:03d}"
    return f"{_day(day, '%Y-%m-%dT')}{_time(rest)}{fraction}Z"


def http_date(moment: int) -> str:
    """Epoch milliseconds as a ``Date`` header."""
    day, rest = divmod(moment, DAY)
    return f"{_day(day, '%a, %d %b %Y ')}{_time(rest)} GMT"


def _time(rest: int) -> str:
    """By hand: ``strftime`` takes twenty times as long, and there are as many as rows and answers."""
    return f"{rest // HOUR:02d}:{rest // MINUTE % 60:02d}:{rest // SECOND % 60:02d}"


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


def row_json(row: Row, *, whole_seconds: bool) -> str:
    """One row of the log. By hand: a long test reads millions of rows."""
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
