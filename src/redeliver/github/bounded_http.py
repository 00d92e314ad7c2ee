"""HTTP within bounds: no call takes longer, or receives more, than it may.

The timeout of requests and urllib3 starts again with every byte, so a server that sends a byte now and then keeps a
call open without end; and neither limits the size of a body. The bounds are set where urllib3 lets its users: a pool
makes its connections with ``ConnectionCls``, a connection opens its socket in ``_new_conn`` and reads with
``response_class``. tests/unit/github/test_call_time.py fails when a release of urllib3 no longer does.
"""

from __future__ import annotations

import http.client
import io
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

from requests import Response
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.connection import create_connection

from redeliver.github.responses import TOO_LONG, ResponseLost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed import WriteableBuffer
    from requests import PreparedRequest
    from urllib3.connectionpool import ConnectionPool

#: Seconds without a byte after which a call is given up.
TIMEOUT = 30.0
#: A read checks the time that is left every this many seconds: a signal can shorten it.
_LOOK = 1.0
#: Bytes of a status line with its headers (GitHub's are about 2,000), and the number of headers.
HEAD_LIMIT = 64 * 1024
_MAX_HEADERS = 100
#: Bytes that are read at a time. With a head comes the beginning of its body, which counts as the head's: Python 3.14
#: would read more than HEAD_LIMIT.
_AT_ONCE = 8 * 1024
#: Bytes of a body, both as it is sent and unpacked. A page of GitHub's is less than 0.1 MiB.
BODY_LIMIT = 32 * 1024 * 1024
#: Bytes of a body that are read at a time.
_PART = 64 * 1024

#: More reasons why a response is lost.
NO_RESPONSE = "no response in time"
TOO_LARGE = "the answer was too large"
TOO_COMPRESSED = "the response was compressed more than once"


class BoundedAdapter(HTTPAdapter):
    """Makes requests' calls within bounds. Each response is read whole, and keeps no cookie."""

    def __init__(self, time_left: Callable[[], float]) -> None:
        """``time_left`` returns the seconds that the current call may still take."""
        self._time_left = time_left
        self.proxy = ""
        """The proxy of the last request; empty: there is none."""
        super().__init__()

    def send(self, request: PreparedRequest, *_: object, **options: Any) -> Response:  # noqa: ANN401  requests' own
        """Make a request. Raises ResponseLost: the response took too long, or is larger than it may be."""
        # A secret or a file that a variable is read from often ends in a line break.
        proxies = {kind: address.strip() for kind, address in options["proxies"].items()}
        self.proxy = select_proxy(str(request.url), proxies) or ""
        whole, body = Response(), bytearray()
        with super().send(request, **options | {"stream": True, "timeout": TIMEOUT, "proxies": proxies}) as arriving:
            if "," in arriving.headers.get("Content-Encoding", ""):
                # For several codings, urllib3 needs time that grows with the square of the size.
                raise ResponseLost(TOO_COMPRESSED)
            for part in arriving.iter_content(_PART):
                body += part
                if len(body) > BODY_LIMIT:
                    raise ResponseLost(TOO_LARGE)
        whole.status_code, whole.headers, whole.request = arriving.status_code, arriving.headers, request
        # JSON is UTF-8 (RFC 8259), whatever the headers say.
        whole.raw, whole.encoding = io.BytesIO(body), "utf-8"
        return whole

    def get_connection_with_tls_context(
        self,
        request: PreparedRequest,
        verify: bool | str | None,  # noqa: FBT001  requests' own signature
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> ConnectionPool:
        """As in requests, with connections that have bounds."""
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        kind = _BoundedHttps if pool.scheme == "https" else _BoundedHttp
        pool.ConnectionCls = partial(kind, self._time_left)
        found: ConnectionPool = pool
        return found


class _BoundedHttp(HTTPConnection):
    """A connection whose every step has only the time that is left."""

    def __init__(self, time_left: Callable[[], float], **options: Any) -> None:  # noqa: ANN401  urllib3's own
        super().__init__(**options)
        self._time_left = time_left
        self.response_class = partial(_BoundedResponse, time_left)  # type: ignore[assignment]  # called, never subclassed

    def _new_conn(self) -> socket.socket:
        """Try each address of the host. The socket keeps a timeout for what follows: TLS, or the proxy."""
        fault: OSError | None = None
        for *_, address in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM):
            where = (str(address[0]), int(address[1]))
            try:
                sock = create_connection(where, self._patience(), socket_options=self.socket_options)
            except OSError as failed:
                fault = failed
            else:
                sock.settimeout(self._patience())
                return sock
        raise fault or OSError("the host has no address")

    def send(self, data: Any) -> None:  # noqa: ANN401  http.client's own
        """Send a request, or a part of its body."""
        if self.sock is not None:
            self.sock.settimeout(self._patience())
        super().send(data)

    def _patience(self) -> float:
        # Never 0, which would mean "do not wait at all" to a socket and fail with another error.
        return min(TIMEOUT, max(self._time_left(), 0.001))


class _BoundedHttps(_BoundedHttp, HTTPSConnection):
    """The same with TLS."""


class _BoundedResponse(http.client.HTTPResponse):
    """Reads a response, or a proxy's, from a socket."""

    def __init__(self, time_left: Callable[[], float], sock: socket.socket, *args: Any, **options: Any) -> None:  # noqa: ANN401  http.client's own
        super().__init__(sock, *args, **options)
        self._reader = _BoundedReader(self.fp.detach(), sock, time_left)
        self.fp = io.BufferedReader(self._reader, _AT_ONCE)

    def begin(self) -> None:
        """Read the status line and the headers."""
        super().begin()
        # The parser also ends lines at a lone CR, so there can be many more headers than http.client counts.
        if len(self.headers) > _MAX_HEADERS:
            raise ResponseLost(TOO_LARGE)
        self._reader.allowance = BODY_LIMIT


class _BoundedReader(io.RawIOBase):
    """A socket's bytes, within the time that is left, up to an allowance of them."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, time_left: Callable[[], float]) -> None:
        self.allowance = HEAD_LIMIT
        """How many more bytes may be read."""
        self._raw = raw  # keeps the socket open until this is closed
        self._sock = sock
        self._time_left = time_left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        silence = 0.0
        while (left := self._time_left()) > 0:
            wait = min(_LOOK, TIMEOUT, left)
            self._sock.settimeout(wait)
            try:
                count = self._sock.recv_into(buffer)
            except TimeoutError:
                silence += wait
                if silence >= TIMEOUT:
                    raise ResponseLost(NO_RESPONSE) from None
                continue
            self.allowance -= count
            if self.allowance < 0:
                raise ResponseLost(TOO_LARGE)
            return count
        raise ResponseLost(TOO_LONG)

    def close(self) -> None:
        super().close()
        self._raw.close()
