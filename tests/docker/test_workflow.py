"""A workflow that uses the action, run for real: a runner, a container, GitHub on a socket."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from docker.act import REPOSITORY, Act, Run
from docker.organization import TOKEN, VARIABLE, World, world
from docker.watch import Watch
from redeliver.errors import BadToken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


@dataclass(frozen=True)
class Story:
    """A receiver missed some events and came back; then the workflow ran."""

    world: World
    act: Act
    arrived: list[str]
    missed: list[str]
    run: Run
    watch: Watch


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, action: Path) -> Iterator[Story]:
    act = Act(tmp_path_factory.mktemp("act"), action)
    with world() as it:
        arrived = it.happen(4)
        it.receiver.go_down()
        missed = it.happen(3)
        it.receiver.come_back()
        it.receiver.status = 503
        missed += it.happen(2)
        it.receiver.status = 200
        arrived += it.happen(3)
        with Watch(act.folder) as watch, _start(act, it) as run:
            assert run.wait() == 0, run.log
        yield Story(it, act, arrived, missed, run, watch)


def _start(act: Act, it: World, token: str = TOKEN) -> AbstractContextManager[Run]:
    return act.start("redeliver.yml", secrets={"REDELIVER_TOKEN": token}, variables=it.workflow_variables)


def test_every_event_has_arrived_exactly_once(story: Story) -> None:
    assert story.world.receiver.accepted() == dict.fromkeys(story.arrived + story.missed, 1)
    assert [one.guid for one in story.world.github.sim.accepted] == story.missed  # oldest first


def test_a_later_step_is_given_the_outputs(story: Story) -> None:
    outputs = story.run.outputs
    (hook,) = json.loads(outputs.pop("report"))["hooks"]
    assert hook["undelivered"] == 0
    assert [event["guid"] for event in hook["events"]] == story.missed
    kept = story.world.github.sim.variables(REPOSITORY).all()
    assert {one.name: one.value for one in kept} == {VARIABLE: outputs.pop("checkpoint")}
    scanned = len(story.world.hook.log.attempts())
    assert outputs == {
        "redelivered-count": "5",
        "recovered-count": "5",
        "failed-count": "5",
        "undelivered-count": "0",
        "lost-count": "0",
        "scanned-count": outputs["scanned-count"],
        "health": "degraded",
    }
    assert int(outputs["scanned-count"]) >= scanned


def test_a_person_is_given_a_summary(story: Story) -> None:
    headline, *lines = story.run.summary.splitlines()
    assert re.fullmatch(r"## .*\b5 .*recovered", headline)
    rows = [line for line in lines if line.startswith("|") and "push" in line and "recovered" in line]
    assert len(rows) == len(story.missed)


def test_and_told_what_the_receiver_answered_as_the_workflow_asked(story: Story) -> None:
    (row,) = [line for line in story.run.summary.splitlines() if "Body&#58;" in line]
    assert "HTTP&nbsp;503" in row
    assert "text&#47;plain" in row
    looked_up = [one.path for one in story.world.github.sim.journal.entries if re.search(r"/deliveries/\d+$", one.path)]
    # Of the first three nobody could answer anything: there was no connection.
    newest = story.world.hook.log.attempts_of(story.missed[-1])[0]
    assert [path.rpartition("/")[2] for path in looked_up] == [str(newest.id)]


def test_githubs_limits_and_description_were_kept(story: Story) -> None:
    assert story.world.judge.seen > 5
    assert story.world.judge.complaints == []
    assert story.world.github.sim.limits.violations == 0


def test_the_container_was_nobody_who_could_do_nothing(story: Story) -> None:
    seen = story.watch.only_container
    user = 65532 if os.getuid() == 0 else os.getuid()
    assert seen.kernel["Uid"].split() == [str(user)] * 4
    assert seen.kernel["NoNewPrivs"].strip() == "1"
    assert {int(seen.kernel[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh")} == {0}
    assert seen.inspected["HostConfig"]["ReadonlyRootfs"] is True
    assert seen.inspected["HostConfig"]["Privileged"] is False
    assert seen.inspected["HostConfig"]["IpcMode"] == "none"


def test_the_container_cannot_take_all_of_the_machine(story: Story) -> None:
    limited = story.watch.only_container.inspected["HostConfig"]
    asked = ["docker", "info", "--format", "{{.MemoryLimit}} {{.SwapLimit}} {{.PidsLimit}}"]
    memory, swap, processes = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()
    assert limited["Memory"] == (2**30 if memory == "true" else 0)
    assert limited["MemorySwap"] == (2**30 if swap == "true" else -1 if memory == "true" else 0)
    assert limited["PidsLimit"] == (64 if processes == "true" else None)
    assert "WARNING" not in story.run.log


def test_the_engine_keeps_nothing_of_what_was_said(story: Story) -> None:
    seen = story.watch.only_container.inspected
    assert seen["HostConfig"]["LogConfig"]["Type"] == "none"
    assert seen["LogPath"] == ""
    assert "5 of 5 " in story.run.log  # yet the step was shown it


def test_the_container_saw_two_files_of_the_runner_and_no_more(story: Story) -> None:
    seen = story.watch.only_container
    mounted = [mount["Source"].rsplit("/", 1)[-1] for mount in seen.inspected["Mounts"]]
    assert sorted(mounted) == ["SUMMARY.md", "outputcmd.txt"]
    places = {mount["Destination"] for mount in seen.inspected["Mounts"]}
    assert places == {"/redeliver/GITHUB_OUTPUT", "/redeliver/GITHUB_STEP_SUMMARY"}
    names = {variable.split("=")[0] for variable in seen.inspected["Config"]["Env"]}
    assert {name for name in names if name.startswith(("ACTIONS_", "GITHUB_TOKEN", "REDELIVER_"))} == set()


def test_the_token_can_be_read_nowhere(story: Story) -> None:
    assert TOKEN not in story.run.log
    assert TOKEN not in story.run.summary
    assert TOKEN not in json.dumps(story.run.outputs)
    assert not [line for line in story.watch.command_lines if TOKEN in line]
    seen = story.watch.only_container.inspected
    # Docker shows an environment to whoever may use its socket; nothing else of the container holds the token.
    environment = seen["Config"]["Env"]
    assert f"INPUT_TOKEN={TOKEN}" in environment
    assert TOKEN not in json.dumps(seen | {"Config": seen["Config"] | {"Env": []}})


def test_the_command_lines_were_really_looked_at(story: Story) -> None:
    assert [line for line in story.watch.command_lines if "docker run" in line and "INPUT_TOKEN" in line]


def test_a_second_run_finds_nothing_to_do(story: Story) -> None:
    before = len(story.world.github.sim.accepted)
    with _start(story.act, story.world) as run:
        assert run.wait() == 0, run.log
    assert len(story.world.github.sim.accepted) == before
    assert run.outputs["failed-count"] == "0"
    assert story.world.receiver.accepted() == dict.fromkeys(story.arrived + story.missed, 1)


def test_a_token_that_github_does_not_know_fails_the_job_and_says_so(story: Story) -> None:
    wrong = TOKEN[::-1]
    with _start(story.act, story.world, wrong) as run:
        assert run.wait() == 1
    assert BadToken.sentence.partition("{")[0] in run.log
    assert wrong not in run.log
