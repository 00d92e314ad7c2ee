"""Repositories whose webhooks are meant: names as they are, and what a pattern stands for.

Facts: https://docs.github.com/en/rest/repos/repos and https://docs.github.com/en/rest/apps/installations
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, NotRequired

from pydantic import FailFast, Field, TypeAdapter
from typing_extensions import TypedDict

from redeliver.core.deliveries import or_none
from redeliver.core.inputs import REPOSITORY, expression, matching
from redeliver.errors import NoRepositories, NotFound
from redeliver.github.api import Listing
from redeliver.github.pages import PAGE_SIZE
from redeliver.github.responses import Purpose, read_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redeliver.github.api import Caller
    from redeliver.github.pages import Query
    from redeliver.github.responses import Response

#: The most repositories that one owner is believed to have.
_MOST = 100_000


class _Repository(TypedDict):
    # It becomes a part of paths.
    full_name: Annotated[str, matching(REPOSITORY, "a repository's full name")]
    archived: NotRequired[Annotated[bool | None, or_none]]


class _OfInstallation(TypedDict):
    repositories: _Page


_Page = Annotated[list[_Repository], Field(max_length=PAGE_SIZE), FailFast()]
_LISTED = TypeAdapter(_Page)
_OF_INSTALLATION = TypeAdapter(_OfInstallation)


def find_repositories(caller: Caller, names: Sequence[str], *, is_installation: bool) -> list[str]:
    """The full names that these names and patterns stand for, each once.

    A pattern means repositories that the token can see and that are not archived, in any case. ``is_installation``:
    whether the token is one of an App's installation.

    Raises:
        NoRepositories: there are none.
        ApiError, OutOfTime: they could not be listed.
    """
    listed: dict[str, list[str]] = {}
    found: dict[str, str] = {}
    for name in names:
        owner, these = name.partition("/")[0].lower(), [name]
        if "*" in name:
            if owner not in listed:
                listed[owner] = _of(caller, owner, is_installation=is_installation)
            fits = expression(name, re.IGNORECASE).fullmatch
            these = [one for one in listed[owner] if fits(one)]
        found |= {one.lower(): one for one in these}
    if not found:
        raise NoRepositories(names=", ".join(names))
    return [*found.values()]


def _of(caller: Caller, owner: str, *, is_installation: bool) -> list[str]:
    """The repositories of an owner, by name, without archived ones.

    An installation has a list of its own: that of an organization has public ones, too, where the App is not installed.
    GitHub lists private ones of a user only for that user's token, and in a list without the user's name.
    """
    purpose = Purpose(
        f"list the repositories of {owner}",
        "access to its repositories (a classic token: the scope repo)",
        f"GitHub has no organization {owner}",
    )

    def rows_of(response: Response) -> list[_Repository]:
        if is_installation:
            return read_json(_OF_INSTALLATION, response.body)["repositories"]
        return read_json(_LISTED, response.body)

    def listed(path: str, query: Query | None = None) -> list[str]:
        rows = Listing(caller, path, purpose, rows_of).everything(itemgetter("full_name"), _MOST, query)
        names = [row["full_name"] for row in rows if not row.get("archived")]
        return [name for name in names if name.lower().startswith(f"{owner}/")]

    if is_installation:
        return listed("/installation/repositories")
    try:
        return listed(f"/orgs/{owner}/repos")
    except NotFound:
        if of_user := listed("/user/repos", {"affiliation": "owner"}):
            return of_user
        raise
