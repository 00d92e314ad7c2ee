"""A run that is killed within a write of its state file leaves the file whole, and the next one finishes the work."""

from __future__ import annotations

import json
import signal

import pytest

from command.program import Server, let_time_pass
from githubsim.hooks import Hook
from githubsim.outcomes import UNAVAILABLE
from redeliver.errors import CheckpointNotSaved

pytestmark = pytest.mark.slow

#: Steps at which the system is asked for something that lasts; the rest makes names and text.
LASTING = ("unlink", "open", "write", "flush", "fsync", "__exit__", "replace", "close")
SURE = ("open", "write", "flush", "fsync", "replace")


def failing(here: Server) -> Hook:
    """Another webhook, with events that failed, and a state file that holds a checkpoint from before."""
    hook = here.live.sim.org_hook("octo")
    for minutes_ago in (50, 40, 5):
        hook.add(here.live.sim.clock() - minutes_ago * 60_000, UNAVAILABLE)
    folder = here.folder / str(hook.id)
    folder.mkdir()
    here.state = folder / "state.json"
    here.state.write_text(json.dumps({here.key(hook): here.live.sim.clock() - 3_600_000}))
    return hook


def whole(here: Server, hook: Hook) -> int:
    """The checkpoint, which the state file holds whatever happened, and nothing else."""
    ((name, value),) = json.loads(here.state.read_bytes()).items()
    assert name == here.key(hook)
    return int(value)


def finish(here: Server, hook: Hook) -> None:
    """The next run, and what must be true after it."""
    sim = here.live.sim
    assert here.served.wait_until_idle()
    let_time_pass(here.state.parent)
    assert here.run(hook_id=str(hook.id)).code == 0
    assert here.served.wait_until_idle()
    sent = [one.guid for one in sim.accepted if one.hook is hook]
    assert sim.truth.undelivered(hook) == []
    assert len(sent) == len(set(sent)) == 3
    assert {path.name for path in here.state.parent.iterdir()} == {"state.json", "state.json.lock"}


@pytest.mark.long
def test_kill_at_any_step_of_a_write_leaves_the_file_whole(here: Server) -> None:
    steps = here.run(hook_id=str(failing(here).id)).steps
    lasting = [number for number, step in enumerate(steps) if step.partition(" ")[2] in LASTING]
    assert {steps[number] for number in lasting} >= {f"{when} {what}" for when in ("before", "after") for what in SURE}
    moved = set()
    for number in lasting:
        hook = failing(here)
        before = whole(here, hook)
        assert here.run(hook_id=str(hook.id), kill_at=number).code == -signal.SIGKILL
        moved.add(whole(here, hook) > before)
        finish(here, hook)
    assert moved == {False, True}
    print(f"killed at {len(lasting)} steps of a run's writes: 0 torn, 0 lost, 0 doubled")


def test_bytes_are_synced_before_the_rename_and_the_folder_after_it(here: Server) -> None:
    steps = [step.removeprefix("after ") for step in here.run(hook_id=str(failing(here).id)).steps]
    order = ["write", "flush", "fsync", "replace", "fsync"]
    assert [step for step in steps if step in order] == order * 2


def test_full_disk_is_reported_before_anything_is_sent(here: Server) -> None:
    hook = failing(here)
    before = whole(here, hook)
    told = here.run(hook_id=str(hook.id), room=20)
    assert told.code == 1
    assert str(CheckpointNotSaved(place=str(here.state), why="File too large.")) in told.err
    assert "Nothing is lost" in told.err
    assert whole(here, hook) == before
    assert not [one for one in here.live.sim.accepted if one.hook is hook]
    finish(here, hook)
