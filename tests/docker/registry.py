"""A container registry on loopback that a real Docker engine pushes to and pulls from. It keeps what it is given in a
folder, and wants a login for everything.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from docker.web import Handler, serving

USER, PASSWORD = "octocat", "ghs_0123456789abcdefghijABCDEFGHIJ012345"
INDEX = "application/vnd.oci.image.index.v1+json"
_PATH = re.compile(r"/v2/(?P<name>[a-z0-9/._-]+)/(?P<kind>manifests|blobs)/(?P<reference>[\w.:/-]*)")


@dataclass(frozen=True)
class Manifest:
    """A manifest or an index, as it came."""

    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.body).hexdigest()}"

    @property
    def json(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.body)
        return said


@dataclass
class Store:
    """What the registry holds."""

    folder: Path
    host: str = ""
    manifests: dict[str, Manifest] = field(default_factory=dict)
    """By digest."""
    tags: dict[str, str] = field(default_factory=dict)
    pulled: list[str] = field(default_factory=list)
    """References of manifests that were asked for."""
    control: Callable[[str], str] = str
    """What the test does when a step of a workflow asks for ``/control/...``, and what it answers."""

    def keep(self, reference: str, manifest: Manifest) -> str:
        """Keep it under a tag or its digest. Gives that."""
        self.manifests[manifest.digest] = manifest
        if not reference.startswith("sha256:"):
            self.tags[reference] = manifest.digest
        return manifest.digest

    def find(self, reference: str) -> Manifest | None:
        return self.manifests.get(self.tags.get(reference, reference))

    def blob(self, digest: str) -> Path:
        return self.folder / digest.replace(":", "-")

    def for_another_architecture(self, image: Manifest, architecture: str) -> Manifest:
        """The same layers under another architecture's name: nobody here can run it, and nobody has to."""
        said = image.json
        config = json.loads(self.blob(said["config"]["digest"]).read_bytes()) | {"architecture": architecture}
        body = json.dumps(config).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.blob(digest).write_bytes(body)
        said["config"] |= {"digest": digest, "size": len(body)}
        return Manifest(image.media_type, json.dumps(said).encode())

    def join(self, tag: str, digests: list[str]) -> str:
        """Tag one index over these images. Gives its digest."""
        entries = []
        for one in (self.manifests[digest] for digest in digests):
            config = json.loads(self.blob(one.json["config"]["digest"]).read_bytes())
            platform = {"os": config["os"], "architecture": config["architecture"]}
            about = {"mediaType": one.media_type, "digest": one.digest, "size": len(one.body)}
            entries.append(about | {"platform": platform})
        said = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
        return self.keep(tag, Manifest(INDEX, json.dumps(said).encode()))


class _Handler(Handler, BaseHTTPRequestHandler):
    store: ClassVar[Store]

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        found = _PATH.fullmatch(url.path)
        if url.path.startswith("/control/"):
            self.answer(200, self.store.control(url.path.removeprefix("/control/")).encode())
        elif self._is_known():
            if found is None:
                self.answer(200)  # /v2/
            elif found["kind"] == "blobs":
                self._blob(found["reference"])
            else:
                self._manifest(found["reference"])

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def do_POST(self) -> None:
        self.body()
        if self._is_known():
            upload = uuid.uuid4().hex
            (self.store.folder / upload).touch()
            self.answer(202, location=f"{urlsplit(self.path).path}{upload}", range="0-0")

    def do_PATCH(self) -> None:
        body = self.body()
        if self._is_known():
            size = self._append(body)
            self.answer(202, location=self.path, range=f"0-{size - 1}")

    def do_PUT(self) -> None:
        body = self.body()
        if not self._is_known():
            return
        found = _PATH.fullmatch(urlsplit(self.path).path)
        assert found
        if found["kind"] == "manifests":
            digest = self.store.keep(found["reference"], Manifest(self.headers["content-type"], body))
        else:
            self._append(body)
            (digest,) = parse_qs(urlsplit(self.path).query)["digest"]
            upload = self.store.folder / found["reference"].rpartition("/")[2]
            upload.rename(self.store.blob(digest))
        self.answer(201, docker_content_digest=digest)

    def _manifest(self, reference: str) -> None:
        found = self.store.find(reference)
        self.store.pulled.append(reference)
        if found is None:
            self.answer(404)
        else:
            self.answer(200, found.body, content_type=found.media_type, docker_content_digest=found.digest)

    def _blob(self, digest: str) -> None:
        file = self.store.blob(digest)
        if file.exists():
            self.answer(200, file.read_bytes(), docker_content_digest=digest)
        else:
            self.answer(404)

    def _is_known(self) -> bool:
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers["authorization"] == f"Basic {expected}":
            return True
        self.answer(401, www_authenticate='Basic realm="stand-in"')
        return False

    def _append(self, body: bytes) -> int:
        upload = self.store.folder / urlsplit(self.path).path.rpartition("/")[2]
        with upload.open("ab") as file:
            file.write(body)
            return file.tell()


@contextmanager
def serve(folder: Path) -> Iterator[Store]:
    """Have one for a while."""
    store = Store(folder)
    with serving(_Handler, store=store) as store.host:
        yield store
