"""No call brings more than it may, in memory or on the wire."""

from __future__ import annotations

import pytest

from hostile.answers import LARGE, MIB, coded, packed_once
from hostile.rawserver import RawServer, reply
from redeliver.github import bounded_http
from redeliver.github.bounded_http import BODY_LIMIT, HEAD_LIMIT, TOO_COMPRESSED, TOO_LARGE
from redeliver.github.connection import FAILED
from redeliver.github.responses import ResponseLost
from samples import connect

#: What a body may come to in some of these tests, in bytes.
SMALL = 2**20


@pytest.mark.parametrize("what", LARGE)
def test_endless_response_is_given_up(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_http, "BODY_LIMIT", SMALL)
    with RawServer(lambda _: LARGE[what]()) as there, pytest.raises(ResponseLost) as caught:
        connect(there.url).exchange("GET", "/x")
    assert str(caught.value) in {TOO_LARGE, TOO_COMPRESSED, FAILED}
    assert caught.value.__suppress_context__


def test_limit_is_on_the_unpacked_body() -> None:
    pieces = iter([BODY_LIMIT // MIB, BODY_LIMIT // MIB + 1])
    with RawServer(lambda _: coded("gzip", *packed_once(), next(pieces))) as there:
        api = connect(there.url)
        assert len(api.exchange("GET", "/x").body) == BODY_LIMIT
        with pytest.raises(ResponseLost, match=f"^{TOO_LARGE}$"):
            api.exchange("GET", "/x")


def test_body_that_comes_with_its_head_is_read() -> None:
    """As much as Python 3.14 reads at once, which is more than a head may come to."""
    body = b" " * 3 * HEAD_LIMIT + b"{}"
    with RawServer(lambda _: [reply(body, "200 OK")]) as there:
        api = connect(there.url)
        assert {len(api.exchange("GET", "/x").body) for _ in range(10)} == {len(body)}


def test_headers_larger_than_githubs_are_read() -> None:
    many = [b"X-Header-%d: %s" % (place, b"a" * 300) for place in range(90)]
    assert sum(map(len, many)) < HEAD_LIMIT
    with RawServer(lambda _: [reply(b"{}", "200 OK", *many)]) as there:
        assert connect(there.url).exchange("GET", "/x").headers["x-header-89"] == "a" * 300
