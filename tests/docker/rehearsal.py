"""The release's own workflow, run by act in a repository of its own, with a real registry and real images.

Stand-ins run in place of other people's actions. They do for real what a release is made of: they clone, log in, build,
push, join and keep attestations. What GitHub alone can do is left out: two kinds of runners, environments, signatures.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from docker import gh
from docker.act import STANDINS, git, run_act
from docker.registry import PASSWORD, USER, Manifest, Store
from docker.release_world import NAME, ReleaseWorld

ADDRESS = f"https://github.com/{NAME}"


@dataclass
class Rehearsal:
    """One run of the workflow up to its try of the tag."""

    world: ReleaseWorld
    store: Store
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
        self.store.control = self._answer

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
        """What stands in for the pause, for BuildKit and for ``docker buildx`` asks for."""
        step, *words = asked.split("/")
        if step == "paused":
            self.store.keep(self.version, Manifest("application/json", b"{}"))
            return ""
        if step == "joined":
            return self.store.join(words[0], words[1:])
        image = self.store.find("built")
        assert image
        image = image if words == ["amd64"] else self.store.for_another_architecture(image, words[0])
        return self.store.keep(image.digest, image)

    def _put_programs_in_the_way(self) -> None:
        """A docker that keeps a record, joins images, and does not see what other tests built on this machine."""
        real = shutil.which("docker")
        program = self.world.programs / "docker"
        program.write_text(
            "#!/usr/bin/env bash\n"  # not sh, which loses the variables with hyphens
            f'printf "%s\\n" "$*" >>{self.record}\n'
            'if [[ $* == "image ls --quiet redeliver-action" ]]; then exit; fi\n'
            'if [[ "${*:1:4} $6" == "buildx imagetools create --tag --metadata-file" ]]; then\n'
            f'  joined=$(curl --fail --silent "http://{self.store.host}/control/joined/${{5##*:}}/${{8##*@}}/${{9##*@}}")\n'
            """  printf '{"containerimage.descriptor": {"digest": "%s"}}' "$joined" >"$7"; exit\n"""
            "fi\n"
            f'exec {real} "$@"\n'
        )
        program.chmod(0o755)
