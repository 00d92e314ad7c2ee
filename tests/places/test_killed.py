"""A run that is killed within a write of its state file leaves the file whole, and the next one finishes the work."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest

from githubsim.outcomes import UNAVAILABLE
from places import killer
from places.command import Server, environment, server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from githubsim.hooks import Hook

#: Steps at which the system is asked for something that lasts; the rest makes names and text.
LASTING = ("unlink", "open", "write", "flush", "fsync", "__exit__", "replace", "close")
SURE = ("open", "write", "flush", "fsync", "replace")


class Killer:
    """Starts runs, and has them killed."""

    def __init__(self, here: Server, asks: IO[str], answers: IO[str]) -> None:
        self.here = here
        self.served = here.served
        self._asks = asks
        self._answers = answers

    def run(self, hook: Hook, **how: int) -> dict[str, Any]:
        """One run over one webhook, with a state file of its own."""
        argv = ["run", *self.here.flags(state=False), "--wait-for-results", "0"]
        argv[argv.index("--hook-id") + 1] = str(hook.id)
        print(json.dumps({"argv": [*argv, "--state-file", str(self.state(hook))], **how}), file=self._asks, flush=True)
        answer: dict[str, Any] = json.loads(self._answers.readline())
        return answer

    def state(self, hook: Hook) -> Path:
        folder = self.here.folder / str(hook.id)
        folder.mkdir(exist_ok=True)
        return folder / "state.json"

    def failing(self) -> Hook:
        """Another webhook, with events that failed, and a checkpoint from before."""
        hook = self.here.live.sim.org_hook("octo")
        for minutes_ago in (50, 40, 5):
            hook.add(self.here.live.sim.clock() - minutes_ago * 60_000, UNAVAILABLE)
        before = self.here.live.sim.clock() - 3_600_000
        self.state(hook).write_text(json.dumps({key(self.here, hook): before}))
        return hook


def key(here: Server, hook: Hook) -> str:
    """What a webhook's checkpoint goes by in the state file."""
    return f"{here.api_url.partition('://')[2]}/orgs/octo/hooks/{hook.id}"


@contextmanager
def started(folder: Path) -> Iterator[Killer]:
    with (
        server(folder) as here,
        subprocess.Popen(
            [sys.executable, str(Path(killer.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        ) as process,
    ):
        assert process.stdin
        assert process.stdout
        yield Killer(here, process.stdin, process.stdout)
        process.stdin.close()


@pytest.fixture(scope="module")
def killing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killer]:
    with started(tmp_path_factory.mktemp("server")) as one:
        yield one


def whole(killing: Killer, hook: Hook) -> int:
    """The checkpoint, which the state file holds whatever happened, and nothing else."""
    ((name, value),) = json.loads(killing.state(hook).read_bytes()).items()
    assert name == key(killing.here, hook)
    return int(value)


def finish(killing: Killer, hook: Hook) -> None:
    """The next run, and what must be true after it."""
    sim = killing.here.live.sim
    assert killing.served.wait_until_idle()
    assert killing.run(hook)["code"] == 0
    assert killing.served.wait_until_idle()
    sent = [one.guid for one in sim.accepted if one.hook is hook]
    assert sim.truth.undelivered(hook) == []
    assert len(sent) == len(set(sent)) == 3
    assert {path.name for path in killing.state(hook).parent.iterdir()} == {"state.json", "state.json.lock"}


def test_a_kill_at_any_step_of_any_write_leaves_the_file_whole_and_the_next_run_finishes(killing: Killer) -> None:
    steps = killing.run(killing.failing())["steps"]
    lasting = [number for number, step in enumerate(steps) if step.partition(" ")[2] in LASTING]
    assert {steps[number] for number in lasting} >= {f"{when} {what}" for when in ("before", "after") for what in SURE}
    moved = set()
    for number in lasting:
        hook = killing.failing()
        before = whole(killing, hook)
        assert killing.run(hook, kill_at=number)["code"] == -signal.SIGKILL
        moved.add(whole(killing, hook) > before)
        finish(killing, hook)
    assert moved == {False, True}


@pytest.mark.parametrize("room", [0, 1, 20])
def test_a_kill_within_the_writing_of_the_bytes_leaves_the_old_file(killing: Killer, room: int) -> None:
    hook = killing.failing()
    before = whole(killing, hook)
    assert killing.run(hook, cut=room)["code"] == -signal.SIGXFSZ
    assert whole(killing, hook) == before
    finish(killing, hook)


def test_a_full_disk_is_told_before_anything_is_sent(killing: Killer) -> None:
    hook = killing.failing()
    before = whole(killing, hook)
    told = killing.run(hook, room=20)
    assert told["code"] == 1
    assert f"The checkpoint could not be saved in {killing.state(hook)}: File too large." in told["said"]
    assert "Nothing is lost" in told["said"]
    assert whole(killing, hook) == before
    assert not [one for one in killing.here.live.sim.accepted if one.hook is hook]
    finish(killing, hook)
