"""Responses of GitHub's API: how they are read, and the error that a refusal stands for. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Literal, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from redeliver.errors import (
    AccessBlocked,
    ApiError,
    ApiNotFound,
    ApiRefused,
    BadKey,
    BadToken,
    HiddenFromApp,
    MissingPermission,
    Moved,
    NotFound,
    ProxyLogin,
    TokenEnded,
    WorkflowToken,
)
from redeliver.text import OwnText, plain

T = TypeVar("T")
Verb = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
#: A request's body: JSON's members by name.
Body = Mapping[str, str | Sequence[str] | Mapping[str, str] | Mapping[str, bool]]
#: Why a response is lost; bounded_http and connection have more reasons.
TOO_LONG = "it took too long"

_TOKEN_END = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) (?:UTC|([+-][0-9]{4}))")
#: A date outside these years is not GitHub's, and times near its limits cannot be written as dates.
_FIRST_YEAR, _LAST_YEAR = 2000, 9000
_NUMBER = re.compile(r"[0-9]{1,10}")
_REQUEST_ID = re.compile(r"[0-9A-F:]{1,100}")
#: A page of GitHub's for settings or single sign-on, behind GitHub's address, up to the end of a word.
_PAGE = r"(/(?:orgs|enterprises|settings)(?:/[\w-]{1,100}){1,4}(?:\?authorization_request=[\w.%=-]{1,1000})?)(?!\S)"
#: Characters of a header or message in which it is looked for.
_MAX_HEADER = 4_000
#: A text with more JSON values is not parsed, since each takes memory. A page of GitHub's has about 2,000.
_MAX_VALUES = 200_000


@dataclass(frozen=True, slots=True)
class Response:
    """A response that arrived whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str


class ResponseLost(Exception):
    """No whole response came, whatever went wrong, so the request may or may not have taken effect.

    The message is a short fixed phrase for users ("the connection failed").
    """


class Transport(Protocol):
    """Makes requests of GitHub's API."""

    def exchange(
        self,
        verb: Verb,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Response:
        """Make one request, once: no retry, no pacing, no redirect followed. Raises ResponseLost.

        ``path`` begins with ``/`` and is relative to the API's root (``/orgs/octo/hooks/1/deliveries``).
        """
        ...


class _Refusal(TypedDict):
    message: str


_REFUSAL = TypeAdapter(_Refusal)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a call is for, in words for error messages."""

    what: str
    """The end of "refused to ..."."""
    permission: str
    """The permission that it needs, as GitHub's own pages name it."""
    missing: str
    """What a 404 says is missing, as a clause: "octo has no webhook 17"."""
    hides_from_apps: bool = False
    """Whether an OAuth app sees it only if the app made it, as with an organization's webhooks."""


class CredentialKind(Enum):
    """What a call is authorized with; the advice on a refusal depends on it."""

    TOKEN = auto()
    """A token from the settings."""
    OAUTH_APP = auto()
    """The same, and it belongs to an OAuth app, as the one of ``gh auth login`` does."""
    INSTALLATION_TOKEN = auto()
    """A token that the action made for an App's installation."""
    APP_KEY = auto()
    """An App's private key."""
    ISSUE_TOKEN = auto()
    """A token from the settings, for issues; the workflow's own token is enough."""


#: The error that a 401 stands for, unless the settings gave the token.
_UNAUTHORIZED: dict[CredentialKind, Callable[..., ApiError]] = {
    CredentialKind.INSTALLATION_TOKEN: TokenEnded,
    CredentialKind.APP_KEY: BadKey,
}


@dataclass(frozen=True, slots=True)
class Block:
    """What can stand in a token's way whatever its permissions are."""

    said: str
    """What GitHub's message matches then, in any case. Its words are taken from public reports, so it is loose."""
    why: str
    """The end of "refused to ...: "."""
    remedy: str
    """The next step, in sentences."""


_SINGLE_SIGN_ON = Block(
    r"SAML enforcement|SAML SSO|single sign-on",
    "the organization requires single sign-on, and this token is not authorized for it",
    "Authorize it: on the page of your classic tokens, choose Configure SSO. Or use a fine-grained token, which is "
    "authorized when it is made.",
)
#: The first one whose words are in the message counts.
BLOCKS = (
    _SINGLE_SIGN_ON,
    Block(
        "IP allow list",
        "an IP allow list is enabled there, and the address of this machine is not on it",
        "Run it on a machine whose address is on the list, or add this one's. Runners of GitHub's have no fixed "
        "addresses, except larger runners that were given some.",
    ),
    Block(
        "token's lifetime",
        "the organization does not accept a token with such a long lifetime",
        "Give the token an earlier expiration date, or make a new one and store it in the secret.",
    ),
    Block(
        "forbids access via",
        "the organization does not accept tokens of this kind",
        "Use a fine-grained token or a GitHub App, or ask an owner of the organization to allow this kind.",
    ),
    Block(
        "OAuth App access restrictions",
        "the organization restricts access by OAuth apps, and the token belongs to an OAuth app that is not approved",
        "Use a fine-grained token or a GitHub App, or ask an owner of the organization to approve the OAuth app.",
    ),
    Block(
        r"installation\b.*\bsuspended",
        "the App's installation is suspended",
        "Whoever suspended it can end that: an owner of the organization (settings, GitHub Apps, Configure), or the "
        "App's owner.",
    ),
    Block(
        r"account\b.*\bsuspended",
        "the account that the token belongs to is suspended",
        "Use a token of another account, or a GitHub App. GitHub's support (on Enterprise Server, a site "
        "administrator) knows why the account was suspended.",
    ),
    Block(
        "archived",
        "the repository is archived, so nothing can be changed in it",
        "Unarchive it, or use another one: for the variable, set variable-repository.",
    ),
)


def error_for(response: Response, purpose: Purpose, kind: CredentialKind, web_url: str = "") -> ApiError:
    """The error that a status below 500 stands for, with the permission that GitHub's headers ask for.

    ``web_url``: where users see this GitHub. An address is shown only if it is there; empty: none is.

    Facts: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
    """
    try:
        raw = read_json(_REFUSAL, response.body)["message"]
    except ValueError:
        raw = ""  # every refusal of GitHub's API has a message
    headers, message, needed = response.headers, plain(raw, 400) or "no message", purpose.permission
    if accepted := headers.get("x-accepted-github-permissions") or headers.get("x-accepted-oauth-scopes"):
        level = "read" if accepted.endswith("=read") and "write" in needed else ""
        asks = f"GitHub asks for {plain(accepted, 150)} here"
        needed += f" ({asks}; redelivering needs write)" if level else f" ({asks})"
    error: ApiError
    match response.status:
        case 404 if not raw and not headers.get("x-github-sso"):
            # Something else than GitHub's API answered.
            error = ApiNotFound(what=purpose.what)
        case 407:
            error = ProxyLogin(proxy="HOST:PORT")
        case 401:
            error = _UNAUTHORIZED.get(kind, BadToken)(what=purpose.what)
        case _ if blocked := _blocked(response, raw, purpose, web_url):
            error = blocked
        case 403:
            # "Integration" is GitHub's word for an App. The workflow's own token belongs to one.
            is_workflows = "not accessible by integration" in message and kind is CredentialKind.TOKEN
            missing = WorkflowToken if is_workflows else MissingPermission
            error = missing(what=purpose.what, message=message, needed=needed)
        case 404:
            is_hidden = purpose.hides_from_apps and kind is CredentialKind.OAUTH_APP
            error = (HiddenFromApp if is_hidden else NotFound)(missing=purpose.missing, needed=needed)
        case status if status < 400:
            error = Moved(what=purpose.what, status=status)
        case status:
            error = ApiRefused(what=purpose.what, status=status, message=message)
    error.request_id = request_id(response)
    return error


def request_id(response: Response) -> str:
    """GitHub's id of the request, for its support; empty: the response has none."""
    found = response.headers.get("x-github-request-id", "")
    return found if _REQUEST_ID.fullmatch(found) else ""


def _blocked(response: Response, raw: str, purpose: Purpose, web_url: str) -> ApiError | None:
    """What stands in the way, if it is no permission.

    The header: https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api
    """
    header, message, block = response.headers.get("x-github-sso", ""), plain(raw, 400), None
    if response.status in {403, 404} and header.startswith("required"):
        block = _SINGLE_SIGN_ON
    elif response.status == 403:
        block = next((one for one in BLOCKS if re.search(one.said, message, re.IGNORECASE)), None)
    if block is None:
        return None
    # Only a page of GitHub's own, and no other parameter of it: a stranger may have written the message.
    pattern = re.compile(r"(?:^|\s|; ?url=)" + re.escape(web_url) + _PAGE, re.ASCII)
    pages = [pattern.search(text[:_MAX_HEADER]) for text in (header, raw) if web_url.startswith("https://")]
    page = next((f" GitHub's page for it: {web_url}{found[1]}" for found in pages if found), "")
    return AccessBlocked(
        what=purpose.what, status=response.status, why=block.why, message=message, remedy=OwnText(block.remedy + page)
    )


def if_there(adapter: TypeAdapter[T]) -> Callable[[Response], T | None]:
    """What reads a response as JSON; None: a 404, which has to be accepted."""
    return lambda told: None if told.status == 404 else read_json(adapter, told.body)


def status_of(*expected: int) -> Callable[[Response], int]:
    """What reads a response's status, and takes no other for an answer.

    A proxy's own page comes with a 200, which does not mean that GitHub has written anything.
    """

    def read(told: Response) -> int:
        if told.status not in expected:
            raise ValueError(f"it answered {told.status}")
        return told.status

    return read


def read_json(adapter: TypeAdapter[T], text: str) -> T:
    """JSON text as what the adapter describes. Raises ValueError, which says where it differs, and quotes nothing."""
    if sum(map(text.count, ",[{")) > _MAX_VALUES:
        raise ValueError("it has too many parts")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError, MemoryError):
        raise ValueError("it is not JSON") from None
    try:
        # Not validate_json, which copies a large text several times on its way into an error.
        return adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = plain(".".join(str(part) for part in first["loc"])) or "the whole"
        raise ValueError(f"{where}: {first['type']}") from None


def number(header: str, otherwise: float) -> float:
    """A header's number; ``otherwise``: it is not a number, or has more than ten digits."""
    return int(header) if _NUMBER.fullmatch(header) else otherwise


def date_of(response: Response) -> int | None:
    """When it was made, in epoch milliseconds, by its own words; None: it does not say."""
    try:
        date = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    # Always GMT (RFC 9110); one that does not say so must not be read as this machine's time.
    return _milliseconds(date.replace(tzinfo=date.tzinfo or UTC))


def token_end_of(response: Response) -> int | None:
    """When the token ends that the request was made with, in epoch milliseconds; None: it does not say.

    Seen on github.com: ``2026-12-30 10:00:00 UTC``, and the same with ``+0000``.
    """
    found = _TOKEN_END.fullmatch(response.headers.get("github-authentication-token-expiration", ""))
    try:
        return _milliseconds(datetime.fromisoformat(f"{found[1]} {found[2]}{found[3] or 'Z'}")) if found else None
    except ValueError:
        return None


def _milliseconds(date: datetime) -> int | None:
    return int(date.timestamp()) * 1000 if _FIRST_YEAR <= date.year <= _LAST_YEAR else None
