"""A container registry, as far as a release needs it (https://github.com/opencontainers/distribution-spec)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_DOCKER = "application/vnd.docker.distribution.manifest"
_KNOWN = ", ".join([INDEX, MANIFEST, f"{_DOCKER}.list.v2+json", f"{_DOCKER}.v2+json"])
_LOOPBACK = re.compile(r"(localhost|127\.[0-9.]+)(:[0-9]+)?")


class Unexpected(OSError):
    """The registry did not do what was asked."""


class Denied(Unexpected):
    """It gives no token: that is how ghcr.io answers for an image that nobody has pushed yet."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or an index, as it came."""

    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        """What it is pinned by."""
        return digest_of(self.body)

    @property
    def json(self) -> dict[str, Any]:
        """What it says."""
        said: dict[str, Any] = json.loads(self.body)
        return said


def digest_of(body: bytes) -> str:
    """A digest as registries write it."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@dataclass
class Registry:
    """One repository of images in a registry: ``ghcr.io/owner/name``."""

    image: str
    user: str = ""
    token: str = field(default="", repr=False)
    _bearers: dict[str, str] = field(default_factory=dict, repr=False)
    """By what they allow."""

    def __post_init__(self) -> None:
        self.host, _, self.name = self.image.partition("/")

    def manifest(self, reference: str) -> Manifest | None:
        """By tag or digest. None: there is none."""
        try:
            status, headers, body = self._ask("GET", f"manifests/{reference}", {"Accept": _KNOWN})
        except Denied:
            return None
        if status == 404:
            return None
        self._expect(status == 200, f"the manifest {reference}", status)
        self._expect(not reference.startswith("sha256:") or digest_of(body) == reference, f"{reference} itself", status)
        return Manifest(headers["content-type"], body)

    def put(self, tag: str, manifest: Manifest) -> None:
        """Give a tag to a manifest or an index."""
        headers = {"Content-Type": manifest.media_type}
        status, _, _ = self._ask("PUT", f"manifests/{tag}", headers, manifest.body)
        self._expect(status == 201, f"the tag {tag}", status)

    def blob(self, digest: str) -> bytes:
        """The content that a digest stands for."""
        status, headers, body = self._ask("GET", f"blobs/{digest}", {})
        if status in {302, 307}:
            status, _, body = _exchange(headers["location"], "GET", {})  # storage elsewhere, and no credential for it
        self._expect(status == 200 and digest_of(body) == digest, f"the blob {digest}", status)
        return body

    def _ask(
        self, verb: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        url = f"{_scheme(self.host)}://{self.host}/v2/{self.name}/{path}"
        access = "pull,push" if verb == "PUT" else "pull"
        answer = _exchange(url, verb, headers | self._authorization(access), body)
        if answer[0] == 401 and access not in self._bearers:
            self._bearers[access] = self._fetch_bearer(answer[1].get("www-authenticate", ""), access)
            answer = _exchange(url, verb, headers | self._authorization(access), body)
        return answer

    def _authorization(self, access: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._bearers[access]}"} if access in self._bearers else {}

    def _fetch_bearer(self, challenge: str, access: str) -> str:
        """Trade the token for the registry's own (https://distribution.github.io/distribution/spec/auth/token/)."""
        told = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        realm = told.get("realm", "")
        # The realm is given the credential: it must be the registry's own.
        own = urlsplit(realm).netloc == self.host and urlsplit(realm).scheme == _scheme(self.host)
        self._expect(own, f"a challenge of its own, but {challenge!r}", 401)
        query = urlencode({"service": told.get("service", ""), "scope": f"repository:{self.name}:{access}"})
        word = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        status, _, body = _exchange(f"{realm}?{query}", "GET", {"Authorization": f"Basic {word}"})
        if status == 403:
            raise Denied(f"{self.image}: {access} is not allowed")
        self._expect(status == 200, "a token", status)
        said = json.loads(body)
        return str(said.get("token") or said["access_token"])

    def _expect(self, fulfilled: bool, what: str, status: int) -> None:  # noqa: FBT001 - it reads as a sentence
        if not fulfilled:
            raise Unexpected(f"{self.image}: expected {what}; it answered {status}")


def _scheme(host: str) -> str:
    return "http" if _LOOPBACK.fullmatch(host) else "https"


def _exchange(
    url: str, verb: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(url)
    if parts.scheme != _scheme(parts.netloc):
        raise Unexpected(f"{parts.netloc}: not over {parts.scheme}")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=60)
    try:
        connection.request(verb, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers)
        response: HTTPResponse = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()
