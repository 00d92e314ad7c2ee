"""A forward proxy on loopback that lets tunnels through, to one place whatever they ask for."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_REFUSED = "HTTP/1.1 {} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy:
    """Remembers the first line of everything it is asked. Names need not exist: every tunnel ends at ``port``.

    ``refuse`` is the status with which it refuses every one; None: it lets them through.
    """

    def __init__(self, port: int, *, refuse: int | None = None) -> None:
        self.asked: list[str] = []
        self._port = port
        self._refuse = refuse
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            with suppress(OSError):  # closing alone wakes nobody who reads from it
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (data := client.recv(4_096)):
            head += data
        self.asked.append(head.split(b"\r\n", 1)[0].decode())
        if self._refuse or not head.startswith(b"CONNECT "):
            client.sendall(_REFUSED.format(self._refuse or 405).encode())
            client.close()
            return
        server = socket.create_connection(("127.0.0.1", self._port))
        self._open.append(server)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._start(_pump, server, client)
        _pump(client, server)

    def _start(self, target: object, *what: socket.socket) -> None:
        thread = threading.Thread(target=target, args=what, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
