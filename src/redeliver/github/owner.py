"""Whose webhooks: an organization's, a repository's, or an App's one. And which of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import FailFast, Field, TypeAdapter
from typing_extensions import TypedDict

from redeliver.errors import ApiUnexpected, NoSuchHook
from redeliver.github.answers import Task, read_json
from redeliver.github.hook import APP_HOOK, PAGE_SIZE, Hook

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redeliver.core.inputs import HookChoice
    from redeliver.core.settings import Settings
    from redeliver.github.api import Caller
    from redeliver.github.links import Links
    from redeliver.github.transport import Response

#: Webhooks of one owner, and characters of a webhook's URL: more is no list of GitHub's.
_MAX_HOOKS = 10_000
_MAX_URL = 10_000


class _Config(TypedDict, total=False):
    url: Annotated[str, Field(max_length=_MAX_URL)]


class _Listed(TypedDict):
    id: Annotated[int, Field(gt=0, lt=2**63)]
    active: bool
    config: _Config


_LISTED = TypeAdapter(Annotated[list[_Listed], Field(max_length=PAGE_SIZE), FailFast()])


@dataclass(frozen=True, slots=True)
class HookInfo:
    """One webhook in the list of its owner's."""

    id: int
    active: bool
    url: str
    """Where it points. Can hold credentials: never shown as it is."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has the webhooks."""

    path: str
    """In the API: ``/orgs/octo``, ``/repos/octo/hello``; ``/app`` for an App."""
    login: str
    """As GitHub calls it: ``octo``, ``octo/hello``; an App's id."""
    name: str
    """In sentences: "the organization octo"."""
    needed: str
    """The permission that reading and redelivering takes."""
    web_page: str = ""
    """Where people find its webhooks; empty for an App, whose page goes by a name that we do not know."""

    @property
    def is_app(self) -> bool:
        """Whether it is an App, which has one webhook, without an id."""
        return self.path == "/app"

    def hook(self, caller: Caller, links: Links, hook_id: int | None) -> Hook:
        """One of its webhooks; None: the App's."""
        if hook_id is None:
            name = f"the webhook of {self.name}"
            return Hook(
                caller,
                links,
                APP_HOOK,
                hook_id="",
                owner=self.login,
                name=name,
                web_page="",
                permission=self.needed,
            )
        return Hook(
            caller,
            links,
            f"{self.path}/hooks/{hook_id}",
            hook_id=str(hook_id),
            owner=self.login,
            name=f"hook {hook_id} of {self.name}",
            web_page=f"{self.web_page}/{hook_id}?tab=deliveries",
            permission=self.needed,
        )

    def list_hooks(self, caller: Caller, links: Links) -> list[HookInfo]:
        """All its webhooks.

        Raises:
            ApiError, OutOfTime: they could not be listed.
        """

        def read(answer: Response) -> tuple[list[_Listed], Mapping[str, str] | None]:
            return read_json(_LISTED, answer), links.next_query(answer.headers.get("link", ""))

        if self.is_app:
            return []
        task = Task(f"list the webhooks of {self.name}", self.needed)
        found: dict[int, HookInfo] = {}
        query: Mapping[str, str] | None = {"per_page": str(PAGE_SIZE)}
        while query is not None:
            before = len(found)
            page, query = caller.get(f"{self.path}/hooks", query, task, read)
            found |= {one["id"]: HookInfo(one["id"], one["active"], one["config"].get("url", "")) for one in page}
            if len(found) == before:
                break  # a page of nothing new: the end, or a circle
            if len(found) > _MAX_HOOKS:
                raise ApiUnexpected(what=task.what, why="the list has no end")
        return list(found.values())

    def choose(self, caller: Caller, links: Links, choice: HookChoice) -> list[int | None]:
        """The ids that are meant, None for an App's; a pattern means active webhooks alone: others get nothing.

        Raises:
            NoSuchHook: the pattern fits none.
            ApiError, OutOfTime: they could not be listed.
        """
        return self.pick(self.list_hooks(caller, links) if choice.pattern else (), choice)

    def pick(self, listed: Iterable[HookInfo], choice: HookChoice) -> list[int | None]:
        """As ``choose``, from a list that there is already."""
        if self.is_app:
            return [None]
        if not choice.pattern:
            return [*choice.ids]
        fitting = _fitting(listed, choice.pattern)
        if not fitting:
            raise NoSuchHook(owner=self.name)
        return [*sorted(fitting)]


def _fitting(hooks: Iterable[HookInfo], pattern: str) -> list[int]:
    expression = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
    return [hook.id for hook in hooks if hook.active and expression.fullmatch(hook.url)]


def owner_of(settings: Settings) -> Owner:
    """Whose webhooks the settings are about."""
    if settings.org:
        return Owner(
            f"/orgs/{settings.org}",
            settings.org,
            f"the organization {settings.org}",
            'the organization permission "Webhooks: write" (or, for a classic token, the scope admin:org_hook), '
            "and its user must own the organization",
            f"{settings.web_url}/organizations/{settings.org}/settings/hooks",
        )
    if settings.repository:
        return Owner(
            f"/repos/{settings.repository}",
            settings.repository,
            f"the repository {settings.repository}",
            'the repository permission "Webhooks: write" (or, for a classic token, the scope admin:repo_hook)',
            f"{settings.web_url}/{settings.repository}/settings/hooks",
        )
    return Owner("/app", settings.app_id, f"the App {settings.app_id}", "the App's own private key")
