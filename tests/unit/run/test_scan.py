"""Reading the window: everything down to the cutoff, and what is known to have been read."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import START
from redeliver.core.deliveries import Page, Row
from redeliver.core.ports import Quota
from redeliver.core.settings import ScanMode
from redeliver.errors import HourSpent, OutOfTime
from redeliver.run.record import SLACK, Extent, Scan
from redeliver.run.scan import LONG_OUTAGE, Reader, walk
from redeliver.timing import RunClock
from samples import HOUR, MINUTE, SECOND, Pages, Patience, Said, row, scan_of
from wording import figures

if TYPE_CHECKING:
    from collections.abc import Callable


class Desk:
    """A reader of a log whose pages take a while."""

    def __init__(
        self, rows: list[Row], *, size: int = 100, cost: float = 0.1, limit: float = 1_800, quota: Quota | None = None
    ) -> None:
        self.clock = Patience()
        self.pages = Pages(rows, size=size, clock=self.clock, cost=cost)
        self.console = Said()
        self.run_clock = RunClock(self.clock, limit, self.console)
        self.pages.quota = quota or Quota()

    def head(self, back: int, mode: ScanMode = ScanMode.FULL) -> tuple[Reader, Scan]:
        scan, reader = scan_of(back), Reader(self.pages, self.run_clock, self.console)
        reader.read_head(scan, mode)
        return reader, scan

    def window(self, back: int, mode: ScanMode = ScanMode.FULL, *, postpone: bool = False) -> Scan:
        reader, scan = self.head(back, mode)
        reader.read_window(scan, mode, postpone=postpone)
        return scan

    @property
    def filters(self) -> list[str | None]:
        """Which filter each page was asked for with, in a row of equals only once."""
        told: list[str | None] = []
        for only, _ in self.pages.asked:
            if not told or told[-1] != only:
                told.append(only)
        return told


def every(milliseconds: int, number: int, *, failing: frozenset[int] = frozenset(), code: int = 503) -> list[Row]:
    """So many rows of as many events, the newest at START; ``failing``: how many places before it."""
    return [
        row(number - place, START - place * milliseconds, guid=f"g{place}", code=code if place in failing else 200)
        for place in range(number)
    ]


def broken_at(page: int) -> Callable[[int], None]:
    """What happens before each page: at this one, time is up."""

    def happen(number: int) -> None:
        if number == page:
            raise OutOfTime(why="too late")

    return happen


def guids(scan: Scan, back: int) -> set[str]:
    return {one.guid for one in scan.log.undelivered(START - back)}


# -- the window -------------------------------------------------------------------------------------------------


def test_everything_down_to_the_cutoff_is_read_and_a_little_more() -> None:
    desk = Desk(every(SECOND, 1_000, failing=frozenset({0, 299, 300, 301})))
    scan = desk.window(300 * SECOND)
    assert guids(scan, 300 * SECOND) == {"g0", "g299", "g300"}
    assert scan.read_back_to <= START - 300 * SECOND
    # 300 s, the slack, and the page that is too old as a whole.
    assert scan.scanned == 500
    assert scan.next_page == {"start": "500"}
    assert scan.extent is Extent.WHOLE


def test_rows_that_slide_onto_the_next_page_between_two_walks_are_counted_once() -> None:
    desk = Desk(every(SECOND, 1_000))
    reader, scan = desk.head(300 * SECOND)
    desk.pages.rows.extend(row(2_000 + number, START, guid=f"young{number}", code=200) for number in range(30))
    reader.read_window(scan, ScanMode.FULL, postpone=False)
    assert scan.scanned == 470


def test_a_log_that_ends_is_read_to_its_end() -> None:
    scan = Desk(every(SECOND, 50)).window(HOUR)
    assert (scan.scanned, scan.read_back_to, scan.next_page) == (50, -inf, None)


def test_an_empty_log_is_read_to_its_end() -> None:
    scan = Desk([]).window(HOUR)
    assert (scan.scanned, scan.read_back_to, scan.next_page) == (0, -inf, None)


@given(st.integers(1, 200), st.integers(1, 30), st.integers(0, 30_000), st.randoms(use_true_random=False))
def test_no_row_younger_than_what_is_covered_is_missing(number: int, size: int, jitter: int, dice: object) -> None:
    rows = [
        row(turn, START - (number - turn) * SECOND - dice.randint(0, jitter), guid=f"g{turn}")  # type: ignore[attr-defined]
        for turn in range(1, number + 1)
    ]
    desk = Desk(rows, size=size, cost=0)
    scan = desk.window(30 * SECOND)
    read = {one.id for event in scan.log.undelivered(0) for one in event.attempts}
    cutoff = START - 30 * SECOND
    assert scan.read_back_to <= cutoff
    moments = {one["id"]: one["delivered_at"] for one in rows}
    assert all(one in read for one, at in moments.items() if at >= scan.read_back_to)


def test_progress_is_told_every_ten_seconds_and_each_page_to_those_who_debug() -> None:
    desk = Desk(every(1_000, 12_000), cost=0.15)
    desk.window(24 * HOUR)
    (line,) = desk.console.lines
    assert figures(line) == ["6,700", "2026", "11", "06", "19:30:00", "8"]
    assert len(desk.console.details) == 119
    assert figures(desk.console.details[-1]) == ["12,000"]


def test_progress_is_told_of_logs_with_empty_pages_and_impossible_times() -> None:
    desk = Desk([row(2, 253_402_300_799_000), row(1, -62_135_596_800_000)], size=1, cost=11)
    desk.pages.empty_every = 2
    desk.window(24 * HOUR)
    assert any("9999-12-31 23:59:59 UTC (0%)" in line for line in desk.console.lines)


def test_reading_failures_alone_tells_its_progress_too() -> None:
    alive = row(9_999, START, guid="alive", code=200)
    rows = [row(3_000 - number, START - number * SECOND, guid=f"g{number}") for number in range(1, 3_000)]
    desk = Desk([alive, *rows], cost=1)
    desk.window(24 * HOUR, ScanMode.FAILURES)
    assert "2026-11-06 21:05:00 UTC" in desk.console.lines[0]


def test_an_error_on_the_way_is_no_smaller_answer() -> None:
    desk = Desk(every(SECOND, 1_000))
    desk.pages.before_page = broken_at(3)
    with pytest.raises(OutOfTime):
        desk.window(HOUR)


# -- what is known to have been read ----------------------------------------------------------------------------


def test_taking_in_pages_keeps_the_books() -> None:
    scan = scan_of()
    assert (scan.read_back_to, scan.next_page) == (inf, None)
    scan.take(Page([row(9, START - 5), row(8, START - 7)], {"start": "2"}))
    assert (scan.scanned, scan.read_back_to, scan.next_page) == (2, START - 5 + SLACK, {"start": "2"})
    scan.take(Page([], {"start": "3"}))
    assert (scan.scanned, scan.read_back_to, scan.next_page) == (2, START - 5 + SLACK, {"start": "3"})
    scan.take(Page([row(7, START - 2)], {"start": "4"}))
    assert scan.read_back_to == START - 5 + SLACK
    scan.take(Page([row(6, START - 8), row(5, START - HOUR)], {"start": "5"}))
    assert scan.read_back_to == START - 8 + SLACK
    scan.take(Page([row(4, START - 9)], None))
    assert (scan.scanned, scan.read_back_to, scan.next_page) == (6, -inf, None)


def test_rows_that_were_read_before_say_how_far_was_read_beside_one_that_shows_up_late() -> None:
    rows = [row(9, START - SECOND), row(8, START - 2 * SECOND), row(7, START - 3 * HOUR), row(6, START - 4 * SECOND)]
    pages, scan = Pages([*rows, row(5, START - 4 * HOUR)], size=2), scan_of()
    # A new row pushes one of the first page onto the second, where the late one is the only other.
    pages.before_page = lambda number: pages.rows.append(row(20, START)) if number == 2 else None
    read = []
    for page in walk(pages, since=START - HOUR):
        scan.take(page)
        read.append(scan.read_back_to - SLACK - START)
    assert read == [-SECOND, -2 * SECOND, -inf]


def test_an_event_is_read_whole_when_its_original_and_all_since_were_read() -> None:
    scan = scan_of()
    scan.log.add([row(2, START, redelivery=True)])
    assert not scan.is_read_whole("g")
    scan.log.add([row(1, START - HOUR)])
    assert not scan.is_read_whole("g")  # by a filter: a success in between would not have been seen
    scan.read_back_to_for_all = START - HOUR + 1
    assert not scan.is_read_whole("g")
    scan.read_back_to = START - HOUR  # for others alone
    assert not scan.is_read_whole("g")
    scan.sought = {"g"}
    assert scan.is_read_whole("g")


def test_a_delivered_event_is_read_whole_whatever_else_there_is() -> None:
    scan = scan_of()
    scan.log.add([row(3, START, code=200, redelivery=True), row(2, redelivery=True)])
    assert scan.is_read_whole("g")


# -- a window that is too long ----------------------------------------------------------------------------------

LONG = every(1_000, 60_000, failing=frozenset({5, 30_000, 59_000}))  # 600 pages, 16 hours and 40 minutes


@pytest.mark.repeats
def test_a_window_that_fits_into_the_time_is_read_whole() -> None:
    desk = Desk(LONG, limit=80)
    scan = desk.window(16 * HOUR)
    assert (scan.extent, desk.filters) == (Extent.WHOLE, [None])


def test_too_little_time_is_foreseen_after_a_tenth_of_it_and_failures_are_asked_for() -> None:
    desk = Desk(LONG, limit=40)
    scan = desk.window(16 * HOUR)
    assert scan.extent is Extent.FAILURES_FIRST
    assert desk.filters == [None, "failure", None]
    assert guids(scan, 16 * HOUR) == {"g5", "g30000"}
    assert "failures" in desk.console.lines[0]
    first_filtered = [only for only, _ in desk.pages.asked].index("failure")
    assert first_filtered == 33
    # Half of the time that is left then goes into the newest part, from where the first try ended.
    assert desk.clock.monotonic() == pytest.approx(3.3 + 36.7 / 2, abs=1)
    assert desk.pages.asked[first_filtered + 1][1] == 3_300
    assert START - 3 * HOUR - 30 * MINUTE > scan.read_back_to > START - 7 * HOUR


def test_the_newest_part_is_read_down_to_the_oldest_candidate_and_no_further() -> None:
    # The page that the candidate is on begins within the slack of it.
    desk = Desk(every(1_000, 60_000, failing=frozenset({4_040})), limit=40)
    scan = desk.window(16 * HOUR)
    assert scan.extent is Extent.FAILURES_FIRST
    assert scan.is_read_whole("g4040")
    assert desk.pages.asked[-1] == (None, 4_200)


def test_its_failures_are_asked_for_down_to_the_cutoff_and_a_little_more() -> None:
    # Four pages of failures, all within the slack of the cutoff.
    begin = 16 * HOUR - 40 * SECOND
    dense = [row(1_000 - place, START - begin - place * 100, guid=f"f{place}") for place in range(400)]
    healthy = [row(60_000 - place, START - place * SECOND, guid=f"g{place}", code=200) for place in range(57_560)]
    scan = Desk([*healthy, *dense], limit=40).window(16 * HOUR)
    assert scan.extent is Extent.FAILURES_FIRST
    assert guids(scan, 16 * HOUR) == {f"f{place}" for place in range(400)}


@pytest.mark.repeats
def test_too_few_calls_within_the_hour_are_foreseen_as_well() -> None:
    desk = Desk(LONG, quota=Quota(400, hourly=400))
    scan = desk.window(16 * HOUR)
    assert (scan.extent, desk.filters) == (Extent.FAILURES_FIRST, [None, "failure", None])
    assert len(desk.pages.asked) <= 1 + 32 + 1 + 200 + 1


@pytest.mark.repeats
def test_a_burst_of_events_is_not_taken_for_the_pace_of_the_hours_before() -> None:
    burst = [row(20_000 + place, START - 1, guid=f"burst{place}", code=200) for place in range(1_000)]
    scan = Desk([*burst, *every(60_000, 960, failing=frozenset({900}), code=302)]).window(16 * HOUR)
    assert scan.extent is Extent.WHOLE
    assert guids(scan, 16 * HOUR) == {"g900"}


@pytest.mark.repeats
def test_enough_calls_within_the_hour_are_enough() -> None:
    assert Desk(LONG, quota=Quota(800, hourly=800)).window(16 * HOUR).extent is Extent.WHOLE


@pytest.mark.repeats
def test_where_a_new_hour_will_do_and_does_not_come_in_time_nothing_more_is_asked_for() -> None:
    desk = Desk(LONG, quota=Quota(400, hourly=800, resets_in=1_800))
    with pytest.raises(HourSpent, match=" 400 "):
        desk.window(16 * HOUR, postpone=True)
    assert desk.filters == [None]
    assert len(desk.pages.asked) == 1 + 32, "the head, and a tenth of what it may use"


@pytest.mark.repeats
def test_where_a_new_hour_comes_in_time_reading_goes_on() -> None:
    # Of half an hour four fifths may be used. The pages take less than a minute, and a quarter of the rest is 345 s.
    assert Desk(LONG, quota=Quota(400, hourly=800, resets_in=340)).window(16 * HOUR).extent is Extent.WHOLE
    with pytest.raises(HourSpent):
        Desk(LONG, quota=Quota(400, hourly=800, resets_in=350)).window(16 * HOUR, postpone=True)


@pytest.mark.repeats
@pytest.mark.parametrize("mode", ScanMode)
def test_what_cannot_wait_for_a_new_hour_is_asked_for_by_its_failures(mode: ScanMode) -> None:
    failing = every(100 * SECOND, 576, failing=frozenset({570}))
    desk = Desk(failing, size=1, quota=Quota(400, hourly=800, resets_in=1_800))
    assert desk.window(16 * HOUR, mode, postpone=mode is ScanMode.FAILURES).extent is Extent.FAILURES_FIRST


def test_a_new_hour_is_not_waited_for_at_the_beginning_of_one() -> None:
    # Four fifths of 700 are too few for 576 pages, and those of 800 are not; but 800 never are there when a run begins.
    assert (
        Desk(LONG, quota=Quota(700, hourly=800, resets_in=1_800)).window(16 * HOUR, postpone=True).extent
        is Extent.FAILURES_FIRST
    )
    with pytest.raises(HourSpent):
        Desk(LONG, quota=Quota(600, hourly=800, resets_in=1_800)).window(16 * HOUR, postpone=True)


@pytest.mark.repeats
def test_what_even_a_new_hour_does_not_do_for_is_asked_for_by_its_failures() -> None:
    assert (
        Desk(LONG, quota=Quota(400, hourly=700, resets_in=1_800)).window(16 * HOUR, postpone=True).extent
        is Extent.FAILURES_FIRST
    )


@pytest.mark.repeats
def test_pages_that_come_faster_than_the_limit_allows_are_forecast_at_the_limits_pace() -> None:
    # 576 pages at 810 a minute are 43 seconds, however fast the first five came.
    assert Desk(LONG, cost=0.001, limit=50).window(16 * HOUR).extent is Extent.FAILURES_FIRST
    assert Desk(LONG, cost=0.001, limit=56).window(16 * HOUR).extent is Extent.WHOLE


@pytest.mark.repeats
def test_a_busy_log_is_not_taken_for_an_endless_one() -> None:
    # Twenty attempts a second: the first five pages lie within the slack.
    scan = Desk(every(50, 18_000)).window(10 * MINUTE)
    assert scan.extent is Extent.WHOLE
    assert scan.read_back_to <= START - 10 * MINUTE


def test_a_server_that_cannot_filter_ends_a_run_that_is_too_long() -> None:
    desk = Desk(LONG, limit=40)
    desk.pages.filters = False
    with pytest.raises(OutOfTime, match="server"):
        desk.window(16 * HOUR)


# -- failures first ---------------------------------------------------------------------------------------------


def test_failures_first_is_one_call_for_a_healthy_hook_however_large_its_log() -> None:
    desk = Desk(every(1_000, 60_000))
    scan = desk.window(16 * HOUR, ScanMode.FAILURES)
    assert desk.pages.asked == [("failure", 0)]
    assert guids(scan, 16 * HOUR) == set()


@pytest.mark.parametrize("oldest", [3_000, 3_040])  # the second is on a page that begins within the slack of it
def test_failures_first_reads_the_rest_down_to_the_oldest_candidate(oldest: int) -> None:
    desk = Desk(every(1_000, 60_000, failing=frozenset({5, oldest})))
    scan = desk.window(16 * HOUR, ScanMode.FAILURES)
    assert desk.filters == ["failure", None]
    assert guids(scan, 16 * HOUR) == {"g5", f"g{oldest}"}
    assert START - oldest * SECOND - 4 * MINUTE <= scan.read_back_to <= START - oldest * SECOND
    assert all(map(scan.is_read_whole, guids(scan, 16 * HOUR)))
    assert scan.extent is Extent.WHOLE


def test_failures_first_learns_from_the_rest_what_has_recovered() -> None:
    rows = every(1_000, 1_000, failing=frozenset({500}))
    rows.append(row(2_000, START, guid="g500", code=200, redelivery=True))
    desk = Desk(rows)
    assert guids(desk.window(HOUR, ScanMode.FAILURES), HOUR) == set()


def test_a_candidate_alone_decides_and_not_what_is_older_than_the_cutoff() -> None:
    desk = Desk(every(1_000, 60_000, failing=frozenset({650})))
    desk.window(10 * MINUTE, ScanMode.FAILURES)
    assert desk.filters == ["failure"]


def test_failures_first_reads_everything_where_the_filter_is_unknown() -> None:
    desk = Desk(every(SECOND, 1_000, failing=frozenset({150}), code=302))
    desk.pages.filters = False
    scan = desk.window(300 * SECOND, ScanMode.FAILURES)
    (line,) = desk.console.lines
    assert "filter" in line
    assert desk.pages.asked[:2] == [("failure", 0), (None, 0)]
    assert guids(scan, 300 * SECOND) == {"g150"}
    assert scan.scanned == 500


def test_a_filter_that_shows_to_be_unknown_later_on_is_no_fault_either() -> None:
    desk = Desk(every(SECOND, 1_000, failing=frozenset(range(150))))
    desk.pages.filters = False
    scan = desk.window(300 * SECOND, ScanMode.FAILURES)
    assert scan.extent is Extent.WHOLE
    assert guids(scan, 300 * SECOND) == {f"g{place}" for place in range(150)}


# -- the head of the log, and a long outage -----------------------------------------------------------------------

#: 50 minutes, all of it an outage.
OUTAGE = every(SECOND, 3_000, failing=frozenset(range(3_000)))


def test_a_success_on_the_first_page_is_all_that_the_head_is_read_for() -> None:
    desk = Desk(every(SECOND, 3_000, failing=frozenset(range(50))))
    _, scan = desk.head(HOUR)
    assert (scan.extent, len(desk.pages.asked)) == (Extent.BROKEN_OFF, 1)
    assert scan.any_success


@pytest.mark.parametrize("mode", ScanMode)
def test_reading_stops_where_the_endpoint_looks_down_and_goes_on_from_there(mode: ScanMode) -> None:
    desk = Desk(OUTAGE)
    reader, scan = desk.head(HOUR, mode)
    assert scan.extent is Extent.NEWEST
    assert (scan.scanned, scan.read_back_to) == (LONG_OUTAGE, START - 1_900 * SECOND + SLACK)
    assert scan.failing_since == START - 1_999 * SECOND
    head = len(desk.pages.asked)
    assert head == 20 + (mode is ScanMode.FAILURES)
    reader.read_window(scan, mode, postpone=False)
    assert str(scan.extent) == str(Extent.WHOLE)
    assert guids(scan, HOUR) == {f"g{place}" for place in range(3_000)}
    failures = 29 if mode is ScanMode.FAILURES else 0
    assert len(desk.pages.asked) == head + failures + 10, "what was read is not read again"


@pytest.mark.parametrize("mode", ScanMode)
def test_one_success_is_enough_for_an_endpoint_not_to_look_down(mode: ScanMode) -> None:
    rows = [row(3_001, START + SECOND, guid="alive", code=200), *OUTAGE]
    desk = Desk(rows)
    _, scan = desk.head(HOUR, mode)
    assert scan.extent is Extent.BROKEN_OFF
    scan = desk.window(HOUR, mode)
    assert scan.extent is Extent.WHOLE
    assert scan.read_back_to <= START - 2_999 * SECOND + SLACK


@pytest.mark.parametrize("mode", ScanMode)
def test_an_outage_that_is_all_there_is_in_the_log_is_read_whole(mode: ScanMode) -> None:
    _, scan = Desk(OUTAGE[:LONG_OUTAGE]).head(HOUR, mode)
    assert scan.extent is Extent.BROKEN_OFF
    assert scan.next_page is None


def test_an_outage_that_ends_with_the_window_is_read_whole() -> None:
    _, scan = Desk(OUTAGE).head(1_900 * SECOND)
    assert (scan.extent, scan.scanned) == (Extent.NEWEST, LONG_OUTAGE)
    _, scan = Desk(OUTAGE).head(1_800 * SECOND)
    assert scan.extent is Extent.BROKEN_OFF


def test_a_scan_that_breaks_off_further_down_has_read_the_newest_part() -> None:
    desk = Desk(OUTAGE)
    reader, scan = desk.head(HOUR)
    desk.pages.before_page = broken_at(23)
    with pytest.raises(OutOfTime):
        reader.read_window(scan, ScanMode.FULL, postpone=False)
    assert scan.extent is Extent.NEWEST


def test_since_when_every_attempt_has_failed_is_told_by_the_oldest_before_a_success() -> None:
    scan = Desk(every(SECOND, 300, failing=frozenset(range(150)) | {200})).window(HOUR)
    assert scan.failing_since == START - 149 * SECOND
    assert Desk(every(SECOND, 300, failing=frozenset({1, 2}))).window(HOUR).failing_since is None


# -- failures that are too many themselves ------------------------------------------------------------------------


@pytest.mark.repeats
@pytest.mark.parametrize("mode", ScanMode)
def test_of_failures_that_are_more_than_the_hours_calls_the_newest_are_read(mode: ScanMode) -> None:
    alive = [row(60_001, START + SECOND, guid="alive", code=200)]
    rows = [*alive, *every(SECOND, 60_000, failing=frozenset(range(60_000)))]
    desk = Desk(rows, quota=Quota(400, hourly=400))
    scan = desk.window(16 * HOUR, mode)
    assert scan.extent is Extent.NEWEST
    # Half of the calls for failures, half for reading whole; neither walk is begun anew.
    assert desk.filters == ([None, "failure", None] if mode is ScanMode.FULL else ["failure", None, "failure", None])
    asked = [start for only, start in desk.pages.asked if only]
    assert asked == sorted(set(asked))
    assert len(asked) <= 1 + 101
    assert START - 16 * HOUR < scan.failures_back_to < START
    assert len(desk.pages.asked) <= 32 + 201 + 201
