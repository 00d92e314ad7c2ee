"""GitHub's lists, page by page: which page comes next. Pure.

Facts: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from redeliver.errors import ForeignLink

if TYPE_CHECKING:
    from collections.abc import Mapping

    Query = Mapping[str, str]

#: Rows of a page; GitHub gives no more.
PAGE_SIZE = 100

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
