"""Whatever somebody writes into the checkpoint's variable: nothing is sent twice, and what is no time stops the run."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from githubsim.clock import DAY, START
from githubsim.outcomes import OK
from hostile.strange import text
from runs.lengths import examples
from world import World


@given(st.integers(0, 3 * DAY))
@settings(max_examples=examples(20, soak=800), deadline=None)
@example(0)
def test_checkpoint_moved_back_sends_nothing_twice(back: int) -> None:
    world = World()
    missed = [world.fail(minutes) for minutes in (2_000, 60, 5)]
    world.run(wait_for_results="10s", lookback="3d")
    world.again(world.fail(30), 20, OK)
    world.variables.update("CHECKPOINT", str(world.clock() - back), world.clock())
    world.run(wait_for_results="10s")
    assert sorted(world.sent) == sorted(missed)


@given(text | st.integers(START + DAY, 10**20).map(str) | st.integers(-(10**20), -1).map(str))
@settings(max_examples=examples(30, soak=1_600), deadline=None)
@example("9" * 5_000)
@example("1e12")
@example("٣" * 13)
@example("1794000000000\x1c")
def test_invalid_or_future_checkpoint_stops_the_run_and_is_left(said: str) -> None:
    world = World()
    world.fail(5)
    world.variables.seed("CHECKPOINT", said)
    report = world.run()
    if report.errors:
        assert world.checkpoint == said
        assert world.sent == []
    else:
        assert said.strip().isdigit()
        assert int(said.strip()) <= world.started
