"""One webhook's deliveries: a page of them, and a redelivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import FailFast, Field, TypeAdapter
from typing_extensions import TypedDict

from redeliver.core.deliveries import Filter, Page, Row
from redeliver.github.answers import Task, read_json
from redeliver.github.pace import WRITE_POINTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redeliver.core.quota import Quota
    from redeliver.core.redelivery import Reply
    from redeliver.github.api import Caller
    from redeliver.github.links import Links
    from redeliver.github.transport import Response

#: GitHub's own maximum (https://docs.github.com/en/rest/orgs/webhooks).
PAGE_SIZE = 100
#: The webhook of an App (https://docs.github.com/en/rest/apps/webhooks).
APP_HOOK = "/app/hook"

_ROWS = TypeAdapter(Annotated[list[Row], Field(max_length=PAGE_SIZE), FailFast()])


class _Described(TypedDict):
    active: bool


_DESCRIBED = TypeAdapter(_Described)


class Hook:
    """A webhook and its deliveries, behind GitHub's API."""

    def __init__(
        self,
        caller: Caller,
        links: Links,
        path: str,
        *,
        hook_id: str,
        owner: str,
        name: str,
        web_page: str,
        permission: str,
    ) -> None:
        """``path`` is the hook's own in the API, ``web_page`` where people see its deliveries.

        ``permission`` is what reading and redelivering takes.
        """
        self._caller = caller
        self._links = links
        self._path = path
        self.hook_id = hook_id
        self.owner = owner
        self.name = name
        self.web_page = web_page
        self._read = Task(f"read the deliveries of {name}", permission)
        self._redeliver = Task(f"redeliver a delivery of {name}", permission)

    def page(self, query: Mapping[str, str] | None = None, *, only: Filter | None = None) -> Page:
        """One page of the log.

        Raises:
            ApiError: GitHub said no, or failed for good.
            ForeignLink: the next page is said to be elsewhere.
            OutOfTime: a wait does not fit into the time limit.
        """
        if query is None:
            query = {"per_page": str(PAGE_SIZE)} | ({"status": only} if only else {})
        return self._caller.get(f"{self._path}/deliveries", query, self._read, self._parse)

    @property
    def quota(self) -> Quota:
        """How many calls GitHub still allows within the hour."""
        return self._caller.quota

    def now(self) -> int:
        """GitHub's clock, in epoch milliseconds.

        Raises:
            ApiError: nothing had been asked yet, and asking failed.
        """
        return self._caller.now()

    def is_active(self) -> bool | None:
        """Whether GitHub sends deliveries to it. None: GitHub does not say, which is so of an App's webhook.

        Raises:
            ApiError: GitHub refused, or failed for good.
            OutOfTime: a wait does not fit into the time limit.
        """
        if self._path == APP_HOOK:
            return None
        return self._caller.get(self._path, {}, self._read, lambda reply: read_json(_DESCRIBED, reply)["active"])

    def wait_for_turn(self) -> None:
        """Wait until the limits and the pace allow a redelivery.

        Raises:
            OutOfTime: that does not fit into the time limit.
        """
        self._caller.turn(WRITE_POINTS, redelivery=True)

    def redeliver(self, attempt_id: int) -> Reply:
        """Ask GitHub, once, to deliver that attempt's event again; the caller has waited for its turn.

        Raises:
            ApiError: asking for another one would be answered the same.
        """
        return self._caller.post_once(f"{self._path}/deliveries/{attempt_id}/attempts", self._redeliver)

    def _parse(self, response: Response) -> Page:
        return Page(read_json(_ROWS, response), self._links.next_query(response.headers.get("link", "")))
