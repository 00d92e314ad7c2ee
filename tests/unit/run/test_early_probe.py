"""An endpoint that looks down is tested before the window is read, since an outage of days would fill the log."""

from __future__ import annotations

import pytest

from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.outcomes import OK, UNAVAILABLE, Kind
from githubsim.outcomes import Outcome as Result
from redeliver.core.report import Report
from redeliver.run.scan import LONG_OUTAGE
from world import World

DUE, OTHERS = Kind("push"), Kind("issues")


def outage(due: int, *, older: int = 0) -> World:
    """A log of nothing but failures, longer than a run reads at once, of which these few are to be sent.

    ``older``: as many more that lie further back.
    """
    world = World()
    now = world.clock()
    rows = [
        world.hook.row(now - place * SECOND, UNAVAILABLE, kind=DUE if place <= due else OTHERS)
        for place in range(1, LONG_OUTAGE + 500)
    ]
    rows += [world.hook.row(now - HOUR - place * SECOND, UNAVAILABLE, kind=DUE) for place in range(older)]
    world.hook.load(rows)
    world.variables.seed("CHECKPOINT", str(now - 2 * HOUR))
    return world


def run(world: World, **changed: str) -> Report:
    return world.run({"events": "push", **changed})


def test_fewer_events_than_a_probe_needs_are_sent_when_the_window_is_read() -> None:
    world = outage(2, older=2)
    world.sim.stub.fail_with()
    report = run(world)
    assert world.calls.startswith("L" * 26 + "=L!!!")
    assert not report.hooks[0].partial


@pytest.mark.parametrize("settings", [{"wait_for_results": "0"}, {"dry_run": "true"}])
def test_a_run_that_does_not_watch_or_send_does_not_probe(settings: dict[str, str]) -> None:
    world = outage(5)
    world.sim.stub.fail_with()
    report = run(world, **settings)
    assert world.calls == ("L" * 25 + ("" if "dry_run" in settings else "=L!!!!!="))
    assert not report.hooks[0].partial


@pytest.mark.parametrize(
    ("first", "ago", "spacing"),
    [(OK, 90 * MINUTE, "0"), (UNAVAILABLE, 100 * SECOND, "10m")],
    ids=["not known to have failed", "not due"],
)
def test_an_event_that_is_not_to_be_sent_is_not_probed_with(first: Result, ago: int, spacing: str) -> None:
    world = outage(2, older=1)
    guid = world.hook.add(world.clock() - ago, first, kind=DUE).guid
    world.hook.add(world.clock() - SECOND // 2, UNAVAILABLE, guid=guid, redelivery=True, kind=DUE)
    run(world, retry_spacing=spacing)
    assert guid not in world.sent
    assert world.calls.startswith("L" * 26)


def test_a_gap_is_reported_once_though_the_endpoint_is_down() -> None:
    world = outage(5)
    world.sim.stub.fail_with()
    world.variables.seed("CHECKPOINT", str(world.clock() - 4 * DAY))
    report = run(world)
    assert report.hooks[0].gap is not None
    assert world.checkpoint == str(report.start - 3 * DAY)
