"""What a run costs in requests: exactly so many, on every machine."""

from __future__ import annotations

from collections import Counter

import pytest

from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.outcomes import UNAVAILABLE
from githubsim.seeds import Mix, seed
from world import World

pytestmark = pytest.mark.slow

#: The checkpoint's variable, read in the beginning and written at the end.
READ, WRITTEN, HOOK = "GET variable", "PATCH variable", "GET webhook"
PAGE, FILTERED, REDELIVERY = "GET page", "GET page of failures", "POST redelivery"


def healthy(events: int) -> World:
    """An hour's events, up to two minutes ago, all of them delivered; the last run was before them."""
    world = World()
    now = world.clock()
    seed(world.hook, events, until=now - 2 * MINUTE, mix=Mix(failing=0, spacing_ms=HOUR // max(events, 1)))
    world.variables.seed("CHECKPOINT", str(now - 2 * HOUR))
    return world


def requests(world: World, scan: str = "full") -> Counter[str]:
    """A run that goes well, and what it asks of GitHub."""
    report = world.run(latency_ms=100, scan=scan)
    assert (report.errors, report.warnings) == ((), ())
    asked: Counter[str] = Counter()
    for entry in world.sim.journal.entries:
        assert entry.status in {200, 202, 204}
        ending = entry.path.rpartition("/")[2]
        kinds = {"deliveries": "page", "attempts": "redelivery", str(world.hook.id): "webhook"}
        what = kinds.get(ending, "variable")
        asked[f"{entry.verb} {what}{' of failures' if 'status' in entry.query else ''}"] += 1
    return asked


@pytest.mark.parametrize(
    ("events", "pages"),
    [
        (0, 1),
        # A hundred attempts a page, the most that GitHub gives; none is asked for twice, none in vain.
        (4_999, 50),
        # That a full page is the last one takes two small calls: a row fewer, and the link to that row.
        *((100 * pages, pages + 2) for pages in (1, 2, 50)),
    ],
)
def test_run_with_nothing_to_do_reads_its_window_and_makes_three_more_requests(events: int, pages: int) -> None:
    assert requests(healthy(events)) == {READ: 1, HOOK: 1, PAGE: pages, WRITTEN: 1}


def test_scan_reads_no_further_back_than_its_window() -> None:
    world = healthy(5_000)
    # From 2 minutes ago to 42 (31, ten of overlap, one of slack), at 72 s a page: 33 whole pages, one with the moment
    # itself, and one on which all is older.
    world.variables.seed("CHECKPOINT", str(world.clock() - 31 * MINUTE))
    assert requests(world) == {READ: 1, HOOK: 1, PAGE: 33 + 1 + 1, WRITTEN: 1}


@pytest.mark.parametrize("events", [0, 5_000, 50_000])
def test_failures_scan_of_a_healthy_log_is_one_page_however_large(events: int) -> None:
    assert requests(healthy(events), scan="failures") == {READ: 1, HOOK: 1, FILTERED: 1, WRITTEN: 1}


def test_failures_scan_reads_the_rest_down_to_the_oldest_failure() -> None:
    world = healthy(5_000)
    world.fail(minutes_ago=6)
    # From 2 minutes ago to 7, the slack included: 4 whole pages, one with the moment itself, one on which all is older.
    # Then a look before the first redelivery, one page, and two at what came of it, which end in the same way: a page,
    # and two. Before the first redelivery the checkpoint is written, too.
    asked = requests(world, scan="failures")
    assert asked == {READ: 1, HOOK: 1, FILTERED: 1, PAGE: (4 + 1 + 1) + 1 + (1 + 2), REDELIVERY: 1, WRITTEN: 2}


def test_three_hundred_redeliveries_take_a_handful_of_other_requests() -> None:
    world = World()
    now = world.clock()
    world.hook.load(world.hook.row(now - HOUR + number * SECOND, UNAVAILABLE) for number in range(300))
    world.variables.seed("CHECKPOINT", str(now - DAY))
    asked = requests(world)
    # 3 pages are the log, and two calls show that there is no fourth. A look before the first redelivery is one page.
    # So are nine looks while they are sent, ever more rarely. Two at the end go back past what may show up late, which
    # is three pages each.
    assert asked == {READ: 1, HOOK: 1, PAGE: 3 + 2 + 1 + 9 + 2 * 3, REDELIVERY: 300, WRITTEN: 2}
    assert world.sim.limits.violations == 0
