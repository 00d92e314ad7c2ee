"""Whatever bytes come back, an exchange gives an answer or says in a fixed phrase that none arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rawserver import CLOSE, RawServer, reply
from redeliver.github.connection import GitHubApi
from redeliver.github.transport import ResponseLost

if TYPE_CHECKING:
    from redeliver.github.transport import Verb

TOKEN = "ghp_0123456789abcdef"
PHRASES = {
    "the connection failed",
    "the answer was cut short",
    "the answer was too large",
}
LONG = b"9" * 400
ENDLESS = b"9" * 5_000


def plenty() -> float:
    return 60.0


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
    "a cookie": [b"Set-Cookie: " + b"a;" * 5_000 + b"expires=" + b"1 " * 2_000],
    "a cookie's blanks": [b"Set-Cookie: a=b; expires=" + b" " * 20_000 + b"x"],
    "a folded header": [b"X-Odd: a", b" " + b" " * 20_000 + b"b"],
    "no name": [b": value"],
    "no colon": [b"nothing"],
    "a charset that is none": [b"Content-Type: text/html; charset=" + b"x" * 5_000],
}


@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("what", ODD_HEADERS)
def test_a_header_that_nobody_needs_does_not_lose_the_answer(what: str, verb: Verb) -> None:
    with RawServer(lambda _: [reply(b"{}", "202 Accepted", *ODD_HEADERS[what])]) as there:
        got = GitHubApi(there.url, TOKEN, plenty).exchange(verb, "/x")
    assert (got.status, got.body) in {(202, "{}"), (202, "")}


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

#: Whole answers that are none.
MALFORMED = {
    "nothing": b"",
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
    "a size that is text": b"HTTP/1.1 200 OK\r\nContent-Length: two, three\r\nConnection: close\r\n\r\n",
    "sizes that differ": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\n{}",
    "a size that is too large": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
    "a size of 400 digits": b"HTTP/1.1 200 OK\r\nContent-Length: " + LONG + b"\r\n\r\n{}",
    "what is no gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "too many codings": b"HTTP/1.1 200 OK\r\nContent-Encoding: "
    + b"gzip," * 99
    + b"gzip\r\nContent-Length: 2\r\n\r\n{}",
    "a location that is none": b"HTTP/1.1 302 Found\r\nLocation: http://[::\r\nContent-Length: 0\r\n\r\n",
    "a location's host that is none": b"HTTP/1.1 301 Found\r\nLocation: http://"
    + b"a" * 99
    + b".\xff\r\nContent-Length: 0\r\n\r\n",
    "a location's port that is none": b"HTTP/1.1 307 Found\r\nLocation: http://x:99999999\r\nContent-Length: 0\r\n\r\n",
    "an empty answer": b"HTTP/1.1 204 No Content\r\n\r\n",
    "a protocol that is changed": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n\x00\x00",
    "lines that end in LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "a header in the middle of a name": b"HTTP/1.1 200 OK\r\nConte",
    "101 headers": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 101 + b"\r\n",
}


@pytest.mark.parametrize("verb", ["GET", "POST", "PATCH"])
@pytest.mark.parametrize("what", MALFORMED)
def test_bytes_that_are_no_answer_are_a_lost_one(what: str, verb: Verb) -> None:
    sent = [part for part in (MALFORMED[what],) if part]
    with RawServer(lambda _: [*sent, CLOSE]) as there:
        said = _exchange(GitHubApi(there.url, TOKEN, plenty), verb)
    assert said in {*PHRASES, "an answer"}
    assert len(there.asked) == 1


def _exchange(api: GitHubApi, verb: Verb) -> str:
    try:
        api.exchange(verb, "/x")
    except ResponseLost as lost:
        return str(lost)
    return "an answer"


class Fails:
    """Stands in for a step within PyGithub, requests or urllib3 that fails in its own way."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    def __call__(self, *_: object, **__: object) -> None:
        raise self.fault


@pytest.mark.parametrize("fault", [RecursionError(), MemoryError(), UnicodeError(), KeyError("x"), AssertionError()])
def test_no_failure_of_a_library_gets_through(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    api = GitHubApi("http://127.0.0.1:9", TOKEN, plenty)
    monkeypatch.setattr(api._connection.adapter, "send", Fails(fault))
    with pytest.raises(ResponseLost, match=r"^the connection failed$"):
        api.exchange("GET", "/x")


@pytest.mark.parametrize("token", ["漢", "a\r\nX-Injected: b", "\ud800"])
def test_a_token_that_no_header_can_hold_is_never_sent(token: str) -> None:
    with RawServer(lambda _: [reply()]) as there, pytest.raises(ResponseLost):
        GitHubApi(there.url, token, plenty).exchange("GET", "/x")
    assert there.asked == []
