"""PyGithub, and the only place that knows it: one exchange with GitHub's API.

PyGithub 2.10 gives authentication, the API version, the base URL and the connection. What it would do on
its own is kept off, because it would break a promise: retrying a POST, following a redirect (it drops the
query, and repeats a POST), asking again for ever after a 202, sleeping between requests.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from github import Auth, Github
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, RequestsResponse
from jwt import PyJWTError
from requests.exceptions import ChunkedEncodingError, ProxyError, RequestException, SSLError, Timeout

from redeliver import __version__
from redeliver.errors import BadPrivateKey, CertificatesMissing
from redeliver.github.transport import AnswerLost, Response, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redeliver.github.app_token import Credential

#: Seconds without a byte after which an answer is given up.
TIMEOUT = 30
API_VERSION = "2022-11-28"
_REASONS = (
    (Timeout, "no answer came in time"),
    (SSLError, "the TLS connection failed; is the server's certificate trusted here?"),
    (ProxyError, "the proxy could not be reached"),
    (ChunkedEncodingError, "the answer was cut short"),
)


class _Answered(Exception):
    """Carries an answer past PyGithub, which would follow it."""

    def __init__(self, response: Response) -> None:
        self.response = response


def _keep(answer: RequestsResponse, verb: str) -> RequestsResponse:
    # JSON is UTF-8 (RFC 8259); without this a missing charset costs a guess over the whole body.
    answer.response.encoding = "utf-8"
    if 300 <= answer.status < 400 or (answer.status == 202 and verb == "GET"):
        headers = {name.lower(): value for name, value in answer.getheaders()}
        raise _Answered(Response(answer.status, headers, answer.read()))
    return answer


class _Https(HTTPSRequestsConnectionClass):
    def getresponse(self) -> RequestsResponse:
        return _keep(super().getresponse(), self.verb)


class _Http(HTTPRequestsConnectionClass):
    """Plain HTTP, which settings allow for loopback alone: a proxy there would be handed the token."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  PyGithub's own signature
        super().__init__(*args, **kwargs)
        self.session.trust_env = False

    def getresponse(self) -> RequestsResponse:
        return _keep(super().getresponse(), self.verb)


def _auth(credential: Credential) -> Auth.Auth:
    if isinstance(credential, str):
        return Auth.Token(credential)
    auth = Auth.AppAuth(credential.app_id, credential.private_key.get_secret_value())
    try:
        auth.create_jwt()
    except (PyJWTError, ValueError) as fault:
        raise BadPrivateKey from fault
    return auth


class GitHubApi:
    """The API at one address, with one credential. A :class:`redeliver.github.transport.Transport`.

    One connection, kept open; not for several threads.
    """

    def __init__(self, api_url: str, credential: Credential) -> None:
        """Nothing is sent yet.

        Raises:
            BadPrivateKey: an App's key that signs nothing.
            CertificatesMissing: the environment names a bundle that is not there.
        """
        self._requester = Github(
            auth=_auth(credential),
            base_url=api_url,
            timeout=TIMEOUT,
            user_agent=f"redeliver-action/{__version__}",
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
            api_version=API_VERSION,
        ).requester
        parts = urlsplit(api_url)
        kind = _Https if parts.scheme == "https" else _Http
        # requests heeds the first by itself, but not the second, which everything else goes by.
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
        if kind is _Https and bundle and not Path(bundle).exists():
            raise CertificatesMissing(path=bundle)
        self._connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT, retry=None, verify=bundle or True)

    def exchange(
        self,
        verb: Verb,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
    ) -> Response:
        """One request, one answer; see :class:`redeliver.github.transport.Transport`.

        Raises:
            AnswerLost: the connection failed, or the answer did not arrive whole.
        """
        try:
            status, headers, text = self._requester.requestJson(
                verb,
                path,
                parameters=dict(query or {}),
                headers={"Accept": "application/vnd.github+json"},
                input=None if body is None else dict(body),
                cnx=self._connection,
            )
        except _Answered as answered:
            return answered.response
        except RequestException as fault:
            reasons = (reason for kind, reason in _REASONS if isinstance(fault, kind))
            # The exception's own text can hold the address with its query: a fixed phrase says enough.
            raise AnswerLost(next(reasons, "the connection failed")) from None
        return Response(status, headers, text)
