"""The requests of whole runs, in order, compared with a snapshot.

After an intended change, run once with ``UPDATE_SNAPSHOTS=1`` and review the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from githubsim.clock import MINUTE
from githubsim.outcomes import OK, TIMED_OUT
from world import World

if TYPE_CHECKING:
    from collections.abc import Callable

SNAPSHOTS = Path(__file__).parent / "requests"


def first_run() -> World:
    world = World()
    world.fail(30)
    world.run()
    return world


def nothing_to_do() -> World:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - 15 * MINUTE))
    for minutes_ago in range(1, 150):
        world.fail(minutes_ago, OK)
    world.run()
    return world


def recovery() -> World:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - 60 * MINUTE))
    for minutes_ago in range(2, 240, 2):
        world.fail(minutes_ago + 0.5, OK)
    old = world.fail(600)
    world.again(old, 40, TIMED_OUT)
    for minutes_ago in (50, 40, 30, 20, 10):
        world.fail(minutes_ago)
    world.run()
    return world


STORIES: dict[str, Callable[[], World]] = {
    "first_run": first_run,
    "nothing_to_do": nothing_to_do,
    "recovery": recovery,
}


@pytest.mark.parametrize("name", STORIES)
def test_a_run_makes_the_requests_of_its_snapshot(name: str) -> None:
    entries = STORIES[name]().sim.journal.entries
    made = "".join(f"{entry.line} {entry.body.decode()}".rstrip() + "\n" for entry in entries)
    snapshot = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(made, encoding="utf-8")
    assert made == snapshot.read_text(encoding="utf-8")
