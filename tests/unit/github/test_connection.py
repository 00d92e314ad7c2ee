"""One exchange over a real socket is one request and one answer, whatever PyGithub would make of it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import SecretStr
from requests import PreparedRequest

from command.keys import key_pair
from githubsim.clock import SECOND, system_ms
from githubsim.faults import Answer, Delay, Effect, Fault, Lose, Rewrite, garbage, html_answer, json_answer, redirect
from githubsim.model import SimGitHub
from githubsim.server import serve
from githubsim.wire import SimRequest
from redeliver import __version__
from redeliver.errors import BadPrivateKey
from redeliver.github import bounded_http
from redeliver.github.app_token import AppKey
from redeliver.github.bounded_http import NO_RESPONSE
from redeliver.github.connection import CUT_SHORT, FAILED, GitHubApi
from redeliver.github.responses import ResponseLost, Verb
from samples import TOKEN, connect

VERBS: tuple[Verb, ...] = ("GET", "POST", "PATCH")
SECRETS = re.compile(r"ghp_|127\.0\.0\.1|://|cursor|hush")


@dataclass
class There:
    """GitHub on a socket, with one hook and one failed delivery, and a connection to it."""

    sim: SimGitHub
    url: str
    log: str
    attempts: str
    seen: list[SimRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.api = connect(self.url)
        self.sim.observers.append(lambda request, _answer: self.seen.append(request))

    def strike(self, effect: Effect) -> None:
        """From now on, every request."""
        self.sim.faults.add(Fault(effect, times=None))

    @property
    def lines(self) -> list[str]:
        return [f"{entry.verb} {entry.path}" for entry in self.sim.journal.entries]


@contextmanager
def on_air(root: str = "") -> Iterator[There]:
    sim = SimGitHub(system_ms, root=root)
    sim.token(TOKEN)
    hook = sim.org_hook("octo")
    row, log = hook.add(system_ms() - SECOND), f"{hook.path}/deliveries"
    with serve(sim) as served:
        yield There(sim, served.url, log, f"{log}/{row.id}/attempts")


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
    site.api = connect(site.url)
    return site


@pytest.fixture
def impatient(there: There, monkeypatch: pytest.MonkeyPatch) -> There:
    """For what is never answered; on a busy machine an answer can take as long."""
    monkeypatch.setattr(bounded_http, "TIMEOUT", 0.15)
    return there


def test_request_has_its_headers_and_the_token_in_authorization_alone(there: There) -> None:
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


def test_app_key_is_read_once_and_signs_each_request(there: There) -> None:
    with mock.patch("jwt.algorithms.load_pem_private_key", wraps=load_pem_private_key) as reading:
        app = GitHubApi(there.url, AppKey("12", SecretStr(key_pair().private)), lambda: 60.0)
        for _ in range(2):
            app.exchange("GET", "/app")
    assert reading.call_count == 1
    for request in there.seen:
        word, proof = request.headers["authorization"].split()
        assert (word, jwt.decode(proof, key_pair().public, ["RS256"])["iss"]) == ("Bearer", "12")
    assert len(there.seen) == 2


def pem(key: PrivateKeyTypes, encryption: KeySerializationEncryption | None = None) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()).decode()


def on_an_unknown_curve(key: str) -> str:
    """A key on P-256 whose curve has no name here: the last part of its object identifier is another one."""
    curve = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01"
    encoded = base64.b64decode("".join(key.splitlines()[1:-1])).replace(curve + b"\x07", curve + b"\x7e")
    return f"-----BEGIN PRIVATE KEY-----\n{base64.encodebytes(encoded).decode()}-----END PRIVATE KEY-----"


def test_key_of_another_kind_is_refused(there: There) -> None:
    rsa, curve = key_pair().private, pem(ec.generate_private_key(ec.SECP256R1()))
    short = dsa.generate_private_key(1024)  # noqa: S505  a longer one takes seconds to make
    keys = [pem(ed25519.Ed25519PrivateKey.generate()), pem(short), curve]
    keys += [pem(load_pem_private_key(rsa.encode(), None), BestAvailableEncryption(b"x")), on_an_unknown_curve(curve)]
    for key in (*keys, key_pair().public, rsa[:-200], "ghp_1234567890"):
        with pytest.raises(BadPrivateKey):
            GitHubApi(there.url, AppKey("12", SecretStr(key)), lambda: 60.0)
    assert there.seen == []


def test_response_has_status_body_and_lower_case_headers(there: There) -> None:
    read = there.api.exchange("GET", there.log)
    assert read.status == 200
    assert int(there.attempts.split("/")[-2]) in [row["id"] for row in json.loads(read.body)]
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
def test_address_is_that_of_the_api(root: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    api = connect(root)

    def send(request: PreparedRequest, **_: object) -> None:
        asked.append(str(request.url))
        raise OSError

    monkeypatch.setattr(api._adapter, "send", send)
    with pytest.raises(ResponseLost):
        api.exchange("GET", "/x", query={"a": "1"})
    assert asked == [url]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", [500, 502, 503, 504, 403, 429])
def test_refusal_is_not_asked_again(there: There, verb: Verb, status: int) -> None:
    there.strike(json_answer(status, "You have exceeded a secondary rate limit", retry_after="0"))
    assert there.api.exchange(verb, there.attempts).status == status
    assert len(there.lines) == 1


LOSSES: dict[str, tuple[Effect, str]] = {
    "reset": (Lose("reset"), FAILED),
    "silence": (Lose("silence"), NO_RESPONSE),
    "cut": (Lose("cut"), f"{CUT_SHORT}|{FAILED}"),
    "late": (Delay(400), NO_RESPONSE),
    "202 to a GET": (Rewrite(status=202), "it answered 202"),
}


@pytest.mark.parametrize(
    ("verb", "loss"), [(verb, loss) for loss in LOSSES for verb in VERBS if verb == "GET" or not loss.startswith("202")]
)
def test_lost_response_is_reported_without_address_or_token(impatient: There, verb: Verb, loss: str) -> None:
    effect, says = LOSSES[loss]
    impatient.strike(effect)
    with pytest.raises(ResponseLost, match=f"^({says})$") as caught:
        impatient.api.exchange(verb, impatient.attempts, query={"cursor": "hush"})
    assert not SECRETS.search(str(caught.value))
    assert caught.value.__suppress_context__
    assert len(impatient.lines) == 1, "nothing is asked again"


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_redirect_is_not_followed(there: There, verb: Verb, status: int) -> None:
    there.strike(redirect(f"{there.url}/rate_limit", status))
    assert there.api.exchange(verb, there.attempts, query={"per_page": "100"}).status == status
    assert there.lines == [f"{verb} {there.attempts}"]


def test_cookie_is_not_sent_back(there: There) -> None:
    there.strike(json_answer(200, "Fine", set_cookie="a=b; Path=/"))
    for _ in range(2):
        assert there.api.exchange("GET", there.log).headers["set-cookie"]
    assert ["cookie" in request.headers for request in there.seen] == [False, False]


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
def test_other_body_than_json_is_kept_as_text(there: There, effect: Effect, verb: Verb, status: int, body: str) -> None:
    there.strike(effect)
    answer = there.api.exchange(verb, there.attempts)
    assert (answer.status, answer.body[: len(body)]) == (status, body)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_proxy_and_netrc_of_the_environment_are_not_used_for_loopback(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for exempt in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(exempt, raising=False)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    with on_air() as proxy, on_air() as there:
        monkeypatch.setenv(name, proxy.url)
        api = connect(there.url)
        assert api.exchange("GET", there.log).status == 200
        assert api.exchange("POST", there.attempts).status == 202
        assert (len(there.lines), proxy.lines) == (2, [])
        assert all(request.headers["authorization"].endswith(TOKEN) for request in there.seen)
