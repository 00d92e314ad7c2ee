"""What came before the window, for some events alone, and no further back than is needed."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest

from githubsim.clock import START
from redeliver.core.ports import Quota
from redeliver.core.settings import ScanMode
from redeliver.run.scan import Reader
from redeliver.timing import RunClock
from samples import HOUR, SECOND, Pages, Patience, Said, row, scan_of

if TYPE_CHECKING:
    from redeliver.core.deliveries import Row

RETAINED_FROM = START - 72 * HOUR


class Desk:
    """A log of a row a second with whatever else is put into it, of which the newest hour has been read."""

    def __init__(self, *others: Row, limit: float = 1_800, filters: bool = True, quota: Quota | None = None) -> None:
        clock, self.console = Patience(), Said()
        healthy = [row(30_000 - place, START - place * SECOND, guid=f"h{place}", code=200) for place in range(30_000)]
        taken = {one["id"] for one in others}
        rows = [one for one in healthy if one["id"] not in taken] + list(others)
        self.pages = Pages(rows, clock=clock, cost=0.1, filters=filters)
        self.run_clock = RunClock(clock, limit, self.console)
        self.pages.quota = quota or Quota()
        self.reader = Reader(self.pages, self.run_clock, self.console)
        self.scan = scan_of(HOUR)
        self.reader.read_head(self.scan, ScanMode.FULL)
        self.reader.read_window(self.scan, ScanMode.FULL, postpone=False)
        self.pages.asked.clear()

    def before(self, *guids: str) -> None:
        self.reader.read_earlier_failures(self.scan, guids, RETAINED_FROM)

    def whole(self, *guids: str) -> None:
        self.reader.read_earlier_attempts(self.scan, guids, RETAINED_FROM)

    def attempts(self, guid: str = "g") -> list[int]:
        return [one.id for one in self.scan.log.event(guid).attempts]


def at(place: int, guid: str = "g", *, code: int = 503, redelivery: bool = True) -> Row:
    """A row so many seconds before START."""
    return row(30_000 - place, START - place * SECOND, guid=guid, code=code, redelivery=redelivery)


# -- counting earlier failed attempts ---------------------------------------------------------------------------


def test_earlier_failed_attempts_are_counted_back_to_the_original() -> None:
    desk = Desk(at(100), at(9_000), at(20_000, redelivery=False), at(15_000, "other", redelivery=False))
    assert desk.attempts() == [29_900]
    desk.before("g")
    assert desk.attempts() == [10_000, 21_000, 29_900]
    assert desk.pages.asked == [("failure", 0)]
    assert "other" not in {one.guid for one in desk.scan.log.undelivered(0)}


def test_counting_stops_as_soon_as_every_original_is_found() -> None:
    others = [at(place, f"o{place}", redelivery=False) for place in range(5_000, 29_000)]
    desk = Desk(at(100), at(4_500, redelivery=False), at(101, "b"), at(5_050, "b", redelivery=False), *others)
    desk.before("g", "b")
    assert [start for _, start in desk.pages.asked] == [0]
    assert desk.scan.log.event("b").count == 2


def test_counting_goes_back_to_what_github_forgets_for_an_original_that_cannot_be_found() -> None:
    others = [at(place, f"o{place}", redelivery=False) for place in range(5_000, 29_000)]
    desk = Desk(at(100), *others)
    desk.before("g")
    assert len(desk.pages.asked) == 241
    assert desk.attempts() == [29_900]
    assert desk.scan.log.event("g").count == 2


def test_counting_takes_a_quarter_of_the_time_at_the_most() -> None:
    others = [at(place, f"o{place}", redelivery=False) for place in range(5_000, 29_000)]
    desk = Desk(at(100), *others, limit=44)
    before = desk.run_clock.remaining()
    desk.before("g")
    assert len(desk.pages.asked) == int(before / 4 / 0.1) + 1 == 101


def test_a_server_that_does_not_know_the_filter_gives_itself_away_at_once() -> None:
    desk = Desk(at(100), at(20_000, redelivery=False), filters=False)
    desk.before("g")
    assert len(desk.pages.asked) == 1


def test_an_event_that_is_delivered_meanwhile_lacks_nothing() -> None:
    desk = Desk(at(100))
    desk.scan.log.add([row(40_000, guid="g", code=200, redelivery=True)])
    desk.before("g")
    assert len(desk.pages.asked) == 1


# -- reading on -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [9_000, 9_040])  # the second begins a page that ends within the slack
def test_reading_on_begins_where_the_window_ended_and_stops_once_the_events_are_whole(first: int) -> None:
    desk = Desk(at(100), at(first, redelivery=False, code=302))
    assert not desk.scan.is_read_whole("g")
    rest, lines = desk.scan.next_page, list(desk.console.lines)
    desk.whole("g")
    assert desk.console.lines == lines
    assert desk.scan.is_read_whole("g")
    assert desk.attempts() == [30_000 - first, 29_900]
    assert rest == {"start": str(desk.pages.asked[0][1])}
    assert desk.scan.read_back_to <= START - first * SECOND
    # Down to the original, and past it by the slack.
    assert [start for _, start in desk.pages.asked][-1] <= 9_100


def test_reading_on_finds_an_earlier_success() -> None:
    desk = Desk(at(100), at(8_000, code=200), at(9_000, redelivery=False))
    desk.before("g")
    assert desk.scan.log.event("g").original is not None
    assert not desk.scan.is_read_whole("g")
    desk.whole("g")
    assert desk.scan.log.is_delivered("g")
    assert desk.pages.asked[-1][1] <= 8_000


@pytest.mark.parametrize("first", [9_000, 9_040])
def test_reading_on_goes_no_further_than_the_original_that_is_known(first: int) -> None:
    desk = Desk(at(100), at(first, redelivery=False))
    desk.before("g")
    desk.whole("g")
    assert desk.scan.is_read_whole("g")
    assert 8_900 < desk.pages.asked[-1][1] < 9_300


def test_an_original_that_has_left_the_log_is_looked_for_to_the_end() -> None:
    desk = Desk(at(100))
    desk.whole("g")
    assert desk.scan.read_back_to == -inf
    assert not desk.scan.is_read_whole("g")


def test_nothing_is_read_of_other_events() -> None:
    desk = Desk(at(100), at(9_000, redelivery=False), at(8_000, "other", redelivery=False))
    desk.whole("g")
    assert {one.guid for one in desk.scan.log.undelivered(0)} == {"g"}


def test_what_would_take_too_long_is_not_read_and_that_is_said() -> None:
    desk = Desk(at(100), at(29_000, redelivery=False, code=0), limit=20)
    desk.whole("g")
    assert len(desk.pages.asked) == 5
    assert "first attempt" in desk.console.lines[-1]
    assert not desk.scan.is_read_whole("g")


def test_what_takes_more_than_this_hours_calls_is_not_waited_for() -> None:
    desk = Desk(at(100), at(29_000, redelivery=False, code=0), quota=Quota(100, hourly=5_000, resets_in=3_000))
    desk.whole("g")
    assert len(desk.pages.asked) == 5
    assert not desk.scan.is_read_whole("g")


def test_a_log_that_was_read_to_its_end_is_not_read_again() -> None:
    desk = Desk(at(100))
    desk.whole("g")
    asked = len(desk.pages.asked)
    desk.whole("g")
    assert len(desk.pages.asked) == asked


def test_a_log_that_was_read_far_enough_is_not_read_again() -> None:
    desk = Desk(at(100, redelivery=False))
    desk.reader.read_earlier_attempts(desk.scan, ["g"], RETAINED_FROM)
    assert desk.pages.asked == []
    for read_back_to in (-inf, START - HOUR):
        scan = scan_of(HOUR)
        scan.read_back_to, scan.scanned = read_back_to, 5
        scan.log.add([row(1, START - HOUR)])
        desk.reader.read_earlier_attempts(scan, ["g"], RETAINED_FROM)
        assert desk.pages.asked == []
