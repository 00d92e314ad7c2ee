"""The delivery log: a page, one delivery, a redelivery."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from githubsim.dispatch import headers
from githubsim.payloads import payload_for
from githubsim.render import JSON_TYPE, reply, row_json, rows_json
from githubsim.variables import Refused
from githubsim.wire import SimResponse

if TYPE_CHECKING:
    from githubsim.answers.call import Call
    from githubsim.hooks import Hook
    from githubsim.log import Page, Row, StatusFilter

_EMPTY = "e"
"""Ends a cursor whose page has already come empty once, so that the next one does not."""


def page(call: Call, hook: Hook) -> SimResponse:
    """Rows, newest first."""
    behaviour, query = call.sim.behaviour, call.request.query
    cutoff = call.now - behaviour.retention_ms
    hook.log.forget(cutoff)
    if call.size(30, 100) > behaviour.largest_page:
        raise Refused(behaviour.too_large, "Server Error")
    size = min(call.size(30, 100), behaviour.page_cap)
    status = _status(call)
    start, already_empty = _start(query.get("cursor"))
    if behaviour.empty_page_every and not already_empty:
        hook.pages_read += 1
        if hook.pages_read % behaviour.empty_page_every == 0:
            first = 0 if behaviour.paging == "offset" else _newest(hook)
            return _answer(call, [], _cursor(first if start is None else start) + _EMPTY, size)
    if behaviour.paging == "offset":
        found = hook.log.page_by_offset(size, start or 0, status, call.now, cutoff)
    else:
        found = hook.log.page(size, start, status, call.now, cutoff)
    return _answer(call, found.rows, _next(found), size)


def one(call: Call, hook: Hook, row_id: str) -> SimResponse:
    """One delivery in full."""
    row = _row(call, hook, row_id)
    described = json.loads(row_json(row, call.sim.behaviour.whole_seconds))
    described["url"] = hook.url
    dispatch = call.sim.desk.dispatch(hook, row.guid, row.kind, row.delivered_at, redelivery=row.redelivery)
    body = payload_for(row.kind, row.guid) if dispatch.payload is None else dispatch.payload
    described["request"] = {"headers": headers(dispatch, body), "payload": json.loads(body)}
    kept = row.outcome.answer
    described["response"] = {"headers": kept and dict(kept.headers), "payload": kept and kept.body}
    return reply(200, described)


def redeliver(call: Call, hook: Hook, row_id: str) -> SimResponse:
    """Accept a redelivery; it is carried out later."""
    call.sim.desk.accept(hook, _row(call, hook, row_id), call.number)
    return reply(202, {})


def _row(call: Call, hook: Hook, row_id: str) -> Row:
    row = hook.log.find(int(row_id)) if row_id.isdigit() else None
    if row is None or not row.shown(call.now, call.now - call.sim.behaviour.retention_ms):
        raise Refused(404, "Not Found")
    return row


def _status(call: Call) -> StatusFilter | None:
    status = call.request.query.get("status")
    if status is None or not call.sim.behaviour.status_filter:
        return None
    if status not in {"success", "failure"}:
        raise Refused(422, "Validation Failed")
    return cast("StatusFilter", status)


def _start(cursor: str | None) -> tuple[int | None, bool]:
    if not cursor:
        return None, False
    number = cursor.removeprefix("v1_")
    already_empty = number.endswith(_EMPTY)
    number = number.removesuffix(_EMPTY)
    if not cursor.startswith("v1_") or not number.isdigit():
        raise Refused(400, "Invalid cursor")
    return int(number), already_empty


def _next(found: Page) -> str | None:
    return None if found.next_start is None else _cursor(found.next_start)


def _cursor(start: int) -> str:
    return f"v1_{start}"


def _newest(hook: Hook) -> int:
    return hook.log.rows[-1].id if hook.log.rows else 0


def _answer(call: Call, rows: list[Row], cursor: str | None, size: int) -> SimResponse:
    headers = {"content-type": JSON_TYPE}
    if cursor is not None:
        query = {"per_page": str(size), "cursor": cursor}
        if "status" in call.request.query:
            query["status"] = call.request.query["status"]
        headers["link"] = call.link(query)
    return SimResponse(200, headers, rows_json(rows, whole_seconds=call.sim.behaviour.whole_seconds))
