"""Reading an answer of GitHub's API: its body, its numbers, and what a no means. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

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
#: Values in the JSON of a body that is read: each takes memory, however short it is. A page of GitHub's has 2,000.
_MAX_VALUES = 200_000


class _Refusal(TypedDict):
    message: str


_REFUSAL = TypeAdapter(_Refusal)


@dataclass(frozen=True, slots=True)
class Task:
    """What a call is for, in words for error sentences."""

    what: str
    """The end of "refused to ..."."""
    needed: str
    """The permission it takes, as GitHub's own pages name it."""


class Proof(Enum):
    """What a call is made with: it decides what a no means."""

    GIVEN = "a token from the settings"
    MADE = "a token that the action made for an App's installation"
    KEY = "an App's own key"


#: What a 401 says of each.
_REFUSED: dict[Proof, type[BadToken | BadKey]] = {Proof.GIVEN: BadToken, Proof.MADE: TokenEnded, Proof.KEY: BadKey}


def fault_of(response: Response, task: Task, proof: Proof) -> ApiError:
    """The error that a status below 500 stands for, with what GitHub's headers say would have been enough."""
    headers, message = response.headers, _message(response)
    enough = headers.get("x-accepted-github-permissions") or headers.get("x-accepted-oauth-scopes")
    needed = f"{task.needed} (GitHub's answer names: {plain(enough, 150)})" if enough else task.needed
    match response.status:
        case 401:
            return _REFUSED[proof](what=task.what)
        case 403:
            # "integration" is GitHub's word for an App, and the workflow's own token is one's.
            of_app = "not accessible by integration" in message and proof is Proof.GIVEN
            return (WorkflowToken if of_app else MissingPermission)(what=task.what, message=message, needed=needed)
        case 404:
            return NotFound(what=task.what, needed=needed)
        case status if status < 400:
            return Moved(what=task.what, status=status)
        case status:
            return ApiRefused(what=task.what, status=status, message=message)


def read_json(adapter: TypeAdapter[T], response: Response) -> T:
    """An answer's body, which must be as described.

    Raises:
        ValueError: it is not; the message says where, and quotes nothing.
    """
    if sum(map(response.body.count, ",[{")) > _MAX_VALUES:
        raise ValueError("it has too many parts")
    try:
        # Not validate_json, which copies a large text several times on its way into an error.
        return adapter.validate_python(json.loads(response.body))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise ValueError(f"{where}: {first['type']}") from None
    except (ValueError, RecursionError, MemoryError):
        raise ValueError("it is not JSON") from None


def number(header: str) -> int | None:
    """A header's number. None: there is none, or one so long that no arithmetic could be done with it."""
    return int(header) if _NUMBER.fullmatch(header) else None


def _message(response: Response) -> str:
    try:
        return plain(read_json(_REFUSAL, response)["message"], 400)
    except ValueError:
        return "no message"
