"""A forward proxy on loopback that lets tunnels through, to one place whatever they ask for."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from hostile.rawserver import RawServer, read_request, reply


class Proxy(RawServer):
    """Remembers what it is asked. Names need not exist: every tunnel ends at the port ``to``.

    ``refuse`` is the status with which it refuses every one; None: it lets them through.
    """

    def __init__(self, to: int, *, refuse: int | None = None) -> None:
        super().__init__(lambda _: ())
        self._to = to
        self._refuse = refuse

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError):
            asked, _ = read_request(b"", client)
            self.asked.append(asked)
            if self._refuse or asked.verb != "CONNECT":
                client.sendall(reply(b"", f"{self._refuse or 405} Refused", b"Connection: close"))
                client.close()
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            self._open.append(server)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=_pump, args=(server, client), daemon=True).start()
            _pump(client, server)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
