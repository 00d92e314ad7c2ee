"""The release's own workflow, run by act in a repository of its own, with a real registry and real images.

Stand-ins run in place of other people's actions. They do for real what a release is made of: they clone, log in, build,
push and keep attestations. What GitHub alone can do is left out: two kinds of runners, environments, signatures.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from docker import gh
from docker.act import STANDINS, git, run_act
from docker.images import for_another_architecture, pushed
from docker.registry import PASSWORD, USER
from docker.release_world import NAME, ReleaseWorld

ADDRESS = f"https://github.com/{NAME}"


@dataclass
class Rehearsal:
    """One run of the workflow up to its try of the tag."""

    world: ReleaseWorld
    folder: Path
    version: str

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.artifacts = self.folder / "artifacts"
        for folder in (self.home, self.artifacts):
            folder.mkdir()
        self.docker_config = self.folder / "docker"
        self.record = self.folder / "docker.txt"
        self._put_programs_in_the_way()
        self.git_config = self.home / ".gitconfig"
        git(self.folder, "config", "--file", str(self.git_config), f"url.{self.world.remote}.insteadOf", ADDRESS)
        self.world.store.control = self._answer

    def run(self) -> str:
        """Run it. Gives the log. In the reviewers' pause, somebody else's image is put under the version's tag."""
        programs = (str(self.world.programs), str(Path(sys.executable).parent), os.environ["PATH"])
        # act takes the repository's name from the remote's address; git itself is led to the folder.
        git(self.world.checkout, "remote", "set-url", "origin", ADDRESS)
        done = run_act(
            self.world.checkout,
            self.home,
            *("push", "--job=verify", f"--actor={USER}", "--no-skip-checkout", "--concurrent-jobs=1"),
            *(f"--platform={name}=-self-hosted" for name in ("ubuntu-24.04", "ubuntu-24.04-arm")),
            *("--secret=GITHUB_TOKEN", "--secret=RELEASE_APP_PRIVATE_KEY", "--var=RELEASE_APP_CLIENT_ID=Iv23li"),
            workflow=".github/workflows/release.yml",
            standins=STANDINS / "release",
            environment={
                "RELEASE_IMAGE": self.world.image,
                "ARTIFACTS": str(self.artifacts),
                gh.FILE: str(self.world.attestations),
                "DOCKER_CONFIG": str(self.docker_config),
                "GIT_CONFIG_GLOBAL": str(self.git_config),
                "SIMULATION_PYTHON": sys.executable,
            },
            machine={
                "PATH": os.pathsep.join(programs),
                "GITHUB_TOKEN": PASSWORD,
                "RELEASE_APP_PRIVATE_KEY": PASSWORD,
            },
        )
        git(self.world.checkout, "remote", "set-url", "origin", str(self.world.remote))
        assert done.returncode == 0, done.stdout
        return done.stdout

    def _answer(self, asked: str) -> str:
        if asked == "paused":
            pushed(self.world.store, "amd64")
            self.world.store.keep(self.version, self.world.store.manifests[pushed(self.world.store, "arm64")])
            return ""
        architecture = asked.removeprefix("built/")
        image = self.world.store.find("built")
        assert image
        if architecture != "amd64":
            image = for_another_architecture(self.world.store, image, architecture)
        return pushed(self.world.store, architecture, image)

    def _put_programs_in_the_way(self) -> None:
        """A docker that keeps a record, and does not see what other tests built on this machine."""
        real = shutil.which("docker")
        program = self.world.programs / "docker"
        program.write_text(
            "#!/usr/bin/env bash\n"  # not sh, which loses the variables with hyphens
            f'printf "%s\\n" "$*" >>{self.record}\n'
            'if [[ $* == "image ls --quiet redeliver-action" ]]; then exit; fi\n'
            f'exec {real} "$@"\n'
        )
        program.chmod(0o755)
