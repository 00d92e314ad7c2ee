"""The only module that uses PyGithub: exchanges with GitHub's API, and a repository's objects.

PyGithub 2.10 provides authentication, the API version and the address. By itself, it converts headers that can hold
anything, follows a redirect (without the query, and repeats a POST), and after a 202 asks again without end. So each
response loses what leads to that before PyGithub sees it.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt
from github import Auth, Github
from github.PublicKey import encrypt
from github.Repository import Repository
from github.Requester import HTTPSRequestsConnectionClass, Requester
from jwt.algorithms import RSAAlgorithm
from requests.exceptions import ChunkedEncodingError, InvalidSchema, InvalidURL, ProxyError, SSLError, Timeout
from typing_extensions import override

from redeliver import __version__
from redeliver.errors import BadPrivateKey, CertificatesMissing, ProxyLogin
from redeliver.github.bounded_http import NO_RESPONSE, BoundedAdapter
from redeliver.github.responses import TOO_LONG, Body, Response, ResponseLost, Verb, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from redeliver.errors import ApiError
    from redeliver.github.app_token import Credential

    Ask = Callable[[str, str, Mapping[str, str], Body | None], str]

API_VERSION = "2022-11-28"
#: Rows of a page that PyGithub's lists ask for.
_ROWS = 100
#: More reasons why a response is lost.
FAILED = "the connection failed"
CUT_SHORT = "the response was cut short"
_REASONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (Timeout, NO_RESPONSE),
    (SSLError, "the TLS connection failed; is the server's certificate trusted here?"),
    (ProxyError, "the proxy could not be reached"),
    # The API's own address was checked with the settings.
    ((InvalidURL, InvalidSchema), "HTTPS_PROXY is not http://HOST:PORT, or a proxy of an unsupported kind"),
    (ChunkedEncodingError, CUT_SHORT),
)
#: The status with which a proxy refused to open a tunnel, in the text of http.client's error.
_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: ([0-9]{3})\b")


#: Headers that PyGithub converts to numbers, whatever they hold.
_CONVERTED = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


def _harmless(response: requests.Response, **_: object) -> None:
    """Take from a response what PyGithub would act on by itself."""
    if response.status_code == 202 and response.request.method == "GET":
        raise ResponseLost("it answered 202")
    response.headers.pop("location", None)
    for name in _CONVERTED:
        if number(response.headers.get(name, ""), inf) == inf:
            response.headers.pop(name, None)


def _host_and_port(proxy: str) -> str:
    """Where a proxy is, without its user and password; empty: there is none, or it has no readable address."""
    with suppress(ValueError):
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        return ":".join(str(part) for part in (parts.hostname, parts.port) if part)
    return ""


def _auth(credential: Credential) -> Auth.Auth:
    if isinstance(credential, str):
        return Auth.Token(credential)
    try:
        # Once: that takes a hundred times as long as to sign, and PyGithub would do it again for each request.
        key: Any = RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(credential.private_key.get_secret_value())
        auth = Auth.AppAuth(credential.app_id, sign_func=lambda claims: jwt.encode(claims, key, algorithm="RS256"))
        auth.create_jwt()
    except Exception as fault:  # each kind of key that is not an App's raises something else
        raise BadPrivateKey from fault
    return auth


class GitHubApi:
    """The API at one address, with one credential. A :class:`redeliver.github.responses.Transport`.

    One connection, kept open. Not thread-safe.
    """

    def __init__(self, api_url: str, credential: Credential, time_left: Callable[[], float]) -> None:
        """Nothing is sent yet. ``time_left`` returns the seconds that the current call may still take.

        Raises BadPrivateKey or CertificatesMissing if the App's key, or the bundle in the environment, cannot be used.
        """
        self._time_left = time_left
        self._requester = Github(
            auth=_auth(credential),
            base_url=api_url,
            user_agent=f"redeliver-action/{__version__}",
            seconds_between_requests=0,
            seconds_between_writes=0,
            api_version=API_VERSION,
        ).requester
        # requests reads the first by itself, but not the second, which most other programs use.
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
        if api_url.startswith("https:") and bundle and not Path(bundle).exists():
            raise CertificatesMissing(path=bundle)
        parts = urlsplit(api_url)
        host, port = parts.hostname or "", parts.port or {"https": 443, "http": 80}[parts.scheme]
        host = f"[{host}]" if ":" in host else host
        self._adapter = BoundedAdapter(time_left)
        self._connection = HTTPSRequestsConnectionClass(host, port, verify=bundle or True)
        self._connection.protocol = parts.scheme
        # Settings allow plain HTTP for loopback alone. A proxy there would be given the token.
        self._connection.session.trust_env = parts.scheme == "https"
        self._connection.session.mount(f"{parts.scheme}://", self._adapter)
        self._connection.session.hooks["response"].append(_harmless)

    def exchange(
        self,
        verb: Verb,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Response:
        """See :class:`redeliver.github.responses.Transport`. Raises ProxyLogin if the proxy wants a password."""
        try:
            status, headers, text = self._requester.requestJson(
                verb,
                path,
                parameters=dict(query or {}),
                headers={"Accept": "application/vnd.github+json"},
                input=None if body is None else dict(body),
                cnx=self._connection,
            )
        except BaseException as fault:
            # What may still arrive must not be read as the response to the next request.
            self._connection.close()
            if isinstance(fault, Exception):
                # Its own text can hold the address with its query, or a header, so a fixed phrase is used.
                raise self._lost(fault) from None
            raise
        return Response(status, headers, text)

    def _lost(self, fault: Exception) -> ResponseLost | ApiError:
        if isinstance(fault, ResponseLost):
            return fault
        if self._time_left() <= 0:
            return ResponseLost(TOO_LONG)
        refused = _TUNNEL_REFUSED.search(str(fault)) if isinstance(fault, ProxyError) else None
        if refused and refused[1] == "407":
            return ProxyLogin(proxy=_host_and_port(self._adapter.proxy))
        if refused:
            return ResponseLost(f"the proxy refused the connection ({refused[1]})")
        return ResponseLost(next((reason for kind, reason in _REASONS if isinstance(fault, kind)), FAILED))


def seal(public_key: str, secret: str) -> str:
    """A secret that only GitHub can read, for its key in Base64. Raises ValueError: that is no key.

    Source: https://docs.github.com/en/rest/guides/encrypting-secrets-for-the-rest-api
    """
    try:
        return encrypt(public_key, secret)
    except Exception:  # noqa: BLE001  each kind of text that is no key raises something else
        raise ValueError("key: it is none") from None


class _ObjectsRequester(Requester):
    """Has PyGithub's objects make each request through a function, and with that within all limits."""

    def __init__(self, ask: Ask) -> None:
        # Nothing here connects, so there is neither an address nor a token.
        super().__init__(None, "https://api.invalid", 1, "redeliver-action", _ROWS, True, None, None, lazy=True)  # noqa: FBT003  PyGithub's own
        self._ask = ask

    @override
    def requestJson(
        self,
        verb: str,
        url: str,
        parameters: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
        input: Any | None = None,
        cnx: object = None,
        follow_302_redirect: bool = False,
    ) -> tuple[int, dict[str, Any], str]:
        """Make a request, whose refusal is an error already."""
        return 200, {}, self._ask(verb, url, {name: str(value) for name, value in (parameters or {}).items()}, input)


def repository_of(full_name: str, ask: Ask) -> Repository:
    """A repository (``owner/name``) as PyGithub's object, for which nothing is asked.

    Its methods make their requests through ``ask``, which is given the verb, the path, the query and the body, and
    returns the JSON of a response that it has checked: PyGithub makes of it what it can. Lists have 100 rows a page.
    """
    return Repository(_ObjectsRequester(ask), url=f"/repos/{full_name}")
