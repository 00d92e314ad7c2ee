"""The same workflow where the action finds no Docker: with the runner's own Python, and packages of its own."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from docker.act import PIP, Act, Run
from docker.scene import TOKEN, scene
from docker.watch import Watch

SECRET = "a secret of another step"

pytestmark = pytest.mark.timeout(270)  # packages are installed


def path_without_docker(folder: Path) -> str:
    """A PATH to every program of this machine but docker."""
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(place).glob("*"):
            link = folder / program.name
            if program.name != "docker" and "venv" not in place:
                link.unlink(missing_ok=True)
                link.symlink_to(program)
    assert shutil.which("docker", path=str(folder)) is None
    return str(folder)


def recovers_three(act: Act, workflow: str, path: str = "", **variables: str) -> Run:
    with scene() as it:
        missed = it.miss(it.hook(), 3)
        environment = PIP | {"OTHER_SECRET": SECRET, "MY-SECRET": SECRET}
        run = act.run(workflow, it.url, variables=variables, environment=environment, path=path)
        assert run.code == 0, run.log
        assert it.receiver.accepted() == dict.fromkeys(missed, 1)
        assert it.kept == {"LAST_REDELIVERY"}
    assert run.output("recovered-count") == "3"
    assert re.match(r"## .*\b3 .*recovered", run.summary)
    return run


def test_runner_without_docker_delivers_every_event_once(act: Act, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = path_without_docker(tmp_path_factory.mktemp("bin"))
    with Watch(act.folder) as watch:
        run = recovers_three(act, "redeliver", path)
    assert "Running with the runner's own Python, since no Docker engine for Linux containers answers" in run.log
    assert "Installing the action's packages for python3" in run.log
    assert watch.containers == {}
    assert [line for line in watch.command_lines if "-m redeliver" in line]
    assert not [line for line in watch.command_lines if TOKEN in line]
    # Other steps' secrets are not in its environment, and pip's variables are gone when pip is done.
    (environment,) = watch.environments("-P -s -m redeliver")
    assert "INPUT_TOKEN" in environment
    assert SECRET not in environment.values()
    assert not [name for name in environment if name.startswith(("PIP_", "ACTIONS_", "REDELIVER_"))]
    # Nothing was written into the action's own folder.
    assert not list(act.home.rglob("src/redeliver/__pycache__"))


def test_job_in_a_container_uses_python(act: Act, action: Path) -> None:
    # The image in which ours is built: it has bash and a Python.
    (named,) = re.findall(r"^ARG BUILD_IMAGE=(.+)$", (action / "Dockerfile").read_text(), re.MULTILINE)
    run = recovers_three(act, "container", CONTAINER_IMAGE=os.environ.get("REDELIVER_BUILD_IMAGE") or named)
    assert "since the Docker engine does not see this job's files" in run.log
