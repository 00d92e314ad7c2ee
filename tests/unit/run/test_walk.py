"""Walking from page to page: to the end that was asked for, past empty pages, and not in circles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import START
from redeliver.core.deliveries import Filter, Page, Row
from redeliver.core.reading import SLACK
from redeliver.errors import BrokenPaging
from redeliver.github.pace import Quota
from redeliver.run.walk import Cursor
from samples import HOUR, SECOND, Pages, row


def every_second(number: int) -> list[Row]:
    """So many rows, a second apart, the newest at START."""
    return [row(turn, START - (number - turn) * SECOND, guid=f"g{turn}", code=200) for turn in range(1, number + 1)]


@dataclass
class Prepared:
    """Pages that lead wherever they are told to; each has a row of its own, unless others are given."""

    way: dict[str, str | None]
    rows: list[list[Row]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    quota = Quota()

    def page(self, query: Mapping[str, str] | None = None, *, only: Filter | None = None) -> Page:
        assert only is None
        here = (query or {"at": "0"})["at"]
        self.asked.append(here)
        there = self.way[here]
        rows = self.rows[int(here)] if self.rows else [row(int(here))]
        return Page(rows, None if there is None else {"at": there})


def ids(walk: Cursor | Pages, since: float = -inf) -> list[list[int]]:
    cursor = walk if isinstance(walk, Cursor) else Cursor(walk)
    return [[one["id"] for one in page.rows] for page in cursor.read_back_to(since)]


@pytest.mark.parametrize(("rows", "pages"), [(7, [[7, 6, 5], [4, 3, 2], [1]]), (3, [[3, 2, 1]]), (0, [[]])])
def test_all_pages_are_read_newest_first(rows: int, pages: list[list[int]]) -> None:
    assert ids(Pages(every_second(rows), size=3)) == pages


def test_walk_ends_with_the_first_page_that_is_too_old() -> None:
    pages = Pages(every_second(20), size=3)  # moments from START - 19 s to START
    cursor = Cursor(pages)
    assert ids(cursor, since=START - 5 * SECOND)[-1] == [14, 13, 12]
    assert ids(cursor, since=START - 5 * SECOND) == []
    assert ids(cursor, since=START - 6 * SECOND) == [[11, 10, 9]]
    assert ids(cursor)[-1] == [2, 1]
    assert ids(cursor) == []
    assert (cursor.pages, len(pages.asked)) == (7, 7)


def test_young_row_on_a_page_continues_the_walk() -> None:
    rows = every_second(9)
    rows[4] = row(5, START)  # written down late: a small id with a late time
    assert len(ids(Pages(rows, size=3), since=START - SECOND)) == 3


@pytest.mark.parametrize("every", [1, 2, 3])
def test_empty_page_is_not_the_end(every: int) -> None:
    pages = Pages(every_second(9), size=3, empty_every=every + 1)
    assert [page for page in ids(pages, since=START) if page] == [[9, 8, 7], [6, 5, 4]]


def test_filter_is_used_on_every_page() -> None:
    pages = Pages([row(number, code=503) for number in range(1, 6)], size=2)
    assert ids(Cursor(pages, only="failure")) == [[5, 4], [3, 2], [1]]
    assert {only for only, _ in pages.asked} == {"failure"}


@given(st.integers(1, 10), st.lists(st.integers(0, 5), max_size=12), st.integers(0, 40))
def test_rows_that_move_to_the_next_page_are_given_once(size: int, arrivals: list[int], stop: int) -> None:
    pages = Pages(every_second(40), size=size)

    def arrive(number: int) -> None:
        for _ in range(min(arrivals[number - 1], size) if number <= len(arrivals) else 0):
            pages.rows.append(row(len(pages.rows) + 1, START, code=200))

    arrive(1)
    there = {one["id"] for one in pages.rows}
    pages.before_page = lambda number: arrive(number) if number > 1 else None
    cursor = Cursor(pages)
    found = [number for page in (*ids(cursor, START - stop * SECOND), *ids(cursor)) for number in page]
    assert len(found) == len(set(found))
    assert there <= set(found)


@pytest.mark.parametrize(
    "way", [{"0": "0"}, {"0": "1", "1": "1"}, {"0": "1", "1": "2", "2": "1"}, {"0": "1", "1": "2", "2": "0"}], ids=str
)
def test_pages_in_a_circle_are_an_error(way: dict[str, str | None]) -> None:
    loop = Prepared(way)
    cursor = Cursor(loop)
    assert len(list(cursor.read_back_to(START + 1))) == 1
    with pytest.raises(BrokenPaging):
        list(cursor.read_back_to(-inf))
    assert len(loop.asked) <= len(way) + 2


def test_newest_row_of_the_oldest_page_says_how_far_was_read() -> None:
    pages = [
        [row(9, START - 5), row(8, START - 7)],
        [],
        [row(7, START - 2)],  # shows up late
        [row(6, START - 8), row(5, START - HOUR)],
        [row(4, START - 9)],
    ]
    cursor = Cursor(Prepared({"0": "1", "1": "2", "2": "3", "3": "4", "4": None}, pages))
    assert cursor.back_to == inf
    read = [cursor.back_to for _ in cursor.read_back_to(-inf)]
    assert read == [START - 5 + SLACK, START - 5 + SLACK, START - 5 + SLACK, START - 8 + SLACK, -inf]


def test_late_row_does_not_say_how_far_was_read() -> None:
    rows = [row(9, START - SECOND), row(8, START - 2 * SECOND), row(7, START - 3 * HOUR), row(6, START - 4 * SECOND)]
    pages = Pages([*rows, row(5, START - 4 * HOUR)], size=2)
    # A new row pushes one of the first page onto the second, where the late one is the only other.
    pages.before_page = lambda number: pages.rows.append(row(20, START)) if number == 2 else None
    cursor = Cursor(pages)
    read = [cursor.back_to - SLACK - START for _ in cursor.read_back_to(START - HOUR)]
    assert read == [-SECOND, -2 * SECOND, -inf]
