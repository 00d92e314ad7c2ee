"""The image: one index over what was pushed for each architecture, by the registry's own interface.

Sources: https://github.com/opencontainers/distribution-spec and https://github.com/opencontainers/image-spec
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlencode, urlsplit

from release.changelog import Refused

INDEX = "application/vnd.oci.image.index.v1+json"
_LOOPBACK = re.compile(r"(localhost|127\.[0-9.]+)(:[0-9]+)?")
_PLATFORMS = ("linux/amd64", "linux/arm64")
#: How BuildKit says which image a provenance and an SBOM are about
#: (https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md).
_ABOUT = "vnd.docker.reference.digest"


def digest_of(body: bytes) -> str:
    """A digest as registries write it."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@dataclass
class Registry:
    """One repository of images in a registry: ``ghcr.io/owner/name``.

    Its methods raise OSError if the registry does not do what was asked.
    """

    image: str
    user: str = ""
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        self.host, _, self.name = self.image.partition("/")
        self._bearer = ""

    def join(self, digests: list[str], tag: str, annotations: dict[str, str]) -> str:
        """Tag one index over the indexes that were pushed for each architecture. Gives its digest.

        Raises:
            Refused: a platform is missing, or what BuildKit attests of it.
        """
        entries = [entry for digest in digests for entry in json.loads(self._get(digest))["manifests"]]
        about = Counter(entry.get("annotations", {}).get(_ABOUT, "") for entry in entries)
        images = [entry for entry in entries if entry["digest"] in about]
        platforms = ["{os}/{architecture}".format_map(entry["platform"]) for entry in images]
        if sorted(platforms) != sorted(_PLATFORMS) or len(entries) != 2 * len(images):
            raise Refused(f"The image is not for {' and '.join(_PLATFORMS)}, each once, with a provenance and an SBOM.")
        said = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries, "annotations": annotations}
        body = json.dumps(said, indent=2).encode()
        status, _ = self._ask("PUT", tag, {"Content-Type": INDEX}, body)
        self._expect(status == 201, f"the tag {tag}", status)
        return digest_of(body)

    def _get(self, digest: str) -> bytes:
        status, body = self._ask("GET", digest, {"Accept": INDEX})
        self._expect(status == 200 and digest_of(body) == digest, digest, status)
        return body

    def _ask(self, verb: str, reference: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, bytes]:
        url = f"{_scheme(self.host)}://{self.host}/v2/{self.name}/manifests/{reference}"
        status, challenge, answer = _exchange(url, verb, headers | self._authorization, body)
        if status == 401 and not self._bearer:
            self._bearer = self._fetch_bearer(challenge)
            status, _, answer = _exchange(url, verb, headers | self._authorization, body)
        return status, answer

    @property
    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._bearer}"} if self._bearer else {}

    def _fetch_bearer(self, challenge: str) -> str:
        """Trade the token for the registry's own (https://distribution.github.io/distribution/spec/auth/token/)."""
        told = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        realm = told.get("realm", "")
        # The realm is given the credential: it must be the registry's own.
        own = urlsplit(realm).netloc == self.host and urlsplit(realm).scheme == _scheme(self.host)
        self._expect(own, f"a challenge of its own, but {challenge!r}", 401)
        query = urlencode({"service": told.get("service", ""), "scope": f"repository:{self.name}:pull,push"})
        word = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        status, _, body = _exchange(f"{realm}?{query}", "GET", {"Authorization": f"Basic {word}"})
        self._expect(status == 200, "a token", status)
        said = json.loads(body)
        return str(said.get("token") or said["access_token"])

    def _expect(self, fulfilled: bool, what: str, status: int) -> None:  # noqa: FBT001 - it reads as a sentence
        if not fulfilled:
            raise OSError(f"{self.image}: expected {what}; it answered {status}")


def _scheme(host: str) -> str:
    return "http" if _LOOPBACK.fullmatch(host) else "https"


def _exchange(url: str, verb: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, str, bytes]:
    """A request. Gives the status, the challenge if there is one, and the body."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=60)
    try:
        connection.request(verb, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers)
        response = connection.getresponse()
        return response.status, response.getheader("www-authenticate", ""), response.read()
    finally:
        connection.close()
