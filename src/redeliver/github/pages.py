"""GitHub's lists, page by page: how many rows to ask for, and which page comes next.

Facts: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import parse_qsl, urlsplit

from redeliver.errors import ApiTimedOut, ForeignLink, NextPageMissing
from redeliver.github.api import TRIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from redeliver.github.api import Caller
    from redeliver.github.responses import Purpose, Response

    Query = Mapping[str, str]

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


def next_query(header: str, api_url: str) -> Query | None:
    """The query of a list's next page, from a ``Link`` header; None: the header names no next page.

    Its path is not used: GitHub may name the owner by number.

    Raises:
        ForeignLink: the next page is said to be at another scheme, host or port than the API, which the token is for.
        ValueError: the header is cut off, or there is a next page whose query cannot be read.
    """
    for url, parameters in _LINK.findall(header):
        relations = (value for name, value in _PARAMETER.findall(parameters) if name.lower().rstrip("*") == "rel")
        # The first one counts (RFC 8288).
        if "next" not in _BETWEEN_WORDS.split(next(relations, "").lower()):
            continue
        origin = _origin(url)
        if origin != _origin(api_url):
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
    """One list of GitHub's.

    A full page that names no next one is believed to be the last only if one that is a row shorter names one: a fault
    may have dropped the link. The query of that shorter page stands in for the link.
    """

    caller: Caller
    path: str
    purpose: Purpose
    rows_of: Callable[[Response], Sequence[T]]
    """The rows of a response; raises ValueError if they cannot be read."""
    fewer: tuple[int, ...] = ()
    """Smaller sizes of a page, which are asked for from then on if GitHub's servers run out of time. They must not
    change what a query means, as they do where pages have numbers."""
    _size: int = field(default=PAGE_SIZE, init=False)
    _shorter: Query | None = field(default=None, init=False)

    def page(self, query: Query, *, most_tries: int = TRIES) -> tuple[Sequence[T], Query | None]:
        """The rows of the page that a query names, and the query of the next page; None: it is the last one.

        Raises:
            NextPageMissing: there must be a next page, and none is named.
            ApiError, OutOfTime: as :meth:`Caller.call`; ForeignLink among them.
        """
        told = query.get("per_page", "")
        size = min(int(told) if told.isdecimal() and len(told) < 4 else PAGE_SIZE, self._size)

        def read(response: Response) -> tuple[Sequence[T], Query | None]:
            rows, following = self.rows_of(response), next_query(response.headers.get("link", ""), self.caller.api_url)
            if following is None and len(rows) >= size > 1:
                if query == self._shorter:
                    raise NextPageMissing(what=self.purpose.what)
                self._shorter = following = {**query, "per_page": str(size - 1)}
            return rows, following

        of_size = {**query, "per_page": str(size)}
        try:
            rows, following = self.caller.call(
                "GET", self.path, self.purpose, read, query=of_size, most_tries=most_tries
            )
        except ApiTimedOut as failing:
            smaller = next((one for one in self.fewer if one < self._size), None)
            if smaller is None:
                raise
            self._size = smaller
            with suppress(ApiTimedOut):
                return self.page(query, most_tries=1)
            raise failing from None
        if query != self._shorter or following is None:
            return rows, following
        # It repeats the rows of the page before, and has the link.
        self._shorter = None
        return self.page(following)
