"""The release's client of a registry: what it believes, and whom it hands its credential."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from docker import registry as standin
from docker.registry import PASSWORD, USER, Store, serve
from release.checkout import Checkout
from release.registry import INDEX, Manifest, Registry, Unexpected

MANIFEST = Manifest(INDEX, json.dumps({"manifests": []}).encode())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with serve(tmp_path) as one:
        yield one


def client(store: Store, password: str = PASSWORD) -> Registry:
    return Registry(f"{store.host}/org/name", USER, password)


def test_manifest_comes_back_by_tag_and_by_digest(store: Store) -> None:
    client(store).put("1.0.0", MANIFEST)
    assert client(store).manifest("1.0.0") == client(store).manifest(MANIFEST.digest) == MANIFEST
    assert client(store).manifest("1.0.1") is None


def test_content_that_does_not_match_its_digest_is_refused(store: Store) -> None:
    digest = "sha256:" + "0" * 64
    store.manifests[digest] = MANIFEST
    with pytest.raises(Unexpected, match="itself"):
        client(store).manifest(digest)
    store.blob(digest).write_bytes(b"x")
    with pytest.raises(Unexpected, match="the blob"):
        client(store).blob(digest)


def test_blob_elsewhere_is_fetched_without_the_credential(store: Store) -> None:
    # The stand-in fails where it is given one.
    assert client(store).blob(store.add_blob(b"content")) == b"content"


def test_wrong_credential_is_reported(store: Store) -> None:
    with pytest.raises(Unexpected, match="a token; it answered 401"):
        client(store, "wrong").manifest("1.0.0")
    assert store.bearers == set()


def test_image_that_nobody_has_pushed_is_not_there(store: Store) -> None:
    store.denies = True
    assert client(store).manifest("1.0.0") is None
    with pytest.raises(Unexpected, match="pull,push is not allowed"):
        client(store).put("1.0.0", MANIFEST)


@pytest.mark.parametrize("realm", ["http://evil.example/token", "http://127.0.0.1:1/token", "https://{host}/token", ""])
def test_credential_goes_to_the_registry_alone(store: Store, realm: str) -> None:
    challenge = f'Bearer realm="{realm.format(host=store.host)}",service="x"'

    def deny(self: standin._Handler) -> bool:
        self.answer(401, {}, www_authenticate=challenge)
        return False

    with mock.patch.object(standin._Handler, "_is_known", deny), pytest.raises(Unexpected, match="of its own"):
        client(store).manifest("1.0.0")


def test_other_machines_are_asked_over_https_alone() -> None:
    with mock.patch("release.registry.HTTPSConnection", side_effect=ConnectionRefusedError) as asked:
        for host in ("ghcr.io", "localhost.evil.example", "127.0.0.1.evil.example"):
            with pytest.raises(ConnectionRefusedError):
                Registry(f"{host}/org/name").manifest("1.0.0")
            asked.assert_called_with(host, timeout=60)


def test_gits_credential_is_on_no_command_line(tmp_path: Path) -> None:
    done = subprocess.CompletedProcess([], 0, "", "")
    with mock.patch("release.checkout.subprocess.run", return_value=done) as ran:
        checkout = Checkout(tmp_path, PASSWORD)
        checkout.push("abc:refs/tags/v1")
        checkout.remotes("refs/tags/*")
        checkout.fetch("abc")
    assert len(ran.call_args_list) == 3
    for call in ran.call_args_list:
        assert PASSWORD not in str(call.args)
    assert PASSWORD not in repr(checkout)
    environment = ran.call_args_list[0].kwargs["env"]
    asked = ["git", "config", "--get-urlmatch", "http.extraheader", "https://github.com/org/name.git"]
    header = subprocess.run(asked, env=environment, check=True, capture_output=True, text=True).stdout.strip()
    word = base64.b64encode(f"x-access-token:{PASSWORD}".encode()).decode()
    assert header == f"AUTHORIZATION: basic {word}"
