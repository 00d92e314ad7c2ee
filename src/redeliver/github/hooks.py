"""Webhooks: their owner, which of them are chosen, and each one's deliveries.

Facts: https://docs.github.com/en/rest/orgs/webhooks, https://docs.github.com/en/rest/repos/webhooks and
https://docs.github.com/en/rest/apps/webhooks
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, NotRequired

from pydantic import FailFast, Field, TypeAdapter
from typing_extensions import TypedDict

from redeliver.core.deliveries import Filter, Page, Row, UnreadRow, or_none, read_row
from redeliver.core.forecast import WRITE_POINTS
from redeliver.core.inputs import expression
from redeliver.errors import (
    ApiError,
    ApiUnexpected,
    HookNotFound,
    NoHooks,
    NoSuchHook,
    NotFound,
    OutOfTime,
)
from redeliver.github.api import Listing
from redeliver.github.endpoint import Delivery, endpoint_response, host_of
from redeliver.github.pages import PAGE_SIZE
from redeliver.github.responses import Purpose, read_json
from redeliver.text import Naming, some_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redeliver.core.case import Reply
    from redeliver.core.deliveries import EndpointResponse
    from redeliver.core.inputs import HookChoice
    from redeliver.core.settings import Settings
    from redeliver.github.api import Caller
    from redeliver.github.pace import Quota
    from redeliver.github.pages import Query
    from redeliver.github.responses import Response

#: Rows to ask for when GitHub runs out of time over more, as it does where rows are large.
FEWER = (50, 25, 10)
#: The most webhooks of one owner, and characters of a webhook's URL, that GitHub can have.
_MAX_HOOKS = 10_000
_MAX_URL = 10_000
#: Headers of a delivery's request, and characters of them all, that are searched for secrets. GitHub sends about 15 of
#: 1,000 characters.
_MAX_HEADERS = 100
_MAX_HEADERS_LENGTH = 16_384


class _Config(TypedDict):
    url: NotRequired[Annotated[Annotated[str, Field(max_length=_MAX_URL)] | None, or_none]]


class _ListedHook(TypedDict):
    id: Annotated[int, Field(gt=0, lt=2**63)]
    # What cannot be read of one webhook must not keep the others from being chosen.
    active: NotRequired[Annotated[bool | None, or_none]]
    config: NotRequired[Annotated[_Config | None, or_none]]


_ROWS = TypeAdapter(Annotated[list[Row], Field(max_length=PAGE_SIZE), FailFast()])
_OBJECTS = TypeAdapter(Annotated[list[dict[str, object]], Field(max_length=PAGE_SIZE), FailFast()])
_LISTED_HOOKS = TypeAdapter(Annotated[list[_ListedHook], Field(max_length=PAGE_SIZE), FailFast()])
_ONE_HOOK = TypeAdapter(_ListedHook)
_DELIVERY = TypeAdapter(Delivery)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns the webhooks."""

    path: str
    """In the API: ``/orgs/octo``, ``/repos/octo/hello``; ``/app`` for an App."""
    login: str
    """``octo``, ``octo/hello``; an App's id."""
    name: str
    """In sentences: "the organization octo"."""
    permission: str
    web_page: str = ""
    """Where users find its webhooks; empty for an App, whose page has a name that is not known."""
    is_fleet: bool = False
    """Whether it stands for several repositories, each of which is an owner, too."""

    @property
    def is_app(self) -> bool:
        """Whether it is an App, which has one webhook, without an id."""
        return self.path == "/app"

    def list_hooks(self, caller: Caller) -> list[Hook]:
        """All its webhooks; for an App an empty list, since GitHub lists none. Raises ApiError and OutOfTime."""
        if self.is_app:
            return []
        purpose = Purpose(f"list the webhooks of {self.name}", self.permission, f"GitHub has no {self.name[4:]}")
        listing = Listing(caller, f"{self.path}/hooks", purpose, lambda told: read_json(_LISTED_HOOKS, told.body))
        rows = listing.everything(itemgetter("id"), _MAX_HOOKS)
        return [Hook(caller, self, one["id"], active=one.get("active"), url=_url(one)) for one in rows]

    def pick(self, caller: Caller, listed: Iterable[Hook], choice: HookChoice, *, inactive: bool = False) -> list[Hook]:
        """The webhooks that ``hook-id`` means, of a list that only a pattern needs.

        A pattern leaves out webhooks that are not active, since GitHub sends nothing to them, but with ``inactive``.
        One whose address is not known fits ``*`` alone. Of several repositories, ids that are not listed are left out.

        Raises:
            NoSuchHook, NoHooks: the pattern matches none.
        """
        if self.is_app:
            return [Hook(caller, self, None)]
        if not choice.pattern:
            known = {hook.id: hook for hook in listed}
            if self.is_fleet:
                return [known[hook_id] for hook_id in choice.ids if hook_id in known]
            return [known.get(hook_id) or Hook(caller, self, hook_id) for hook_id in choice.ids]
        fits = expression(choice.pattern).fullmatch
        found = [hook for hook in listed if (inactive or hook.active is not False) and fits(hook.url)]
        if not found and choice.pattern == "*":
            raise NoHooks(owner=self.login, what="webhook" if inactive else "active webhook")
        if not found:
            raise NoSuchHook(owner=self.name)
        return sorted(found, key=lambda hook: (hook.owner, hook.id or 0))


class Hook:
    """A webhook and its deliveries.

    All methods raise ApiError where GitHub refused or every try failed, and OutOfTime where a wait does not fit into
    the time limit.
    """

    def __init__(
        self, caller: Caller, owner: Owner, number: int | None, *, active: bool | None = None, url: str = ""
    ) -> None:
        """Nothing is asked yet. ``number``: its id; None: the App's. ``active``: None: not known."""
        self.id = number
        self.active = active
        self.url = url
        """Where it points; empty: not known. It can hold credentials, so it is never shown as it is."""
        self.shows_host = False
        """Whether everybody who may read what a run says of it may know the host."""
        self.owner = owner.login
        self._owner = owner
        self.key = f"{owner.path}/{owner.login}/hook" if number is None else f"{owner.path}/hooks/{number}"
        """What tells it from all others of the same GitHub."""
        self.hook_id = "" if number is None else str(number)
        """As text; empty for an App's."""
        self.name = f"the webhook of {owner.name}" if number is None else f"hook {number} of {owner.name}"
        """As sentences name it."""
        self.web_page = "" if number is None else f"{owner.web_page}/{number}?tab=deliveries"
        """The page with its deliveries; empty: unknown."""
        self._path = f"{owner.path}/hook" if number is None else f"{owner.path}/hooks/{number}"
        self._caller = caller
        missing = "The App has no webhook" if number is None else Naming(f"{owner.login} has no webhook {{}}", number)
        purpose = partial(
            Purpose, permission=owner.permission, missing=missing, hides_from_apps=owner.path.startswith("/orgs/")
        )
        self._reading = purpose(Naming("read the deliveries of {}", self.name))
        self._deliveries = Listing(caller, f"{self._path}/deliveries", self._reading, _rows, fewer=FEWER)
        self._redelivering = purpose(Naming("redeliver a delivery of {}", self.name))

    def page(self, query: Query | None = None, *, only: Filter | None = None) -> Page:
        """See :class:`redeliver.run.walk.DeliverySource`."""
        if query is None:
            query = {"status": only} if only else {}
        try:
            rows, following = self._deliveries.page(query)
        except ApiError as fault:
            raise self._with_others(fault) from None
        unread = tuple(row for row in rows if isinstance(row, UnreadRow))
        return Page([row for row in rows if not isinstance(row, UnreadRow)], following, unread)

    def _with_others(self, fault: ApiError) -> ApiError:
        """If GitHub does not find it: the same, with the webhooks that the token can see."""
        if isinstance(fault, NotFound) and self.id is not None:
            with suppress(ApiError, OutOfTime):
                others = self._owner.list_hooks(self._caller)
                for one in others:
                    one.shows_host = self.shows_host
                seen = [f"{one.hook_id} ({one.host})" if one.host else one.hook_id for one in others]
                if seen and self.hook_id not in {one.hook_id for one in others}:
                    missing = self._reading.missing
                    return HookNotFound(missing=missing, seen=some_of(seen), request_id=fault.request_id)
        return fault

    @property
    def host(self) -> str:
        """The host of its URL, as far as it may be shown; empty: it must not be, or is not known."""
        return host_of(self.url) if self.shows_host else ""

    @property
    def described(self) -> str:
        """For the log: it, where it points as far as that may be shown, and whose it is."""
        if not self.hook_id:
            return self.name
        return f"hook {self.hook_id}{' → ' * bool(self.host)}{self.host} · {self.owner}"

    @property
    def quota(self) -> Quota:
        """See :class:`redeliver.run.walk.DeliverySource`."""
        return self._caller.quota

    @property
    def clocks_differ_by(self) -> int:
        """Milliseconds by which two of GitHub's responses disagreed on the time, beyond doubt; 0: they agreed."""
        return self._caller.clocks_differ_by

    def now(self) -> int:
        """GitHub's clock, in epoch milliseconds."""
        return self._caller.now()

    def is_active(self) -> bool | None:
        """Whether GitHub sends deliveries to it; None: GitHub does not say, as for an App's webhook.

        If GitHub has to be asked, ``url`` is known afterwards, too.
        """
        if self.active is not None or self.id is None:
            return self.active
        told = self._caller.call("GET", self._path, self._reading, lambda told: read_json(_ONE_HOOK, told.body))
        self.url = _url(told)
        return told.get("active")

    def response(self, attempt_id: int) -> EndpointResponse:
        """What the endpoint answered to an attempt."""
        return self._caller.call("GET", f"{self._path}/deliveries/{attempt_id}", self._reading, self._response)

    def response_if_free(self, attempt_id: int) -> EndpointResponse | None:
        """The same if it is not needed: at most one call. None: it would have used up a limit, or it failed."""
        return self._caller.get_if_free(f"{self._path}/deliveries/{attempt_id}", self._response)

    def wait_for_turn(self) -> None:
        """Wait until the limits and the pace allow a redelivery."""
        self._caller.wait_for_turn(WRITE_POINTS, redelivery=True)

    def seconds_to_turn(self) -> float:
        """Seconds that :meth:`wait_for_turn` would wait now, or longer."""
        return self._caller.seconds_to_turn(WRITE_POINTS, redelivery=True)

    def redeliver(self, attempt_id: int) -> Reply | None:
        """Ask GitHub, once, to deliver that attempt's event again. See :meth:`Caller.post_once`."""
        return self._caller.post_once(f"{self._path}/deliveries/{attempt_id}/attempts", self._redelivering)

    def _response(self, response: Response) -> EndpointResponse:
        delivery = read_json(_DELIVERY, response.body)
        headers = (delivery.get("request") or {}).get("headers") or {}
        length = sum(len(name) + (len(value) if isinstance(value, str) else 0) for name, value in headers.items())
        url = delivery.get("url") or ""
        if len(url) > _MAX_URL or len(headers) > _MAX_HEADERS or length > _MAX_HEADERS_LENGTH:
            # It would take long to search the response for whatever it repeats of the request. No ValueError, which
            # would be tried again: it is the same each time.
            raise ApiUnexpected(what=self._reading.what, why="a request is larger than any that GitHub sends")
        return endpoint_response(delivery)


def _url(hook: _ListedHook) -> str:
    return (hook.get("config") or {}).get("url") or ""


def _rows(response: Response) -> list[Row | UnreadRow]:
    """A page's rows; each that cannot be read becomes an UnreadRow. Raises ValueError: it is no page of a log."""
    try:
        return [*read_json(_ROWS, response.body)]
    except ValueError:
        rows: list[Row | UnreadRow] = []
        newer: int | None = None
        for value in read_json(_OBJECTS, response.body):
            row = read_row(value, newer)
            newer = row.at if isinstance(row, UnreadRow) else row["delivered_at"]
            rows.append(row)
        return rows


def repository(name: str, web_url: str) -> Owner:
    """A repository by its full name. ``web_url``: where users see this GitHub."""
    return Owner(
        f"/repos/{name}",
        name,
        f"the repository {name}",
        'the repository permission "Webhooks: read and write" (a classic token: the scope admin:repo_hook)',
        f"{web_url}/{name}/settings/hooks",
    )


def owner_of(settings: Settings) -> Owner:
    """Whose webhooks the settings are about."""
    if settings.org:
        return Owner(
            f"/orgs/{settings.org}",
            settings.org,
            f"the organization {settings.org}",
            'the organization permission "Webhooks: read and write" (a classic token: the scope admin:org_hook); its '
            "user must own the organization",
            f"{settings.web_url}/organizations/{settings.org}/settings/hooks",
        )
    if settings.repository:
        one = repository(settings.repository[0], settings.web_url)
        if not settings.is_fleet:
            return one
        # An App's installation is found by a repository, or by the organization.
        owner, _, name = one.login.partition("/")
        path = f"/orgs/{owner}" if "*" in name else one.path
        return Owner(path, settings.target, f"the repositories {settings.target}", one.permission, is_fleet=True)
    return Owner("/app", settings.app, f"the App {settings.app}", "the App's own private key")
