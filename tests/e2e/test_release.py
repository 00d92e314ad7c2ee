"""A rehearsal of a release: the real image, a real registry, a remote of its own, and then somebody who uses it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from action.step import step_command, step_environment
from e2e.act import REPOSITORY
from e2e.world import ORG, TOKEN, VARIABLE, world
from redeliver import __version__
from releasing.house import House, git
from releasing.images import for_another_architecture, pushed
from releasing.registry import PASSWORD, USER, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Released:
    """A house whose release has been made."""

    house: House
    folder: Path
    revision: str
    docker: dict[str, str]

    @property
    def pinned(self) -> str:
        return f"{self.house.image}@{self.house.store.tags[__version__]}"

    def clone(self, ref: str) -> Path:
        """As the runner of somebody who uses the action has it."""
        folder = self.folder / ref.replace("/", "-")
        git(self.folder, "clone", "--quiet", "--branch", ref, str(self.house.remote), str(folder))
        return folder


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, action: Path) -> Iterator[Released]:
    folder = tmp_path_factory.mktemp("release")
    (folder / "registry").mkdir()
    with serve(folder / "registry") as store:
        house = House(folder, store, {})
        shutil.copytree(action, house.checkout, dirs_exist_ok=True)
        house.made("version", __version__)
        revision = house.commit("A release")
        docker = {"PATH": os.environ["PATH"], "HOME": str(folder), "DOCKER_CONFIG": str(folder / "docker")}
        built = f"{house.image}:amd64"
        try:
            run_docker(docker, "build", "--quiet", "--tag", built, *build_options(), str(house.checkout))
            run_docker(docker, "login", "--username", USER, "--password-stdin", store.host, given=PASSWORD)
            run_docker(docker, "push", "--quiet", built)
            image = store.find("amd64")
            assert image
            arm = for_another_architecture(store, image, "arm64")
            digests = pushed(store, "amd64", image), pushed(store, "arm64", arm)
            house.release(*digests)
            yield Released(house, folder, revision, docker)
        finally:
            images = run_docker(docker, "images", "--quiet", "--no-trunc", house.image).split()
            if images:
                run_docker(docker, "rmi", "--force", *set(images))


def build_options() -> list[str]:
    """For machines that reach no image registry; see src/launch.sh."""
    names = {"BUILD_IMAGE": "REDELIVER_BUILD_IMAGE", "RUNTIME_IMAGE": "REDELIVER_RUNTIME_IMAGE"}
    options = [f"--build-arg={name}={os.environ[given]}" for name, given in names.items() if given in os.environ]
    network = os.environ.get("REDELIVER_BUILD_NETWORK")
    return [*options, *([f"--network={network}"] if network else [])]


def run_docker(environment: dict[str, str], *arguments: str, given: str | None = None) -> str:
    done = subprocess.run(
        ["docker", *arguments], env=environment, input=given, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_tag_pins_the_image_that_the_registry_has(released: Released) -> None:
    refs = released.house.refs
    assert refs["refs/tags/v1"] == refs[f"refs/tags/v{__version__}"] != released.revision
    assert released.house.file("v1", "src/image.txt") == released.pinned
    assert git(released.house.remote, "diff", "--name-only", released.revision, "v1") == "src/image.txt"
    changelog = released.house.file("v1", "CHANGELOG.md")
    notes = released.house.pages.notes[f"v{__version__}"]
    assert len(said := notes.partition("\n\n---\n")[0]) > 100
    assert said in changelog
    assert released.pinned in notes


def test_the_reusable_workflow_of_the_tag_uses_the_tag(released: Released) -> None:
    assert f"/redeliver-action@v{__version__}\n" in released.house.file("v1", ".github/workflows/redeliver.yml")


def test_whoever_uses_the_tag_runs_that_image_and_no_other(released: Released) -> None:
    action = released.clone("v1")
    programs, record = released.folder / "bin", released.folder / "docker.jsonl"
    programs.mkdir()
    real = shutil.which("docker")
    # Not sh, which loses the variables with hyphens.
    (programs / "docker").write_text(f'#!/usr/bin/env bash\nprintf "%s\\n" "$*" >>{record}\nexec {real} "$@"\n')
    (programs / "docker").chmod(0o755)
    files = {name: released.folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.touch()
    with world() as it:
        it.receiver.go_down()
        missed = it.happen(2)
        it.receiver.come_back()
        inputs = {
            "org": ORG,
            "hook-id": str(it.hook.id),
            "token": TOKEN,
            "variable-name": VARIABLE,
            "variable-repository": REPOSITORY,
            "api-url": it.github.url,
        }
        environment = {
            **released.docker,
            **step_environment(inputs),
            **{name: str(file) for name, file in files.items()},
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(action),
        }
        done = subprocess.run(
            step_command(released.folder), env=environment, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert it.receiver.accepted() == dict.fromkeys(missed, 1)
    (ran,) = [line for line in record.read_text().splitlines() if line.startswith("run ")]
    assert ran.endswith(f" {released.pinned}")
    assert not [line for line in record.read_text().splitlines() if line.startswith("build")]
    assert "recovered-count" in files["GITHUB_OUTPUT"].read_text()
    # Docker came for it by its digest, and got the image of this machine's architecture.
    assert released.pinned.rpartition("@")[2] in released.house.store.pulled
    known = json.loads(run_docker(released.docker, "inspect", "--format={{json .RepoDigests}}", released.pinned))
    assert released.pinned in known


def test_to_make_it_again_changes_nothing(released: Released) -> None:
    before = released.house.refs, dict(released.house.store.tags)
    released.house.release()
    assert (released.house.refs, released.house.store.tags) == before
    assert len(released.house.pages.made) == 1


def test_the_image_knows_its_version(released: Released) -> None:
    assert run_docker(released.docker, "run", "--rm", released.pinned, "--version") == f"redeliver {__version__}\n"
