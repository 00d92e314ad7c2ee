"""The issues of a repository that have a label, through PyGithub's own objects.

Facts: https://docs.github.com/en/rest/issues
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import BaseModel, Field, TypeAdapter

from redeliver.core.deliveries import or_none
from redeliver.errors import ApiError, ApiRefused, IssuesDisabled
from redeliver.github.connection import repository_of
from redeliver.github.responses import Purpose, read_json
from redeliver.tracking.decision import TrackingIssue, memory_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redeliver.github.api import Caller
    from redeliver.github.responses import Body, Response, Verb

TITLE = "Webhook redelivery needs attention"
LABEL_COLOR = "8250df"
LABEL_DESCRIPTION = "Redeliver Action finds its issue by this label"
_PERMISSION = (
    'the repository permission "Issues: read and write" (the workflow\'s own token: permissions: issues: write)'
)
#: What the repository is to whoever may say what its issues remember.
_TRUSTED = ("OWNER", "MEMBER", "COLLABORATOR")


class _User(BaseModel):
    type: str


class _Issue(BaseModel):
    """What PyGithub is shown of an issue. It would ask for each field that is missing, with a request of its own."""

    number: Annotated[int, Field(gt=0, lt=2**53)]
    state: Literal["open", "closed"]
    body: str | None = None
    pull_request: dict[str, object] | None = None
    user: Annotated[_User | None, or_none] = None
    author_association: Annotated[str | None, or_none] = None


class _Repository(BaseModel):
    private: bool = False


_ISSUE = TypeAdapter(_Issue)
_ISSUES = TypeAdapter(list[_Issue])
_OBJECT = TypeAdapter(dict[str, object])
_REPOSITORY = TypeAdapter(_Repository)
#: What PyGithub's objects ask for: what that is for, what is read of its response, and how :class:`Caller` makes it.
_REQUESTS: dict[str, tuple[str, TypeAdapter[Any], dict[str, Any]]] = {
    "GET ": ("read the repository", _REPOSITORY, {}),
    "GET issues": ("read issues", _ISSUES, {}),
    "POST labels": ("create the label of an issue", _OBJECT, {"accept": (422,)}),  # 422: it exists
    "POST issues": ("open an issue", _ISSUE, {"once": True}),
    "POST issues/N/comments": ("comment on an issue", _OBJECT, {"once": True}),
    "PATCH issues/N": ("change an issue", _ISSUE, {}),
}


class Issues:
    """Finds, opens and changes the tracking issue.

    All methods raise ApiError where GitHub refused or every try failed, IssuesDisabled among them, and OutOfTime.
    """

    def __init__(self, caller: Caller, repository: str, label: str) -> None:
        self._caller = caller
        self._name = repository
        self._label = label
        self._repository = repository_of(repository, self._ask)

    def now(self) -> int:
        """GitHub's time, in epoch milliseconds."""
        return self._caller.now()

    def is_private(self) -> bool:
        """Whether not everybody can read them; if GitHub does not say, everybody can."""
        try:
            return bool(self._repository.private)
        except ApiError:
            return False

    def find(self) -> TrackingIssue | None:
        """Of the newest hundred with the label, the newest that remembers something; an open one before all others.

        It counts only if an App or somebody of the repository opened it, as GitHub says who that was. A repository's
        issue form can give the label to anybody's issue, and the workflow's own token cannot ask who it is.
        """
        listed = self._repository.get_issues(state="all", labels=[self._label], sort="created", direction="desc")
        found = [
            TrackingIssue(one.number, one.state == "open", memory)
            for one in listed.get_page(0)
            if one.pull_request is None
            and (getattr(one.user, "type", "") == "Bot" or one.author_association in _TRUSTED)
            and (memory := memory_of(one.body or ""))
        ]
        return max(found, key=lambda one: (one.is_open, one.number), default=None)

    def open(self, body: str) -> int:
        """Open one. Returns its number. Raises ReplyLost if it may be there, or not."""
        # First, since GitHub silently drops labels that the token may not set, and the issue would never be found.
        self._repository.create_label(self._label, LABEL_COLOR, LABEL_DESCRIPTION)
        return self._repository.create_issue(TITLE, body, labels=[self._label]).number

    def comment(self, number: int, body: str) -> None:
        """Comment on one. Raises ReplyLost if the comment may be there, or not."""
        self._repository.get_issue(number).create_comment(body)

    def change(self, number: int, body: str, *, is_open: bool) -> None:
        """Change its text, and whether it is open."""
        self._repository.get_issue(number).edit(body=body, state="open" if is_open else "closed")

    def _ask(self, verb: str, path: str, query: Mapping[str, str], body: Body | None) -> str:
        """Make a request of PyGithub's objects: one of those that are known here, and no other."""
        place = re.sub(r"\d+", "N", path.removeprefix(f"/repos/{self._name}").removeprefix("/"))
        what, described, options = _REQUESTS[f"{verb} {place}"]
        purpose = Purpose(f"{what} in {self._name}", _PERMISSION, f"GitHub has no repository {self._name}")

        def read(response: Response) -> str:
            return described.dump_json(read_json(described, response.body)).decode()

        try:
            return self._caller.call(cast("Verb", verb), path, purpose, read, query=query, body=body, **options)
        except ApiRefused as refused:
            if refused.status == 410:
                raise IssuesDisabled(repository=self._name) from None
            raise
