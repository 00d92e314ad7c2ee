"""The issues of a repository that have a label.

Facts: https://docs.github.com/en/rest/issues
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, NotRequired

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from redeliver.errors import ApiRefused, IssuesDisabled
from redeliver.github.responses import Purpose, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redeliver.github.api import Caller
    from redeliver.github.transport import Response

_PERMISSION = 'the repository permission "Issues: write" (for the workflow\'s own token: permissions: issues: write)'
#: The newest come first, and one label has few.
_QUERY = {"state": "all", "sort": "created", "direction": "desc", "per_page": "100"}
#: What the repository is to whoever may say what its issues remember.
_TRUSTED = ("OWNER", "MEMBER", "COLLABORATOR")


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as it stands."""

    number: int
    is_open: bool
    body: str


class _Found(TypedDict):
    number: Annotated[int, Field(gt=0, lt=2**53)]
    state: Literal["open", "closed"]
    body: NotRequired[str | None]
    pull_request: NotRequired[object]
    user: NotRequired[object]
    author_association: NotRequired[object]


_FOUND = TypeAdapter(_Found)
_LIST = TypeAdapter(list[_Found])
_COMMENT = TypeAdapter(dict[str, object])


class Issues:
    """Finds, opens and changes issues with one label."""

    def __init__(self, caller: Caller, repository: str, label: str) -> None:
        self._caller = caller
        self._repository = repository
        self._label = label
        self._path = f"/repos/{repository}/issues"

    def newest(self) -> list[Issue]:
        """Of the newest hundred, open and closed, those that an App or somebody of the repository opened.

        Pull requests are not among them, nor are issues whose author GitHub does not name. A repository's issue form
        can give the label to anybody's issue, and the workflow's own token cannot ask who it is.

        Raises:
            ApiError: GitHub refused, or every try failed. IssuesDisabled among them, as in all methods below.
        """
        with self._told():
            query = {**_QUERY, "labels": self._label}
            found = self._caller.call("GET", self._path, self._to("read issues"), _listed, query=query)
        return [_issue(one) for one in found if "pull_request" not in one and _is_trusted(one)]

    def open(self, title: str, body: str, *, color: str, description: str) -> int:
        """Open one. Returns its number.

        Raises:
            ReplyLost: it may be there, or not.
        """
        # First, since GitHub silently drops labels that the token may not set, and the issue would never be found.
        label = {"name": self._label, "color": color, "description": description}
        path = f"/repos/{self._repository}/labels"
        self._caller.write("POST", path, label, self._to("create the label of an issue"), unless=422)
        asked = {"title": title, "body": body, "labels": [self._label]}
        with self._told():
            return self._caller.call("POST", self._path, self._to("open an issue"), _read, body=asked, once=True).number

    def comment(self, number: int, body: str) -> None:
        """Comment on one.

        Raises:
            ReplyLost: it may be there, or not.
        """
        path = f"{self._path}/{number}/comments"
        with self._told():
            self._caller.call("POST", path, self._to("comment on an issue"), _made, body={"body": body}, once=True)

    def change(self, number: int, body: str, *, is_open: bool) -> None:
        """Change its text, and whether it is open."""
        asked = {"body": body, "state": "open" if is_open else "closed"}
        with self._told():
            self._caller.call("PATCH", f"{self._path}/{number}", self._to("change an issue"), _read, body=asked)

    def _to(self, do: str) -> Purpose:
        return Purpose(f"{do} in {self._repository}", _PERMISSION, f"Repository {self._repository}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except ApiRefused as refused:
            if refused.status == 410:
                raise IssuesDisabled(repository=self._repository) from None
            raise


def _issue(found: _Found) -> Issue:
    return Issue(found["number"], found["state"] == "open", found.get("body") or "")


def _is_trusted(found: _Found) -> bool:
    match found.get("user"):
        case {"type": "Bot"}:
            return True
        case _:
            return found.get("author_association") in _TRUSTED


def _listed(response: Response) -> list[_Found]:
    return read_json(_LIST, response)


def _read(response: Response) -> Issue:
    return _issue(read_json(_FOUND, response))


def _made(response: Response) -> None:
    read_json(_COMMENT, response)
