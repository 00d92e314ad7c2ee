"""Whatever bytes come back, an exchange gives an answer or says in a fixed phrase that none arrived."""

from __future__ import annotations

import pytest

from hostile.answers import MALFORMED, ODD_HEADERS
from hostile.rawserver import CLOSE, RawServer, reply
from redeliver.github.bounded_http import TOO_LARGE
from redeliver.github.connection import CUT_SHORT, FAILED, TOO_COMPRESSED, GitHubApi
from redeliver.github.responses import ResponseLost, Verb

TOKEN = "ghp_0123456789abcdef"
PHRASES = {
    FAILED,
    CUT_SHORT,
    TOO_LARGE,
    TOO_COMPRESSED,
}


def plenty() -> float:
    return 60.0


@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("what", ODD_HEADERS)
def test_a_header_that_nobody_needs_does_not_lose_the_answer(what: str, verb: Verb) -> None:
    status = {"GET": 200, "POST": 202}[verb]
    with RawServer(lambda _: [reply(b"{}", f"{status} Fine", *ODD_HEADERS[what])]) as there:
        got = GitHubApi(there.url, TOKEN, plenty).exchange(verb, "/x")
    assert (got.status, got.body) in {(status, "{}"), (status, "")}


@pytest.mark.parametrize("verb", ["GET", "POST", "PATCH"])
@pytest.mark.parametrize("what", MALFORMED)
@pytest.mark.slow
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
    with pytest.raises(ResponseLost, match=f"^{FAILED}$"):
        api.exchange("GET", "/x")


@pytest.mark.parametrize("token", ["漢", "a\r\nX-Injected: b", "\ud800"])
def test_a_token_that_no_header_can_hold_is_never_sent(token: str) -> None:
    with RawServer(lambda _: [reply()]) as there, pytest.raises(ResponseLost):
        GitHubApi(there.url, token, plenty).exchange("GET", "/x")
    assert there.asked == []
