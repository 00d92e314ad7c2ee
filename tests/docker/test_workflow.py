"""A workflow that uses the action, run for real: a runner, a container, GitHub on a socket."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from docker.act import Act, Run
from docker.scene import REPOSITORY, TOKEN, Scene, scene
from docker.watch import Watch
from githubsim.hooks import Hook


@dataclass(frozen=True)
class Story:
    """A receiver missed some events and came back; then the workflow ran."""

    it: Scene
    hook: Hook
    act: Act
    arrived: list[str]
    missed: list[str]
    run: Run
    watch: Watch


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, action: Path) -> Iterator[Story]:
    act = Act(tmp_path_factory.mktemp("act"), action)
    with scene() as it:
        hook = it.hook()
        arrived = it.happen(hook, 4)
        it.receiver.go_down()
        missed = it.happen(hook, 3)
        it.receiver.come_back()
        missed += it.miss(hook)
        arrived += it.happen(hook, 3)
        with Watch(act.folder) as watch:
            run = act.run("redeliver", it.url)
        assert run.code == 0, run.log
        yield Story(it, hook, act, arrived, missed, run, watch)


def test_every_event_arrives_exactly_once(story: Story) -> None:
    assert story.it.receiver.accepted() == dict.fromkeys(story.arrived + story.missed, 1)
    assert sorted(one.guid for one in story.it.sim.accepted) == sorted(story.missed)
    # GitHub's description and limits were kept.
    assert story.it.judge.seen > 5
    assert story.it.judge.complaints == []
    assert story.it.sim.limits.violations == 0


def test_later_step_gets_the_outputs(story: Story) -> None:
    outputs = json.loads((story.act.results / "outputs.json").read_text())
    (hook,) = json.loads(outputs.pop("report"))["hooks"]
    assert [event["guid"] for event in hook["events"]] == story.missed
    assert outputs.pop("checkpoint") == story.it.sim.variables(REPOSITORY)["LAST_REDELIVERY"]
    assert int(outputs.pop("scanned-count")) >= len(story.hook.log.attempts())
    assert outputs == {
        "redelivered-count": "5",
        "recovered-count": "5",
        "failed-count": "5",
        "undelivered-count": "0",
        "lost-count": "0",
        "health": "degraded",
    }
    assert TOKEN not in str(outputs)


def test_summary_has_the_receivers_answer(story: Story) -> None:
    headline, *lines = story.run.summary.splitlines()
    assert re.fullmatch(r"## .*\b5 .*recovered", headline)
    rows = [line for line in lines if line.startswith("|") and "push" in line and "recovered" in line]
    assert len(rows) == len(story.missed)
    (row,) = [line for line in lines if "Body&#58;" in line]
    assert "HTTP&nbsp;503" in row


def test_container_has_no_user_and_no_capability(story: Story) -> None:
    seen = story.watch.only_container
    user = 65532 if os.getuid() == 0 else os.getuid()
    assert seen.kernel["Uid"].split() == [str(user)] * 4
    assert seen.kernel["NoNewPrivs"].strip() == "1"
    assert {int(seen.kernel[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh")} == {0}
    assert seen.inspected["HostConfig"]["ReadonlyRootfs"] is True
    assert seen.inspected["HostConfig"]["Privileged"] is False
    assert seen.inspected["HostConfig"]["IpcMode"] == "none"


def test_containers_memory_and_processes_are_limited(story: Story) -> None:
    limited = story.watch.only_container.inspected["HostConfig"]
    asked = ["docker", "info", "--format", "{{.MemoryLimit}} {{.SwapLimit}} {{.PidsLimit}}"]
    memory, swap, processes = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()
    assert limited["Memory"] == (2**30 if memory == "true" else 0)
    assert limited["MemorySwap"] == (2**30 if swap == "true" else -1 if memory == "true" else 0)
    assert limited["PidsLimit"] == (64 if processes == "true" else None)
    assert "WARNING" not in story.run.log


def test_engine_keeps_no_log(story: Story) -> None:
    seen = story.watch.only_container.inspected
    assert seen["HostConfig"]["LogConfig"]["Type"] == "none"
    assert seen["LogPath"] == ""
    assert "5 of 5 " in story.run.log  # yet the step was shown it


def test_container_sees_two_files_of_the_runner_alone(story: Story) -> None:
    mounts = story.watch.only_container.inspected["Mounts"]
    assert sorted(mount["Source"].rsplit("/", 1)[-1] for mount in mounts) == ["SUMMARY.md", "outputcmd.txt"]
    assert {mount["Destination"] for mount in mounts} == {
        "/redeliver/GITHUB_OUTPUT",
        "/redeliver/GITHUB_STEP_SUMMARY",
    }


def test_token_can_be_read_nowhere(story: Story) -> None:
    assert TOKEN not in story.run.log
    # The command lines were really looked at.
    assert [line for line in story.watch.command_lines if "docker run" in line and "INPUT_TOKEN" in line]
    assert not [line for line in story.watch.command_lines if TOKEN in line]
    seen = story.watch.only_container.inspected
    # Docker shows an environment to whoever may use its socket; nothing else of the container holds the token.
    environment = seen["Config"]["Env"]
    assert f"INPUT_TOKEN={TOKEN}" in environment
    assert not [name for name in environment if name.startswith(("ACTIONS_", "GITHUB_TOKEN", "REDELIVER_"))]
    assert TOKEN not in json.dumps(seen | {"Config": seen["Config"] | {"Env": []}})
