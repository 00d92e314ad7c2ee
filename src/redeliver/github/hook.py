"""One webhook's deliveries: a page of them, and a redelivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from redeliver.core.rows import Filter, Page, Row
from redeliver.github.answers import Task, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redeliver.github.api import Caller, Posted
    from redeliver.github.links import Links
    from redeliver.github.transport import Response

#: GitHub's own maximum (https://docs.github.com/en/rest/orgs/webhooks).
PAGE_SIZE = 100

_ROWS: TypeAdapter[list[Row]] = TypeAdapter(list[Row])


class Hook:
    """A webhook and its deliveries, behind GitHub's API."""

    def __init__(self, caller: Caller, links: Links, path: str, *, name: str, web_page: str, permission: str) -> None:
        """``path`` is the hook's own in the API, ``web_page`` where people see its deliveries.

        ``permission`` is what reading and redelivering takes.
        """
        self._caller = caller
        self._links = links
        self._path = path
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

    def redeliver(self, attempt_id: int) -> Posted:
        """Ask GitHub, once, to deliver that attempt's event again; the caller has waited for its turn.

        Raises:
            ApiError: asking for another one would be answered the same.
        """
        return self._caller.post_once(f"{self._path}/deliveries/{attempt_id}/attempts", self._redeliver)

    def _parse(self, response: Response) -> Page:
        return Page(read_json(_ROWS, response), self._links.next_query(response.headers.get("link", "")))
