"""What a hostile API might send back: odd headers, bytes that are no HTTP, answers without an end, slow ones.

Each answer is a function that is given the body and the status that would have been right, and gives the parts of what
is sent. One that never stops goes on until the other side has had enough.
"""

from __future__ import annotations

import gzip
import itertools
import json
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from hostile.rawserver import CLOSE, reply

Answer = Callable[[bytes, str], Iterable[bytes]]


MIB = 2**20
LONG = b"9" * 400
ENDLESS = b"9" * 5_000
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSED = HEAD + b"Connection: close\r\n\r\n"

#: Header lines of an answer that is whole and good but for them. PyGithub 2.10 reads numbers from some.
ODD_HEADERS = {
    "a reset without end": [b"X-RateLimit-Reset: inf"],
    "a reset that is no number": [b"X-RateLimit-Reset: NaN"],
    "a reset that is text": [b"X-RateLimit-Reset: soon"],
    "a reset of 400 digits": [b"X-RateLimit-Reset: " + LONG],
    "a reset of 5,000 digits": [b"X-RateLimit-Reset: " + ENDLESS],
    "a rest that is text": [b"X-RateLimit-Remaining: some", b"X-RateLimit-Limit: more"],
    "a rest without end": [b"X-RateLimit-Remaining: inf", b"X-RateLimit-Limit: 1e400"],
    "bytes that are no text": [b"X-Odd: \xff\xfe\x80", b"X-\xff: y"],
    "an end of the token of 10,000 characters": [b"GitHub-Authentication-Token-Expiration: " + b"9" * 10_000],
    "an end of the token in 99999": [b"GitHub-Authentication-Token-Expiration: 99999-12-14 10:00:00 UTC"],
    "an end of the token before the year 1": [b"GitHub-Authentication-Token-Expiration: 0001-01-01 00:00:00 +2359"],
    "an end of the token long ago": [b"GitHub-Authentication-Token-Expiration: 2001-01-01 00:00:00 -0500"],
    "a cookie": [b"Set-Cookie: " + b"a;" * 5_000 + b"expires=" + b"1 " * 2_000],
    "a cookie's blanks": [b"Set-Cookie: a=b; expires=" + b" " * 20_000 + b"x"],
    "a folded header": [b"X-Odd: a", b" " + b" " * 20_000 + b"b"],
    "no name": [b": value"],
    "no colon": [b"nothing"],
    "a charset that is none": [b"Content-Type: text/html; charset=" + b"x" * 5_000],
}

#: Whole answers that are none, or hardly.
MALFORMED = {
    "nothing": CLOSE,
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "HTTP/0.9": b"<html>",
    "HTTP/2": b"HTTP/2 200\r\n\r\n",
    "HTTP/9.9": b"HTTP/9.9 200 OK\r\n\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "a status that is no number": b"HTTP/1.1 OK 200\r\n\r\n",
    "a status of 5,000 digits": b"HTTP/1.1 " + ENDLESS + b" OK\r\n\r\n",
    "a negative status": b"HTTP/1.1 -200 OK\r\n\r\n",
    "a chunk of negative size": CHUNKED + b"-5\r\nabcde\r\n0\r\n\r\n",
    "a chunk whose size is text": CHUNKED + b"five\r\nabcde\r\n",
    "a chunk of 5,000 digits": CHUNKED + b"F" * 5_000 + b"\r\nabcde\r\n",
    "a chunk that is cut short": CHUNKED + b"10\r\nabcde",
    "chunks without an end": CHUNKED + b"2\r\n{}\r\n",
    "a size that is text": HEAD + b"Content-Length: two, three\r\nConnection: close\r\n\r\n",
    "sizes that differ": HEAD + b"Content-Length: 2, 3\r\n\r\n{}",
    "a size that is too large": HEAD + b"Content-Length: 9\r\n\r\n{}",
    "a size of 400 digits": HEAD + b"Content-Length: " + LONG + b"\r\n\r\n{}",
    "what is no gzip": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "too many codings": HEAD + b"Content-Encoding: " + b"gzip," * 99 + b"gzip\r\nContent-Length: 2\r\n\r\n{}",
    "a location that is none": b"HTTP/1.1 302 Found\r\nLocation: http://[::\r\nContent-Length: 0\r\n\r\n",
    "a location's host that is none": b"HTTP/1.1 301 Moved\r\nLocation: http://a.\xff\r\nContent-Length: 0\r\n\r\n",
    "a location's port that is none": b"HTTP/1.1 307 Moved\r\nLocation: http://x:99999999\r\nContent-Length: 0\r\n\r\n",
    "an empty answer": b"HTTP/1.1 204 No Content\r\n\r\n",
    "a protocol that is changed": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n\x00\x00",
    "lines that end in LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "a header in the middle of a name": HEAD + b"Conte",
    "101 headers": HEAD + b"A: b\r\n" * 101 + b"\r\n",
}

# -- without an end ---------------------------------------------------------------------------------------------


def again_and_again(part: bytes, before: bytes = b"", most: int = 2**40) -> Iterator[bytes]:
    """A beginning and then the same for ever, or until there was so much of it."""
    times = max(1, most // len(part))
    return itertools.chain([before or part], itertools.repeat(part * max(1, 65_536 // len(part)), times), [CLOSE])


def packed_once() -> tuple[bytes, bytes]:
    """The beginning of a gzip, and what unpacks to a MiB of blanks each time that it follows."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    return start, packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)


def packed_twice(coding: str) -> tuple[bytes, bytes]:
    """The same in another coding, each piece of which unpacks to 64 pieces of the inner one."""
    start, piece = packed_once()
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if coding == "gzip" else 15)
    begun = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    return begun, packer.compress(piece * 64) + packer.flush(zlib.Z_FULL_FLUSH)


def coded(coding: str, start: bytes, piece: bytes, most: int = 2**40) -> Iterator[bytes]:
    head = HEAD + b"Content-Encoding: " + coding.encode() + b"\r\nConnection: close\r\n\r\n"
    return itertools.chain([head + start], itertools.repeat(piece, most), [CLOSE])


LARGE: dict[str, Callable[[], Iterable[bytes]]] = {
    "a body": lambda: again_and_again(b" ", UNTIL_CLOSED),
    "a body of a said length": lambda: again_and_again(b" ", HEAD + b"Content-Length: 999999999999\r\n\r\n"),
    "chunks": lambda: again_and_again(b"10000\r\n" + b" " * 65_536 + b"\r\n", CHUNKED),
    "tiny chunks": lambda: again_and_again(b"1;%s\r\n \r\n" % (b"x" * 60_000), CHUNKED),
    "a chunk of size -1, which http.client reads to the end": lambda: again_and_again(b" ", CHUNKED + b"-1\r\n"),
    "a chunk without an end": lambda: again_and_again(b" ", CHUNKED + b"FFFFFFFFFFFF\r\n"),
    "gzip": lambda: coded("gzip", *packed_once()),
    "gzip twice": lambda: coded("gzip, gzip", *packed_twice("gzip")),
    "deflate of gzip": lambda: coded("gzip, deflate", *packed_twice("deflate")),
    "gzip of nothing": lambda: again_and_again(
        gzip.compress(b""), UNTIL_CLOSED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    ),
    "a status line": lambda: again_and_again(b"K", b"HTTP/1.1 200 "),
    "headers": lambda: again_and_again(b"A: %s\r\n" % (b"a" * 60_000), HEAD),
    "headers that end in a lone CR": lambda: [
        HEAD,
        b"".join(b"A%d: b\r" % i for i in range(5_000)),
        b"\r\n\r\n",
        CLOSE,
    ],
    "answers before the answer": lambda: again_and_again(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the trailer": lambda: again_and_again(b"A: %s\r\n" % (b"a" * 60_000), CHUNKED + b"0\r\n"),
    "the body of a redirect": lambda: again_and_again(
        b" ", b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nConnection: close\r\n\r\n"
    ),
}

# -- slow -------------------------------------------------------------------------------------------------------


def drip(data: bytes, before: bytes, *after: bytes, seconds: float = 0.002) -> Iterator[bytes]:
    """Parts that come byte by byte. They end well after all, so that a test fails where somebody waits for that."""
    yield before
    for place in range(len(data)):
        yield data[place : place + 1]
        time.sleep(seconds)
    yield from after


#: Each is the beginning of an answer, what comes byte by byte, and its end.
SLOW = {
    "the status line": (b"HTTP/1.1 200 ", b"K" * 600, b"\r\nContent-Length: 2\r\n\r\n{}"),
    "a header": (HEAD + b"X-Slow: ", b"a" * 600, b"\r\nContent-Length: 2\r\n\r\n{}"),
    "many headers": (HEAD, b"A: b\r\n" * 99, b"Content-Length: 2\r\n\r\n{}"),
    "the body": (HEAD + b"Content-Length: 600\r\n\r\n", b" " * 598, b"{}"),
    "a body without an end": (UNTIL_CLOSED, b" " * 600, CLOSE),
    "the size of a chunk": (CHUNKED, b"0" * 600, b"\r\n\r\n"),
    "chunks": (CHUNKED, b"1\r\n \r\n" * 100, b"0\r\n\r\n"),
    "the trailer": (CHUNKED + b"0\r\n", b"A: b\r\n" * 100, b"\r\n"),
    "answers before the answer": (
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 25,
        reply(),
    ),
}

# -- JSON -------------------------------------------------------------------------------------------------------


def wide(size: int) -> bytes:
    """A text that takes four bytes of memory for each of its characters."""
    return b"\xf0\x9f\x98\x80" + b"a" * (size - 4)


BODIES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "null": lambda: b"null",
    "a number": lambda: b"1e400",
    "a number of 5,000 digits": lambda: ENDLESS,
    "HTML": lambda: b"<html><title>502</title>",
    "no text": lambda: b"\xff\xfe\x00",
    "a surrogate": lambda: b'{"value":"\\ud800","id":1,"token":"\\ud800"}',
    "arrays in arrays": lambda: b"[" * 100_000,
    "objects in objects": lambda: b'{"a":' * 100_000,
    "a million objects": lambda: b"[" + b"{}," * 10**6 + b"{}]",
    "a million keys": lambda: b"{" + b",".join(b'"%d":0' % number for number in range(10**6)) + b"}",
    "a value of 31 MiB": lambda: b'{"value":"' + wide(31 * MIB) + b'"}',
    "a status of 31 MiB": lambda: b"[" + row(status="FILL").replace(b"FILL", wide(31 * MIB)) + b"]",
    "a row of parts": lambda: b'[{"id":[' + b"[]," * 60_000 + b'"' + wide(31 * MIB) + b'"]}]',
    "a message of 31 MiB": lambda: b'{"message":"rate limit' + wide(31 * MIB) + b'"}',
    "31 MiB of bytes that are no text": lambda: b"\xff" * (31 * MIB),
    "a row too many": lambda: b"[" + b",".join([row()] * 101) + b"]",
    "a row of the year 9999": lambda: b"[" + row(delivered_at="9999-12-31T23:59:59-23:59") + b"]",
    "a row of the year 1": lambda: b"[" + row(delivered_at="0001-01-01T00:00:00+23:59") + b"]",
    "a row that is to come": lambda: b"[" + row(delivered_at="9998-12-31T23:59:59Z") + b"]",
    "a row with a huge status code": lambda: b"[" + row(status_code="FILL").replace(b'"FILL"', b"9" * 4_000) + b"]",
    "a row with a huge id": lambda: b"[" + row(id="FILL").replace(b'"FILL"', b"9" * 4_000) + b"]",
    "a row with a negative id": lambda: b"[" + row(id=-1) + b"]",
    "a row with a long guid": lambda: b"[" + row(guid="g" * 10_000) + b"]",
    "a checkpoint that is none": lambda: b'{"value":"::error::x\\n##[error]y"}',
    "a checkpoint in the future": lambda: b'{"value":"999999999999999"}',
    "an empty token": lambda: b'{"token":"","expires_at":"2099-01-01T00:00:00Z"}',
    "a token that ends": lambda: b'{"token":"a\\r\\nX: y","expires_at":"9999-12-31T23:59:59-23:59"}',
    "an installation without a number": lambda: b'{"id":-1}',
}


def row(**changed: Any) -> bytes:  # noqa: ANN401  anything that JSON can hold
    """A row of a delivery log as JSON."""
    usual: dict[str, Any] = {
        "id": 7,
        "guid": "guid-7",
        "delivered_at": "2026-11-05T10:40:00Z",
        "redelivery": False,
        "status": "Invalid HTTP Response: 503",
        "status_code": 503,
        "event": "push",
        "action": None,
    }
    return json.dumps(usual | changed, ensure_ascii=False).encode()


#: Of a full delivery, whose request is searched for what must not be shown of the response.
DELIVERIES: dict[str, Callable[[], bytes]] = {
    "an address of 5 MiB": lambda: delivery(url="https://a.example/FILL").replace(b"FILL", numbers(b"/", 5 * MIB)),
    "an address of percent signs": lambda: delivery(url="https://a.example/FILL").replace(b"FILL", b"%25" * 2 * MIB),
    "60,000 headers": lambda: delivery(request={"headers": {f"x-{n}": f"secret {n:09}" for n in range(60_000)}}),
    "a header of 5 MiB": lambda: delivery(request={"headers": {"x": "FILL"}}).replace(b"FILL", numbers(b" ", 5 * MIB)),
}


def delivery(**changed: Any) -> bytes:  # noqa: ANN401  as above
    """A full delivery as JSON."""
    payload = "".join(f"{number:09}" for number in range(2_000))
    response = {"headers": {"Server": "nginx"}, "payload": f"<title>{payload}</title>{payload}"}
    usual: dict[str, Any] = {"url": "https://a.example/", "request": {"headers": {}}, "response": response}
    return json.dumps(usual | changed).encode()


def numbers(separator: bytes, size: int) -> bytes:
    """Different pieces of 13 bytes."""
    return separator.join(b"%013d" % number for number in range(size // 14))


STATUSES = (100, 199, 201, 204, 206, 299, 301, 304, 401, 404, 409, 422, 429, 500, 599, 600, 999)

LIMITS = {
    "a limit without end": [b"Retry-After: " + LONG],
    "a limit that is over": [b"Retry-After: 0"],
    "a limit that was": [b"Retry-After: -1", b"X-RateLimit-Remaining: 0", b"X-RateLimit-Reset: 0"],
    "a limit of text": [b"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"],
    "an hour without end": [b"X-RateLimit-Remaining: 0", b"X-RateLimit-Reset: 9999999999"],
}


def everything() -> dict[str, Answer]:
    """Every answer there is here, by a name."""
    odd = {f"header: {name}": _with(lines) for name, lines in ODD_HEADERS.items()}
    dates = (b"Fri, 31 Dec 9999 23:59:59 -2359", b"Thu, 01 Jan 1970 00:00:00 GMT", b"x" * 60_000)
    odd |= {f"header: the date {date[:20].decode()}": _with([b"Date: " + date]) for date in dates}
    links = (
        b"<https://evil.example/x?page=2>",
        b"<http://[::1>",
        b"<" * 60_000,
        b"<http://127.0.0.1:9/" + b"c" * 60_000,
    )
    odd |= {f"header: the link {link[:20].decode()}": _with([b"Link: " + link + b'>; rel="next"']) for link in links}
    return (
        odd
        | {f"malformed: {name}": _constant(data) for name, data in MALFORMED.items()}
        | {f"large: {name}": _made(make) for name, make in LARGE.items()}
        | {f"slow: {name}": _slow(*parts) for name, parts in SLOW.items()}
        | {"slow: silence": lambda *_: drip(b" " * 10, b"HTTP", seconds=3)}
        | {f"body: {name}": body(make) for name, make in BODIES.items()}
        | {f"status: {number}": _status(number) for number in STATUSES}
        | {f"limit: {name}": _status(403, *lines) for name, lines in LIMITS.items()}
    )


def _with(lines: list[bytes]) -> Answer:
    return lambda body, status: [reply(body, status, *lines)]


def _constant(data: bytes) -> Answer:
    return lambda *_: [part for part in (data,) if part] + [CLOSE]


def _made(make: Callable[[], Iterable[bytes]]) -> Answer:
    return lambda *_: make()


def _slow(before: bytes, slow: bytes, after: bytes) -> Answer:
    return lambda *_: drip(slow, before, after, seconds=0.05)


def body(make: Callable[[], bytes]) -> Answer:
    """An answer with this body."""
    return lambda _, status: [reply(make(), status)]


def _status(number: int, *lines: bytes) -> Answer:
    return lambda body, _: [reply(body, f"{number} Odd", *lines)]
