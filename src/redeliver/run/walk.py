"""Walks over a delivery log, from its newest row to its oldest."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Protocol

from redeliver.core.reading import SLACK
from redeliver.errors import BrokenPaging

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from redeliver.core.deliveries import Filter, Page
    from redeliver.github.pace import Quota

#: Pages whose rows are compared with the next page's.
_PAGES_COMPARED = 3


class DeliverySource(Protocol):
    """Returns pages of a delivery log."""

    @property
    def quota(self) -> Quota:
        """How many calls GitHub still allows within the hour."""
        ...

    def page(self, query: Mapping[str, str] | None = None, *, only: Filter | None = None) -> Page:
        """The first page, or the one that an earlier page's ``next`` names. Raises ApiError and OutOfTime."""
        ...


class Cursor:
    """How far a walk has come, so that it can be continued.

    It follows ``next`` past empty pages; rows that earlier pages had are left out, since a log that grows while it is
    read can push rows from one page to the next.
    """

    def __init__(self, source: DeliverySource, *, only: Filter | None = None) -> None:
        """``only``: GitHub is asked for these attempts alone."""
        self.pages = 0
        """How many were read."""
        self.back_to: float = inf
        """Every row at this moment (epoch ms) or later has been read; inf: none has, -inf: the log has ended."""
        self._source = source
        self._only = only
        self._next: Mapping[str, str] | None = None
        # The newest row of the last page that was not empty, and the row before the next page.
        self._newest: float = inf
        self._last_row_at: int | None = None
        self._seen_pages: set[frozenset[tuple[str, str]]] = set()
        self._seen_ids: deque[set[int]] = deque(maxlen=_PAGES_COMPARED)

    def is_past(self, since: float) -> bool:
        """Whether nothing is left to read down to that moment: nothing follows, or all of the last page is older."""
        return self.pages > 0 and (self._next is None or self._newest < since)

    def read_back_to(self, since: float) -> Iterator[Page]:
        """The pages that follow, to the first one whose rows are all older than ``since`` (epoch ms).

        Raises:
            BrokenPaging: a page names a next page that has been read.
            ApiError, OutOfTime: as the source does; what was yielded until then is not the whole.
        """
        while not self.is_past(since):
            if self._next is not None:
                key = frozenset(self._next.items())
                if key in self._seen_pages:
                    raise BrokenPaging()  # noqa: RSE102  it is no class
                self._seen_pages.add(key)
            yield self._take(self._source.page(self._next, only=self._only))

    def pages_ahead(self, start: int, since: float) -> float:
        """How many more pages there may be back to ``since``. ``start``: the run's.

        Estimated from all that was read, not from one walk: that may start in a burst of events, and in every run. The
        slack does not count as progress: a busy log has many pages within it. Nor does the last page, whose rows begin
        where the others end.
        """
        oldest = self.back_to - SLACK
        return (self.pages - 1) / max(1.0, start - oldest) * max(0.0, oldest - since)

    def _take(self, page: Page) -> Page:
        """Note where the walk is after a page. Returns the page without what earlier pages had."""
        self.pages += 1
        self._next = page.next
        # Its newest row decides: what follows is older, give or take the slack. Any other may have shown up late,
        # among rows far newer than itself.
        newest = max(page.times, default=inf)
        self.back_to = min(self.back_to, newest + SLACK) if page.next else -inf
        # A row without a time that is first on its page has its newer neighbour's.
        unread = tuple(replace(row, at=self._last_row_at) if row.at is None else row for row in page.unread)
        if page.rows:
            self._newest, self._last_row_at = newest, page.times[-1]
        ids = {row["id"] for row in page.rows}
        again = set[int]().union(*(ids & earlier for earlier in self._seen_ids))
        self._seen_ids.append(ids)
        return replace(page, rows=[row for row in page.rows if row["id"] not in again], unread=unread)
