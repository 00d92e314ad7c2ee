"""Webhooks: all of an owner, one of them, and its delivery log: a page, one delivery, a redelivery."""

from __future__ import annotations

import json
from typing import cast

from githubsim.call import Call
from githubsim.dispatch import headers
from githubsim.endpoint import Dispatch
from githubsim.hooks import Hook, TargetType
from githubsim.log import Row, StatusFilter
from githubsim.render import row_json
from githubsim.wire import JSON_TYPE, Refused, SimResponse, reply

_EMPTY = "e"
"""Ends a cursor whose page has already come empty once, so that the next one does not."""


def every(call: Call, target_type: TargetType, target: str) -> SimResponse:
    hooks = (hook for _, hook in sorted(call.sim.hooks.items()) if hook.target_type == target_type)
    those = (hook for hook in hooks if hook.target.lower() == target.lower() and call.sees(hook))
    found = [hook.json(call.sim.base_url + call.sim.root) for hook in those]
    chosen, headers = call.numbered_page(found)
    return reply(200, chosen, **headers)


def one(call: Call, target_type: TargetType, target: str, hook_id: str) -> SimResponse:
    return reply(200, call.hook(target_type, target, hook_id).json(call.sim.base_url + call.sim.root))


def page(call: Call, hook: Hook) -> SimResponse:
    """Rows, newest first."""
    behaviour, query = call.sim.behaviour, call.request.query
    cutoff = call.now - behaviour.retention_ms
    hook.log.forget(cutoff)
    if call.size > behaviour.largest_page:
        raise Refused(behaviour.too_large, "Server Error")
    size = min(call.size, behaviour.page_cap)
    status = _status(call)
    start, already_empty = _start(query.get("cursor"))
    if behaviour.empty_page_every and not already_empty:
        hook.pages_read += 1
        if hook.pages_read % behaviour.empty_page_every == 0:
            first = 0 if behaviour.paging == "offset" or not hook.log.rows else hook.log.rows[-1].id
            return _answer(call, hook, [], f"{first if start is None else start}{_EMPTY}", size)
    if behaviour.paging == "offset":
        rows, following = hook.log.page_by_offset(size, start or 0, status, call.now, cutoff)
    else:
        rows, following = hook.log.page(size, start, status, call.now, cutoff)
    return _answer(call, hook, rows, following, size)


def delivery(call: Call, hook: Hook, row_id: str) -> SimResponse:
    row = _row(call, hook, row_id)
    described = json.loads(row_json(row, whole_seconds=call.sim.behaviour.whole_seconds))
    described["url"] = hook.url
    dispatch = Dispatch(hook, row.guid, row.kind, row.redelivery, row.delivered_at)
    described["request"] = {"headers": headers(dispatch), "payload": json.loads(dispatch.body)}
    kept = row.outcome.answer
    described["response"] = {"headers": kept and dict(kept.headers), "payload": kept and kept.body}
    return reply(200, described)


def redeliver(call: Call, hook: Hook, row_id: str) -> SimResponse:
    """Accept a redelivery; it is carried out later."""
    call.sim.desk.accept(hook, _row(call, hook, row_id))
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
        raise Refused(422)
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


def _answer(call: Call, hook: Hook, rows: list[Row], following: int | str | None, size: int) -> SimResponse:
    headers = {"content-type": JSON_TYPE}
    if following is not None:
        query = {"per_page": str(size), "cursor": f"v1_{following}"}
        if "status" in call.request.query:
            query["status"] = call.request.query["status"]
        headers["link"] = call.link(query)
    whole_seconds, texts = call.sim.behaviour.whole_seconds, hook.log.texts
    if hook.whole_seconds != whole_seconds:
        hook.whole_seconds = whole_seconds
        texts.clear()
    for row in rows:
        if row.id not in texts:
            texts[row.id] = row_json(row, whole_seconds=whole_seconds)
    return SimResponse(200, headers, f"[{', '.join([texts[row.id] for row in rows])}]".encode())
