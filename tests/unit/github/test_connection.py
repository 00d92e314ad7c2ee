"""One exchange over a real socket is one request and one answer, whatever PyGithub would make of it."""

from __future__ import annotations

import base64
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
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
VERBS: tuple[Verb, ...] = ("GET", "POST", "PATCH")
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


def test_a_request_says_who_asks_for_what_and_the_token_is_in_the_authorization_alone(there: There) -> None:
    there.api.exchange("GET", there.log, query={"per_page": "100", "status": "failure"})
    there.api.exchange("POST", "/repos/octo/ops/actions/variables", body={"name": "A", "value": "1"})
    there.api.exchange("POST", there.attempts)
    assert [(one.verb, one.query) for one in there.seen[:2]] == [
        ("GET", {"per_page": "100", "status": "failure"}),
        ("POST", {}),
    ]
    assert [one.body and json.loads(one.body) for one in there.seen[:2]] == [b"", {"name": "A", "value": "1"}]
    assert there.seen[2].body in {b"", b"{}"}
    for request in there.seen:
        assert request.headers["user-agent"] == f"redeliver-action/{__version__}"
        assert request.headers["x-github-api-version"] == "2022-11-28"
        assert request.headers["accept"] == "application/vnd.github+json"
        assert request.headers["authorization"].split()[1:] == [TOKEN]
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


@cache
def odd_keys() -> dict[str, str]:
    """Keys that are whole, and not an App's."""
    ed, dh = ed25519.Ed25519PrivateKey.generate(), dsa.generate_private_key(2048)
    keys = {"Ed25519": pem(ed), "DSA": pem(dh), "EC": pem(ec.generate_private_key(ec.SECP256R1()))}
    keys |= {"public": key_pair().public, "cut": key_pair().private[:-200], "a token": "ghp_1234567890"}
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


ODD = ("Ed25519", "DSA", "EC", "encrypted", "a curve that is unknown", "public", "cut", "a token")


@pytest.mark.parametrize("kind", ODD)
def test_a_key_that_is_no_apps_is_refused_whatever_it_is(there: There, kind: str) -> None:
    with raises(BadPrivateKey):
        GitHubApi(there.url, AppKey("12", SecretStr(odd_keys()[kind])), plenty)
    assert there.seen == []


def test_below_a_servers_path_requests_go_below_it() -> None:
    with on_air("/api/v3") as there:
        assert there.url.endswith("/api/v3")
        assert there.api.exchange("GET", there.log).status == 200
        assert there.lines == [f"GET {there.log}"]


def test_an_answer_comes_as_it_is(there: There) -> None:
    read = there.api.exchange("GET", there.log)
    assert read.status == 200
    assert there.hook.log.rows[0].id in [row["id"] for row in json.loads(read.body)]
    assert "date" in read.headers
    assert all(name == name.lower() for name in read.headers)
    asked = there.api.exchange("POST", there.attempts)
    assert (asked.status, asked.body.strip()) == (202, "{}")


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


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", [500, 502, 503, 504, 403, 429])
def test_nothing_is_asked_again_after_a_no(there: There, verb: Verb, status: int) -> None:
    there.strike(json_answer(status, "You have exceeded a secondary rate limit", retry_after="0"))
    assert there.api.exchange(verb, there.attempts).status == status
    assert len(there.lines) == 1


@pytest.mark.parametrize("verb", VERBS)
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


@pytest.mark.parametrize("verb", VERBS)
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
    ("effect", "verb", "status", "body"),
    [
        *((html_answer(200), verb, 200, "<html><head><title>200") for verb in VERBS),
        *((html_answer(404), verb, 404, "<html><head><title>404") for verb in VERBS),
        (html_answer(202), "POST", 202, "<html>"),
        (garbage(), "GET", 200, '[{"id": 12, "guid": '),
        (Answer(204), "PATCH", 204, ""),
        # JSON is UTF-8 whatever is said of it.
        *(
            (Answer(400, "漢é".encode(), {"content-type": kind}), "GET", 400, "漢é")
            for kind in ("application/json", "text/plain", "text/html; charset=latin-1", "nonsense")
        ),
        (Answer(400, b"\xff\x00", {"content-type": "application/json"}), "GET", 400, "\ufffd"),
    ],
    ids=range(14),
)
def test_what_is_no_json_is_kept_as_text(there: There, effect: Effect, verb: Verb, status: int, body: str) -> None:
    there.strike(effect)
    answer = there.api.exchange(verb, there.attempts)
    assert (answer.status, answer.body[: len(body)]) == (status, body)


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


@pytest.mark.parametrize("effect", [Lose("reset"), Lose("silence"), Lose("cut")], ids=["reset", "silence", "cut"])
def test_what_is_said_holds_no_address_and_no_token_and_no_other_error(impatient: There, effect: Effect) -> None:
    impatient.strike(effect)
    with pytest.raises(ResponseLost) as caught:
        impatient.api.exchange("GET", impatient.log, query={"cursor": "hush"})
    assert not SECRETS.search(str(caught.value))
    assert caught.value.__suppress_context__
