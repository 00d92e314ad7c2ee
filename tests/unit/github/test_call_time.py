"""No call takes longer than it may, however slowly the other side does whatever it does."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import trustme

from hostile.answers import SLOW, drip
from hostile.rawserver import CLOSE, Asked, RawServer, reply
from redeliver.github import bounded_http
from redeliver.github.bounded_http import NO_RESPONSE
from redeliver.github.connection import GitHubApi
from redeliver.github.responses import TOO_LONG, ResponseLost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

TOKEN = "ghp_0123456789abcdef"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Looks:
    """A call's time, which is over when it was looked at so many times."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.seen = 0

    def __call__(self) -> float:
        self.seen += 1
        return 0.02 if self.seen <= self.most else 0.0


def plenty() -> float:
    return 60.0


@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("what", SLOW)
def test_what_comes_byte_by_byte_is_given_up_when_the_time_is_over(what: str, verb: str) -> None:
    before, slow, after = SLOW[what]
    looks = Looks(20)
    with (
        RawServer(lambda _: drip(slow, before, after)) as there,
        pytest.raises(ResponseLost, match=f"^{TOO_LONG}$"),
    ):
        GitHubApi(there.url, TOKEN, looks).exchange(verb, "/x")  # type: ignore[arg-type]
    assert looks.seen > 20
    assert len(there.asked) == 1


def test_time_that_is_cut_short_while_nothing_comes_is_noticed() -> None:
    ends: list[float] = []

    def left() -> float:
        return 0.0 if ends else 60.0

    def silent(_: Asked) -> Iterator[bytes]:
        ends.append(1)
        time.sleep(10)
        yield reply()

    with RawServer(silent) as there, pytest.raises(ResponseLost, match=f"^{TOO_LONG}$"):
        GitHubApi(there.url, TOKEN, left).exchange("PATCH", "/x", body={})


def test_silence_has_a_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_http, "TIMEOUT", 0.05)
    begun = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    with RawServer(lambda _: [begun]) as there, pytest.raises(ResponseLost, match=f"^{NO_RESPONSE}$"):
        GitHubApi(there.url, TOKEN, plenty).exchange("GET", "/x")


def test_what_comes_in_time_however_slowly_is_an_answer() -> None:
    with RawServer(lambda _: drip(b"{}", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")) as there:
        assert GitHubApi(there.url, TOKEN, plenty).exchange("GET", "/x").body == "{}"


# -- before anything can be read --------------------------------------------------------------------------------


def test_a_tls_handshake_that_never_ends_is_given_up() -> None:
    def handshake(client: socket.socket) -> None:
        client.recv(4_096)
        # The header of a record of 16,384 bytes, and then its bytes one by one.
        for part in drip(b"\0" * 2_000, b"\x16\x03\x03\x40\x00"):
            client.sendall(part)

    with _accepting(handshake) as port, pytest.raises(ResponseLost, match=f"^{TOO_LONG}$"):
        GitHubApi(f"https://127.0.0.1:{port}", TOKEN, Until(0.2)).exchange("GET", "/x")


def test_a_proxy_that_never_lets_through_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = Looks(20)
    slow = drip(b"A: b\r\n" * 300, b"HTTP/1.1 200 Connection established\r\n", CLOSE)
    with RawServer(lambda _: slow) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(ResponseLost, match=f"^{TOO_LONG}$"):
            GitHubApi("https://github.example", TOKEN, looks).exchange("GET", "/x")
    assert [asked.verb for asked in proxy.asked] == ["CONNECT"]


def test_hosts_that_do_not_even_connect_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[float] = []

    def create(_where: tuple[str, int], seconds: float, **_options: object) -> socket.socket:
        tried.append(seconds)
        clock.time += seconds
        raise TimeoutError

    clock = Set(10.0)
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{place}", 9)) for place in (1, 2, 3)]
    monkeypatch.setattr(bounded_http, "create_connection", create)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    with pytest.raises(ResponseLost, match=f"^{TOO_LONG}$"):
        GitHubApi("http://127.0.0.1:9", TOKEN, clock).exchange("GET", "/x")
    assert len(tried) == 3
    assert sum(tried) == pytest.approx(10, abs=0.1)


def test_a_host_that_stops_reading_does_not_keep_what_is_sent() -> None:
    waited_in_vain = threading.Event()

    def serve(client: socket.socket) -> None:
        client.recv(65_536)
        client.sendall(reply())
        time.sleep(3)
        waited_in_vain.set()

    time_left = Until(60)
    with _accepting(serve) as port:
        api = GitHubApi(f"http://127.0.0.1:{port}", TOKEN, time_left)
        assert api.exchange("GET", "/x").status == 200
        time_left.end = time.monotonic() + 0.2
        with pytest.raises(ResponseLost, match=f"^{TOO_LONG}$"):
            api.exchange("POST", "/x", body={"a": "a" * 20_000_000})
        assert not waited_in_vain.is_set()


# -- what is left of a call that was cut short ------------------------------------------------------------------


def test_a_connection_serves_call_after_call_but_not_after_one_that_was_cut_short() -> None:
    looks = Looks(10_000)

    def answer(asked: Asked) -> Iterable[bytes]:
        if asked.path == "/slow":
            looks.most = looks.seen + 10
            return drip(b" " * 500, b"HTTP/1.1 200 OK\r\nContent-Length: 502\r\n\r\n", b"{}")
        return [reply(asked.path.encode())]

    with RawServer(answer) as there:
        api = GitHubApi(there.url, TOKEN, looks)
        assert [api.exchange("GET", path).body for path in ("/1", "/2")] == ["/1", "/2"]
        assert there.connections == 1
        with pytest.raises(ResponseLost):
            api.exchange("GET", "/slow")
        looks.most = 10_000
        assert [api.exchange("GET", path).body for path in ("/3", "/4")] == ["/3", "/4"]
        assert there.connections == 2


class Interrupted(BaseException):
    """As what a signal's handler raises: no library takes it for a failed request."""


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"], ids=["head", "body"])
def test_a_signal_ends_a_call_at_once_and_its_connection_is_not_used_again(before: bytes) -> None:
    def answer(asked: Asked) -> Iterable[bytes]:
        if asked.path == "/stopped":
            yield before or b"HTTP"
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(0.2)
            yield b"/of the other"
        yield reply(asked.path.encode())

    def stop(*_: object) -> None:
        raise Interrupted

    usual = signal.signal(signal.SIGUSR1, stop)
    try:
        with RawServer(answer) as there:
            api = GitHubApi(there.url, TOKEN, plenty)
            with pytest.raises(Interrupted):
                api.exchange("GET", "/stopped")
            assert api.exchange("GET", "/1").body == "/1"
            assert there.connections == 2
    finally:
        signal.signal(signal.SIGUSR1, usual)


def test_bounds_hold_over_tls_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    slow = (b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n", b" " * 598, b"{}")
    looks = Looks(10_000)
    with RawServer(
        lambda asked: drip(slow[1], slow[0], slow[2]) if asked.path == "/slow" else [reply()], context
    ) as there:
        api = GitHubApi(there.url, TOKEN, looks)
        assert [api.exchange("GET", "/x").status for _ in range(3)] == [200] * 3
        assert there.connections == 1
        looks.most = looks.seen + 20
        with pytest.raises(ResponseLost, match=f"^{TOO_LONG}$"):
            api.exchange("GET", "/slow")


# -- helpers ----------------------------------------------------------------------------------------------------


class Until:
    """A call's time in seconds of the machine's clock, for what only the kernel can time."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def __call__(self) -> float:
        return self.end - time.monotonic()


class Set:
    """A call's time by a clock that stands still unless it is moved."""

    def __init__(self, end: float) -> None:
        self.end = end
        self.time = 0.0

    def __call__(self) -> float:
        return self.end - self.time


class _accepting(ExitStack):  # noqa: N801  used like a function
    """A port whose connections are handed to a function."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        super().__init__()
        self._serve = serve

    def __enter__(self) -> int:  # type: ignore[override]
        listener = self.enter_context(socket.create_server(("127.0.0.1", 0)))

        def accept() -> None:
            client, _ = listener.accept()
            self.callback(client.close)
            try:
                self._serve(client)
            except OSError:
                return

        threading.Thread(target=accept, daemon=True).start()
        return int(listener.getsockname()[1])
