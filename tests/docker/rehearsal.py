"""The release's own workflow, run by act in a repository of its own, with a real registry and real images.

Stand-ins run in place of other people's actions. They do for real what a release is made of: they clone, log in, build,
push and keep attestations. What GitHub alone can do is left out: two kinds of runners, environments, signatures.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docker import gh
from docker.act import STANDINS
from docker.house import NAME, git
from docker.images import for_another_architecture, plant, pushed
from docker.registry import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.house import House

WORKFLOW = ".github/workflows/release.yml"
ADDRESS = f"https://github.com/{NAME}"
_OTHERS = re.compile(r"uses: (?P<reference>[\w.-]+/(?P<name>[\w.-]+)@\w+)")


@dataclass
class Rehearsal:
    """One run of the workflow up to its try of the tag."""

    house: House
    folder: Path
    version: str

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.artifacts = self.folder / "artifacts"
        for folder in (self.home, self.artifacts):
            folder.mkdir()
        self.docker_config = self.folder / "docker"
        self.record = self.folder / "docker.txt"
        self.planted = ""
        self._put_programs_in_the_way()
        self.git_config = self.home / ".gitconfig"
        git(self.folder, "config", "--file", str(self.git_config), f"url.{self.house.remote}.insteadOf", ADDRESS)
        self.house.store.control = self._answer

    def run(self) -> str:
        """Run it. Gives the log.

        An image of somebody else's lies under the version's tag before, and is put there again in the reviewers' pause.
        """
        self._plant()
        # act takes the repository's name from the remote's address; git itself is led to the folder.
        git(self.house.checkout, "remote", "set-url", "origin", ADDRESS)
        done = subprocess.run(
            [*self._command()],
            cwd=self.house.checkout,
            env=self._machine,
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        git(self.house.checkout, "remote", "set-url", "origin", str(self.house.remote))
        for pid in re.findall(r"set-output:: pid=(\d+)", done.stdout):
            os.kill(int(pid), signal.SIGTERM)  # a hosted runner ends what a job leaves running; act does not
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _plant(self) -> None:
        self.planted = plant(self.house.store, self.version, self.house.head)
        self.house.attest(self.planted, ref="refs/heads/mine")

    def _answer(self, asked: str) -> str:
        if asked == "paused":
            self._plant()
            return ""
        architecture = asked.removeprefix("built/")
        image = self.house.store.find("built")
        assert image
        if architecture != "amd64":
            image = for_another_architecture(self.house.store, image, architecture)
        return pushed(self.house.store, architecture, image)

    def _put_programs_in_the_way(self) -> None:
        """A docker that keeps a record, and does not see what other tests built on this machine."""
        real = shutil.which("docker")
        program = self.house.programs / "docker"
        program.write_text(
            "#!/usr/bin/env bash\n"  # not sh, which loses the variables with hyphens
            f'printf "%s\\n" "$*" >>{self.record}\n'
            'if [[ $* == "image ls --quiet redeliver-action" ]]; then exit; fi\n'
            f'exec {real} "$@"\n'
        )
        program.chmod(0o755)

    @property
    def _machine(self) -> dict[str, str]:
        programs = (str(self.house.programs), str(Path(sys.executable).parent), os.environ["PATH"])
        secrets = {"GITHUB_TOKEN": PASSWORD, "RELEASE_APP_PRIVATE_KEY": PASSWORD}
        return {"PATH": os.pathsep.join(programs), "HOME": str(self.home), **secrets}

    def _command(self) -> Iterator[str]:
        yield from ("act", "push", f"--workflows={WORKFLOW}", "--job=verify", f"--actor={USER}")
        yield from (f"--platform={name}=-self-hosted" for name in ("ubuntu-24.04", "ubuntu-24.04-arm"))
        yield from ("--pull=false", "--no-cache-server", "--no-skip-checkout", "--concurrent-jobs=1")
        yield f"--action-cache-path={self.home / 'actions'}"
        for other in _OTHERS.finditer((self.house.checkout / WORKFLOW).read_text()):
            standins = STANDINS / "release" / other["name"], STANDINS / other["name"]
            yield f"--local-repository={other['reference']}={next(path for path in standins if path.exists())}"
        yield from ("--secret=GITHUB_TOKEN", "--secret=RELEASE_APP_PRIVATE_KEY", "--var=RELEASE_APP_CLIENT_ID=Iv23li")
        given = {
            "RELEASE_IMAGE": self.house.image,
            "ARTIFACTS": str(self.artifacts),
            gh.FILE: str(self.house.attestations),
            "DOCKER_CONFIG": str(self.docker_config),
            "GIT_CONFIG_GLOBAL": str(self.git_config),
            "SIMULATION_PYTHON": sys.executable,
        }
        builds = {name: value for name, value in os.environ.items() if name.startswith("REDELIVER_")}
        yield from (f"--env={name}={value}" for name, value in (given | builds).items())
