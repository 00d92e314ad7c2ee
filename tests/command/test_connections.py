"""Real connections: each kind of credential over a socket, private CAs, proxies, and a path of the API's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from command.proxy import Proxy
from command.site import PLACES, CredentialKind, HookKind, Place, combinations
from command.sockets import Live
from githubsim.contract import ENTERPRISE_SERVER, GITHUB, Judge
from githubsim.server import Served, serve
from redeliver.errors import ApiFailing, CertificatesMissing, ProxyLogin
from redeliver.output.report_json import as_json
from wording import says, told

CLOUD, SERVER = PLACES[0], PLACES[2]
NAME = "github.octocorp.example"
pytestmark = pytest.mark.slow
NO_WATCH = {"wait-for-results": "0"}


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    bundles = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"}
    for name in [name for name in os.environ if name.upper().endswith("_PROXY") or name in bundles]:
        monkeypatch.delenv(name)


#: Each combination at one of the two: what differs between them has nothing to do with sockets.
OVER_SOCKETS = combinations([CLOUD])[::2] + combinations([SERVER])[1::2]


@pytest.mark.parametrize(("place", "hook", "credential"), OVER_SOCKETS, ids=lambda one: getattr(one, "name", one))
def test_requests_over_a_socket_fit_githubs_description(
    place: Place, hook: HookKind, credential: CredentialKind
) -> None:
    live = Live(place, hook, credential)
    failed = [live.fail(9), live.fail(5)]
    for _ in range(150):
        live.hook.add(live.sim.clock() - 60_000)
    judge = Judge(ENTERPRISE_SERVER if place.root else GITHUB)
    with serve(live.sim, judge=judge) as served:
        report = live.run(served.url, NO_WATCH)
        assert served.wait_until_idle()
    assert report.errors == ()
    assert live.sent == failed
    assert judge.complaints == []
    assert judge.seen > 5


# -- a CA of one's own ------------------------------------------------------------------------------------------


class Secure:
    """An Enterprise Server behind a certificate that nobody knows but its own people."""

    def __init__(self, live: Live, served: Served, ca: Path) -> None:
        self.live, self.served, self.ca = live, served, str(ca)
        self.port = urlsplit(served.url).port or 0
        self.by_name = f"https://localhost:{self.port}/api/v3"


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Secure]:
    authority = trustme.CA()
    ca, certificate = tmp_path / "ca.pem", tmp_path / "server.pem"
    authority.cert_pem.write_to_path(ca)
    authority.issue_cert("localhost", "127.0.0.1", NAME).private_key_and_cert_chain_pem.write_to_path(certificate)
    live = Live(SERVER, credential="classic")
    live.fail()
    with serve(live.sim, certificate=certificate) as served:
        yield Secure(live, served, ca)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_private_ca_is_trusted_where_it_is_named(
    secure: Secure, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable == "REQUESTS_CA_BUNDLE":  # of two, it counts
        stranger = secure.ca + ".stranger"
        trustme.CA().cert_pem.write_to_path(stranger)
        monkeypatch.setenv("SSL_CERT_FILE", stranger)
    monkeypatch.setenv(variable, secure.ca)
    report = secure.live.run(secure.served.url, NO_WATCH)
    assert (report.errors, report.redelivered) == ((), 1)


def test_untrusted_certificate_is_refused_before_anything_is_sent(secure: Secure) -> None:
    report = secure.live.run(secure.served.url, {"time-limit": "4s"})
    (error,) = report.errors
    assert "certificate" in told(ApiFailing, error)["why"]
    assert secure.live.sim.journal.entries == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_missing_ca_bundle_is_named(secure: Secure, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "/nowhere/corporate.pem")
    (error,) = secure.live.run(secure.served.url).errors
    assert told(CertificatesMissing, error) == {"path": "/nowhere/corporate.pem"}
    assert "REQUESTS_CA_BUNDLE" in error


# -- proxies ----------------------------------------------------------------------------------------------------


def test_https_api_is_reached_through_the_proxy(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    secure.live.sim.base_url = f"https://{NAME}"
    for _ in range(150):
        secure.live.hook.add(secure.live.sim.clock() - 60_000)
    monkeypatch.setenv("SSL_CERT_FILE", secure.ca)
    with Proxy(secure.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"\t http://{proxy.address} \n")  # the blanks do not matter
        report = secure.live.run(f"https://{NAME}/api/v3", NO_WATCH)
    assert (report.errors, report.redelivered, report.scanned) == ((), 1, 151)
    assert {(asked.verb, asked.path) for asked in proxy.asked} == {("CONNECT", f"{NAME}:443")}


@pytest.mark.parametrize("exempt", ["localhost", "*", "127.0.0.1,localhost:{port}"])
def test_no_proxy_exempts_a_host(secure: Secure, exempt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", secure.ca)
    monkeypatch.setenv("NO_PROXY", exempt.format(port=secure.port))
    secure.live.sim.base_url = f"https://localhost:{secure.port}"
    with Proxy(secure.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        report = secure.live.run(secure.by_name, NO_WATCH)
    assert (report.errors, proxy.asked) == ((), [])


def test_refusing_proxy_is_named_without_its_password(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy(secure.port, refuse=407) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://somebody:hunter2@{proxy.address}")
        report = secure.live.run(secure.by_name)
        address = proxy.address
    (error,) = report.errors
    assert says(ProxyLogin, error)
    assert f"HTTPS_PROXY: http://USER:PASSWORD@{address}" in error
    assert "githubstatus" not in error
    assert "somebody" not in as_json(report)
    assert "hunter2" not in as_json(report)
    assert len(proxy.asked) == 1
    assert secure.live.sim.journal.entries == []


@pytest.mark.parametrize(
    ("address", "why"),
    [
        *((address, "HTTPS_PROXY") for address in ("http://", "ftp://proxy.example", "socks5://p", "http://[::")),
        ("http://{}", "proxy refused the connection (403)"),
    ],
)
def test_unusable_proxy_is_reported(secure: Secure, address: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy(secure.port, refuse=403) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", address.format(proxy.address))
        report = secure.live.run(secure.by_name, {"time-limit": "2s"})
    (error,) = report.errors
    assert says(ApiFailing, error)
    assert why in error


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_plain_http_to_loopback_bypasses_the_proxy(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    live = Live(CLOUD, credential="fine-grained")
    live.fail()
    with serve(live.sim) as served, Proxy(urlsplit(served.url).port or 0) as proxy:
        monkeypatch.setenv(variable, f"http://{proxy.address}")
        assert live.run(served.url, NO_WATCH).errors == ()
    assert proxy.asked == []
