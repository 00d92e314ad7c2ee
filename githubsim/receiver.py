"""Somebody's webhook receiver, on a real port that can really be closed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import threading
from collections import Counter
from typing import NamedTuple, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from githubsim.clock import SECOND
from githubsim.sockets import WebServer

PATH = "/webhook"


class Arrival(NamedTuple):
    """One attempt that reached the receiver, and the status that it answered."""

    guid: str
    event: str
    answered: int


class Receiver:
    """Takes signed events at ``url``.

    It answers ``by_guid[guid]`` if there is one, else ``status``, after ``delay_ms``; a wrong signature gets 401. A
    receiver that is slow has acted all the same: GitHub may have given up waiting by then.
    """

    def __init__(self, secret: str, port: int = 0) -> None:
        """Open a port (0: one that is free); it stays the same through every outage."""
        self._secret = secret.encode()
        self._lock = threading.Lock()
        self._app = Starlette(routes=[Route(PATH, self._receive, methods=["POST"])])
        self._web: WebServer | None = WebServer(self._app, port)
        self._port = self._web.port
        self.url = self._web.url + PATH
        self.status = 200
        self.delay_ms = 0
        self.by_guid: dict[str, int] = {}
        self.arrivals: list[Arrival] = []
        self._web.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.go_down()

    def go_down(self) -> None:
        """Close the port: nobody can connect."""
        if self._web is not None:
            self._web.stop()
            self._web = None

    def come_back(self) -> None:
        if self._web is None:
            self._web = WebServer(self._app, self._port).start()

    def accepted(self) -> Counter[str]:
        """How often each event was taken on; once is right."""
        with self._lock:
            return Counter(arrival.guid for arrival in self.arrivals if 200 <= arrival.answered <= 299)

    async def _receive(self, request: Request) -> Response:
        body = await request.body()
        guid = request.headers.get("x-github-delivery", "")
        signature = request.headers.get("x-hub-signature-256", "")
        expected = f"sha256={hmac.new(self._secret, body, hashlib.sha256).hexdigest()}"
        genuine = hmac.compare_digest(signature, expected)
        status = self.by_guid.get(guid, self.status) if genuine else 401
        with self._lock:
            self.arrivals.append(Arrival(guid, request.headers.get("x-github-event", ""), status))
        await asyncio.sleep(self.delay_ms / SECOND)
        headers = {"location": "https://elsewhere.example/"} if 300 <= status <= 399 else {}
        return PlainTextResponse("thanks" if 200 <= status <= 299 else "no", status, headers)
