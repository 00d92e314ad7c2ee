"""One exchange over a real socket is one request and one answer, whatever PyGithub would make of it."""

from __future__ import annotations

import base64
import json
import re
import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import TYPE_CHECKING
from unittest import mock

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import SecretStr

from command.keys import key_pair
from githubsim.clock import SECOND, system_ms
from githubsim.faults import Answer, Delay, Effect, Fault, Lose, Rewrite, garbage, html_answer, json_answer, redirect
from githubsim.model import SimGitHub
from githubsim.server import serve
from redeliver import __version__
from redeliver.errors import BadPrivateKey
from redeliver.github import bounded_http
from redeliver.github.app_token import AppKey
from redeliver.github.bounded_http import NO_RESPONSE
from redeliver.github.connection import CUT_SHORT, FAILED, GitHubApi
from redeliver.github.responses import ResponseLost, Verb
from wording import raises

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.hazmat.primitives.serialization import KeySerializationEncryption
    from requests import PreparedRequest

    from githubsim.hooks import Hook
    from githubsim.wire import SimRequest, SimResponse

TOKEN = "ghp_0123456789abcdef"
SECRETS = re.compile(r"ghp_|127\.0\.0\.1|://|cursor|hush")


def plenty() -> float:
    """The time that a call has: more than a test takes."""
    return 60.0


@dataclass
class There:
    """GitHub on a socket, with one hook and one failed delivery, and a connection to it."""

    sim: SimGitHub
    hook: Hook
    api: GitHubApi
    url: str
    seen: list[SimRequest] = field(default_factory=list)

    def strike(self, effect: Effect, *, times: int | None = None) -> None:
        """From now on, every request."""
        self.sim.faults.add(Fault(effect, times=times))

    @property
    def log(self) -> str:
        return f"{self.hook.path}/deliveries"

    @property
    def attempts(self) -> str:
        return f"{self.log}/{self.hook.log.rows[0].id}/attempts"

    @property
    def lines(self) -> list[str]:
        return [f"{entry.verb} {entry.path}" for entry in self.sim.journal.entries]


@contextmanager
def on_air(root: str = "") -> Iterator[There]:
    sim = SimGitHub(system_ms, root=root)
    sim.token(TOKEN)
    hook = sim.org_hook("octo")
    hook.add(system_ms() - SECOND)
    seen: list[SimRequest] = []

    def judge(request: SimRequest, _answer: SimResponse | None) -> None:
        seen.append(request)

    with serve(sim, judge=judge) as served:
        yield There(sim, hook, GitHubApi(served.url, TOKEN, plenty), served.url, seen)


@pytest.fixture(scope="module")
def site() -> Iterator[There]:
    """One for all tests that do not mind what the others did to it."""
    with on_air() as site:
        yield site


@pytest.fixture
def there(site: There) -> There:
    site.sim.faults.clear()
    site.sim.journal.clear()
    site.seen.clear()
    site.api = GitHubApi(site.url, TOKEN, plenty)
    return site


@pytest.fixture
def impatient(there: There, monkeypatch: pytest.MonkeyPatch) -> There:
    """For what is never answered; on a busy machine an answer can take as long."""
    monkeypatch.setattr(bounded_http, "TIMEOUT", 0.15)
    return there


# -- what is sent -----------------------------------------------------------------------------------------------


def test_a_request_says_who_asks_for_what_and_in_which_version(there: There) -> None:
    there.api.exchange("GET", there.log, query={"per_page": "100", "status": "failure"})
    (request,) = there.seen
    assert (request.verb, request.path) == ("GET", there.log)
    assert request.query == {"per_page": "100", "status": "failure"}
    assert request.body == b""
    assert request.headers["user-agent"] == f"redeliver-action/{__version__}"
    assert request.headers["x-github-api-version"] == "2022-11-28"
    assert request.headers["accept"] == "application/vnd.github+json"


def test_the_token_is_in_the_authorization_and_nowhere_else(there: There) -> None:
    there.api.exchange("GET", there.log)
    there.api.exchange("POST", "/repos/octo/ops/actions/variables", body={"name": "A", "value": "1"})
    for request in there.seen:
        assert request.headers["authorization"].split() == ["token", TOKEN] or request.headers[
            "authorization"
        ].split() == ["Bearer", TOKEN]
        others = {name: value for name, value in request.headers.items() if name != "authorization"}
        assert TOKEN not in f"{request.path} {request.query} {others} {request.body!r}"


def test_an_apps_key_is_read_once_and_signs_each_request(there: There) -> None:
    with mock.patch("jwt.algorithms.load_pem_private_key", wraps=load_pem_private_key) as reading:
        app = GitHubApi(there.url, AppKey("12", SecretStr(key_pair().private)), plenty)
        for _ in range(2):
            app.exchange("GET", "/app")
    assert reading.call_count == 1
    for request in there.seen:
        word, proof = request.headers["authorization"].split()
        assert (word, jwt.decode(proof, key_pair().public, ["RS256"])["iss"]) == ("Bearer", "12")
    assert len(there.seen) == 2


def test_what_cannot_sign_is_refused_before_any_request(there: There) -> None:
    for key in (key_pair().public, key_pair().private[:-200], "ghp_1234567890"):
        with raises(BadPrivateKey):
            GitHubApi(there.url, AppKey("12", SecretStr(key)), plenty)
    assert there.seen == []


@cache
def odd_keys() -> dict[str, str]:
    """Keys that are whole, and not an App's."""
    ed, dh = ed25519.Ed25519PrivateKey.generate(), dsa.generate_private_key(2048)
    keys = {"Ed25519": pem(ed), "DSA": pem(dh), "EC": pem(ec.generate_private_key(ec.SECP256R1()))}
    keys["encrypted"] = pem(load_pem_private_key(key_pair().private.encode(), None), BestAvailableEncryption(b"x"))
    # On a curve that has no name here: the last part of P-256's object identifier is another one.
    curve = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01"
    encoded = base64.b64decode("".join(keys["EC"].splitlines()[1:-1]))
    unknown = encoded.replace(curve + b"\x07", curve + b"\x7e")
    keys["a curve that is unknown"] = (
        f"-----BEGIN PRIVATE KEY-----\n{base64.encodebytes(unknown).decode()}-----END PRIVATE KEY-----"
    )
    return keys


def pem(key: PrivateKeyTypes, encryption: KeySerializationEncryption | None = None) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()).decode()


@pytest.mark.parametrize("kind", ["Ed25519", "DSA", "EC", "encrypted", "a curve that is unknown"])
def test_a_key_that_is_no_apps_is_refused_whatever_it_is(there: There, kind: str) -> None:
    with raises(BadPrivateKey):
        GitHubApi(there.url, AppKey("12", SecretStr(odd_keys()[kind])), plenty)
    assert there.seen == []


def test_a_body_is_sent_as_json_and_none_is_none(there: There) -> None:
    there.api.exchange("POST", "/repos/octo/ops/actions/variables", body={"name": "B", "value": "1"})
    there.api.exchange("POST", there.attempts)
    with_body, without = there.seen
    assert json.loads(with_body.body) == {"name": "B", "value": "1"}
    assert with_body.headers["content-type"].startswith("application/json")
    assert without.body in {b"", b"{}"}


def test_below_a_servers_path_requests_go_below_it() -> None:
    with on_air("/api/v3") as there:
        assert there.url.endswith("/api/v3")
        assert there.api.exchange("GET", there.log).status == 200
        assert there.lines == [f"GET {there.log}"]


def test_an_answer_comes_as_it_is(there: There) -> None:
    read = there.api.exchange("GET", there.log)
    assert read.status == 200
    assert [row["id"] for row in json.loads(read.body)] == [there.hook.log.rows[0].id]
    assert "date" in read.headers
    assert all(name == name.lower() for name in read.headers)
    asked = there.api.exchange("POST", there.attempts)
    assert (asked.status, asked.body.strip()) == (202, "{}")


def test_one_connection_serves_one_request_after_the_other(there: There) -> None:
    for _ in range(3):
        assert there.api.exchange("GET", there.log).status == 200
    assert len(there.lines) == 3


@pytest.mark.parametrize(
    ("root", "url"),
    [
        ("http://[::1]:8080", "http://[::1]:8080/x?a=1"),
        ("http://localhost", "http://localhost:80/x?a=1"),
        ("https://github.example/api/v3", "https://github.example:443/api/v3/x?a=1"),
    ],
)
def test_the_address_is_that_of_the_api(root: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    api = GitHubApi(root, TOKEN, plenty)

    def send(request: PreparedRequest, **_: object) -> None:
        asked.append(str(request.url))
        raise OSError

    monkeypatch.setattr(api._connection.adapter, "send", send)
    with pytest.raises(ResponseLost):
        api.exchange("GET", "/x", query={"a": "1"})
    assert asked == [url]


# -- what PyGithub would do on its own --------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["GET", "POST", "PATCH"])
@pytest.mark.parametrize("status", [500, 502, 503, 504, 403, 429])
def test_nothing_is_asked_again_after_a_no(there: There, verb: Verb, status: int) -> None:
    there.strike(json_answer(status, "You have exceeded a secondary rate limit", retry_after="0"))
    assert there.api.exchange(verb, there.attempts).status == status
    assert len(there.lines) == 1


@pytest.mark.parametrize("verb", ["GET", "POST", "PATCH"])
@pytest.mark.parametrize(
    ("effect", "says"),
    [
        (Lose("reset"), FAILED),
        (Lose("silence"), NO_RESPONSE),
        (Lose("cut"), f"{CUT_SHORT}|{FAILED}"),
        (Delay(400), NO_RESPONSE),
    ],
    ids=["reset", "silence", "cut", "late"],
)
def test_nothing_is_asked_again_after_a_loss(impatient: There, verb: Verb, effect: Effect, says: str) -> None:
    impatient.strike(effect)
    with pytest.raises(ResponseLost, match=f"^({says})$"):
        impatient.api.exchange(verb, impatient.attempts, query={"cursor": "hush"})
    assert len(impatient.lines) == 1


@pytest.mark.parametrize("verb", ["GET", "POST", "PATCH"])
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_no_redirect_is_followed(there: There, verb: Verb, status: int) -> None:
    there.strike(redirect(f"{there.url}/rate_limit", status))
    assert there.api.exchange(verb, there.attempts, query={"per_page": "100"}).status == status
    assert there.lines == [f"{verb} {there.attempts}"]


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_no_redirect_hands_the_token_to_another_host(there: There, verb: Verb) -> None:
    with on_air() as elsewhere:
        there.strike(redirect(f"{elsewhere.url}/rate_limit", 302))
        assert there.api.exchange(verb, there.attempts).status == 302
        assert elsewhere.seen == []


def test_a_202_to_a_get_is_no_reason_to_ask_for_ever(there: There) -> None:
    there.strike(Rewrite(status=202))
    with pytest.raises(ResponseLost, match=r"^it answered 202$"):
        there.api.exchange("GET", there.log)
    assert len(there.lines) == 1


# -- answers that are no JSON -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "status"),
    [*product(["GET", "POST", "PATCH"], [200, 404, 502]), ("POST", 202), ("PATCH", 202)],
)
def test_a_page_is_kept_as_text(there: There, verb: Verb, status: int) -> None:
    there.strike(html_answer(status))
    answer = there.api.exchange(verb, there.attempts)
    assert answer.status == status
    assert answer.body.startswith(f"<html><head><title>{status}")


def test_broken_json_is_kept_as_text(there: There) -> None:
    there.strike(garbage())
    assert there.api.exchange("GET", there.log).body == '[{"id": 12, "guid": '


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/html; charset=latin-1", "nonsense"])
def test_text_is_utf_8_whatever_is_said(there: There, kind: str) -> None:
    there.strike(Answer(400, '{"message": "漢é"}'.encode(), {"content-type": kind}))
    assert there.api.exchange("GET", there.log).body == '{"message": "漢é"}'


def test_what_is_no_text_is_no_crash(there: There) -> None:
    there.strike(Answer(400, b"\xff\xfe\x00", {"content-type": "application/json"}))
    assert "\ufffd" in there.api.exchange("GET", there.log).body


def test_an_empty_answer_is_empty(there: There) -> None:
    there.strike(Answer(204))
    assert there.api.exchange("PATCH", there.log, body={}).body == ""


# -- who else could learn the token -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_in_the_environment_sees_nothing_of_a_loopback_api(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for exempt in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(exempt, raising=False)
    with on_air() as proxy, on_air() as there:
        monkeypatch.setenv(name, proxy.url)
        api = GitHubApi(there.url, TOKEN, plenty)
        assert api.exchange("GET", there.log).status == 200
        assert api.exchange("POST", there.attempts).status == 202
        assert (len(there.lines), proxy.lines) == (2, [])


def test_a_netrc_does_not_take_the_tokens_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    with on_air() as there:
        assert GitHubApi(there.url, TOKEN, plenty).exchange("GET", there.log).status == 200
        assert there.seen[0].headers["authorization"].endswith(TOKEN)


# -- what is said when nothing came -----------------------------------------------------------------------------


def test_a_refused_connection_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    with pytest.raises(ResponseLost, match=f"^{FAILED}$"):
        GitHubApi(f"http://127.0.0.1:{port}", TOKEN, plenty).exchange("GET", "/rate_limit")


@pytest.mark.parametrize("effect", [Lose("reset"), Lose("silence"), Lose("cut")], ids=["reset", "silence", "cut"])
def test_what_is_said_holds_no_address_and_no_token_and_no_other_error(impatient: There, effect: Effect) -> None:
    impatient.strike(effect)
    with pytest.raises(ResponseLost) as caught:
        impatient.api.exchange("GET", impatient.log, query={"cursor": "hush"})
    assert not SECRETS.search(str(caught.value))
    assert caught.value.__suppress_context__


def test_after_a_loss_the_next_request_is_answered(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    for effect in (Lose("reset"), Lose("silence"), Lose("cut")):
        there.strike(effect, times=1)
        with monkeypatch.context() as impatient:
            impatient.setattr(bounded_http, "TIMEOUT", 0.15)
            with pytest.raises(ResponseLost):
                there.api.exchange("GET", there.log)
        assert there.api.exchange("GET", there.log).status == 200
