"""A model of everything that can come in a run's way, against the promises.

Hypothesis invents a GitHub, a hook's life and what happens to the runs over it; after every run ``promises`` holds
each promise against what really happened, and in the end everything heals and nothing may be left.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from githubsim import outcomes
from githubsim.behaviour import Behaviour
from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.faults import Fault, Rewrite, every_kind, json_answer, redirect
from githubsim.outcomes import Kind, Outcome, invalid_response
from guarantees import promises
from guarantees.interference import Cut
from guarantees.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

PROFILES = {
    "normal": settings(max_examples=2_000, stateful_step_count=14, derandomize=True),
    "soak": settings(max_examples=50_000, stateful_step_count=30),
}
PROFILE = settings(
    PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "normal")],
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    print_blob=True,
)

FAILURES = st.sampled_from([*outcomes.FAILURES, invalid_response(404), invalid_response(422)])
MINUTES_LATE = st.sampled_from([0, 200, 900, 5 * SECOND, 40 * SECOND])
PATHS = st.sampled_from(["*", "*/deliveries", "*/attempts", "*/actions/variables*"])
LIMITS = (
    json_answer(429, "Slow down"),
    json_answer(429, "Slow down", retry_after="20"),
    json_answer(403, "You have exceeded a secondary rate limit."),
    json_answer(403, "You have exceeded a secondary rate limit.", retry_after="90"),
)
#: What GitHub says without having done anything.
NOES = (
    *(json_answer(status, "No") for status in (401, 403, 404, 410, 422)),
    redirect("https://elsewhere.example/"),
    *LIMITS,
)


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    """One fault, at some request of a run, before or after its effect."""
    verb, path = draw(st.sampled_from(["*", "GET", "POST", "PATCH"])), draw(PATHS)
    nth, times = draw(st.integers(1, 6)), draw(st.sampled_from([1, 1, 2, 5]))
    kind = draw(st.sampled_from(["every", "no", "rewrite"]))
    if kind == "no":
        return Fault(draw(st.sampled_from(NOES)), verb=verb, path=path, nth=nth, times=times)
    if kind == "rewrite":
        return Fault(Rewrite(draw(st.sampled_from([200, 500]))), verb="POST", path="*/attempts", nth=nth, times=times)
    chosen = draw(st.sampled_from(list(every_kind())))
    return Fault(chosen.effect, verb=verb, path=path, nth=nth, times=times, when=chosen.when)


CUTS = st.builds(
    Cut,
    how=st.sampled_from(["crash", "signal"]),
    where=st.sampled_from(["call", "call", "wait", "word"]),
    nth=st.integers(1, 14),
    when=st.sampled_from(["before", "after"]),
)


class GitHubAndUs(RuleBasedStateMachine):
    """A hook's life and the runs over it."""

    world: World

    @initialize(
        overlap=st.sampled_from(["2m", "10m", "1h"]),
        lookback=st.sampled_from(["24h", "3h"]),
        max_attempts=st.sampled_from(["10", "3", "2", "0"]),
        variable=st.sampled_from(["CHECKPOINT", "CHECKPOINT", ""]),
        events=st.sampled_from(["", "", "push"]),
        scan=st.sampled_from(["full", "full", "full", "failures"]),
        ids_from=st.sampled_from(["start", "end"]),
        delivered_at=st.sampled_from(["start", "end"]),
        whole_seconds=st.booleans(),
        status_filter=st.booleans(),
        paging=st.sampled_from(["keyset", "offset"]),
        page_cap=st.sampled_from([100, 3, 2]),
        empty_page_every=st.sampled_from([0, 0, 3]),
        retention=st.sampled_from([3 * DAY, DAY]),
    )
    def begin(
        self,
        *,
        overlap: str,
        lookback: str,
        max_attempts: str,
        variable: str,
        events: str,
        scan: str,
        **github: Any,  # noqa: ANN401 - fields of Behaviour
    ) -> None:
        self.world = World(
            Behaviour(retention_ms=github.pop("retention"), **github),
            overlap=overlap,
            lookback=lookback,
            max_attempts=max_attempts,
            variable_name=variable,
            events=events,
            scan=scan,
        )

    # -- the hook's life -----------------------------------------------------------------------------------------

    @rule(
        number=st.integers(1, 3),
        apart=st.sampled_from([0, 1, SECOND, MINUTE]),
        kind=st.sampled_from([Kind(), Kind("issues", "opened")]),
    )
    def events_arrive(self, number: int, apart: int, kind: Kind) -> None:
        for _ in range(number):
            self.world.hook.emit(kind)
            self.world.clock.advance(apart)

    @rule(outcome=FAILURES)
    def a_poisoned_event_arrives(self, outcome: Outcome) -> None:
        guid = self.world.sim.desk.guids.new()
        self.world.endpoint.by_guid[guid] = outcome
        self.world.hook.emit(guid=guid)

    @rule(outcome=FAILURES)
    def the_endpoint_fails(self, outcome: Outcome) -> None:
        self.world.endpoint.fail_with(outcome)

    @rule()
    def the_endpoint_heals(self) -> None:
        self.world.endpoint.heal()

    @rule()
    def the_poison_is_cured(self) -> None:
        self.world.endpoint.by_guid.clear()

    @rule(which=st.integers(0, 9))
    def somebody_redelivers(self, which: int) -> None:
        shown = [row for row in self.world.hook.log.rows if self.world.in_log(row, self.world.clock())]
        if shown:
            self.world.sim.desk.accept(self.world.hook, shown[-1 - which % len(shown)], request=0)

    @rule(
        milliseconds=st.sampled_from(
            [1, 300, SECOND, 20 * SECOND, MINUTE, 15 * MINUTE, HOUR, 5 * HOUR, 20 * HOUR, 2 * DAY]
        )
    )
    def time_passes(self, milliseconds: int) -> None:
        self.world.clock.advance(milliseconds)
        self.world.sim.run_due()

    @rule(appears=MINUTES_LATE | st.sampled_from([MINUTE, 9 * MINUTE, 50 * MINUTE]))
    def rows_appear_later(self, appears: int) -> None:
        """As late as the settings allow for, and out of order no further than GitHub's own time-out makes them."""
        behaviour, overlap = self.world.sim.behaviour, self.world.settings().overlap * SECOND
        most = 40 * SECOND if behaviour.ids_from == "end" else overlap - 10 * SECOND
        behaviour.appears_ms = min(appears, most)

    @rule(later=MINUTES_LATE | st.sampled_from([10 * MINUTE, 2 * HOUR]))
    def redeliveries_take_longer(self, later: int) -> None:
        self.world.sim.behaviour.redelivery_ms = later

    @rule(status=st.sampled_from([403, 429]), says=st.booleans(), seconds=st.sampled_from([10, 60, 600]))
    def somebody_else_meets_the_limit(self, status: int, says: bool, seconds: int) -> None:  # noqa: FBT001
        limits = self.world.sim.limits
        limits.policy.status, limits.policy.retry_after = status, says
        limits.block("token-1", self.world.clock(), seconds * SECOND)

    @rule(left=st.integers(0, 12))
    def somebody_else_uses_up_the_hour(self, left: int) -> None:
        limits, now = self.world.sim.limits, self.world.clock()
        limits.spend("token-1", max(0, 5_000 - left - limits.account("token-1", now).used), now)

    # -- the runs ------------------------------------------------------------------------------------------------

    @rule(
        spacing=st.sampled_from(["10m", "0", "1h"]),
        wait=st.sampled_from(["60s", "0", "5s"]),
        limit=st.sampled_from(["30m", "30m", "2m", "3h"]),
        pace=st.sampled_from(["150", "2"]),
        dry=st.sampled_from(["false", "false", "false", "true"]),
        cut=st.none() | CUTS,
        bad=st.lists(faults(), max_size=2),
        happenings=st.dictionaries(
            st.integers(1, 10),
            st.sampled_from(["event", "fail", "heal", "human", "run", "limit"]),
            max_size=2,
        ),
    )
    def a_run(
        self,
        *,
        spacing: str,
        wait: str,
        limit: str,
        pace: str,
        dry: str,
        cut: Cut | None,
        bad: list[Fault],
        happenings: dict[int, str],
    ) -> None:
        run = self.world.run(
            cut=cut,
            faults=tuple(bad),
            happenings={nth: self._happening(name) for nth, name in happenings.items()},
            retry_spacing=spacing,
            wait_for_results=wait,
            time_limit=limit,
            redeliveries_per_minute=pace,
            dry_run=dry,
        )
        promises.keep_all(self.world, run)

    @rule()
    def a_plain_run(self) -> None:
        promises.keep_all(self.world, self.world.run())

    def _happening(self, name: str) -> Callable[[], object]:
        happenings: dict[str, Callable[[], object]] = {
            "event": partial(self.world.hook.emit),
            "fail": self.world.endpoint.fail_with,
            "heal": self.world.endpoint.heal,
            "human": partial(self.somebody_redelivers, which=0),
            "run": self._another_run,
            "limit": partial(self.somebody_else_meets_the_limit, 403, True, 60),  # noqa: FBT003
        }
        return happenings[name]

    def _another_run(self) -> None:
        """A whole second run, while the first one waits for an answer."""
        run = self.world.run()
        run.undisturbed = False
        promises.keep_all(self.world, run)

    def teardown(self) -> None:
        """Everything heals: what is not settled by now is settled by the next runs, and all of it."""
        if not hasattr(self, "world"):
            return
        world, behaviour = self.world, self.world.sim.behaviour
        world.endpoint.heal()
        world.endpoint.by_guid.clear()
        behaviour.redelivery_ms, behaviour.appears_ms = SECOND, 200
        for wait in (0, HOUR + MINUTE, 4 * HOUR):
            world.clock.advance(wait)
            world.sim.run_due()
            run = world.run()
            if not run.limits_met:
                promises.keep_all(world, run)
        for guid, rows in world.events().items():
            done = not world.is_open(rows, world.clock(), world.settings())
            assert done or guid in world.unseen or not world.is_ours(rows, world.clock(), world.settings()), guid


GitHubAndUs.TestCase.settings = PROFILE
TestModel = pytest.mark.timeout(0)(GitHubAndUs.TestCase)
