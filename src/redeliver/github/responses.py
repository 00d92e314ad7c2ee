"""Reads responses of GitHub's API: JSON, numbers, and the error that a refusal stands for. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeVar

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from redeliver.core.inputs import as_described, parse_json
from redeliver.errors import (
    ApiError,
    ApiRefused,
    BadKey,
    BadToken,
    MissingPermission,
    Moved,
    NotFound,
    TokenEnded,
    WorkflowToken,
)
from redeliver.text import plain

if TYPE_CHECKING:
    from redeliver.github.transport import Response

T = TypeVar("T")

_NUMBER = re.compile(r"[0-9]{1,10}")
#: A body with more JSON values is not parsed, since each takes memory. A page of GitHub's has about 2,000.
_MAX_VALUES = 200_000


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
    subject: str
    """What a 404 says is missing, worded to begin a sentence: "Webhook 17 of the organization octo"."""


class CredentialKind(Enum):
    """What a call is authorized with; the advice on a refusal depends on it."""

    TOKEN = auto()
    """A token from the settings."""
    INSTALLATION_TOKEN = auto()
    """A token that the action made for an App's installation."""
    APP_KEY = auto()
    """An App's private key."""
    ISSUE_TOKEN = auto()
    """A token from the settings, for issues; the workflow's own token is enough."""


#: The error that a 401 stands for.
_UNAUTHORIZED: dict[CredentialKind, type[BadToken | BadKey]] = {
    CredentialKind.TOKEN: BadToken,
    CredentialKind.INSTALLATION_TOKEN: TokenEnded,
    CredentialKind.APP_KEY: BadKey,
    CredentialKind.ISSUE_TOKEN: BadToken,
}


def error_for(response: Response, purpose: Purpose, kind: CredentialKind) -> ApiError:
    """The error that a status below 500 stands for, with the permission that GitHub's headers ask for.

    Facts: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
    """
    headers, message = response.headers, _message(response)
    accepted = headers.get("x-accepted-github-permissions") or headers.get("x-accepted-oauth-scopes")
    needed = purpose.permission
    if accepted:
        needed += f" (GitHub's response names: {plain(accepted, 150)})"
    match response.status:
        case 401:
            return _UNAUTHORIZED[kind](what=purpose.what)
        case 403:
            # "Integration" is GitHub's word for an App. The workflow's own token belongs to one.
            is_workflows = "not accessible by integration" in message and kind is CredentialKind.TOKEN
            error = WorkflowToken if is_workflows else MissingPermission
            return error(what=purpose.what, message=message, needed=needed)
        case 404:
            return NotFound(subject=purpose.subject, needed=needed)
        case status if status < 400:
            return Moved(what=purpose.what, status=status)
        case status:
            return ApiRefused(what=purpose.what, status=status, message=message)


def read_json(adapter: TypeAdapter[T], response: Response) -> T:
    """The body as what the adapter describes.

    Raises:
        ValueError: it is something else. The message says where, and quotes nothing.
    """
    return as_described(adapter, json_of(response))


def json_of(response: Response) -> object:
    """The body's JSON.

    Raises:
        ValueError: it is none. The message quotes nothing.
    """
    if sum(map(response.body.count, ",[{")) > _MAX_VALUES:
        raise ValueError("it has too many parts")
    return parse_json(response.body)


def number(header: str) -> int | None:
    """A header's number; None: it is not a number, or has more than ten digits."""
    return int(header) if _NUMBER.fullmatch(header) else None


def _message(response: Response) -> str:
    try:
        return plain(read_json(_REFUSAL, response)["message"], 400)
    except ValueError:
        return "no message"
