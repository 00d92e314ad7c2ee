"""Reading the window: everything down to the cutoff, and what is known to have been read."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import START
from redeliver.core.deliveries import Row
from redeliver.core.reading import SLACK, Extent, Reading
from redeliver.core.settings import ScanMode
from redeliver.errors import HourSpent, OutOfTime
from redeliver.github.pace import Quota
from redeliver.run.scan import LONG_OUTAGE
from redeliver.timing import PATIENCE
from samples import HOUR, MINUTE, SECOND, Desk, row
from wording import figures


def every(milliseconds: int, number: int, *, failing: frozenset[int] = frozenset(), code: int = 503) -> list[Row]:
    """So many rows of as many events, the newest at START; ``failing``: how many places before it."""
    return [
        row(number - place, START - place * milliseconds, guid=f"g{place}", code=code if place in failing else 200)
        for place in range(number)
    ]


def guids(reading: Reading) -> set[str]:
    return {one.guid for one in reading.undelivered()}


def test_window_is_read_down_to_the_cutoff_and_the_slack() -> None:
    desk = Desk(every(SECOND, 1_000, failing=frozenset({0, 299, 300, 301})))
    reading = desk.window(300 * SECOND)
    assert guids(reading) == {"g0", "g299", "g300"}
    assert reading.back_to <= START - 300 * SECOND
    # 300 s, the slack, and the page that is too old as a whole.
    assert (reading.scanned, desk.pages.asked[-1]) == (500, (None, 400))
    assert reading.extent is Extent.WHOLE
    assert reading.accounts_from == START - 300 * SECOND


@given(st.integers(1, 200), st.integers(1, 30), st.integers(0, 30_000), st.randoms(use_true_random=False))
def test_no_row_within_the_covered_time_is_missing(number: int, size: int, jitter: int, dice: object) -> None:
    rows = [
        row(turn, START - (number - turn) * SECOND - dice.randint(0, jitter), guid=f"g{turn}")  # type: ignore[attr-defined]
        for turn in range(1, number + 1)
    ]
    reading = Desk(rows, size=size, cost=0).window(30 * SECOND)
    read = {one.id for event in reading.log.undelivered(0) for one in event.attempts}
    assert reading.back_to <= START - 30 * SECOND
    assert all(one["id"] in read for one in rows if one["delivered_at"] >= reading.back_to)


def test_progress_is_logged_every_ten_seconds_and_each_page_in_debug_mode() -> None:
    desk = Desk(every(1_000, 12_000), cost=0.15)
    desk.window(24 * HOUR)
    (line,) = desk.console.lines
    assert figures(line) == ["6,700", "6", "19:30", "8", "2"]
    assert len(desk.console.details) == 119
    assert figures(desk.console.details[-1]) == ["12,000"]
    odd = Desk([row(2, 253_402_300_799_000), row(1, -62_135_596_800_000)], size=1, cost=11, empty_every=2)
    odd.window(24 * HOUR)
    assert any("31 Dec 23:59 UTC, 0%" in line for line in odd.console.lines)
    alive = row(9_999, START, guid="alive", code=200)
    failures = Desk([alive, *every(SECOND, 3_000, failing=frozenset(range(3_000)))[1:]], cost=1)
    failures.window(24 * HOUR, ScanMode.FAILURES)
    assert "6 Nov 21:05 UTC" in failures.console.lines[0]


def test_error_while_reading_gives_no_partial_reading() -> None:
    desk = Desk(every(SECOND, 1_000))
    desk.pages.before_page = mock.Mock(side_effect=[None, None, OutOfTime(limit="5 h")])
    with pytest.raises(OutOfTime):
        desk.window(HOUR)


LONG = every(1_000, 60_000, failing=frozenset({5, 30_000, 59_000}))  # 600 pages, 16 hours and 40 minutes
RARE = every(100 * SECOND, 576, failing=frozenset({570}))
#: Forty attempts a second: the pages by which the first forecast is made lie within the slack.
BUSY = every(25, 18_000)
BURST = [row(20_000 + place, START - 1, guid=f"burst{place}", code=200) for place in range(1_000)]
WHOLE, FAILURES_FIRST = [None], [None, "failure", None]


def hour(left: int, hourly: int, resets_in: int = 3_600) -> Quota:
    return Quota(left, hourly=hourly, resets_in=resets_in)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("desk", "postpone", "expected"),
    [
        ({"limit": 80}, False, WHOLE),
        ({"limit": 40}, False, FAILURES_FIRST),
        # 576 pages at 810 a minute are 43 seconds, however fast the first five came.
        ({"cost": 0.001, "limit": 50}, False, FAILURES_FIRST),
        ({"cost": 0.001, "limit": 56}, False, WHOLE),
        ({"quota": hour(800, 800)}, False, WHOLE),
        ({"quota": hour(400, 400)}, False, FAILURES_FIRST),
        # A new hour that will do and comes in time is waited for. Four fifths of half an hour may be used, the pages
        # take less than a minute, and three tenths of the rest are 414 s.
        ({"quota": hour(400, 800, 410)}, False, WHOLE),
        ({"quota": hour(400, 800, 420)}, True, 97),
        # Else the run ends after so many pages: the head, and a tenth of what it may use.
        ({"quota": hour(400, 800, 1_800)}, True, 1 + 32),
        # Four fifths of 700 are too few for 576 pages, and those of 800 are not; but 800 never are there when a run
        # begins.
        ({"quota": hour(600, 800, 1_800)}, True, 1 + 48),
        ({"quota": hour(700, 800, 1_800)}, True, FAILURES_FIRST),
        # Even a new hour will not do, or it may not be waited for.
        ({"quota": hour(400, 700, 1_800)}, True, FAILURES_FIRST),
        ({"rows": RARE, "size": 1, "quota": hour(400, 800, 1_800)}, False, FAILURES_FIRST),
        # A burst of events is not taken for the pace of the hours before, and a busy log not for an endless one.
        ({"rows": [*BURST, *every(60_000, 960, failing=frozenset({900}), code=302)]}, False, WHOLE),
        ({"rows": BUSY, "cost": 0.07, "limit": 15}, False, WHOLE),
    ],
)
def test_window_too_long_is_read_by_failures_or_left_to_a_new_hour(
    desk: dict[str, Any], expected: list[str | None] | int, *, postpone: bool
) -> None:
    reader = Desk(**{"rows": LONG} | desk)
    if isinstance(expected, int):
        with pytest.raises(HourSpent, match=f" {desk['quota'].left} "):
            reader.window(16 * HOUR, postpone=postpone)
        assert (reader.filters, len(reader.pages.asked)) == (WHOLE, expected)
        return
    back = 5 * MINUTE if desk.get("rows") is BUSY else 16 * HOUR
    reading = reader.window(back, postpone=postpone)
    assert reader.filters == expected
    assert reading.extent is (Extent.WHOLE if expected is WHOLE else Extent.FAILURES_FIRST)
    assert reading.failures_only is (expected is not WHOLE)
    assert expected is not WHOLE or reading.back_to <= START - back
    # Read plainly or by its failures, the oldest is found.
    failing = [one for one in reader.pages.rows if one["status_code"] != 200]
    assert guids(reading) == {one["guid"] for one in failing if one["delivered_at"] >= START - back}


@pytest.mark.parametrize(
    ("failing", "left", "hourly", "pages"),
    [
        (frozenset[int](), 250, 5_000, 1 + 20),
        (frozenset({5}), 250, 5_000, 578),
        # Not even a whole hour's calls will do, so a later run would find no more than this one.
        (frozenset[int](), 650, 700, 578),
    ],
)
def test_new_hour_is_waited_for_only_if_a_failure_is_known(
    failing: frozenset[int], left: int, hourly: int, pages: int
) -> None:
    desk = Desk(every(SECOND, 60_000, failing=failing), quota=hour(left, hourly, 900), limit=5 * 3_600)
    desk.run_clock.patience = PATIENCE
    if pages < 578:
        with pytest.raises(HourSpent):
            desk.window(16 * HOUR, postpone=True)
    else:
        desk.window(16 * HOUR, postpone=True)
    assert len(desk.pages.asked) == pages
    assert desk.filters == WHOLE


def test_what_was_redelivered_lately_is_not_taken_for_the_pace_of_the_hours_before() -> None:
    # Five hours of redeliveries, and twice as sparse the two days before: 2,460 pages, fewer than an hour has calls.
    lately = every(4 * SECOND, 4_500)
    before = [row(-place, START - 5 * HOUR - place * 9 * SECOND, guid=f"b{place}", code=200) for place in range(20_000)]
    desk = Desk([*lately, *before], size=10, quota=hour(4_990, 5_000, 3_510), limit=5 * 3_600)
    desk.run_clock.patience = PATIENCE
    assert desk.window(53 * HOUR, postpone=True).extent is Extent.WHOLE


def test_known_failures_are_not_left_to_a_new_hour() -> None:
    desk = Desk(RARE, size=1, quota=hour(400, 800, 1_800))
    assert desk.window(16 * HOUR, ScanMode.FAILURES, postpone=True).extent is Extent.FAILURES_FIRST


def test_too_little_time_is_foreseen_after_a_tenth_of_it() -> None:
    desk = Desk(LONG, limit=40)
    reading = desk.window(16 * HOUR)
    assert guids(reading) == {"g5", "g30000"}
    assert "failures" in desk.console.lines[0]
    first_filtered = [only for only, _ in desk.pages.asked].index("failure")
    assert first_filtered == 33
    # Half of the time that is left then goes into the newest part, from where the first try ended.
    assert desk.clock.monotonic() == pytest.approx(3.3 + 36.7 / 2, abs=1)
    assert desk.pages.asked[first_filtered + 1][1] == 3_300
    assert START - 3 * HOUR - 30 * MINUTE > reading.back_to > START - 7 * HOUR
    assert reading.accounts_from == START - 16 * HOUR
    assert reading.stats is None


def test_newest_part_is_read_down_to_the_oldest_candidate() -> None:
    # The page that the candidate is on begins within the slack of it.
    desk = Desk(every(1_000, 60_000, failing=frozenset({4_040})), limit=40)
    reading = desk.window(16 * HOUR)
    assert reading.extent is Extent.FAILURES_FIRST
    assert reading.is_whole(reading.log.event("g4040"))
    assert desk.pages.asked[-1] == (None, 4_200)


def test_failures_are_read_down_to_the_cutoff_and_the_slack() -> None:
    # Four pages of failures, all within the slack of the cutoff.
    begin = 16 * HOUR - 40 * SECOND
    dense = [row(1_000 - place, START - begin - place * 100, guid=f"f{place}") for place in range(400)]
    healthy = [row(60_000 - place, START - place * SECOND, guid=f"g{place}", code=200) for place in range(57_560)]
    reading = Desk([*healthy, *dense], limit=40).window(16 * HOUR)
    assert reading.extent is Extent.FAILURES_FIRST
    assert guids(reading) == {f"f{place}" for place in range(400)}


def test_server_without_the_filter_ends_a_run_that_is_too_long() -> None:
    desk = Desk(LONG, limit=40, filters=False)
    with pytest.raises(OutOfTime, match="server"):
        desk.window(16 * HOUR)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ScanMode)
def test_newest_failures_are_read_if_the_calls_run_out(mode: ScanMode) -> None:
    alive = [row(60_001, START + SECOND, guid="alive", code=200)]
    rows = [*alive, *every(SECOND, 60_000, failing=frozenset(range(0, 60_000, 4)))]
    desk = Desk(rows, quota=hour(400, 400))
    reading = desk.window(16 * HOUR, mode)
    assert reading.extent is Extent.NEWEST
    # A quarter of the calls for failures, half for reading whole; neither walk is begun anew.
    assert desk.filters == ([None, "failure", None] if mode is ScanMode.FULL else ["failure", None, "failure", None])
    asked = [start for only, start in desk.pages.asked if only]
    assert asked == sorted(set(asked))
    assert len(asked) <= 1 + 101
    # The failures go back further, and those before them are not accounted for.
    assert reading.accounts_from == START - 4 * asked[-1] * SECOND + SLACK < reading.back_to
    assert len(desk.pages.asked) <= 32 + 201 + 201


@pytest.mark.parametrize("oldest", [3_000, 3_040])  # the second is on a page that begins within the slack of it
def test_failures_first_reads_the_rest_down_to_the_oldest_candidate(oldest: int) -> None:
    desk = Desk(every(1_000, 60_000, failing=frozenset({5, oldest})))
    reading = desk.window(16 * HOUR, ScanMode.FAILURES)
    assert desk.filters == ["failure", None]
    assert guids(reading) == {"g5", f"g{oldest}"}
    assert START - oldest * SECOND - 4 * MINUTE <= reading.back_to <= START - oldest * SECOND
    assert all(map(reading.is_whole, reading.undelivered()))
    assert reading.extent is Extent.WHOLE


def test_failures_first_finds_later_successes() -> None:
    rows = every(1_000, 1_000, failing=frozenset({500}))
    rows.append(row(2_000, START, guid="g500", code=200, redelivery=True))
    assert guids(Desk(rows).window(HOUR, ScanMode.FAILURES)) == set()


def test_failure_before_the_cutoff_is_no_reason_to_read_the_rest() -> None:
    desk = Desk(every(1_000, 60_000, failing=frozenset({650})))
    reading = desk.window(10 * MINUTE, ScanMode.FAILURES)
    assert (desk.filters, reading.extent, reading.failures_only) == (["failure"], Extent.WHOLE, True)


@pytest.mark.parametrize(
    ("failing", "code"), [(frozenset({150}), 302), (frozenset(range(150)), 503)], ids=["at once", "later on"]
)
def test_failures_first_reads_everything_without_the_filter(failing: frozenset[int], code: int) -> None:
    desk = Desk(every(SECOND, 1_000, failing=failing, code=code), filters=False)
    reading = desk.window(300 * SECOND, ScanMode.FAILURES)
    assert "filter" in desk.console.lines[0]
    assert guids(reading) == {f"g{place}" for place in failing}
    assert (reading.extent, reading.scanned, desk.filters[:2]) == (Extent.WHOLE, 500, ["failure", None])


#: 50 minutes, all of it an outage.
OUTAGE = every(SECOND, 3_000, failing=frozenset(range(3_000)))


def test_head_ends_with_a_success_on_the_first_page() -> None:
    desk = Desk(every(SECOND, 3_000, failing=frozenset(range(50))))
    _, head = desk.head(HOUR)
    assert (head, len(desk.pages.asked)) == (None, 1)


@pytest.mark.parametrize("mode", ScanMode)
def test_reading_stops_at_an_outage_and_resumes_from_there(mode: ScanMode) -> None:
    desk = Desk(OUTAGE)
    reader, head = desk.head(HOUR, mode)
    assert head
    assert (head.extent, head.any_success, head.failing_since) == (Extent.NEWEST, False, START - 1_999 * SECOND)
    assert (head.scanned, head.back_to, head.stats) == (LONG_OUTAGE, START - 1_900 * SECOND + SLACK, None)
    assert head.accounts_from == START - 1_900 * SECOND + SLACK
    pages = len(desk.pages.asked)
    assert pages == 20 + (mode is ScanMode.FAILURES)
    reading = reader.read_window(postpone=False)
    assert (reading.extent, reading.accounts_from) == (Extent.WHOLE, START - HOUR)
    assert guids(reading) == {f"g{place}" for place in range(3_000)}
    failures = 29 if mode is ScanMode.FAILURES else 0
    assert len(desk.pages.asked) == pages + failures + 10, "what was read is not read again"


@pytest.mark.parametrize("mode", ScanMode)
@pytest.mark.parametrize(
    ("rows", "back"),
    [
        ([row(3_001, START + SECOND, guid="alive", code=200), *OUTAGE], HOUR),
        (OUTAGE[:LONG_OUTAGE], HOUR),
        (OUTAGE, 1_800 * SECOND),
    ],
    ids=["a success", "all there is in the log", "ends with the window"],
)
def test_endpoint_does_not_look_down(mode: ScanMode, rows: list[Row], back: int) -> None:
    reader, head = Desk(rows).head(back, mode)
    assert head is None
    reading = reader.read_window(postpone=False)
    assert reading.extent is Extent.WHOLE
    assert reading.back_to <= max(START - back, START - 2_999 * SECOND + SLACK)


def test_failing_since_is_the_oldest_failure_after_the_last_success() -> None:
    reading = Desk(every(SECOND, 300, failing=frozenset(range(150)) | {200})).window(HOUR)
    assert (reading.failing_since, reading.any_success) == (START - 149 * SECOND, True)
    assert Desk(every(SECOND, 300, failing=frozenset({1, 2}))).window(HOUR).failing_since is None


def test_times_of_successes_are_known_as_far_as_the_log_was_read() -> None:
    reading = Desk(every(SECOND, 1_000, failing=frozenset({*range(50), *range(190, 1_000)}))).window(400 * SECOND)
    accepted = reading.accepted_between
    assert accepted(START - 300 * SECOND, START) is accepted(START - 51 * SECOND, START) is True
    assert accepted(START - 50 * SECOND, START) is accepted(START - 400 * SECOND, START - 189 * SECOND) is False
    assert accepted(START - 24 * HOUR, START - 189 * SECOND) is None
    assert accepted(START - 24 * HOUR, START) is True
