"""A rehearsal of a release: its own workflow, the real image, a real registry, and then somebody who uses it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from docker.act import Act, git
from docker.registry import serve
from docker.rehearsal import Rehearsal
from docker.release_world import ReleaseWorld
from docker.scene import scene
from redeliver import __version__
from release.steps import REUSABLE

pytestmark = pytest.mark.timeout(270)  # an image is built


@dataclass(frozen=True)
class Released:
    """A world whose release has been made."""

    world: ReleaseWorld
    rehearsal: Rehearsal
    folder: Path
    revision: str
    log: str

    @property
    def tag(self) -> str:
        return f"v{__version__}"

    @property
    def image(self) -> str:
        return self.world.file(self.tag, "src/image.txt")

    @property
    def pinned_action(self) -> str:
        """The commit that the tag's reusable workflow uses."""
        found = re.search(r"uses: org/redeliver-action@(\S+)", self.world.file(self.tag, REUSABLE))
        assert found
        return found[1]

    def clone(self, ref: str) -> Path:
        """As the runner of somebody who uses the action has it."""
        folder = self.folder / ref.replace("/", "-")
        if not folder.exists():
            git(self.folder, "clone", "--quiet", str(self.world.remote), str(folder))
            git(folder, "checkout", "--quiet", "--detach", ref)
        return folder

    def docker(self, *arguments: str) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "DOCKER_CONFIG": str(self.rehearsal.docker_config),
        }
        return run_docker(environment, *arguments)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, action: Path) -> Iterator[Released]:
    folder = tmp_path_factory.mktemp("release")
    (folder / "registry").mkdir()
    with serve(folder / "registry") as store:
        world = ReleaseWorld(folder, {}, store.host)
        shutil.copytree(action, world.checkout, dirs_exist_ok=True)
        world.made("version", __version__)
        revision = world.commit("A release")
        rehearsal = Rehearsal(world, store, folder, __version__)
        try:
            log = rehearsal.run()
            world.made("promote", f"v{__version__}")
            yield Released(world, rehearsal, folder, revision, log)
        finally:
            # By its names alone: somebody else on this machine may have built the very same image.
            names = "{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}"
            listed = run_docker(dict(os.environ), "images", "--digests", f"--format={names}", world.image).split()
            for name in {one for one in listed if "<none>" not in one}:
                run_docker(dict(os.environ), "rmi", "--force", name)


def run_docker(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_tag_pins_the_image_that_the_workflow_built(released: Released) -> None:
    refs = released.world.refs
    assert refs["refs/tags/v1"] == refs[f"refs/tags/{released.tag}"] != released.revision
    assert released.image.startswith(f"{released.world.image}@sha256:")
    index = released.rehearsal.store.manifests[released.image.partition("@")[2]].json
    assert [one["platform"]["architecture"] for one in index["manifests"]] == ["amd64", "arm64"]
    changed = git(released.world.remote, "diff", "--name-only", released.revision, "v1").splitlines()
    assert sorted(changed) == [REUSABLE, "src/image.txt"]


def test_image_that_is_tagged_in_the_reviewers_pause_is_nowhere_in_the_release(released: Released) -> None:
    planted = released.rehearsal.store.tags[__version__]
    assert planted not in released.image
    assert planted not in released.rehearsal.record.read_text()


def test_released_workflow_passes_the_linters(released: Released) -> None:
    clone = released.clone(released.tag)
    lint = [["actionlint", "-no-color"], ["zizmor", "--offline", "--no-progress", "--persona=pedantic"]]
    for command in lint:
        done = subprocess.run([*command, REUSABLE], cwd=clone, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_reusable_workflow_at_the_tag_runs_the_pinned_action(released: Released, tmp_path: Path) -> None:
    pins = {released.pinned_action: released.clone(released.pinned_action)}
    act = Act(tmp_path, released.clone(released.tag), pins)
    with scene() as it:
        missed = it.miss(it.hook())
        config = {"DOCKER_CONFIG": str(released.rehearsal.docker_config)}
        run = act.run("reusable", it.url, event="schedule", environment=config)
        assert run.code == 0, run.log
        assert it.receiver.accepted() == dict.fromkeys(missed, 1)
    assert f"org/redeliver-action@{released.pinned_action}" in run.log


def test_tag_runs_the_pinned_image_alone(released: Released) -> None:
    """The workflow's own try of the tag."""
    docker = released.rehearsal.record.read_text().splitlines()
    ran = [line for line in docker if line.startswith("run ")]
    assert len(ran) == 2  # once on each architecture's runner
    assert all(line.endswith(f" {released.image}") for line in ran)
    assert not [line for line in docker[docker.index(ran[0]) :] if line.startswith("build")]
    # Docker came for it by its digest, and got the image of this machine's architecture.
    assert released.image.rpartition("@")[2] in released.rehearsal.store.pulled
    known = json.loads(released.docker("inspect", "--format={{json .RepoDigests}}", released.image))
    assert released.image in known
