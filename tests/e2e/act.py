"""One run of a workflow by act, a runner that nobody here wrote, on this very machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = Path(__file__).with_name("workflows")
REPOSITORY = "octo-org/automation"


@dataclass
class Act:
    """What act needs, all of it in one folder: a home, a repository with workflows, and the action as users get it."""

    folder: Path

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.results = self.folder / "results"
        self.repository = self.folder / "repository"
        self.action = self.folder / "action"
        self.log = self.folder / "act.log"
        self.home.mkdir()
        self.results.mkdir()
        self._take_the_action()
        self._make_the_repository()

    def _take_the_action(self) -> None:
        # What git has, and not what else lies about here: that is what a user's runner downloads.
        listed = _git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).exists():
                (self.action / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.action / name)

    def _make_the_repository(self) -> None:
        shutil.copytree(WORKFLOWS, self.repository / ".github" / "workflows")
        _git(self.repository, "init", "--quiet", "--initial-branch=main")
        _git(self.repository, "remote", "add", "origin", f"https://github.com/{REPOSITORY}.git")
        _git(self.repository, "add", ".")
        identity = ("-c", "user.name=octocat", "-c", "user.email=octocat@example.com")
        _git(self.repository, *identity, "commit", "--quiet", "--message=Add workflows")
        (self.folder / "event.json").write_text(json.dumps({"inputs": {}}))

    @contextmanager
    def start(self, workflow: str, *, secrets: Mapping[str, str], variables: Mapping[str, str]) -> Iterator[Run]:
        """Start a workflow; its process is gone when the block ends."""
        builds = {name: value for name, value in os.environ.items() if name.startswith("REDELIVER_")}
        environment = builds | {"RESULTS": str(self.results)}
        command = [
            "act",
            "workflow_dispatch",
            f"--workflows=.github/workflows/{workflow}",
            f"--eventpath={self.folder / 'event.json'}",
            "--platform=ubuntu-latest=-self-hosted",
            "--pull=false",
            "--no-cache-server",
            f"--action-cache-path={self.home / 'actions'}",
            f"--local-repository=org/redeliver-action@v1={self.action}",
            *(f"--env={name}={value}" for name, value in environment.items()),
            *(f"--var={name}={value}" for name, value in variables.items()),
            *(f"--secret={name}" for name in secrets),  # by name: act takes the value from its own environment
        ]
        machine = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
        with (
            self.log.open("w") as log,
            subprocess.Popen(
                command,
                cwd=self.repository,
                env=machine | {"HOME": str(self.home), **secrets},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                yield Run(process, self)
            finally:
                if process.poll() is None:
                    process.terminate()


@dataclass(frozen=True)
class Run:
    """A workflow that is running, or ran."""

    process: subprocess.Popen[bytes]
    act: Act

    def wait(self, seconds: float = 120) -> int:
        """Wait for its end: the exit code, 0 when every job succeeded."""
        return self.process.wait(seconds)

    @property
    def log(self) -> str:
        return self.act.log.read_text()

    @property
    def outputs(self) -> dict[str, str]:
        outputs: dict[str, str] = json.loads((self.act.results / "outputs.json").read_text())
        return outputs

    @property
    def summary(self) -> str:
        # Each step has a summary file of its own; act prints what was in it.
        printed = re.search(r"  Summary - (.*?)^\[", self.log, re.DOTALL | re.MULTILINE)
        assert printed, self.log
        return printed[1]


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout
