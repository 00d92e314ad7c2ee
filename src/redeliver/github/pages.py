"""GitHub's lists, page by page: how many rows to ask for, and which page comes next.

Facts: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import parse_qsl, urlsplit

from redeliver.errors import ApiTimedOut, ApiUnexpected, ForeignLink

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from redeliver.github.api import Caller
    from redeliver.github.responses import Purpose
    from redeliver.github.transport import Response

T = TypeVar("T")

#: Rows of a page; GitHub gives no more.
PAGE_SIZE = 100
#: Rows to ask for when GitHub runs out of time over more, as it does where rows are large.
FEWER = (50, 25, 10)

# RFC 8288. A misread link would look like the end of the list. requests misreads one with a ";" in its address.
_LINK = re.compile(r'<([^<>]*+)>((?:[^",<>]++|"[^"]*+")*+)(?:,|$)')
_PARAMETER = re.compile(r';\s*+([^\s=;"]++)\s*+(?:=\s*+("[^"]*+"|[^;"]*+))?')
_BETWEEN_WORDS = re.compile(r"[\s'\"]+")
_NAMES_NEXT = re.compile(r"\bnext\b", re.IGNORECASE)
#: Characters of the next page's query. GitHub's are about 50.
_MAX_QUERY = 2_000


class Links:
    """Finds a list's next page in the ``Link`` headers of one API, and checks that the token may be sent there."""

    def __init__(self, api_url: str) -> None:
        self._origin = _origin(api_url)

    def next_query(self, header: str) -> Mapping[str, str] | None:
        """The next page's query; None: the header names no next page.

        Its path is not used: GitHub may name the owner by number.

        Raises:
            ForeignLink: the next page is said to be at another scheme, host or port than the API.
            ValueError: the header is cut off, or there is a next page whose query cannot be read.
        """
        for url, parameters in _LINK.findall(header):
            if not _is_next(parameters):
                continue
            origin = _origin(url)
            if origin != self._origin:
                raise ForeignLink(host=origin[1] or "none")
            query = urlsplit(url).query
            if len(query) > _MAX_QUERY:
                raise ValueError("its link to the next page is too long")
            if found := dict(parse_qsl(query)):
                return found
            raise ValueError("its link to the next page names no page")
        rest = _LINK.sub("", header)
        if "<" in rest or _NAMES_NEXT.search(rest):
            raise ValueError("its link to the next page cannot be read")
        return None


def _is_next(parameters: str) -> bool:
    for name, value in _PARAMETER.findall(parameters):
        if name.lower().rstrip("*") == "rel":
            return "next" in _BETWEEN_WORDS.split(value.lower())
    return False


def _origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port. An unreadable URL is an origin of its own."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return ("", url, None)
    return (parts.scheme, (parts.hostname or "").lower(), port)


@dataclass(slots=True)
class Listing(Generic[T]):
    """One list of GitHub's."""

    caller: Caller
    links: Links
    path: str
    purpose: Purpose
    rows_of: Callable[[Response], Sequence[T]]
    """The rows of a response; raises ValueError if they cannot be read."""
    fewer: tuple[int, ...] = ()
    """Smaller sizes of a page. They must not change what a query means, as they do where pages have numbers."""
    _size: int = field(default=PAGE_SIZE, init=False)

    def page(self, query: Mapping[str, str]) -> tuple[Sequence[T], Mapping[str, str] | None]:
        """The page that a query names, and the query of the next one; None: there is none.

        A full page without a link to the next one is believed only if one that holds a row fewer has that link: a
        proxy, or a fault of GitHub's, may have dropped it. The list then goes on from there, and its last row comes
        once more. If GitHub's servers run out of time, fewer rows are asked for, from then on, too.

        Raises:
            ApiError: GitHub refused, or failed for good; or there is no way to find out what comes next. ForeignLink
                among them.
            OutOfTime: a wait does not fit into the time limit.
        """
        rows, following, asked = self._get_in_time(query)
        if following is None and len(rows) >= asked > 1:
            again, following, fewer = self._get_in_time(query, asked - 1)
            if following is None and len(again) >= fewer:
                raise ApiUnexpected(what=self.purpose.what, why="a full page has no link to the next one")
        return rows, following

    def _get_in_time(
        self, query: Mapping[str, str], most: int = PAGE_SIZE
    ) -> tuple[Sequence[T], Mapping[str, str] | None, int]:
        """As ``page``, with at most so many rows. The number that was asked for comes last."""
        try:
            return self._get(query, most)
        except ApiTimedOut as failing:
            for size in self.fewer:
                if size < self._size:
                    self._size = size
                    try:
                        return self._get(query, most, tries=1)
                    except ApiTimedOut:
                        continue
            raise failing from None

    def _get(
        self, query: Mapping[str, str], most: int, *, tries: int | None = None
    ) -> tuple[Sequence[T], Mapping[str, str] | None, int]:
        said = query.get("per_page", "")
        asked = min(int(said) if said.isdecimal() and len(said) < 4 else PAGE_SIZE, most, self._size)

        def read(response: Response) -> tuple[Sequence[T], Mapping[str, str] | None]:
            return self.rows_of(response), self.links.next_query(response.headers.get("link", ""))

        rows, following = self.caller.get(self.path, {**query, "per_page": str(asked)}, self.purpose, read, tries=tries)
        return rows, following, asked
