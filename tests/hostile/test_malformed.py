"""Whatever bytes come back, an exchange gives an answer or says in a fixed phrase that none arrived."""

from __future__ import annotations

from unittest import mock

import pytest

from hostile.answers import ODD_HEADERS
from hostile.rawserver import RawServer, reply
from redeliver.github.connection import FAILED, GitHubApi
from redeliver.github.responses import ResponseLost, Verb

TOKEN = "ghp_0123456789abcdef"


def plenty() -> float:
    return 60.0


@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("what", ODD_HEADERS)
def test_odd_header_does_not_lose_the_answer(what: str, verb: Verb) -> None:
    status = {"GET": 200, "POST": 202}[verb]
    with RawServer(lambda _: [reply(b"{}", f"{status} Fine", *ODD_HEADERS[what])]) as there:
        got = GitHubApi(there.url, TOKEN, plenty).exchange(verb, "/x")
    assert (got.status, got.body) in {(status, "{}"), (status, "")}


@pytest.mark.parametrize("fault", [RecursionError(), MemoryError(), UnicodeError(), KeyError("x"), AssertionError()])
def test_failure_of_a_library_is_a_lost_response(fault: Exception) -> None:
    api = GitHubApi("http://127.0.0.1:9", TOKEN, plenty)
    adapter = mock.patch.object(api._adapter, "send", side_effect=fault)
    with adapter, pytest.raises(ResponseLost, match=f"^{FAILED}$"):
        api.exchange("GET", "/x")


@pytest.mark.parametrize("token", ["漢", "a\r\nX-Injected: b", "\ud800"])
def test_token_that_no_header_can_hold_is_never_sent(token: str) -> None:
    with RawServer(lambda _: [reply()]) as there, pytest.raises(ResponseLost):
        GitHubApi(there.url, token, plenty).exchange("GET", "/x")
    assert there.asked == []
