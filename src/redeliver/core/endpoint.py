"""An endpoint's response to one attempt, made safe to show. Pure.

All of it is untrusted text, chosen by whoever runs the endpoint or a proxy in front of it. It can also repeat what
GitHub sent, secrets included. Format of GitHub's own response: https://docs.github.com/en/rest/orgs/webhooks
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NotRequired
from urllib.parse import unquote, urlsplit

from pydantic import Field
from typing_extensions import TypedDict

from redeliver.text import plain, without_urls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Characters of a body, of a page's title and of a header that are shown.
SHOWN_BODY = 200
_SHOWN_TITLE = 100
_SHOWN_HEADER = 100
#: Characters of a body that are examined.
_LOOKED_AT = 16_384
#: Shorter pieces of an address or header are not secrets, and shorter parts of a path may be common words.
_SHORTEST_SECRET = 6
_SHORTEST_PART = 12
_MASK = "***"
#: Headers that GitHub sends with every attempt and that are not secret. All others, such as a signature, are masked.
_KNOWN_HEADERS = re.compile(r"accept|content-.*|host|user-agent|x-github-.*")
_TITLE = re.compile(r"<title\b[^<>]*>([^<]*)", re.IGNORECASE)


class _Request(TypedDict, total=False):
    headers: dict[str, object] | None


class _Response(TypedDict, total=False):
    headers: dict[str, object] | None
    payload: object


class Delivery(TypedDict):
    """The fields that are used of one full delivery, as in GitHub's OpenAPI description.

    The request is read only to remove from the response whatever it repeats. Its payload is not read.
    """

    duration: NotRequired[Annotated[float, Field(ge=0, le=86_400)] | None]
    url: NotRequired[str | None]
    request: NotRequired[_Request | None]
    response: _Response | None


@dataclass(frozen=True, slots=True)
class EndpointResponse:
    """An endpoint's response to one attempt. Each text is one line without addresses; empty: it sent none."""

    content_type: str = ""
    server: str = ""
    """The header ``Server``."""
    title: str = ""
    """The title of an HTML page, which says more than the page's beginning."""
    body: str = ""
    """The body's first characters, SHOWN_BODY at most."""
    duration: int | None = None
    """How long GitHub waited for it, in milliseconds; None: GitHub does not say."""

    @property
    def is_empty(self) -> bool:
        """Whether the response has nothing that can be shown."""
        return not (self.content_type or self.server or self.body)


def endpoint_response(delivery: Delivery) -> EndpointResponse:
    """Select what may be shown of a delivery, and make it safe."""
    response = delivery["response"] or {}
    headers = {name.lower(): value for name, value in (response.get("headers") or {}).items()}
    payload = response.get("payload")
    body = payload[:_LOOKED_AT] if isinstance(payload, str) else ""
    secrets = sorted(set(_secrets(delivery)), key=len, reverse=True)
    title = _TITLE.search(body)
    duration = delivery.get("duration")
    return EndpointResponse(
        content_type=_safe(headers.get("content-type"), secrets, _SHOWN_HEADER),
        server=_safe(headers.get("server"), secrets, _SHOWN_HEADER),
        title=_safe(html.unescape(title[1]), secrets, _SHOWN_TITLE) if title else "",
        body=_safe(body, secrets, SHOWN_BODY),
        duration=None if duration is None else round(duration * 1_000),
    )


def _safe(value: object, secrets: list[str], limit: int) -> str:
    if not isinstance(value, str):
        return ""
    # Before the text is cut: the beginning of a secret is secret, too.
    text = without_urls(value)
    for secret in secrets:
        text = text.replace(secret, _MASK)
    return plain(text, limit)


def _secrets(delivery: Delivery) -> Iterator[str]:
    """Pieces of what GitHub sent that must not be shown, in the forms in which an endpoint may repeat them."""
    request = delivery.get("request") or {}
    for secret in (*_of_address(delivery.get("url") or ""), *_of_headers(request.get("headers") or {})):
        for form in (secret, unquote(secret), html.escape(secret), html.escape(unquote(secret))):
            if len(form) >= _SHORTEST_SECRET:
                yield form


def _of_address(url: str) -> Iterator[str]:
    """All of a webhook's address except its host: any part can be a password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    yield from (parts.path, *(part for part in parts.path.split("/") if len(part) >= _SHORTEST_PART))
    yield from (parts.query, *(pair.partition("=")[2] for pair in parts.query.split("&")))
    yield from (parts.username or "", parts.password or "")


def _of_headers(headers: Mapping[str, object]) -> Iterator[str]:
    for name, value in headers.items():
        if isinstance(value, str) and not _KNOWN_HEADERS.fullmatch(name.lower()):
            # "Basic dXNlcjpwYXNz", "sha256=7d38...": the second part alone is enough to be useful.
            yield from (value, value.partition(" ")[2], value.partition("=")[2])
