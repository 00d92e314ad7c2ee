"""An endpoint that is really somewhere: the event is signed and POSTed, and its end written down as GitHub does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ssl
import time
from typing import Self

import httpx

from githubsim.endpoint import Dispatch
from githubsim.hooks import TARGET_IDS
from githubsim.outcomes import BAD_CERTIFICATE, NO_CONNECTION, OK, TIMED_OUT, Answer, Outcome, invalid_response

GITHUBS_PATIENCE = 10.0
"""Seconds an endpoint has to answer."""


class HttpDispatch:
    """POSTs each attempt to its hook's address, on a connection of its own."""

    def __init__(self, timeout: float = GITHUBS_PATIENCE) -> None:
        self._client = httpx.Client(
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def deliver(self, dispatch: Dispatch) -> Outcome:
        began = time.monotonic()
        outcome = self._post(dispatch)
        return outcome._replace(duration_ms=round((time.monotonic() - began) * 1_000))

    def _post(self, dispatch: Dispatch) -> Outcome:
        try:
            url = dispatch.url or dispatch.hook.url
            answer = self._client.post(url, content=dispatch.body, headers=headers(dispatch))
        except httpx.TimeoutException:
            return TIMED_OUT
        except httpx.TransportError as error:
            return BAD_CERTIFICATE if _about_certificates(error) else NO_CONNECTION
        named = tuple((name.title(), value) for name, value in answer.headers.items())
        kept = Answer(named, answer.text)
        if answer.is_success:
            return Outcome(OK.status, answer.status_code, answer=kept)
        return invalid_response(answer.status_code)._replace(answer=kept)


def headers(dispatch: Dispatch) -> dict[str, str]:
    """The headers of an attempt. A name and a password in the hook's address become one, as in every HTTP client."""
    hook, body = dispatch.hook, dispatch.body
    user = httpx.URL(hook.url).userinfo
    basic = {"Authorization": f"Basic {base64.b64encode(user).decode()}"} if user else {}
    return basic | {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/0000000",
        "X-GitHub-Delivery": dispatch.guid,
        "X-GitHub-Event": dispatch.kind.event,
        "X-GitHub-Hook-ID": str(hook.id),
        "X-GitHub-Hook-Installation-Target-ID": str(TARGET_IDS[hook.target_type]),
        "X-GitHub-Hook-Installation-Target-Type": hook.target_type,
        "X-Hub-Signature": f"sha1={_digest(hook.secret, body, 'sha1')}",
        "X-Hub-Signature-256": f"sha256={_digest(hook.secret, body, 'sha256')}",
    }


def _digest(secret: str, body: bytes, algorithm: str) -> str:
    return hmac.new(secret.encode(), body, getattr(hashlib, algorithm)).hexdigest()


def _about_certificates(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
