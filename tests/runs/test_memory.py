"""What reading keeps of an attempt, in bytes: of a success its share of a link, of a failure what is needed later."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from githubsim.clock import SECOND, START, VirtualClock
from redeliver.core.deliveries import EndpointResponse, Filter, Page, Row
from redeliver.core.reading import Window
from redeliver.core.settings import parse
from redeliver.errors import NotFound
from redeliver.github.pace import Quota
from redeliver.run.log_lines import Progress
from redeliver.run.lookup import show
from redeliver.run.scan import Reader
from redeliver.timing import RunClock
from samples import Said, row

pytestmark = pytest.mark.slow

#: Bytes. Of all successes 46 KB are kept, ids of the last three pages and the figures of health, and a few KB more or
#: less.
KEPT_OF_SUCCESSES = 70_000
#: Bytes an attempt, failed or not. Of every page that was read its link is kept, so that one that comes again is
#: noticed, however often reading goes on from where it stopped: 4.6 were measured.
LINKS = 5
#: Bytes a minute in which something succeeded, however much: its first success and its last; 110 to 185 were measured.
#: The log here has 60 attempts a minute.
KEPT_OF_A_MINUTE = 240
SUCCESS = LINKS + KEPT_OF_A_MINUTE / 60
#: Bytes. An `Event` with its guid, an `Attempt` with its id and time, a dictionary's place, the links: 361 to 386 were
#: measured. They share the names of events and the causes.
KEPT_OF_A_FAILURE = 400
#: Bytes. While it reads: the page and the ids of those before it (140 KB were measured).
PAGES_AT_A_TIME = 200_000
#: GitHub's ids are as large.
IDS = 3_800_000_000_000_000_000


@dataclass
class Log:
    """So many attempts, each of another event, made a page at a time, so that nothing is kept here."""

    size: int
    failing: bool
    quota = Quota()

    def page(self, query: Mapping[str, str] | None = None, *, only: Filter | None = None) -> Page:
        assert only is None
        start = int((query or {}).get("start", "0"))
        code = 503 if self.failing else 200
        rows = [
            row(IDS - place, START - place * SECOND, guid=f"{place:036}", code=code)
            for place in range(start, start + 100)
        ]
        return Page(rows, {"start": str(start + 100)} if start + 100 < self.size else None)


class Unheard(Said):
    """A console that remembers nothing."""

    def line(self, text: str, word: str = "", *, passing: bool = False) -> None:
        pass

    def detail(self, text: str) -> None:
        pass


def read(size: int, *, failing: bool) -> tuple[int, int]:
    """Read a window of so many attempts: the bytes that are kept of it, and the most that there were at a time."""
    clock = RunClock(VirtualClock(), 9_999, Unheard())
    settings = parse({"org": "octo", "hook-id": "1", "token": "t"})
    reader = Reader(Log(size, failing), Window(START, None, 0, 0, 0), settings, clock, Unheard())
    # As Python does by itself; conftest.py has it look for garbage less often.
    before, usual = gc.get_threshold(), (700, 10, 10)
    gc.set_threshold(*usual)
    gc.collect()
    tracemalloc.start()
    try:
        reader.read_outage()
        reading = reader.read_window(postpone=False)
        most = tracemalloc.get_traced_memory()[1]
        gc.collect()
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        gc.set_threshold(*before)
        tracemalloc.stop()
    assert reading.scanned == size
    return kept, most


@dataclass
class LongWords:
    """Attempts of one event, each with a status of a megabyte of its own; what was answered is not known."""

    size: int
    name = hook_id = "1"
    quota = Quota()

    def page(self, query: Mapping[str, str] | None = None, *, only: Filter | None = None) -> Page:
        assert only is None
        place = int((query or {}).get("start", "0"))
        status = f"{place} " + "x" * 1_000_000
        one: Row = {**row(IDS - place, START - place * SECOND, redelivery=True), "status": status}
        return Page([one], {"start": str(place + 1)} if place + 1 < self.size else None)

    def now(self) -> int:
        return START

    def response(self, attempt_id: int) -> EndpointResponse:
        raise NotFound(missing=f"octo has no delivery {attempt_id}", needed="")


def test_only_the_shown_part_of_a_long_status_is_kept() -> None:
    hook: Any = LongWords(50)
    clock = RunClock(VirtualClock(), 9_999, Unheard())
    tracemalloc.start()
    try:
        (event,) = show(hook, ["g"], Progress(clock, Unheard()), 0)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [attempt.status[:5] for attempt in event.attempts[-2:]] == ["1 xxx", "0 xxx"]
    assert most < 10_000_000


@pytest.fixture(autouse=True)
def _warm() -> None:
    """What is made once, and not for each attempt, is made before anything is counted."""
    read(200, failing=True)


def test_successful_attempts_keep_nothing_but_links_and_when_something_succeeded() -> None:
    kept, most = read(20_000, failing=False)
    kept_of_more, _ = read(40_000, failing=False)
    assert kept < KEPT_OF_SUCCESSES + 20_000 * SUCCESS
    assert kept_of_more - kept < 20_000 * SUCCESS
    assert most < PAGES_AT_A_TIME + 20_000 * SUCCESS


def test_memory_of_a_failed_event_is_bounded_and_the_same_for_each() -> None:
    kept = [read(size, failing=True)[0] for size in (1_000, 2_000, 8_000, 16_000)]
    for size, of_all in zip((1_000, 2_000, 8_000, 16_000), kept, strict=True):
        assert of_all < size * KEPT_OF_A_FAILURE
    # Not a fifth more or less for each of many than for each of few: dictionaries grow in leaps.
    assert 0.8 < (kept[-1] / 16_000) / (kept[0] / 1_000) < 1.2
