"""Reads where the next page of a list is, and checks that the token may be sent there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from redeliver.errors import ForeignLink

if TYPE_CHECKING:
    from collections.abc import Mapping

# RFC 8288. A misread link would look like the end of the log. requests misreads one with a ";" in its address.
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
#: Characters of the next page's query. GitHub's are about 50.
_MAX_QUERY = 2_000
_IS_NEXT = re.compile(r""";\s*rel\s*=\s*("[^"]*\bnext\b|next\b)""", re.IGNORECASE)


class Links:
    """Reads ``Link`` headers of one API."""

    def __init__(self, api_url: str) -> None:
        self._origin = _origin(api_url)

    def next_query(self, header: str) -> Mapping[str, str] | None:
        """The next page's query, or None at the end. Its path is not used: GitHub may name the owner by number.

        Raises:
            ForeignLink: the next page is said to be at another scheme, host or port than the API.
            ValueError: its query is longer than any of GitHub's.
        """
        for url, parameters in _LINK.findall(header):
            if _IS_NEXT.search(parameters):
                origin = _origin(url)
                if origin != self._origin:
                    raise ForeignLink(host=origin[1] or "none")
                query = urlsplit(url).query
                if len(query) > _MAX_QUERY:
                    raise ValueError("its link to the next page is too long")
                return dict(parse_qsl(query))
        return None


def _origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port. An unreadable URL is an origin of its own."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return ("", url, None)
    return (parts.scheme, (parts.hostname or "").lower(), port)
