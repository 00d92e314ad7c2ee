"""Webhooks: their owner, which of them are chosen, and each one's deliveries.

Facts: https://docs.github.com/en/rest/orgs/webhooks, https://docs.github.com/en/rest/repos/webhooks and
https://docs.github.com/en/rest/apps/webhooks
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import FailFast, Field, TypeAdapter
from typing_extensions import TypedDict

from redeliver.core.deliveries import Filter, Page, Row
from redeliver.core.endpoint import Delivery, EndpointResponse, endpoint_response
from redeliver.errors import ApiUnexpected, NoSuchHook
from redeliver.github.pace import WRITE_POINTS
from redeliver.github.responses import Links, Purpose, read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redeliver.core.inputs import HookChoice
    from redeliver.core.ports import Quota
    from redeliver.core.redelivery import Reply
    from redeliver.core.settings import Settings
    from redeliver.github.api import Caller
    from redeliver.github.transport import Response

#: Rows of a page; GitHub gives no more.
PAGE_SIZE = 100
#: The most webhooks of one owner, and characters of a webhook's URL, that GitHub can have.
_MAX_HOOKS = 10_000
_MAX_URL = 10_000


class _Config(TypedDict, total=False):
    url: Annotated[str, Field(max_length=_MAX_URL)]


class _ListedHook(TypedDict):
    id: Annotated[int, Field(gt=0, lt=2**63)]
    active: bool
    config: _Config


class _OneHook(TypedDict):
    active: bool


_ROWS = TypeAdapter(Annotated[list[Row], Field(max_length=PAGE_SIZE), FailFast()])
_LISTED_HOOKS = TypeAdapter(Annotated[list[_ListedHook], Field(max_length=PAGE_SIZE), FailFast()])
_ONE_HOOK = TypeAdapter(_OneHook)
_DELIVERY = TypeAdapter(Delivery)


@dataclass(frozen=True, slots=True)
class HookInfo:
    """What is known of a webhook without reading its deliveries."""

    id: int | None
    """None: the App's."""
    active: bool | None = None
    """Whether GitHub sends deliveries to it. None: not known, since it was not listed."""
    url: str = ""
    """Where it points; empty if it was not listed. It can hold credentials, so it is never shown as it is."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns the webhooks."""

    path: str
    """Its path in the API: ``/orgs/octo``, ``/repos/octo/hello``; ``/app`` for an App."""
    login: str
    """GitHub's name for it: ``octo``, ``octo/hello``; an App's id."""
    name: str
    """Its name in sentences: "the organization octo"."""
    permission: str
    """The permission that reading and redelivering needs."""
    web_page: str = ""
    """Where users find its webhooks; empty for an App, whose page has a name that is not known."""

    @property
    def is_app(self) -> bool:
        """Whether it is an App, which has one webhook, without an id."""
        return self.path == "/app"

    def list_hooks(self, caller: Caller, links: Links) -> list[HookInfo]:
        """All its webhooks; for an App an empty list, since GitHub lists none.

        Raises:
            ApiError, OutOfTime: they could not be listed.
        """

        def read(response: Response) -> tuple[list[_ListedHook], Mapping[str, str] | None]:
            return read_json(_LISTED_HOOKS, response), links.next_query(response.headers.get("link", ""))

        if self.is_app:
            return []
        subject = self.name[0].upper() + self.name[1:]
        purpose = Purpose(f"list the webhooks of {self.name}", self.permission, subject)
        found: dict[int, HookInfo] = {}
        query: Mapping[str, str] | None = {"per_page": str(PAGE_SIZE)}
        while query is not None:
            before = len(found)
            page, query = caller.get(f"{self.path}/hooks", query, purpose, read)
            found |= {one["id"]: HookInfo(one["id"], one["active"], one["config"].get("url", "")) for one in page}
            if len(found) == before:
                break  # a page with nothing new: the end, or a loop
            if len(found) > _MAX_HOOKS:
                raise ApiUnexpected(what=purpose.what, why="the list has no end")
        return list(found.values())

    def choose(self, caller: Caller, links: Links, choice: HookChoice, *, inactive: bool = False) -> list[HookInfo]:
        """The webhooks that ``hook-id`` means. They are listed only when it holds a pattern.

        A pattern chooses active webhooks only, since GitHub sends nothing to the others; with ``inactive``, all.

        Raises:
            NoSuchHook: the pattern matches none.
            ApiError, OutOfTime: they could not be listed.
        """
        return self.pick(self.list_hooks(caller, links) if choice.pattern else (), choice, inactive=inactive)

    def pick(self, listed: Iterable[HookInfo], choice: HookChoice, *, inactive: bool = False) -> list[HookInfo]:
        """As ``choose``, from an existing list."""
        if self.is_app:
            return [HookInfo(None)]
        known = {info.id: info for info in listed}
        if not choice.pattern:
            return [known.get(hook_id, HookInfo(hook_id)) for hook_id in choice.ids]
        fits = _expression(choice.pattern).fullmatch
        found = {hook_id: info for hook_id, info in known.items() if (inactive or info.active) and fits(info.url)}
        if not found:
            raise NoSuchHook(owner=self.name)
        return [found[hook_id] for hook_id in sorted(found, key=lambda one: one or 0)]


def _expression(pattern: str) -> re.Pattern[str]:
    """A pattern whose ``*`` stands for anything. Each part is searched for once, so that no URL takes long to match."""
    first, *parts = map(re.escape, pattern.split("*"))
    middle = "".join(f"(?>.*?{part})" for part in parts[:-1])
    return re.compile(first + middle + "".join(f".*{part}" for part in parts[-1:]), re.DOTALL)


class Hook:
    """A webhook and its deliveries, behind GitHub's API. See :class:`redeliver.core.ports.Hook`."""

    def __init__(self, caller: Caller, links: Links, owner: Owner, info: HookInfo) -> None:
        self.owner = owner.login
        if info.id is None:
            self.hook_id = self.web_page = ""
            self.name = f"the webhook of {owner.name}"
            subject = f"The webhook of {owner.name}"
            self._path = f"{owner.path}/hook"
        else:
            self.hook_id = str(info.id)
            self.web_page = f"{owner.web_page}/{info.id}?tab=deliveries"
            self.name = f"hook {info.id} of {owner.name}"
            subject = f"Webhook {info.id} of {owner.name}"
            self._path = f"{owner.path}/hooks/{info.id}"
        self._caller = caller
        self._links = links
        self._info = info
        self._reading = Purpose(f"read the deliveries of {self.name}", owner.permission, subject)
        self._redelivering = Purpose(f"redeliver a delivery of {self.name}", owner.permission, subject)

    def page(self, query: Mapping[str, str] | None = None, *, only: Filter | None = None) -> Page:
        """See :class:`redeliver.core.ports.DeliverySource`.

        Raises:
            ApiError: GitHub refused, or failed for good.
            ForeignLink: the next page is said to be elsewhere.
            OutOfTime: a wait does not fit into the time limit.
        """
        if query is None:
            query = {"per_page": str(PAGE_SIZE)} | ({"status": only} if only else {})
        return self._caller.get(f"{self._path}/deliveries", query, self._reading, self._parse)

    @property
    def quota(self) -> Quota:
        """How many calls GitHub still allows within the hour."""
        return self._caller.quota

    def now(self) -> int:
        """See :class:`redeliver.core.ports.Hook`."""
        return self._caller.now()

    def is_active(self) -> bool | None:
        """See :class:`redeliver.core.ports.Hook`. GitHub does not say for an App's webhook.

        Facts: https://docs.github.com/en/rest/apps/webhooks
        """
        if self._info.active is not None or self._info.id is None:
            return self._info.active
        return self._caller.get(self._path, {}, self._reading, _active)

    def response(self, attempt_id: int) -> EndpointResponse:
        """See :class:`redeliver.core.ports.Hook`."""
        return self._caller.get(f"{self._path}/deliveries/{attempt_id}", {}, self._reading, _response)

    def response_if_free(self, attempt_id: int) -> EndpointResponse | None:
        """See :class:`redeliver.core.ports.Hook`."""
        return self._caller.get_if_free(f"{self._path}/deliveries/{attempt_id}", _response)

    def wait_for_turn(self) -> None:
        """See :class:`redeliver.core.ports.Hook`."""
        self._caller.wait_for_turn(WRITE_POINTS, redelivery=True)

    def redeliver(self, attempt_id: int) -> Reply:
        """See :class:`redeliver.core.ports.Hook`."""
        return self._caller.post_once(f"{self._path}/deliveries/{attempt_id}/attempts", self._redelivering)

    def _parse(self, response: Response) -> Page:
        return Page(read_json(_ROWS, response), self._links.next_query(response.headers.get("link", "")))


def _active(response: Response) -> bool:
    return read_json(_ONE_HOOK, response)["active"]


def _response(response: Response) -> EndpointResponse:
    return endpoint_response(read_json(_DELIVERY, response))


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
