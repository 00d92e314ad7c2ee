"""Events that no attempt will ever deliver: what they cost does not depend on how long GitHub keeps its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from days import Days
from githubsim.behaviour import Behaviour
from githubsim.clock import DAY, MINUTE
from redeliver.core.case import LOST
from redeliver.core.reading import SLACK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from days import Cost

pytestmark = pytest.mark.slow


#: How long it takes for a hundred deliveries to come in.
A_PAGE = 100 * MINUTE


def hook_of(retention: int) -> Days:
    """A delivery a minute, every 360th poisoned, and a log that is as long as it will ever be.

    Only Enterprise Server keeps its log for more than three days, and the action knows it by its API's path.
    """
    root = "/api/v3" if retention == 7 else ""
    days = Days(1_440, 4, sim={"root": root, "behaviour": Behaviour(retention_ms=retention * DAY)})
    days.pass_by(8 * DAY)
    days.world.variables.seed("CHECKPOINT", str(days.world.clock()))
    return days


@pytest.mark.long
def test_three_days_of_log_and_seven_cost_the_same_calls_run_by_run() -> None:
    short, long = hook_of(3), hook_of(7)
    costs = [*zip(requests_of_runs(short), requests_of_runs(long), strict=True)]
    assert [len(days.world.hook.log.rows) // 100 for days in (short, long)] == [43, 101]
    assert len(costs) == 96
    assert all(one == other for one, other in costs)
    # The dearest looks back half a day, to the page after the one that it looks for.
    assert max(costs)[0] == 24


def requests_of_runs(days: Days) -> Iterator[int]:
    """Of each run of a day, none of which may read a page beyond what it needs."""
    further = 0
    for run in days.runs(1):
        oldest = oldest_page(days)
        window = run.report.hooks[0].cutoff - SLACK
        # The first attempts of the events that it sends, or would give up if no attempt had succeeded meanwhile.
        looked_for = {*sent_by(days, run), *(one.guid for one in run.report.events if one.outcome in LOST)}
        needed = min([window, *(days.poisoned[guid] - SLACK for guid in looked_for)])
        # A walk ends with the page on which all is older.
        assert oldest >= needed - A_PAGE
        further += oldest < window - A_PAGE
        yield run.requests
    assert further > 10, "too few runs had anything to look back for"


def oldest_page(days: Days) -> int:
    """When the newest attempt on the oldest page was made that a run has read, failures' pages aside."""
    log = days.world.hook.log
    told = (entry.query for entry in days.world.requests() if "status" not in entry.query)
    rows = [log.find(int(query["cursor"].removeprefix("v1_"))) for query in told if "cursor" in query]
    return min((row.delivered_at for row in rows if row is not None), default=days.world.clock())


def sent_by(days: Days, run: Cost) -> list[str]:
    """The events that a run has redelivered."""
    return [one.guid for one in days.world.sim.accepted if one.accepted_at >= run.began]
