"""The same workflow where the action finds no Docker: with the runner's own Python, and packages of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from docker.act import REPOSITORY, Act, Run
from docker.organization import TOKEN, VARIABLE, World, world
from docker.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Without these there would be no packages to be had on a machine behind a mirror. They are pip's, and so must not
#: be left when pip is done.
PIP = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
SECRET = "a secret of another step"
#: Seconds: packages are installed, which takes as long as the machine and its network take.
PATIENCE = 240

pytestmark = pytest.mark.timeout(PATIENCE + 30)


def path_without_docker(folder: Path) -> str:
    """A PATH to every program of this machine but docker."""
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(place).glob("*"):
            link = folder / program.name
            if program.name != "docker" and "venv" not in place:
                link.unlink(missing_ok=True)
                link.symlink_to(program)
    return str(folder)


@dataclass(frozen=True)
class Story:
    world: World
    act: Act
    missed: list[str]
    run: Run
    watch: Watch


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, action: Path) -> Iterator[Story]:
    act = Act(tmp_path_factory.mktemp("act"), action)
    path = path_without_docker(tmp_path_factory.mktemp("bin"))
    assert shutil.which("docker", path=path) is None
    with world() as it:
        it.receiver.go_down()
        missed = it.happen(3)
        it.receiver.come_back()
        with (
            Watch(act.folder) as watch,
            act.start(
                "redeliver.yml",
                secrets={"REDELIVER_TOKEN": TOKEN},
                variables=it.workflow_variables,
                environment=PIP | {"OTHER_SECRET": SECRET, "MY-SECRET": SECRET},
                path=path,
            ) as run,
        ):
            assert run.wait(PATIENCE) == 0, run.log
        yield Story(it, act, missed, run, watch)


def test_every_event_has_arrived_exactly_once(story: Story) -> None:
    assert story.world.receiver.accepted() == dict.fromkeys(story.missed, 1)
    assert {one.name for one in story.world.github.sim.variables(REPOSITORY).all()} == {VARIABLE}


def test_it_says_what_it_runs_with_and_why(story: Story) -> None:
    assert "Running with the runner's own Python, since no Docker engine for Linux containers answers" in story.run.log
    assert "Installing the action's packages for python3" in story.run.log
    assert story.watch.containers == {}


def test_outputs_and_summary_are_those_of_the_container(story: Story) -> None:
    assert story.run.outputs["recovered-count"] == "3"
    assert re.match(r"## .*\b3 .*recovered", story.run.summary)


def test_the_token_can_be_read_nowhere(story: Story) -> None:
    assert TOKEN not in story.run.log + json.dumps(story.run.outputs)
    assert [line for line in story.watch.command_lines if "-m redeliver" in line]
    assert not [line for line in story.watch.command_lines if TOKEN in line]


def test_nobody_elses_secrets_are_in_its_environment(story: Story) -> None:
    (environment,) = story.watch.environments("-P -s -m redeliver")
    assert "INPUT_TOKEN" in environment
    assert SECRET not in environment.values()
    assert not [name for name in environment if name.startswith(("PIP_", "ACTIONS_", "REDELIVER_"))]


def test_nothing_was_written_into_the_actions_own_folder(story: Story) -> None:
    assert not list(story.act.home.rglob("src/redeliver/__pycache__"))


def test_a_job_in_a_container_is_not_given_to_an_engine_that_sees_other_files(tmp_path: Path, action: Path) -> None:
    act = Act(tmp_path, action)
    image = os.environ.get("REDELIVER_BUILD_IMAGE") or base_image(action)
    with world() as it:
        it.receiver.go_down()
        missed = it.happen(2)
        it.receiver.come_back()
        with act.start(
            "container.yml",
            secrets={"REDELIVER_TOKEN": TOKEN},
            variables=it.workflow_variables | {"CONTAINER_IMAGE": image},
            environment=PIP,
        ) as run:
            assert run.wait(PATIENCE) == 0, run.log
        assert it.receiver.accepted() == dict.fromkeys(missed, 1)
    assert "since the Docker engine does not see this job's files" in run.log


def base_image(action: Path) -> str:
    """The image in which ours is built: it has bash and a Python."""
    (named,) = [
        line for line in (action / "Dockerfile").read_text().splitlines() if line.startswith("ARG BUILD_IMAGE=")
    ]
    return named.partition("=")[2]
