"""A back door for a workflow, whose steps are other processes: it makes things happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from githubsim.outcomes import OK, Kind, Outcome

if TYPE_CHECKING:
    from starlette.requests import Request

    from githubsim.model import SimGitHub


def control(sim: SimGitHub) -> Starlette:
    """The back door of one simulation."""

    async def endpoint(request: Request) -> JSONResponse:
        """From now on attempts end so."""
        wanted = await request.json()
        sim.stub.outcome = Outcome(wanted.get("status", OK.status), int(wanted.get("status_code", OK.status_code)))
        return JSONResponse({})

    async def events(request: Request) -> JSONResponse:
        """Something happens."""
        wanted = await request.json()
        hook = sim.hooks[int(request.path_params["hook"])]
        guid = hook.emit(Kind(wanted.get("event", "push"), wanted.get("action")))
        return JSONResponse({"guid": guid}, 201)

    return Starlette(
        routes=[
            Route("/endpoint", endpoint, methods=["POST"]),
            Route("/hooks/{hook}/events", events, methods=["POST"]),
        ]
    )
