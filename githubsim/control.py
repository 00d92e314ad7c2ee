"""A back door for tests in another process: look at what happened, and make things happen."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from githubsim.faults import Fault, Lose, html_answer, json_answer
from githubsim.outcomes import OK, Kind, Outcome

if TYPE_CHECKING:
    from starlette.requests import Request

    from githubsim.attempts import Redelivery
    from githubsim.log import Row
    from githubsim.model import SimGitHub
    from githubsim.truth import Event


def control(sim: SimGitHub) -> Starlette:
    """The back door of one simulation. Ids travel as text, as they are too large for some readers of JSON."""

    async def journal(_: Request) -> JSONResponse:
        with sim.desk.lock:
            return JSONResponse([_entry(asdict(entry)) for entry in sim.journal.entries])

    async def truth(_: Request) -> JSONResponse:
        with sim.desk.lock:
            return JSONResponse([_event(event) for event in sim.truth.events()])

    async def limits(_: Request) -> JSONResponse:
        limits = sim.limits
        return JSONResponse(
            {
                "violations": limits.violations,
                "while_limited": limits.while_limited,
                "most_points": limits.most_points,
            },
        )

    async def variables(request: Request) -> JSONResponse:
        found = sim.variables(f"{request.path_params['owner']}/{request.path_params['repo']}")
        return JSONResponse({one.name: one.value for one in found.all()})

    async def faults(request: Request) -> JSONResponse:
        with sim.desk.lock:
            sim.faults.add(_fault(await request.json()))
        return JSONResponse({}, 201)

    async def endpoint(request: Request) -> JSONResponse:
        sim.stub.outcome = _outcome(await request.json())
        return JSONResponse({})

    async def deliveries(request: Request) -> JSONResponse:
        wanted = await request.json()
        hook = sim.hooks[int(request.path_params["hook"])]
        with sim.desk.lock:
            row = hook.add(
                int(wanted.get("at", sim.clock())),
                _outcome(wanted),
                guid=wanted.get("guid"),
                redelivery=wanted.get("redelivery", False),
                kind=Kind(wanted.get("event", "push"), wanted.get("action")),
            )
        return JSONResponse(_row(row), 201)

    async def emit(request: Request) -> JSONResponse:
        wanted = await request.json()
        hook = sim.hooks[int(request.path_params["hook"])]
        guid = hook.emit(Kind(wanted.get("event", "push"), wanted.get("action")), guid=wanted.get("guid"))
        return JSONResponse({"guid": guid}, 201)

    return Starlette(
        routes=[
            Route("/journal", journal),
            Route("/truth", truth),
            Route("/limits", limits),
            Route("/variables/{owner}/{repo}", variables),
            Route("/faults", faults, methods=["POST"]),
            Route("/endpoint", endpoint, methods=["POST"]),
            Route("/hooks/{hook}/deliveries", deliveries, methods=["POST"]),
            Route("/hooks/{hook}/events", emit, methods=["POST"]),
        ],
    )


def _outcome(wanted: dict[str, Any]) -> Outcome:
    return Outcome(wanted.get("status", OK.status), int(wanted.get("status_code", OK.status_code)))


def _fault(wanted: dict[str, Any]) -> Fault:
    """``{"lose": "reset"}`` or ``{"status": 502, "html": true}``, and the fields of ``Fault``."""
    fields = dict(wanted)
    if "lose" in fields:
        return Fault(Lose(fields.pop("lose")), **fields)
    status, html = int(fields.pop("status")), fields.pop("html", False)
    return Fault(html_answer(status) if html else json_answer(status, "Simulated"), **fields)


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    return entry | {"body": entry["body"].decode(errors="replace")}


def _row(row: Row) -> dict[str, Any]:
    described = row._asdict() | {"id": str(row.id), "succeeded": row.outcome.succeeded}
    return described | {"outcome": row.outcome._asdict(), "kind": row.kind._asdict()}


def _redelivery(one: Redelivery) -> dict[str, Any]:
    return {
        "of_attempt": str(one.of_attempt),
        "accepted_at": one.accepted_at,
        "request": one.request,
        "success_visible": one.success_visible,
        "row": None if one.row is None else str(one.row.id),
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "hook_id": str(event.hook_id),
        "guid": event.guid,
        "delivered": event.delivered,
        "attempts": [_row(row) for row in event.attempts],
        "redeliveries": [_redelivery(one) for one in event.redeliveries],
    }
