"""``make bench``, third part: days of runs in virtual time, counted in requests; the same numbers on every machine."""

from __future__ import annotations

import json
import statistics
import sys
from typing import TYPE_CHECKING

from days import EVERY, Days, redeliver_meanwhile, sent_twice, went_well
from githubsim.clock import HOUR, MINUTE, SECOND
from githubsim.endpoint import Outage
from githubsim.limits import COUNTED
from githubsim.outcomes import OK, UNAVAILABLE
from world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from days import Cost

#: What GitHub allows a personal token an hour, and an App in an organization with GitHub Enterprise Cloud.
PERSON, ENTERPRISE_APP = 5_000, 15_000


def table(*columns: str) -> None:
    """A table's head."""
    print("\n| " + " | ".join(columns) + " |\n| :--" + " | --:" * (len(columns) - 1) + " |")


def row(*cells: object) -> None:
    """A table's row."""
    print("|", " | ".join(str(cell) for cell in cells), "|", flush=True)


def usual() -> None:
    """Days on which all goes well, or a few events cannot be helped."""
    table("deliveries", "list calls a run: median", "mean", "most", "requests an hour", "minutes a run")
    for what, hook, days in (
        ("10,000 a day, all well", Days(10_000), 1),
        ("100,000 a day, all well", Days(100_000), 1),
        ("the same, `scan: failures`", Days(100_000, settings={"scan": "failures"}), 1),
        ("1,000,000 a day, all well", Days(1_000_000), 0.25),
        ("the same, `scan: failures`", Days(1_000_000, settings={"scan": "failures"}), 0.25),
        ("100,000 a day, 2 poisoned events a day, three days", Days(100_000, 2), 3),
        ("100,000 a day, 20 poisoned events a day, three days", Days(100_000, 20), 3),
    ):
        runs = [*hook.runs(days)]
        lists = [run.lists for run in runs]
        row(what, f"{statistics.median(lists):.0f}", f"{statistics.mean(lists):.0f}", max(lists), *_an_hour(runs))


def _an_hour(runs: Sequence[Cost]) -> tuple[str, str]:
    requests = statistics.mean(run.requests for run in runs) * HOUR / EVERY
    return f"{requests:,.0f}", f"{statistics.mean(run.ended - run.began for run in runs) / MINUTE:.1f}"


def outages() -> None:
    """An endpoint that was down: how long until everything has arrived."""
    table(
        "deliveries a day",
        "down for",
        "events",
        "requests allowed an hour",
        "`time-limit`",
        "requests",
        "minutes of runs",
        "hours until all had arrived",
    )
    for a_day, hours, allowed, time_limit in (
        (100_000, 3, PERSON, "5h"),
        (100_000, 24, PERSON, "5h"),
        (100_000, 36, PERSON, "5h"),
        (100_000, 48, PERSON, "5h"),
        (100_000, 24, PERSON, "30m"),
        (1_000_000, 1, PERSON, "5h"),
        (1_000_000, 1, ENTERPRISE_APP, "5h"),
    ):
        hook = Days(a_day, down_hours=hours, hourly=allowed, settings={"time_limit": time_limit}, is_live=True)
        every_run = [*hook.runs_until_all_is_well(6)]
        if any(run.report.lost for run in every_run) or hook.world.sim.truth.needlessly_redelivered():
            raise AssertionError("an event was lost, or sent again after its success")
        runs = [run for run in every_run if run.ended > hook.outage.end]
        requests = sum(run.requests for run in runs)
        minutes = sum(run.ended - run.began for run in runs) / MINUTE
        took = (runs[-1].ended - hook.outage.end) / HOUR
        events = a_day * hours // 24
        row(
            f"{a_day:,}",
            f"{hours} h",
            f"{events:,}",
            f"{allowed:,}",
            time_limit,
            f"{requests:,}",
            f"{minutes:,.0f}",
            f"{took:.1f}",
        )


def disturbed() -> None:
    """A run over the backlog of a day's outage in which something happens after ten minutes."""
    table("100,000 events wait, and ten minutes into the run", "redeliveries in vain from then on")
    for what, down_for, others in (
        ("the receiver goes down again", 12 * HOUR, 0),
        ("somebody else begins to redeliver 2,000 of them, one a second", 0, 2_000),
    ):
        hook = Days(100_000, down_hours=24, is_live=True)
        world = hook.world
        hook.pass_by(26 * HOUR)
        failed = [one for one in world.hook.log.rows if not one.outcome.succeeded]
        moment = world.clock() + 10 * MINUTE
        world.sim.stub.outages.append(Outage(moment, moment + down_for))
        # Those that the run comes to in its second hour.
        redeliver_meanwhile(world, failed[8_000 : 8_000 + others], moment, every=SECOND)
        world.run(latency_ms=100, time_limit="3h")
        late = [one for one in world.sim.accepted if one.accepted_at >= moment]
        row(what, len(sent_twice(world)) if others else len(late))


def outages_where_redeliveries_count() -> None:
    """The same where GitHub counts a redelivery as a request that creates content, of which it allows 500 an hour."""
    table(
        "events",
        "`redeliveries-per-minute`",
        "`time-limit`",
        "runs",
        "requests",
        "requests over the limit",
        "hours until all had arrived",
    )
    for events, pace, time_limit in (
        (1_000, "150", "30m"),
        (1_000, "8", "30m"),
        (10_000, "150", "30m"),
        (10_000, "8", "30m"),
        (10_000, "8", "5h"),
    ):
        world = World()
        policy, sim = world.sim.limits.policy, world.sim
        policy.redeliveries_a_minute, policy.redeliveries_an_hour = COUNTED
        over = world.clock()
        world.hook.load(world.hook.row(over - HOUR + place * HOUR // events, UNAVAILABLE) for place in range(events))
        runs = 0
        while sim.truth.undelivered():
            due = over + ((world.clock() - over) // EVERY + 1) * EVERY
            world.clock.advance(due - world.clock())
            sim.run_due()
            world.run(latency_ms=100, redeliveries_per_minute=pace, time_limit=time_limit)
            runs += 1
            sim.run_due()
        if sim.truth.needlessly_redelivered():
            raise AssertionError("an event was sent again after its success")
        row(
            f"{events:,}",
            pace,
            time_limit,
            runs,
            f"{len(sim.journal.entries):,}",
            sim.limits.violations,
            f"{(world.clock() - over) / HOUR:.1f}",
        )


def fleets() -> None:
    """Many webhooks in one run, each with a few deliveries."""
    table("webhooks in one run, all well", "requests", "minutes", "runs an hour: personal token", "an enterprise's App")
    for number, of_repositories in ((10, False), (100, False), (1_000, False), (1_000, True)):
        world = World()
        hooks = [world.hook, *(world.sim.org_hook("octo") for _ in range(number - 1))]
        if of_repositories:
            hooks = [world.sim.repo_hook(f"octo/r{place:04}") for place in range(number)]
        now = world.clock()
        for hook in hooks:
            hook.load(hook.row(now - minute * MINUTE, OK) for minute in range(60, 0, -1))
        world.variables.seed("CHECKPOINT_ALL", json.dumps({str(hook.id): now - HOUR for hook in hooks}))
        whose = {"org": "", "repository": "octo/*"} if of_repositories else {}
        report = world.run({"hook-id": "all", **whose}, latency_ms=100)
        went_well(world, report)
        if report.scanned != 60 * number:
            raise AssertionError("not all of it was read")
        requests = len(world.sim.journal.entries)
        minutes = (world.clock() - now) / MINUTE
        row(
            f"{number:,}" + ", each of another repository" * of_repositories,
            f"{requests:,}",
            f"{minutes:.1f}",
            *(_most(requests, allowed) for allowed in (PERSON, ENTERPRISE_APP)),
        )


def _most(requests: int, allowed: int) -> int:
    """Runs that fit into an hour, and no more than one a quarter of an hour."""
    return min(allowed // requests, HOUR // EVERY)


def main() -> int:
    print("Virtual time, a run every 15 minutes, 100 ms a call; no limit of GitHub's was broken but where it is said.")
    for part in (usual, outages, disturbed, outages_where_redeliveries_count, fleets):
        part()
    return 0


if __name__ == "__main__":
    sys.exit(main())
