"""A model of what can come in a replay's way: nothing else is sent, nothing twice, and the report is true."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.behaviour import Behaviour
from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.faults import Fault
from githubsim.outcomes import OK, UNAVAILABLE, Kind, Outcome
from redeliver.core.redelivery import Outcome as Became
from runs.interference import Cut
from runs.model import World
from runs.replaying import ReplayRun, replay
from runs.strategies import FAILURES, LIMITS, NOES, POISON, WHEN, faults
from runs.test_model import profile

pytestmark = pytest.mark.slow

KINDS = st.sampled_from([Kind(), Kind("issues", "opened")])
#: Minutes before the replay, how it ended, of which type, and what becomes of it from now on.
PAST = st.lists(st.tuples(st.integers(1, 200), st.just(OK) | FAILURES, KINDS, POISON), min_size=3, max_size=9)
GITHUB = st.fixed_dictionaries(
    {
        "ids_from": st.sampled_from(["start", "end"]),
        "delivered_at": st.sampled_from(["start", "end"]),
        "whole_seconds": st.booleans(),
        "paging": st.sampled_from(["keyset", "offset"]),
        "page_cap": st.sampled_from([100, 3, 2]),
        "empty_page_every": st.sampled_from([0, 0, 3]),
        "redelivery_ms": st.sampled_from([200, 5 * SECOND]),
        "appears_ms": st.sampled_from([0, 900, 40 * SECOND, 10 * MINUTE]),
    }
)
HOW = st.fixed_dictionaries(
    {
        "from": st.sampled_from(["1h", "2h", "3h", "3d"]),
        "to": st.sampled_from(["", "", "30m"]),
        "events": st.sampled_from(["", "", "push"]),
        "limit": st.sampled_from(["500", "500", "500", "4"]),
        "send": st.sampled_from(["true", "true", "true", "false"]),
        "wait_for_results": st.sampled_from(["60s", "60s", "0"]),
        "time_limit": st.sampled_from(["30m", "30m", "20s"]),
        "redeliveries_per_minute": st.sampled_from(["150", "6"]),
    }
)
#: A replay's calls are: the time, the pages of the log, the requests, and looks at the log.
CUTS = st.builds(
    Cut,
    how=st.sampled_from(["crash", "signal"]),
    where=st.sampled_from(["call", "call", "call", "wait", "word"]),
    nth=st.integers(1, 9),
    when=st.sampled_from(WHEN),
)
NO = st.builds(
    lambda effect, nth: Fault(effect, verb="POST", path="*/attempts", nth=nth),
    st.sampled_from([one for one in NOES if one not in LIMITS]),
    st.integers(1, 4),
)
TALLY: Counter[str] = Counter()


def a_world(github: dict[str, Any], past: list[tuple[int, Outcome, Kind, Outcome]]) -> World:
    world = World(Behaviour(retention_ms=3 * DAY, **github))
    now = world.clock()
    for minutes, outcome, kind, fate in sorted(past, key=lambda one: -one[0]):
        guid = world.hook.add(now - minutes * MINUTE, outcome, kind=kind).guid
        if not fate.succeeded:
            world.life.endpoint.by_guid[guid] = fate
    # What the log shows late is there by now, and every moment is another one.
    world.clock.advance(10 * MINUTE + 7)
    return world


def note(run: ReplayRun) -> None:
    TALLY["replays"] += 1
    TALLY["crashes"] += run.replay is None
    TALLY.update(run.replay.outcomes if run.replay else {})


@profile(normal=350, soak=20_000)
@given(
    github=GITHUB,
    past=PAST,
    how=HOW,
    down=st.booleans(),
    bad=st.lists(faults() | NO, max_size=2),
    cut=st.none() | CUTS,
    then=HOW,
)
def replays(
    *,
    github: dict[str, Any],
    past: list[tuple[int, Outcome, Kind, Outcome]],
    how: dict[str, str],
    down: bool,
    bad: list[Any],
    cut: Cut | None,
    then: dict[str, str],
) -> None:
    world = a_world(github, past)
    world.life.endpoint.outcome = UNAVAILABLE if down else OK
    note(replay(world, how, cut=cut, faults=tuple(bad)))
    world.clock.advance(3 * SECOND)
    note(replay(world, then))
    # The one who replays has the next window or the next GUIDs; a run in between changes nothing of that.
    world.run(lookback="3h", wait_for_results="0")
    world.clock.advance(11 * MINUTE)
    if guids := [guid for guid, rows in world.life.events().items() if rows[0].delivered_at > world.clock() - DAY]:
        note(replay(world, {"guid": ",".join(guids[:3]), "send": then["send"]}))


@pytest.mark.long
def test_a_replay_keeps_its_promises_whatever_comes_in_its_way_and_every_outcome_is_seen() -> None:
    replays()
    print(dict(TALLY))
    assert TALLY["crashes"] > 5
    missing = {one for one in Became if not TALLY[one]} - {
        *(Became.GIVEN_UP, Became.EXPIRED, Became.NOT_DUE, Became.FILTERED_OUT, Became.TOO_OLD, Became.UNCHECKED)
    }
    assert not missing


@profile(normal=60, soak=5_000)
@given(github=GITHUB, number=st.integers(1, 9), cut=CUTS)
def test_a_replay_that_was_cut_short_is_looked_up_and_finished(
    *, github: dict[str, Any], number: int, cut: Cut
) -> None:
    world = a_world(github, [(20 + 3 * place, OK, Kind(), OK) for place in range(number)])
    began = world.clock()
    everything = {"from": "3h", "wait_for_results": "0"}
    replay(world, everything | {"send": "true"}, cut=cut)
    world.clock.advance(20 * MINUTE)  # the log shows everything by then
    plan = replay(world, everything).replay
    assert plan
    assert plan.plan
    done = plan.plan.redelivered
    rest = plan.unfinished if done else tuple(event.guid for event, _ in plan.events)
    assert done + len(rest) == number
    if rest:
        finished = replay(world, {"guid": ",".join(rest), "send": "true"}).replay
        assert finished
        assert finished.sent == len(rest)
    world.clock.advance(20 * MINUTE)
    sent = Counter(one.guid for one in world.sim.accepted if one.accepted_at >= began)
    assert sent == dict.fromkeys(world.life.events(), 1)
    assert world.clock() - began < HOUR
