"""A model of everything that can come in a run's way, against the promises.

Hypothesis invents a GitHub, the life of a hook or of several, and what happens to the runs over them; after every run
``promises`` holds each promise against what really happened, and in the end everything heals and nothing may be left.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from githubsim.behaviour import Behaviour
from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.outcomes import OK, UNAVAILABLE, Kind, Outcome, invalid_response, odd
from runs import promises
from runs.lengths import SHRINK, SOAK, examples
from runs.model import World
from runs.strategies import (
    EVERYWHERE,
    FAILURES,
    LATE,
    MINUTES_LATE,
    ODDITY,
    PASTS,
    POISON,
    TROUBLES,
    WHERE,
    absences,
    cuts,
    faults,
    says_nothing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from githubsim.faults import Fault
    from githubsim.receivers import Receiver
    from runs.interference import Cut
    from runs.model import Run
    from runs.parts import Life
    from runs.strategies import Past

pytestmark = pytest.mark.slow

#: About as many calls as a run makes for one hook.
CALLS_OF_A_HOOK = 7
#: Most events are of the first.
TWO_KINDS = (*(Kind(),) * 5, Kind("issues", "opened"))


def profile(*, normal: int, soak: int) -> settings:
    """So many examples."""
    return settings(
        max_examples=examples(normal, soak=soak),
        stateful_step_count=30 if SOAK else 14,
        derandomize=not SOAK,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if SHRINK else [])),
        print_blob=True,
    )


class GitHubAndUs(RuleBasedStateMachine):
    """A hook's life and the runs over it."""

    most_hooks: ClassVar = 1
    tally: ClassVar[Counter[str]] = Counter()
    world: World

    @initialize(
        hooks=st.sampled_from([2, 3]),
        overlap=st.sampled_from(["2m", "10m", "1h"]),
        lookback=st.sampled_from(["24h", "3h"]),
        max_attempts=st.sampled_from(["10", "3", "2", "0"]),
        variable=st.sampled_from(["CHECKPOINT", "CHECKPOINT", ""]),
        moved_over=st.sampled_from([None, None, 5 * HOUR, 30 * HOUR]),
        events=st.sampled_from(["", "", "push"]),
        max_age=st.sampled_from(["", "", "3h", "issues=30m, push=2h", "20m, push=0", "7d"]),
        scan=st.sampled_from(["full", "full", "failures"]),
        ids_from=st.sampled_from(["start", "end"]),
        delivered_at=st.sampled_from(["start", "end"]),
        whole_seconds=st.booleans(),
        status_filter=st.sampled_from([True, True, False]),
        paging=st.sampled_from(["keyset", "offset"]),
        page_cap=st.sampled_from([100, 4, 2]),
        asks_for_more=st.sampled_from([False, False, True]),
        largest_page=st.sampled_from([100, 100, 100, 50, 10]),
        empty_page_every=st.sampled_from([0, 0, 3]),
        retention=st.sampled_from([3 * DAY, DAY]),
        pasts=st.lists(PASTS, max_size=3),
        outage=st.lists(WHERE, max_size=6) | st.just([EVERYWHERE] * 6),
        apart=st.sampled_from([SECOND, 2 * MINUTE]),
        late=st.just(0) | LATE,
        still_down=st.just(0) | WHERE,
        token_lasts=st.sampled_from([None, 20 * DAY, 10 * DAY, 2 * DAY]),
        max_silence=st.sampled_from(["0", "0", "6h"]),
        trouble=st.booleans().flatmap(lambda is_troubled: TROUBLES if is_troubled else st.none()),
    )
    def begin(
        self,
        *,
        hooks: int,
        overlap: str,
        lookback: str,
        max_attempts: str,
        variable: str,
        moved_over: int | None,
        events: str,
        max_age: str,
        scan: str,
        asks_for_more: bool,
        pasts: list[Past],
        outage: list[int],
        apart: int,
        late: int,
        still_down: int,
        token_lasts: int | None,
        max_silence: str,
        trouble: Callable[[Random, int], Receiver] | None,
        **github: Any,  # noqa: ANN401 - fields of Behaviour
    ) -> None:
        self.world = World(
            Behaviour(retention_ms=github.pop("retention"), **github),
            min(hooks, self.most_hooks),
            overlap=overlap,
            lookback=lookback,
            max_attempts=max_attempts,
            variable_name=variable,
            events=events,
            max_age=max_age,
            scan=scan,
            max_silence=max_silence,
        )
        self.world.token_lasts = token_lasts
        if variable and moved_over:
            self.world.keep_checkpoints(self.world.clock() - moved_over)
        if self.world.sim.behaviour.page_cap > 2 and not asks_for_more:
            # Then a page is full, as large ones are. Of two rows no smaller page could prove that they are all.
            self.world.asks_for = self.world.sim.behaviour.page_cap
        self.tally["worlds"] += 1
        for past in pasts:
            self.world.clock.advance(SECOND)
            self.an_event_of_the_past_fails_again(past=past, where=EVERYWHERE)
        self.endpoints_answer(UNAVAILABLE, EVERYWHERE)
        for where in outage:
            self.world.clock.advance(apart)
            self._event_arrives(where)
        if late:
            self.a_row_shows_up_late(age=late, outcome=UNAVAILABLE, where=EVERYWHERE)
        self.endpoints_answer(OK, EVERYWHERE)
        if late:
            # Else all failures would be read, down to the last success.
            self._event_arrives(EVERYWHERE)
            self.world.clock.advance(SECOND)
        if still_down:
            self.endpoints_answer(UNAVAILABLE, still_down)
        if trouble:
            self.endpoints_are_back_with_troubles(trouble=trouble)

    @property
    def _fits_two(self) -> bool:
        """Whether a page holds no more than two rows."""
        return self.world.sim.behaviour.page_cap <= 2

    def _at(self, where: int) -> list[Life]:
        lives = self.world.lives
        return [life for place, life in enumerate(lives) if where >> place & 1] or lives[:1]

    # -- the hooks' lives ----------------------------------------------------------------------------------------

    @rule(
        number=st.integers(1, 3),
        apart=st.sampled_from([0, 1, SECOND, MINUTE]),
        kind=st.sampled_from([Kind(), Kind("issues", "opened")]),
        poison=POISON,
        oddity=ODDITY,
        where=WHERE,
    )
    def events_arrive(
        self, *, number: int, apart: int, kind: Kind, poison: Outcome, oddity: dict[str, object], where: int
    ) -> None:
        for place in range(number):
            self._event_arrives(where, kind, poison, oddity if place == 0 else None)
            self.world.clock.advance(apart)

    def _event_arrives(
        self,
        where: int,
        kind: Kind | None = None,
        poison: Outcome = OK,
        oddity: Mapping[str, object] | None = None,
    ) -> None:
        """To GitHub one event has one guid, however many hooks it goes to."""
        guid = self.world.sim.desk.new_guid()
        for life in self._at(where):
            self._poison(life, guid, poison)
            if oddity and not (life.late and self._fits_two):
                life.endpoint.odd_once[guid] = dict(oddity)
                if not odd(UNAVAILABLE, **oddity).readable:
                    life.unreadable.add(guid)
            life.hook.emit(kind, guid=guid)

    @staticmethod
    def _poison(life: Life, guid: str, poison: Outcome) -> None:
        if not poison.succeeded:
            life.endpoint.by_guid[guid] = poison

    @rule(past=PASTS, where=WHERE)
    def an_event_of_the_past_fails_again(self, past: Past, where: int) -> None:
        """It has failed before, or was delivered, and now somebody has sent it once more."""
        now, guid = self.world.clock(), self.world.sim.desk.new_guid()
        for life in self._at(where):
            for place, outcome in enumerate(past.outcomes):
                at = now - past.age * (len(past.outcomes) - place) // len(past.outcomes)
                life.hook.add(at, outcome, guid=guid, redelivery=place > 0, kind=past.kind)
            life.hook.add(now, past.last, guid=guid, redelivery=True, kind=past.kind)

    @rule(age=LATE, outcome=st.sampled_from([OK, UNAVAILABLE]), where=WHERE)
    def a_row_shows_up_late(self, age: int, outcome: Outcome, where: int) -> None:
        """Its id says when it was written down, and so it stands above rows that are much younger.

        There is one at a time: of a page that holds nothing else, nobody could know that more follows. Nor of one that
        holds one more row, which cannot be read.
        """
        now, guid = self.world.clock(), self.world.sim.desk.new_guid()
        for life in self._at(where):
            if life.unreadable and self._fits_two:
                continue
            if not any(self.world.in_log(row, now) for late in life.late for row in life.hook.log.attempts_of(late)):
                life.late.add(guid)
                life.hook.add(now, outcome, guid=guid, delivered_at=now - age)

    @rule(
        trouble=TROUBLES,
        seed=st.integers(0, 9),
        missed=st.sampled_from([5, 24]),
        outcome=st.sampled_from([UNAVAILABLE, invalid_response(500)]),
        kinds=st.sampled_from([(Kind(),), TWO_KINDS]),
        runs=st.integers(0, 2),
        where=WHERE,
    )
    def endpoints_are_back_with_troubles(
        self,
        *,
        trouble: Callable[[Random, int], Receiver],
        seed: int = 1,
        missed: int = 24,
        outcome: Outcome = UNAVAILABLE,
        kinds: tuple[Kind, ...] = TWO_KINDS,
        runs: int = 1,
        where: int = EVERYWHERE,
    ) -> None:
        """They have missed some events, and now they take some, or some of the time."""
        self.endpoints_answer(outcome, where)
        for place in range(missed):
            self._event_arrives(where, kinds[place % len(kinds)])
            self.world.clock.advance(SECOND)
        self.endpoints_answer(OK, where)
        for life in self._at(where):
            life.endpoint.receiver = trouble(Random(seed), self.world.clock())
        for _ in range(runs):
            self.a_plain_run()
            self.time_passes(HOUR)

    @rule(outcome=st.just(OK) | FAILURES, where=WHERE)
    def endpoints_answer(self, outcome: Outcome, where: int) -> None:
        for life in self._at(where):
            life.endpoint.fail_with(outcome)
            life.endpoint.receiver = None

    @rule(active=st.booleans())
    def the_webhook_is_switched(self, *, active: bool) -> None:
        """Off or on, where it is given by its id: of several, ``all`` leaves out those that are off."""
        if self.most_hooks == 1:
            self.world.hook.active = active

    @rule()
    def the_poison_is_cured(self) -> None:
        for life in self.world.lives:
            life.endpoint.by_guid.clear()

    @rule(which=st.integers(0, 9), poison=POISON, where=WHERE)
    def somebody_redelivers(self, which: int, where: int, poison: Outcome = OK) -> None:
        for life in self._at(where):
            shown = [row for row in life.hook.log.rows if self.world.in_log(row, self.world.clock())]
            if shown:
                row = shown[-1 - which % len(shown)]
                self._poison(life, row.guid, poison)
                self.world.sim.desk.accept(life.hook, row)

    @rule(
        milliseconds=st.sampled_from(
            [1, 300, SECOND, 20 * SECOND, MINUTE, 15 * MINUTE, HOUR, 5 * HOUR, 20 * HOUR, 2 * DAY]
        )
    )
    def time_passes(self, milliseconds: int) -> None:
        self.world.clock.advance(milliseconds)
        self.world.sim.run_due()

    @rule(
        appears=MINUTES_LATE | st.sampled_from([MINUTE, 9 * MINUTE, 50 * MINUTE]),
        redelivers=MINUTES_LATE | st.sampled_from([10 * MINUTE, 2 * HOUR]),
    )
    def github_takes_longer(self, appears: int, redelivers: int) -> None:
        """As late as the settings allow for, and out of order no further than GitHub's own time-out makes them."""
        behaviour, overlap = self.world.sim.behaviour, self.world.settings().overlap * SECOND
        most = 40 * SECOND if behaviour.ids_from == "end" else overlap - 10 * SECOND
        behaviour.appears_ms, behaviour.redelivery_ms = min(appears, most), redelivers

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
        cut=st.none() | cuts(),
        bad=st.lists(faults() | absences(), max_size=2),
        happenings=st.dictionaries(
            st.integers(1, 10),
            st.sampled_from(["event", "fail", "heal", "human", "run", "limit", "late"]),
            max_size=2,
        ),
        later=st.integers(0, 2),
        where=WHERE,
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
        later: int,
        where: int,
    ) -> None:
        # Runs over several hooks are longer, and all of them shall be hit.
        more = later % len(self.world.lives) * CALLS_OF_A_HOOK
        run = self.world.watch(
            cut=cut and replace(cut, nth=cut.nth + more),
            faults=tuple(fault for fault in bad if not says_nothing(fault.effect) or self.world.end_can_be_told),
            happenings={nth + more: self._happening(name, where) for nth, name in happenings.items()},
            retry_spacing=spacing,
            wait_for_results=wait,
            time_limit=limit,
            redeliveries_per_minute=pace,
            dry_run=dry,
        )
        self._keeps_all(run)

    @rule()
    def a_plain_run(self) -> None:
        self._keeps_all(self.world.watch())

    def _keeps_all(self, run: Run) -> None:
        promises.keep_all(self.world, run)
        self.tally.update(
            runs=1,
            crashed=run.report is None,
            signalled=run.signalled,
            requests=len(run.calls),
            faults=sum(call.faulty for call in run.calls),
            redeliveries=len(run.accepted),
        )

    def _happening(self, name: str, where: int) -> Callable[[], object]:
        happenings: dict[str, Callable[[], object]] = {
            "event": partial(self._event_arrives, where),
            "fail": partial(self.endpoints_answer, UNAVAILABLE, where),
            "heal": partial(self.endpoints_answer, OK, where),
            "human": partial(self.somebody_redelivers, which=0, where=where),
            "run": self._another_run,
            "late": partial(self.a_row_shows_up_late, age=5 * HOUR, outcome=OK, where=where),
            "limit": partial(self.somebody_else_meets_the_limit, 403, True, 60),  # noqa: FBT003
        }
        return happenings[name]

    def _another_run(self) -> None:
        """A whole second run, while the first one waits for an answer."""
        run = self.world.watch()
        run.undisturbed = False
        self._keeps_all(run)

    def teardown(self) -> None:
        """Everything heals: what is not settled by now is settled by the next runs, and all of it."""
        if not hasattr(self, "world"):
            return
        world, behaviour = self.world, self.world.sim.behaviour
        self.endpoints_answer(OK, EVERYWHERE)
        self.the_poison_is_cured()
        behaviour.redelivery_ms, behaviour.appears_ms = SECOND, 200
        for wait in (0, HOUR + MINUTE, 4 * HOUR):
            world.clock.advance(wait)
            world.sim.run_due()
            self._keeps_all(world.watch())
        now, wanted = world.clock(), world.settings()
        for life in world.lives:
            for guid, rows in life.failed_events().items():
                done = not world.is_open(life.hook.log, rows, now, wanted)
                assert done or guid in life.excepted or not life.is_ours(rows, now, wanted), guid


class SeveralHooks(GitHubAndUs):
    """Two or three hooks of one owner in one run, some of whose events have the same guid."""

    most_hooks = 3
    tally: ClassVar = Counter()


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.parametrize(
    ("machine", "wanted"),
    [(GitHubAndUs, profile(normal=150, soak=30_000)), (SeveralHooks, profile(normal=80, soak=20_000))],
    ids=["one webhook", "several"],
)
def test_the_promises_hold_whatever_happens(machine: type[GitHubAndUs], wanted: settings) -> None:
    try:
        run_state_machine_as_test(machine, settings=wanted)
    finally:
        print(", ".join(f"{count:,} {what}" for what, count in machine.tally.items()))
