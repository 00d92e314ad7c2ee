"""What came before the window, for some events alone, and no further back than is needed."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any
from unittest import mock

import pytest

from githubsim.clock import START
from redeliver.core.deliveries import Row, UnreadRow
from redeliver.core.reading import Extent
from redeliver.github.pace import Quota
from samples import HOUR, SECOND, Desk, row


class History(Desk):
    """A log of a row a second with whatever else is put into it, of which the newest hour has been read."""

    def __init__(self, *others: Row, **how: Any) -> None:  # noqa: ANN401  as Desk takes it
        taken = {one["id"] for one in others}
        healthy = (row(30_000 - place, START - place * SECOND, guid=f"h{place}", code=200) for place in range(30_000))
        super().__init__([one for one in healthy if one["id"] not in taken] + list(others), **how)
        self.reader, _ = self.head(HOUR)
        self.reading = self.reader.read_window(postpone=False)
        self.pages.asked.clear()

    def before(self, *guids: str) -> None:
        self.reading = self.reader.read_earlier_failures(guids)

    def whole(self, *guids: str) -> None:
        self.reading = self.reader.read_earlier_attempts(guids)

    def attempts(self, guid: str = "g") -> list[int]:
        return [one.id for one in self.reading.log.event(guid).attempts]

    @property
    def is_whole(self) -> bool:
        return self.reading.is_whole(self.reading.log.event("g"))

    @property
    def undelivered(self) -> set[str]:
        return {one.guid for one in self.reading.log.undelivered(0)}


def at(place: int, guid: str = "g", *, code: int = 503, redelivery: bool = True) -> Row:
    """A row so many seconds before START."""
    return row(30_000 - place, START - place * SECOND, guid=guid, code=code, redelivery=redelivery)


#: More earlier failures than fit on a few pages.
CROWD = [at(place, f"o{place}", redelivery=False) for place in range(5_000, 29_000)]


def test_earlier_failures_are_counted_back_to_the_original() -> None:
    desk = History(at(100), at(9_000), at(20_000, redelivery=False), at(15_000, "other", redelivery=False))
    assert desk.attempts() == [29_900]
    desk.before("g")
    assert desk.attempts() == [10_000, 21_000, 29_900]
    assert desk.pages.asked == [("failure", 0)]
    assert desk.undelivered == {"g"}
    # By a filter: a success in between would not have been seen.
    assert not desk.is_whole


@pytest.mark.parametrize(
    ("others", "filters", "limit", "pages"),
    [
        ([at(4_500, redelivery=False), at(101, "b"), at(5_050, "b", redelivery=False), *CROWD], True, 1_800, 1),
        # An original that cannot be found is looked for back to what GitHub has deleted, in a quarter of the time.
        ([at(101, "b"), at(5_050, "b", redelivery=False), *CROWD], True, 1_800, 241),
        ([at(101, "b"), at(5_050, "b", redelivery=False), *CROWD], True, 44, 101),
        # A server that does not know the filter gives itself away at once.
        ([at(101, "b"), at(20_000, redelivery=False)], False, 1_800, 1),
    ],
    ids=["all found", "not found", "too long", "no filter"],
)
def test_counting_stops_as_soon_as_it_can(others: list[Row], limit: float, pages: int, *, filters: bool) -> None:
    desk = History(at(100), *others, limit=limit, filters=filters)
    desk.before("g", "b")
    assert len(desk.pages.asked) == pages
    assert desk.reading.extent is Extent.WHOLE


def test_event_delivered_meanwhile_is_not_sought() -> None:
    desk = History(at(100), *CROWD)
    desk.reading.log.add([row(40_000, guid="g", code=200, redelivery=True)])
    desk.before("g")
    assert len(desk.pages.asked) == 1


@pytest.mark.parametrize("first", [9_000, 9_040])  # the second begins a page that ends within the slack
@pytest.mark.parametrize("code", [302, 503])
def test_reading_back_begins_at_the_window_and_ends_with_the_originals(first: int, code: int) -> None:
    desk = History(at(100), at(first, redelivery=False, code=code), at(8_000, "other", redelivery=False))
    back_to, lines = desk.reading.back_to, list(desk.console.lines)
    if code == 503:
        desk.before("g")  # its original is known then, and is not passed either
        desk.pages.asked.clear()
    assert not desk.is_whole
    desk.whole("g")
    assert desk.is_whole
    assert desk.attempts() == [30_000 - first, 29_900]
    # Of others nothing is read, and nothing more is known of them.
    assert (desk.undelivered, desk.reading.back_to) == ({"g"}, back_to)
    assert desk.reading.extent is Extent.WHOLE
    assert desk.reading.sought_back_to <= START - first * SECOND
    # Down to the original, and past it by the slack.
    assert desk.pages.asked[0] == (None, 3_800)
    assert desk.pages.asked[-1][1] <= 9_100
    assert desk.console.lines == lines


def test_reading_back_finds_an_earlier_success() -> None:
    desk = History(at(100), at(8_000, code=200), at(9_000, redelivery=False))
    desk.before("g")
    assert desk.attempts() == [21_000, 29_900]
    desk.whole("g")
    assert desk.reading.log.is_delivered("g")
    assert desk.pages.asked[-1][1] <= 8_000


def test_missing_original_is_sought_to_the_end_once() -> None:
    desk = History(at(100))
    read, unread = desk.pages.page, tuple(UnreadRow(None, guid, 0) for guid in "gh")
    with mock.patch.object(desk.pages, "page", lambda *how, **only: replace(read(*how, **only), unread=unread)):
        desk.whole("g")
    assert [one.guid for one in desk.reading.log.unread(0)] == ["g"], "of the events that are sought alone"
    assert desk.reading.sought_back_to == -inf
    assert desk.reading.is_read_out("g")
    assert not desk.is_whole
    asked = len(desk.pages.asked)
    desk.whole("g")
    assert len(desk.pages.asked) == asked


@pytest.mark.parametrize(("limit", "quota"), [(20, None), (1_800, Quota(100, hourly=5_000, resets_in=3_000))])
def test_reading_back_that_would_take_too_long_is_left_out(limit: float, quota: Quota | None) -> None:
    desk = History(at(100), at(29_000, redelivery=False, code=0), limit=limit, quota=quota)
    desk.whole("g")
    assert len(desk.pages.asked) == 5
    assert "first attempt" in desk.console.lines[-1]
    assert not desk.is_whole


def test_log_read_far_enough_is_not_read_again() -> None:
    desk = History(at(100, redelivery=False))
    desk.whole("g")
    assert desk.pages.asked == []
    assert desk.is_whole
