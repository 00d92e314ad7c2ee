"""A busy webhook after a day's outage: all of it arrives before GitHub forgets it, though every hour is too short."""

from __future__ import annotations

import pytest

from days import Cost, Days
from githubsim.clock import HOUR
from redeliver.core import flow
from runs.lengths import SOAK

pytestmark = pytest.mark.slow

#: 100,000 deliveries a day and a personal token, but a share of all: pages, calls an hour, redeliveries and looks.
SHARE = 5 if SOAK else 20
A_DAY = 100_000 // SHARE
HOURLY = 5_000 // SHARE
A_MINUTE = str(160 // SHARE)


def after_the_outage(hours: int, **settings: str) -> tuple[Days, list[Cost]]:
    hook = Days(A_DAY, down_hours=hours, hourly=HOURLY, settings={"redeliveries_per_minute": A_MINUTE} | settings)
    runs = [run for run in hook.runs_until_all_is_well(days=3) if run.began > hook.outage.end]
    return hook, runs


@pytest.fixture(autouse=True)
def rare_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else they would take half of the calls. That each run looks some 30 times cannot be changed so."""
    monkeypatch.setattr(flow, "_RARE_LOOK", flow._RARE_LOOK * SHARE)


@pytest.mark.long
@pytest.mark.timeout(1_200 if SOAK else 240)
@pytest.mark.parametrize(
    ("time_limit", "hours", "most"),
    [("30m", 24, 45), ("5h", 24, 24)] if SOAK else [("30m", 20, 38)],
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
