"""A package index on loopback that trusts a workflow of GitHub's, and GitHub's side of it: the workflow's identity.

It is asked over TLS alone, as uv asks for what it trades the identity for.
Its shape is that of the documentation of trusted publishing and of the upload API.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar

import trustme

from docker.web import Handler, serving

AUDIENCE = "an-index"
RUNNER_TOKEN = "the runner's own"
MINTED = "minted-for-one-upload"


def _identity() -> str:
    """A token of the form that GitHub gives a job. Nobody here checks its signature."""
    parts = [{"alg": "none"}, {"aud": AUDIENCE, "workflow": "Release", "environment": "package-index"}, {}]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


IDENTITY = _identity()


@dataclass
class Index:
    """What the index holds."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    uploads: list[dict[str, str]] = field(default_factory=list)
    """The fields of each upload, except the file."""
    burnt: int = 0
    """Tokens that were given back after an upload."""

    @property
    def identity(self) -> dict[str, str]:
        """What a job with ``id-token: write`` has in its environment."""
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/identity?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": RUNNER_TOKEN,
        }


class _Handler(Handler, BaseHTTPRequestHandler):
    index: ClassVar[Index]

    def do_GET(self) -> None:
        if self.path.startswith("/identity?"):
            assert f"audience={AUDIENCE}" in self.path
            assert self.headers["authorization"].lower() == f"bearer {RUNNER_TOKEN}".lower()
            self.answer(200, {"value": IDENTITY})
        elif self.path == "/_/oidc/audience":
            self.answer(200, {"audience": AUDIENCE})
        else:
            self.answer(404, {})

    def do_POST(self) -> None:
        body = self.body()
        if self.path == "/_/oidc/mint-token":
            told = json.loads(body)["token"]
            self.answer(*((200, {"token": MINTED}) if told == IDENTITY else (422, {})))
        elif self.path == "/_/oidc/burn-token":
            self.index.burnt += 1
            self.answer(200, {})
        else:
            self._upload(body)

    def _upload(self, body: bytes) -> None:
        expected = base64.b64encode(f"__token__:{MINTED}".encode()).decode()
        if self.headers["authorization"] != f"Basic {expected}":
            self.answer(403, {})
            return
        form = message_from_bytes(f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode() + body)
        fields: dict[str, str] = {}
        name, content = "", b""
        for part in form.walk():
            if part.is_multipart():
                continue
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            if filename := part.get_filename():
                name, content = filename, payload
            else:
                fields[str(part.get_param("name", header="content-disposition"))] = payload.decode()
        # A file that is there already is taken once more when it is the same, and else refused.
        if self.index.files.setdefault(name, content) == content:
            self.index.uploads.append(fields)
            self.answer(200, {})
        else:
            self.answer(400, {"message": "File already exists"})


@contextmanager
def serve(folder: Path) -> Iterator[tuple[Index, Path]]:
    """Have one for a while, and the certificate that vouches for it."""
    ca, index = trustme.CA(), Index()
    certificate = folder / "ca.pem"
    ca.cert_pem.write_to_path(str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    with serving(_Handler, context, index=index) as host:
        index.url = f"https://{host}"
        yield index, certificate
