"""A server on a raw socket that answers with any bytes at all, at any speed."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

#: A part of an answer that closes the connection.
CLOSE = b""


class Asked(NamedTuple):
    """A request, as far as these tests look at it."""

    verb: str
    path: str
    host: str
    head: str


def reply(body: bytes = b"{}", status: str = "200 OK", *lines: bytes) -> bytes:
    """A whole answer in proper HTTP, with more header lines."""
    head = [b"HTTP/1.1 " + status.encode(), b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*head, *lines, b"", body])


@dataclass
class RawServer:
    """Gives each request to ``answer``, which gives the parts of what is sent back."""

    answer: Callable[[Asked], Iterable[bytes]]
    tls: ssl.SSLContext | None = None
    backlog: int = 128

    def __post_init__(self) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=self.backlog)
        self._open: list[socket.socket] = []

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in [self._listener, *self._open]:
            with suppress(OSError):  # closing alone wakes nobody who reads from it
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, ValueError):  # whoever asked has had enough
            talk = self.tls.wrap_socket(client, server_side=True) if self.tls else client
            self._open.append(talk)
            waiting = b""
            while True:
                asked, waiting = read_request(waiting, talk)
                self.asked.append(asked)
                for part in self.answer(asked):
                    if part == CLOSE:
                        talk.shutdown(socket.SHUT_RDWR)
                        return
                    talk.sendall(part)


def read_request(data: bytes, client: socket.socket) -> tuple[Asked, bytes]:
    """The next request, and what came after it; ``data`` has come already.

    Raises:
        OSError: the other side has closed the connection.
    """
    while b"\r\n\r\n" not in data:
        if not (more := client.recv(65_536)):
            raise ConnectionResetError
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", 0))
    while len(rest) < length:
        rest += client.recv(65_536)
    verb, path, _ = first.split(" ", 2)
    return Asked(verb, path, headers.get("host", ""), head.decode("latin-1")), rest[length:]
