"""What the stand-ins for a package index and for a container registry have in common."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """Serves until it is shut down; a client that stays connected does not keep it alive."""

    daemon_threads = True


class Handler(BaseHTTPRequestHandler):
    """Reads whole bodies and logs nothing."""

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

    def log_message(self, *_: object) -> None:
        """Nothing."""
