"""A busy webhook after a day's outage: all of it arrives before GitHub forgets it, though every hour is too short."""

from __future__ import annotations

import pytest

from days import Cost, Days
from githubsim.clock import HOUR
from runs.lengths import SOAK

pytestmark = pytest.mark.slow

#: 100,000 deliveries a day and a personal token, but a fortieth of all: pages, calls an hour, redeliveries a minute.
A_DAY = 5_000
HOURLY = 250
A_MINUTE = "8"


def after_the_outage(hours: int, **settings: str) -> tuple[Days, list[Cost]]:
    hook = Days(A_DAY, down_hours=hours, hourly=HOURLY, settings={"redeliveries_per_minute": A_MINUTE} | settings)
    runs = [run for run in hook.runs_until_all_is_well(days=3) if run.began > hook.outage.end]
    return hook, runs


@pytest.mark.long
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("time_limit", "hours", "most"),
    [("30m", 24, 45), ("5h", 24, 24)] if SOAK else [("30m", 20, 34), ("5h", 12, 12)],
    ids=["short runs", "long runs"],
)
def test_every_event_of_a_long_outage_is_delivered_within_retention(time_limit: str, hours: int, most: int) -> None:
    hook, runs = after_the_outage(hours, time_limit=time_limit)
    sim = hook.world.sim
    assert len(sim.accepted) >= A_DAY * hours // 24
    assert sim.truth.undelivered() == []
    assert sim.truth.needlessly_redelivered() == []
    took = (runs[-1].ended - hook.outage.end) / HOUR
    assert took < most, "runs read the same again and again"
    requests = sum(run.requests for run in runs)
    print(f"time-limit {time_limit}: {took:.1f} hours, {requests:,} requests in {len(runs)} runs, {HOURLY} an hour")
