"""Walking from page to page: to the end that was asked for, past empty pages, and not in circles."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import START
from redeliver.core.deliveries import Filter, Page, Row
from redeliver.core.ports import Quota
from redeliver.errors import BrokenPaging
from redeliver.run.scan import walk
from samples import SECOND, Pages, row

if TYPE_CHECKING:
    from collections.abc import Mapping


def every_second(number: int) -> list[Row]:
    """So many rows, a second apart, the newest at START."""
    return [row(turn, START - (number - turn) * SECOND, guid=f"g{turn}", code=200) for turn in range(1, number + 1)]


@dataclass
class Loop:
    """Pages that lead wherever they are told to."""

    way: dict[str, str | None]
    asked: list[str] = field(default_factory=list)
    quota = Quota()

    def page(self, query: Mapping[str, str] | None = None, *, only: Filter | None = None) -> Page:
        assert only is None
        here = (query or {"at": "0"})["at"]
        self.asked.append(here)
        there = self.way[here]
        return Page([row(int(here))], None if there is None else {"at": there})


def ids(pages: Pages, since: float = -inf, **how: object) -> list[list[int]]:
    return [[one["id"] for one in page.rows] for page in walk(pages, since=since, **how)]  # type: ignore[arg-type]


def test_all_pages_are_read_newest_first() -> None:
    assert ids(Pages(every_second(7), size=3)) == [[7, 6, 5], [4, 3, 2], [1]]


def test_an_empty_log_is_one_empty_page() -> None:
    assert ids(Pages()) == [[]]


def test_the_walk_ends_with_the_first_page_that_is_too_old_as_a_whole() -> None:
    pages = Pages(every_second(20), size=3)  # moments from START - 19 s to START
    assert ids(pages, since=START - 5 * SECOND)[-1] == [14, 13, 12]
    assert ids(pages, since=START - 6 * SECOND)[-1] == [11, 10, 9]


def test_one_young_row_on_a_page_makes_the_walk_go_on() -> None:
    rows = every_second(9)
    rows[4] = row(5, START)  # written down late: a small id with a late time
    assert len(ids(Pages(rows, size=3), since=START - SECOND)) == 3


@pytest.mark.parametrize("every", [1, 2, 3])
def test_an_empty_page_is_not_the_end(every: int) -> None:
    pages = Pages(every_second(9), size=3, empty_every=every + 1)
    assert [page for page in ids(pages, since=START) if page] == [[9, 8, 7], [6, 5, 4]]


def test_a_walk_can_begin_anywhere() -> None:
    assert ids(Pages(every_second(7), size=3), first={"start": "5"}) == [[2, 1]]


def test_a_filter_is_asked_for_on_every_page() -> None:
    pages = Pages([row(number, code=503) for number in range(1, 6)], size=2)
    assert ids(pages, only="failure") == [[5, 4], [3, 2], [1]]
    assert {only for only, _ in pages.asked} == {"failure"}


@given(st.integers(1, 10), st.lists(st.integers(0, 5), max_size=12))
def test_rows_that_slide_onto_the_next_page_are_given_once(size: int, arrivals: list[int]) -> None:
    pages = Pages(every_second(40), size=size)

    def arrive(number: int) -> None:
        for _ in range(min(arrivals[number - 1], size) if number <= len(arrivals) else 0):
            pages.rows.append(row(len(pages.rows) + 1, START, code=200))

    arrive(1)
    there = {one["id"] for one in pages.rows}
    pages.before_page = lambda number: arrive(number) if number > 1 else None
    found = [number for page in ids(pages) for number in page]
    assert len(found) == len(set(found))
    assert there <= set(found)


@pytest.mark.parametrize(
    "way", [{"0": "0"}, {"0": "1", "1": "1"}, {"0": "1", "1": "2", "2": "1"}, {"0": "1", "1": "2", "2": "0"}], ids=str
)
def test_pages_that_lead_in_a_circle_are_an_error(way: dict[str, str | None]) -> None:
    loop = Loop(way)
    with pytest.raises(BrokenPaging):
        list(walk(loop, since=-inf))
    assert len(loop.asked) <= len(way) + 2


def test_a_walk_that_stops_in_time_does_not_mind_a_circle_further_on() -> None:
    loop = Loop({"0": "1", "1": "2", "2": "1"})
    assert len(list(walk(loop, since=START + 1))) == 1
