"""The release's client of a registry: what it joins and believes, and whom it hands its credential."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from docker import registry as standin
from docker.images import pushed
from docker.registry import PASSWORD, USER, Store, serve
from release.changelog import Refused
from release.git import Checkout
from release.registry import Registry


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with serve(tmp_path) as one:
        yield one


def client(store: Store, password: str = PASSWORD) -> Registry:
    return Registry(f"{store.host}/org/name", USER, password)


def test_image_is_one_index_for_both_architectures_with_what_is_attested_of_them(store: Store) -> None:
    digests = [pushed(store, name) for name in ("amd64", "arm64")]
    digest = client(store).join(digests, "1.0.0", {"x": "y"})
    assert store.tags == {"1.0.0": digest}
    index = store.manifests[digest].json
    assert [entry["platform"]["architecture"] for entry in index["manifests"]] == [
        "amd64",
        "unknown",
        "arm64",
        "unknown",
    ]
    assert index["annotations"] == {"x": "y"}
    assert client(store).join(digests, "1.0.0", {"x": "y"}) == digest


@pytest.mark.parametrize(
    ("architectures", "is_attested"),
    [(("amd64",), True), (("amd64", "amd64"), True), (("amd64", "arm64", "arm"), True), (("amd64", "arm64"), False)],
)
def test_incomplete_image_is_never_tagged(store: Store, architectures: tuple[str, ...], *, is_attested: bool) -> None:
    digests = [pushed(store, name, is_attested=is_attested) for name in architectures]
    with pytest.raises(Refused, match="not for linux/amd64 and linux/arm64"):
        client(store).join(digests, "1.0.0", {})
    assert store.tags == {}


def test_content_that_does_not_match_its_digest_is_refused(store: Store) -> None:
    digest = "sha256:" + "0" * 64
    store.manifests[digest] = store.manifests[pushed(store, "amd64")]
    with pytest.raises(OSError, match=f"expected {digest}; it answered 200"):
        client(store).join([digest], "1.0.0", {})


def test_wrong_credential_is_reported(store: Store) -> None:
    with pytest.raises(OSError, match="a token; it answered 401"):
        client(store, "wrong").join([pushed(store, "amd64")], "1.0.0", {})
    assert store.bearers == set()


@pytest.mark.parametrize("realm", ["http://evil.example/token", "http://127.0.0.1:1/token", "https://{host}/token", ""])
def test_credential_goes_to_the_registry_alone(store: Store, realm: str) -> None:
    challenge = f'Bearer realm="{realm.format(host=store.host)}",service="x"'

    def deny(self: standin._Handler) -> bool:
        self.answer(401, {}, www_authenticate=challenge)
        return False

    with mock.patch.object(standin._Handler, "_is_known", deny), pytest.raises(OSError, match="of its own"):
        client(store).join(["sha256:" + "0" * 64], "1.0.0", {})


def test_other_machines_are_asked_over_https_alone() -> None:
    with mock.patch("release.registry.HTTPSConnection", side_effect=ConnectionRefusedError) as asked:
        for host in ("ghcr.io", "localhost.evil.example", "127.0.0.1.evil.example"):
            with pytest.raises(ConnectionRefusedError):
                Registry(f"{host}/org/name").join(["sha256:" + "0" * 64], "1.0.0", {})
            asked.assert_called_with(host, timeout=60)


def test_gits_credential_is_on_no_command_line(tmp_path: Path) -> None:
    done = subprocess.CompletedProcess([], 0, "abc\trefs/tags/v1\n", "")
    with mock.patch("release.git.subprocess.run", return_value=done) as ran:
        checkout = Checkout(tmp_path, PASSWORD)
        checkout.push("abc:refs/tags/v1")
        checkout.fetch("refs/tags/v1")
    assert [call.args[0][1] for call in ran.call_args_list] == ["push", "ls-remote", "fetch"]
    for call in ran.call_args_list:
        assert PASSWORD not in str(call.args)
    assert PASSWORD not in repr(checkout)
    environment = ran.call_args_list[0].kwargs["env"]
    asked = ["git", "config", "--get-urlmatch", "http.extraheader", "https://github.com/org/name.git"]
    header = subprocess.run(asked, env=environment, check=True, capture_output=True, text=True).stdout.strip()
    word = base64.b64encode(f"x-access-token:{PASSWORD}".encode()).decode()
    assert header == f"AUTHORIZATION: basic {word}"
