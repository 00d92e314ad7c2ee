"""The simulation on a real socket, with the resets, silences and half answers that only a socket can have."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Message, Receive, Scope, Send

from githubsim.carrier import Carrier
from githubsim.clock import SECOND
from githubsim.model import Observer, SimGitHub
from githubsim.outcomes import OK, Kind, Outcome
from githubsim.sockets import TRANSPORT, WebServer, reset
from githubsim.wire import Lost, SimRequest, SimResponse


class Door:
    """Turns HTTP into calls of the model, and the model's losses into the real thing.

    ``latency_ms`` is what each call takes, half of it before it has an effect and half after.
    """

    def __init__(self, sim: SimGitHub, latency_ms: int = 0) -> None:
        self._sim = sim
        self.latency_ms = latency_ms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.body()
        seen = SimRequest(request.method, scope["path"], dict(request.query_params), headers, body)
        await _wait(self.latency_ms / 2)
        try:
            answer = self._sim.handle(seen)
        except Lost as lost:
            await _lose(lost, scope, receive, send)
            return
        await _wait(self.latency_ms / 2 + answer.delay_ms)
        await Response(answer.body, answer.status, dict(answer.headers))(scope, receive, send)


async def _wait(milliseconds: float) -> None:
    if milliseconds > 0:
        await asyncio.sleep(milliseconds / SECOND)


async def _lose(lost: Lost, scope: Scope, receive: Receive, send: Send) -> None:
    if lost.kind == "cut":
        await _send_half(lost.answer or SimResponse(200, {}, b"[]"), send)
        scope[TRANSPORT].close()
    elif lost.kind != "silence":
        reset(scope[TRANSPORT])
    # Silence lasts until the client loses patience; after the others the connection is gone at once.
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_half(answer: SimResponse, send: Send) -> None:
    headers = {**answer.headers, "content-length": str(len(answer.body) + 1)}
    start: Message = {
        "type": "http.response.start",
        "status": answer.status if answer.body else 200,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await send(start)
    half = answer.body[: len(answer.body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})


def control(sim: SimGitHub) -> Starlette:
    """A back door for a workflow, whose steps are other processes: it makes things happen."""

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


@dataclass(frozen=True, slots=True)
class Served:
    """A simulation that is on the air. ``url`` is what a client calls the API's root."""

    url: str
    sim: SimGitHub
    carrier: Carrier
    door: Door

    def wait_until_idle(self, seconds: float = 30.0) -> bool:
        """Wait until every event and accepted redelivery has had its attempt."""
        return self.carrier.wait_until_idle(seconds)

    def wait_until_shown(self) -> bool:
        """The same, and then until the log shows all of them."""
        idle = self.wait_until_idle()
        shown = max((row.visible_at for hook in self.sim.hooks.values() for row in hook.log.rows), default=0)
        time.sleep(max(0, shown + 1 - self.sim.clock()) / SECOND)
        return idle


@contextmanager
def serve(
    sim: SimGitHub,
    *,
    port: int = 0,
    latency_ms: int = 0,
    judge: Observer | None = None,
    certificate: Path | None = None,
) -> Iterator[Served]:
    """Put a simulation on a loopback port until the block ends. Its clock must be ``clock.system_ms``.

    ``judge`` sees every request and answer: a ``contract.Judge``, mostly. ``certificate`` makes it HTTPS.
    """
    door = Door(sim, latency_ms)
    app = Starlette(routes=[Mount("/__sim__", app=control(sim)), Mount("/", app=door)])
    if judge is not None:
        sim.observers.append(judge)
    try:
        with WebServer(app, port, certificate=certificate) as web, Carrier(sim.desk) as carrier:
            sim.base_url = web.url
            yield Served(web.url + sim.root, sim, carrier, door)
    finally:
        if judge is not None:
            sim.observers.remove(judge)
