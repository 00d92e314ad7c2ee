"""What the stand-ins for container registries have in common."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """Serves until it is shut down; a client that stays connected does not keep it alive."""

    daemon_threads = True


class Handler(BaseHTTPRequestHandler):
    """Reads whole bodies and logs nothing."""

    protocol_version = "HTTP/1.1"

    def body(self) -> bytes:
        """The request's body, sent in chunks or with its length."""
        if self.headers["transfer-encoding"] != "chunked":
            return self.rfile.read(int(self.headers["content-length"] or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def answer(self, status: int, body: object = b"", **headers: str) -> None:
        """Bytes are sent as they are, all else as JSON; ``content_type`` is the header Content-Type."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"content_type": "application/json", "content_length": str(len(sent))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving(handler: type[Handler], **state: object) -> Iterator[str]:
    """Have a server for a while, with this state in its handler's class. Gives its host."""
    with Server(("127.0.0.1", 0), type("Handler", (handler,), state)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
