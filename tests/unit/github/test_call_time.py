"""No call takes longer than it may, however slowly the other side does whatever it does."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from hostile.answers import SLOW, drip
from hostile.rawserver import CLOSE, Asked, RawServer, reply
from redeliver.github import bounded_http
from redeliver.github.responses import TOO_LONG, ResponseLost
from samples import connect


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Looks:
    """A call's time, which is over when it was looked at so many times. ``left``: seconds, until then."""

    def __init__(self, most: int, left: float = 0.02) -> None:
        self.most = most
        self.left = left
        self.seen = 0

    def __call__(self) -> float:
        self.seen += 1
        return self.left if self.seen <= self.most else 0.0


class Until:
    """A call's time in seconds of the machine's clock, for what only the kernel can time."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def __call__(self) -> float:
        return self.end - time.monotonic()


@contextmanager
def accepting(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port whose connection is handed to a function."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def accept() -> None:
            client, _ = listener.accept()
            stack.callback(client.close)
            with suppress(OSError):
                serve(client)

        threading.Thread(target=accept, daemon=True).start()
        yield int(listener.getsockname()[1])


@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("what", SLOW)
def test_slow_response_is_given_up_at_the_time_limit(what: str, verb: str) -> None:
    before, slow, after = SLOW[what]
    looks = Looks(20)
    with (
        RawServer(lambda _: drip(slow, before, after)) as there,
        pytest.raises(ResponseLost, match=f"^{TOO_LONG}$"),
    ):
        connect(there.url, looks).exchange(verb, "/x")  # type: ignore[arg-type]
    assert looks.seen > 20
    assert len(there.asked) == 1


def test_time_limit_that_shrinks_during_silence_is_noticed() -> None:
    ends: list[float] = []

    def left() -> float:
        return 0.0 if ends else 60.0

    def silent(_: Asked) -> Iterator[bytes]:
        ends.append(1)
        time.sleep(10)
        yield reply()

    with RawServer(silent) as there, pytest.raises(ResponseLost, match=f"^{TOO_LONG}$"):
        connect(there.url, left).exchange("PATCH", "/x", body={})


def test_endless_tls_handshake_is_given_up() -> None:
    def handshake(client: socket.socket) -> None:
        client.recv(4_096)
        # The header of a record of 16,384 bytes, and then its bytes one by one.
        for part in drip(b"\0" * 2_000, b"\x16\x03\x03\x40\x00"):
            client.sendall(part)

    with accepting(handshake) as port, pytest.raises(ResponseLost, match=f"^{TOO_LONG}$"):
        connect(f"https://127.0.0.1:{port}", Until(0.2)).exchange("GET", "/x")


def test_slow_proxy_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = Looks(20)
    slow = drip(b"A: b\r\n" * 300, b"HTTP/1.1 200 Connection established\r\n", CLOSE)
    with RawServer(lambda _: slow) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(ResponseLost, match=f"^{TOO_LONG}$"):
            connect("https://github.example", looks).exchange("GET", "/x")
    assert [asked.verb for asked in proxy.asked] == ["CONNECT"]


def test_addresses_that_do_not_connect_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[float] = []

    def create(_where: tuple[str, int], seconds: float, **_options: object) -> socket.socket:
        tried.append(seconds)
        raise TimeoutError

    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{place}", 9)) for place in (1, 2, 3)]
    monkeypatch.setattr(bounded_http, "create_connection", create)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    with pytest.raises(ResponseLost, match=f"^{TOO_LONG}$"):
        connect("http://127.0.0.1:9", lambda: 10.0 - sum(tried)).exchange("GET", "/x")
    assert len(tried) == 3
    assert sum(tried) == pytest.approx(10, abs=0.1)


def test_host_that_stops_reading_is_given_up() -> None:
    waited_in_vain = threading.Event()

    def serve(client: socket.socket) -> None:
        client.recv(65_536)
        client.sendall(reply())
        time.sleep(3)
        waited_in_vain.set()

    time_left = Until(60)
    with accepting(serve) as port:
        api = connect(f"http://127.0.0.1:{port}", time_left)
        assert api.exchange("GET", "/x").status == 200
        time_left.end = time.monotonic() + 0.2
        with pytest.raises(ResponseLost, match=f"^{TOO_LONG}$"):
            api.exchange("POST", "/x", body={"a": "a" * 20_000_000})
        assert not waited_in_vain.is_set()


@pytest.mark.parametrize("tls", [False, True])
def test_connection_is_used_until_a_call_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tls: bool) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("127.0.0.1").configure_cert(context)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    looks = Looks(10_000, left=5.0)  # which a busy machine may need to shake hands

    def answer(asked: Asked) -> Iterable[bytes]:
        if asked.path == "/slow":
            looks.most = looks.seen + 10
            return drip(b" " * 500, b"HTTP/1.1 200 OK\r\nContent-Length: 502\r\n\r\n", b"{}")
        return [reply(asked.path.encode())]

    with RawServer(answer, context if tls else None) as there:
        api = connect(there.url, looks)
        assert [api.exchange("GET", path).body for path in ("/1", "/2")] == ["/1", "/2"]
        assert there.connections == 1
        with pytest.raises(ResponseLost, match=f"^{TOO_LONG}$"):
            api.exchange("GET", "/slow")
        looks.most = 10_000
        assert [api.exchange("GET", path).body for path in ("/3", "/4")] == ["/3", "/4"]
        assert there.connections == 2


class Interrupted(BaseException):
    """As what a signal's handler raises: no library takes it for a failed request."""


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"], ids=["head", "body"])
def test_signal_ends_a_call_and_its_connection(before: bytes) -> None:
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
            api = connect(there.url)
            with pytest.raises(Interrupted):
                api.exchange("GET", "/stopped")
            assert api.exchange("GET", "/1").body == "/1"
            assert there.connections == 2
    finally:
        signal.signal(signal.SIGUSR1, usual)
