"""A hook's delivery log: rows sorted by id, read newest first, some of them not to be seen yet or no longer."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from githubsim.outcomes import Kind, Outcome

StatusFilter = Literal["success", "failure"]


class Row(NamedTuple):
    """One attempt. ``began_at`` is when it was made, ``visible_at`` when the log begins to show it."""

    id: int
    guid: str
    delivered_at: int
    visible_at: int
    redelivery: bool
    outcome: Outcome
    kind: Kind

    def shown(self, now: int, forgotten_before: int) -> bool:
        """Whether GitHub's log contains it now."""
        return self.visible_at <= now and self.delivered_at >= forgotten_before


#: Rows of one page, newest first, and where the next one begins (an id, or an offset).
Page = tuple[list[Row], int | None]


@dataclass(slots=True)
class DeliveryLog:
    """All rows of one hook.

    The rows of either status filter have a shelf of their own, so that a page costs a page however large the log is.
    """

    rows: list[Row] = field(default_factory=list)
    forgotten: list[Row] = field(default_factory=list)
    _shelves: dict[StatusFilter, list[Row]] = field(default_factory=lambda: {"success": [], "failure": []})
    _attempts: dict[str, list[Row]] | None = None
    texts: dict[int, str] = field(default_factory=dict)
    """Rows as they were last written down, by their ids: a long test reads most of them many times."""
    _failed: dict[str, None] = field(default_factory=dict)
    """Guids of events an attempt of which failed, in order."""

    def add(self, row: Row) -> None:
        """Put one row where its id belongs."""
        _put(self.rows, row)
        shelf = _shelf(row)
        if shelf:
            _put(self._shelves[shelf], row)
        if self._attempts is not None:
            _put(self._attempts.setdefault(row.guid, []), row)
        if not row.outcome.succeeded:
            self._failed[row.guid] = None

    def extend(self, rows: Iterable[Row]) -> None:
        new = sorted(rows)
        if self._attempts is not None:
            for row in new:
                _put(self._attempts.setdefault(row.guid, []), row)
        self.rows += new
        self.rows.sort()
        for shelf, kept in self._shelves.items():
            kept += [row for row in new if _shelf(row) == shelf]
            kept.sort()
        self._failed |= {row.guid: None for row in new if not row.outcome.succeeded}

    def find(self, row_id: int) -> Row | None:
        place = bisect_right(self.rows, row_id, key=_id)
        return self.rows[place - 1] if place and self.rows[place - 1].id == row_id else None

    def forget(self, before: int) -> None:
        """Let go of the oldest rows; what lies behind a younger row goes when that does, and is hidden until then."""
        for kept in (self.rows, *self._shelves.values()):
            gone = next((place for place, row in enumerate(kept) if row.delivered_at >= before), len(kept))
            if kept is self.rows:
                self.forgotten += kept[:gone]
                for row in kept[:gone]:
                    self.texts.pop(row.id, None)
            del kept[:gone]

    def page(self, size: int, start: int | None, status: StatusFilter | None, now: int, cutoff: int) -> Page:
        """Up to ``size`` rows from the one with the id ``start`` (or the newest) downwards."""
        kept = self.rows if status is None else self._shelves[status]
        place = len(kept) if start is None else bisect_right(kept, start, key=_id)
        shown = _shown(kept, place, size + 1, now, cutoff)
        return shown[:size], shown[size].id if len(shown) > size else None

    def page_by_offset(self, size: int, offset: int, status: StatusFilter | None, now: int, cutoff: int) -> Page:
        """The same counted from the newest row: what arrives meanwhile shifts every later page."""
        shown, following = self.page(offset + size, None, status, now, cutoff)
        return shown[offset:], None if following is None else offset + size

    def attempts_of(self, guid: str) -> list[Row]:
        """Every attempt of an event, those forgotten or not yet seen included, in the order they were made."""
        return self.attempts().get(guid, [])

    def attempts(self) -> dict[str, list[Row]]:
        """All attempts of all events; built when first asked for, and kept up from then on."""
        if self._attempts is None:
            self._attempts = {}
            for row in (*self.forgotten, *self.rows):
                self._attempts.setdefault(row.guid, []).append(row)
        return self._attempts

    def attempts_of_failed(self) -> dict[str, list[Row]]:
        """The same, but only of events an attempt of which failed."""
        attempts = self.attempts()
        return {guid: attempts[guid] for guid in self._failed}


def _shelf(row: Row) -> StatusFilter | None:
    """GitHub's filter goes by the code alone: 3xx passes for success, and 0 is neither."""
    code = row.outcome.status_code
    if 200 <= code <= 399:
        return "success"
    return "failure" if 400 <= code <= 599 else None


def _id(row: Row) -> int:
    return row.id


def _put(rows: list[Row], row: Row) -> None:
    if not rows or rows[-1].id < row.id:
        rows.append(row)
    else:
        insort(rows, row, key=_id)


def _shown(rows: list[Row], place: int, wanted: int, now: int, cutoff: int) -> list[Row]:
    """Up to so many of the rows before ``place`` that the log shows, newest first."""
    shown: list[Row] = []
    while place > 0 and len(shown) < wanted:
        # As many at a time as are wanted: nearly always all of them are shown.
        begin = max(0, place - (wanted - len(shown)))
        shown += [row for row in rows[begin:place][::-1] if row.visible_at <= now and row.delivered_at >= cutoff]
        place = begin
    return shown
