"""An endpoint's response to one attempt, made safe to show. Pure.

All of it is untrusted text, chosen by whoever runs the endpoint or a proxy in front of it. It can also repeat what
GitHub sent, secrets included. Format of GitHub's own response: https://docs.github.com/en/rest/orgs/webhooks
"""

from __future__ import annotations

import html
import re
from base64 import b64decode
from contextlib import suppress
from itertools import islice
from typing import Annotated, NotRequired
from urllib.parse import urlsplit

from pydantic import Field
from typing_extensions import TypedDict

from redeliver.core.deliveries import EndpointResponse
from redeliver.masking import Secrets
from redeliver.text import plain

#: Characters of a body, of a page's title and of a header that are shown.
SHOWN_BODY = 200
_SHOWN_TITLE = 100
_SHOWN_HEADER = 100
#: Characters of a body, and headers of a response, that are examined.
_LOOKED_AT = 16_384
_HEADERS = 1_000
#: Characters of a host's name, as of any in the DNS.
_LONGEST_HOST = 253
#: A label of a host's name that is long, and has digits: services that make addresses for webhooks put keys there.
_SECRET_LABEL = re.compile(r"^(?=.*[0-9])(.{4}).{12,}$")
#: Headers that GitHub sends and whose values are no secrets. Those of all others are never shown: GitHub once sent
#: webhooks' secrets in a header by mistake.
_HARMLESS = frozenset(
    {
        "accept",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "x-github-delivery",
        "x-github-enterprise-host",
        "x-github-enterprise-version",
        "x-github-event",
        "x-github-hook-id",
        "x-github-hook-installation-target-id",
        "x-github-hook-installation-target-type",
    }
)
#: What stands before the secret in a header: "Basic dXNlcjpwYXNz", "sha256=7d38...".
_SCHEMES = frozenset({"basic", "bearer", "digest", "sha1", "sha256"})
#: Words of addresses that everybody may know, and that messages need.
_COMMON = frozenset(
    """
    account accounts action actions admin alert alerts api apis app application apps async auth authorization
    automation aws azure backend basic bearer bot bots build builds callback callbacks channel chat client cloud
    code commit commits company config connect connector content core create data default deliveries delivery
    deploy deployment deployments dev develop development digest discord dispatch endpoint endpoints enterprise
    error errors event events external forward function functions gateway generic ghes git gitea github gitlab
    handle handler handlers health hook hooks http https id inbound incoming index ingest input integration
    integrations internal invoke issue issues jenkins jira job jobs json key lambda listen listener live local
    login main message messages monitor monitoring notification notifications notify oauth org organization
    organizations out outgoing payload payloads pipeline pipelines plugin plugins post prod production project
    projects proxy public publish pull push query queue receive receiver receivers redirect release releases repo
    repos repositories repository request requests response rest run runner runners scm secret secrets secure
    security send server service services sha1 sha256 sign signature signed slack source stage staging status
    stream sync system target task tasks team teams telegram test testing tests text token tokens trigger triggers
    update updates user users v1 v2 v3 v4 version web webhook webhooks worker workers workflow workflows workspace
    www zapier
    """.split()  # noqa: SIM905 - words, and best read as such
)
_TITLE = re.compile(r"<title\b[^<>]*>([^<]*)", re.IGNORECASE)


class _Message(TypedDict, total=False):
    headers: dict[str, object] | None
    payload: object


class Delivery(TypedDict):
    """The fields that are used of one full delivery, as in GitHub's OpenAPI description.

    The request is read only to remove from the response whatever it repeats. Its payload is not read.
    """

    duration: NotRequired[Annotated[float, Field(ge=0, le=86_400)] | None]
    url: NotRequired[str | None]
    request: NotRequired[_Message | None]
    response: _Message | None


def endpoint_response(delivery: Delivery) -> EndpointResponse:
    """Select what may be shown of a delivery, and make it safe."""
    response = delivery["response"] or {}
    headers = {name.lower(): value for name, value in islice((response.get("headers") or {}).items(), _HEADERS)}
    payload = response.get("payload")
    body = payload[:_LOOKED_AT] if isinstance(payload, str) else ""
    secrets = _secrets(delivery)
    title = _TITLE.search(body)
    duration = delivery.get("duration")
    return EndpointResponse(
        content_type=secrets.shown(headers.get("content-type"), _SHOWN_HEADER),
        server=secrets.shown(headers.get("server"), _SHOWN_HEADER),
        title=secrets.shown(html.unescape(title[1]), _SHOWN_TITLE) if title else "",
        body=secrets.shown(body, SHOWN_BODY),
        duration=None if duration is None else round(duration * 1_000),
    )


def host_of(url: str) -> str:
    """The host of a webhook's URL, and nothing else: visible characters only, and no label that may be a secret."""
    try:
        host = plain(urlsplit(url).hostname or "", _LONGEST_HOST)
    except ValueError:
        return ""
    return host if ":" in host else ".".join(_SECRET_LABEL.sub(r"\1…", label) for label in host.split("."))


def _secrets(delivery: Delivery) -> Secrets:
    """What GitHub sent that must not be shown: all of the webhook's address but its host, and headers."""
    secrets = Secrets()
    url = delivery.get("url")
    if not url:  # GitHub's description does not promise it
        secrets.add_unknown()
        return secrets
    _, is_address, rest = url.partition("://")
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    userinfo, _, host = authority.rpartition("@")
    known = _COMMON.union(re.findall(r"[^\W_]+", host[:_LONGEST_HOST].lower()))
    user, _, password = userinfo.partition(":")
    secrets.add(password)
    secrets.add(user, known)
    secrets.add(rest[len(authority) :] if is_address else url, known)
    for name, value in ((delivery.get("request") or {}).get("headers") or {}).items():
        if not secrets.are_complete:
            break
        if name.lower() in _HARMLESS:
            continue
        if isinstance(value, list | dict):  # GitHub sends none
            secrets.add_unknown()
        else:
            text = str(value)
            secrets.add(text, _SCHEMES)
            # An endpoint decodes "Basic dXNlcjpwYXNz" to understand it.
            with suppress(ValueError):
                secrets.add(b64decode(text.rpartition(" ")[2], validate=True).decode())
    return secrets
