"""One webhook's deliveries: a page of them, and a redelivery."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from pydantic import TypeAdapter, ValidationError
from requests.utils import parse_header_links

from redeliver.caller import Caller, Posted, Task
from redeliver.errors import ForeignLink
from redeliver.rows import Filter, Page, Row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redeliver.transport import Response

#: GitHub's own maximum (https://docs.github.com/en/rest/orgs/webhooks).
PAGE_SIZE = 100

_ROWS: TypeAdapter[list[Row]] = TypeAdapter(list[Row])


class Hook:
    """A webhook and its deliveries, behind GitHub's API."""

    def __init__(self, caller: Caller, api_url: str, path: str, *, name: str, permission: str) -> None:
        """``path`` is the hook's own in the API; ``permission`` is what reading and redelivering takes."""
        self._caller = caller
        self._origin = _origin(api_url)
        self._path = path
        self.name = name
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
        try:
            rows = _ROWS.validate_json(response.body)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the answer"
            raise ValueError(f"{where}: {first['type']}") from None
        return Page(rows, self._next(response.headers.get("link", "")))

    def _next(self, header: str) -> Mapping[str, str] | None:
        """The next page's query. Its path is ours: GitHub may name the owner by number there."""
        for link in parse_header_links(header):
            if link.get("rel") == "next":
                origin = _origin(link["url"])
                if origin != self._origin:
                    raise ForeignLink(host=origin[1] or "none")
                return dict(parse_qsl(urlsplit(link["url"]).query))
        return None


def _origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port. An unreadable URL is an origin of its own."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return ("", url, None)
    return (parts.scheme, (parts.hostname or "").lower(), port)


def org_hook(caller: Caller, api_url: str, org: str, hook_id: int) -> Hook:
    """An organization's webhook."""
    return Hook(
        caller,
        api_url,
        f"/orgs/{org}/hooks/{hook_id}",
        name=f"hook {hook_id} of the organization {org}",
        permission='the organization permission "Webhooks: write" (or, for a classic token, the scope admin:org_hook), '
        "and its user must own the organization",
    )
