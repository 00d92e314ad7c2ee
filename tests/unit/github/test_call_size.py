"""No call brings more than it may, in memory or on the wire."""

from __future__ import annotations

import gzip
import itertools
import zlib
from typing import TYPE_CHECKING

import pytest

from rawserver import CLOSE, RawServer, reply
from redeliver.github import bounded_http, connection
from redeliver.github.bounded_http import BODY_LIMIT, HEAD_LIMIT
from redeliver.github.connection import GitHubApi
from redeliver.github.transport import ResponseLost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TOKEN = "ghp_0123456789abcdef"


def plenty() -> float:
    return 60.0


def packed(size: int, *codings: str) -> bytes:
    """So many blanks, packed once for each of the codings."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = b"".join(packer.compress(b" " * 2**20) for _ in range(size // 2**20)) + packer.flush()
    for coding in codings[1:]:
        data = gzip.compress(data) if coding == "gzip" else zlib.compress(data)
    return data


#: What a body may come to in some of these tests, in bytes.
SMALL = 2**20
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"


def endless(part: bytes, before: bytes = b"") -> Iterable[bytes]:
    """Four times as much as is ever read."""
    return itertools.chain([before or part], itertools.repeat(part, 4 * SMALL // len(part)), [CLOSE])


LARGE: dict[str, Callable[[], Iterable[bytes]]] = {
    "a body": lambda: endless(b" " * 65_536, HEAD + b"Connection: close\r\n\r\n"),
    "a body of a said length": lambda: endless(b" " * 65_536, HEAD + b"Content-Length: 999999999999\r\n\r\n"),
    "chunks": lambda: endless(b"10000\r\n" + b" " * 65_536 + b"\r\n", CHUNKED),
    "tiny chunks": lambda: endless(b"1;%s\r\n \r\n" % (b"x" * 60_000), CHUNKED),
    "a chunk of size -1, which http.client reads to the end": lambda: endless(b" " * 65_536, CHUNKED + b"-1\r\n"),
    "a chunk without an end": lambda: endless(b" " * 65_536, CHUNKED + b"FFFFFFFFFFFF\r\n"),
    "gzip": lambda: [GZIP, packed(8 * SMALL), CLOSE],
    "gzip twice": lambda: [GZIP.replace(b"gzip", b"gzip, gzip"), packed(8 * SMALL, "gzip", "gzip"), CLOSE],
    "deflate of gzip": lambda: [GZIP.replace(b"gzip", b"gzip, deflate"), packed(8 * SMALL, "gzip", "deflate"), CLOSE],
    "gzip of nothing, again and again": lambda: endless(gzip.compress(b"") * 3_000, GZIP),
    "a status line": lambda: endless(b"K" * 65_536, b"HTTP/1.1 200 "),
    "headers": lambda: endless(b"A: %s\r\n" % (b"a" * 60_000), HEAD),
    "headers that end in a lone CR": lambda: [
        HEAD,
        b"".join(b"A%d: b\r" % i for i in range(5_000)),
        b"\r\n\r\n",
        CLOSE,
    ],
    "answers before the answer": lambda: endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000),
    "the trailer": lambda: endless(b"A: %s\r\n" % (b"a" * 60_000), CHUNKED + b"0\r\n"),
    "the body of a redirect": lambda: endless(
        b" " * 65_536, b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nConnection: close\r\n\r\n"
    ),
}


@pytest.mark.parametrize("what", LARGE)
def test_what_has_no_bounds_is_given_up(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (bounded_http, connection):
        monkeypatch.setattr(module, "BODY_LIMIT", SMALL)
    with RawServer(lambda _: LARGE[what]()) as there, pytest.raises(ResponseLost) as caught:
        GitHubApi(there.url, TOKEN, plenty).exchange("GET", "/x")
    assert str(caught.value) in {"the answer was too large", "the connection failed"}
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("size", [BODY_LIMIT, BODY_LIMIT + 2**20])
def test_the_bound_is_on_what_is_unpacked(size: int) -> None:
    with RawServer(lambda _: [GZIP + packed(size), CLOSE]) as there:
        api = GitHubApi(there.url, TOKEN, plenty)
        if size == BODY_LIMIT:
            assert len(api.exchange("GET", "/x").body) == size
        else:
            with pytest.raises(ResponseLost, match=r"^the answer was too large$"):
                api.exchange("GET", "/x")


def test_headers_may_be_larger_than_githubs_are() -> None:
    many = [b"X-Header-%d: %s" % (place, b"a" * 300) for place in range(90)]
    assert sum(map(len, many)) < HEAD_LIMIT
    with RawServer(lambda _: [reply(b"{}", "200 OK", *many)]) as there:
        assert GitHubApi(there.url, TOKEN, plenty).exchange("GET", "/x").headers["x-header-89"] == "a" * 300
