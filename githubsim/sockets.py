"""A web application on a loopback port of its own, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from pathlib import Path
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"
TRANSPORT = "githubsim.transport"
"""Where an application finds the connection itself, in its scope: a reset cannot be said in ASGI."""


class WebServer:
    """uvicorn in a thread. The port is bound before the thread starts, so that nobody has to wait for it."""

    def __init__(self, app: ASGIApp, port: int = 0, *, certificate: Path | None = None) -> None:
        """Serve ``app`` on ``port`` (0: one that is free), with TLS if there is a certificate (PEM, key and chain)."""
        # The protocol is named because asyncio switches Nagle's delay off only then: 40 ms a call.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((HOST, port))
        self._socket.listen(512)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http{'s' if certificate else ''}://{HOST}:{self.port}"
        config = uvicorn.Config(
            _with_transport(app),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            date_header=False,
            server_header=False,
            timeout_keep_alive=60,
            ssl_certfile=certificate,
        )
        self._server = _Prompt(config)
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": [self._socket]},
            name=f"web:{self.port}",
            daemon=True,
        )

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port and drop every connection."""
        self._server.force_exit = True
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Prompt(uvicorn.Server):
    """uvicorn without its pauses of a tenth of a second at the end: hundreds of tests have a server of their own."""

    async def main_loop(self) -> None:
        while not self.should_exit:  # noqa: ASYNC110 - the flag is uvicorn's own
            await asyncio.sleep(0.01)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)  # so that they are closed


def reset(transport: asyncio.Transport) -> None:
    """Drop a connection with RST, as a crashed peer does."""
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET,
        socket.SO_LINGER,
        struct.pack("ii", 1, 0),
    )
    transport.abort()


def _with_transport(app: ASGIApp) -> ASGIApp:
    async def wrapped(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI is untyped here
        # uvicorn hands out a bound method of the cycle that owns the connection.
        scope[TRANSPORT] = getattr(getattr(send, "__self__", None), "transport", None)
        await app(scope, receive, send)

    return wrapped
