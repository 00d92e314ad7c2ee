"""One run of a workflow by act, a runner that nobody here wrote, on this very machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = Path(__file__).with_name("workflows")
EXAMPLES = ROOT / "examples"
#: What goes in the place of other people's actions, by their names.
STANDINS = Path(__file__).with_name("standins")
REPOSITORY = "octo-org/automation"
#: act knows no `deployment` yet (https://github.com/nektos/act/issues/6086); environments mean nothing to it.
_TOO_NEW = re.compile(r"^ +deployment: false.*\n", re.MULTILINE)
_OTHERS = re.compile(r"uses: (?P<reference>(?!org/)[\w.-]+/(?P<name>[\w.-]+)@\w+)")


def take_the_action(folder: Path) -> Path:
    """The action as a user's runner downloads it: what git has, and not what else lies about here."""
    listed = _git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@dataclass
class Act:
    """What act needs: the action, and in one folder all else: a home and a repository with workflows."""

    folder: Path
    action: Path
    name: str = REPOSITORY
    commits: Mapping[str, Path] = field(default_factory=dict)
    """The action at commits that a workflow pins."""

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.results = self.folder / "results"
        self.repository = self.folder / "repository"
        self.log = self.folder / "act.log"
        self.home.mkdir()
        self.results.mkdir()
        self._make_the_repository()

    def _make_the_repository(self) -> None:
        self.workflows = self.repository / ".github" / "workflows"
        shutil.copytree(WORKFLOWS, self.workflows)
        for example in EXAMPLES.glob("*.yml"):
            (self.workflows / example.name).write_text(_TOO_NEW.sub("", example.read_text()))
        _git(self.repository, "init", "--quiet", "--initial-branch=main")
        _git(self.repository, "remote", "add", "origin", f"https://github.com/{self.name}.git")
        _git(self.repository, "add", ".")
        identity = ("-c", "user.name=octocat", "-c", "user.email=octocat@example.com")
        _git(self.repository, *identity, "commit", "--quiet", "--message=Add workflows")

    @contextmanager
    def start(
        self,
        workflow: str,
        *,
        event: str = "workflow_dispatch",
        inputs: Mapping[str, str] | None = None,
        payload: Mapping[str, object] | None = None,
        secrets: Mapping[str, str],
        variables: Mapping[str, str],
        environment: Mapping[str, str] | None = None,
        path: str | None = None,
    ) -> Iterator[Run]:
        """Start a workflow; its process is gone when the block ends.

        ``payload`` is what a ``repository_dispatch`` says; ``environment`` is what the runner itself has; ``path`` its
        PATH, where it is not this machine's.
        """
        builds = {name: value for name, value in os.environ.items() if name.startswith("REDELIVER_")}
        given = builds | {"RESULTS": str(self.results)} | dict(environment or {})
        happened = self.folder / "event.json"
        happened.write_text(json.dumps({"inputs": dict(inputs or {}), "client_payload": dict(payload or {})}))
        command = [
            str(shutil.which("act")),
            event,
            f"--workflows=.github/workflows/{workflow}",
            f"--eventpath={happened}",
            "--platform=ubuntu-latest=-self-hosted",
            "--platform=self-hosted=-self-hosted",
            "--pull=false",
            "--rm",  # containers of jobs that failed, too
            "--no-cache-server",
            f"--action-cache-path={self.home / 'actions'}",
            *(f"--local-repository=org/redeliver-action@{ref}={path}" for ref, path in self._versions()),
            *self._others(workflow),
            *(f"--env={name}={value}" for name, value in given.items()),
            *(f"--var={name}={value}" for name, value in variables.items()),
            *(f"--secret={name}" for name in secrets),  # by name: act takes the value from its own environment
        ]
        machine = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
        if path is not None:
            machine["PATH"] = path
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

    def _versions(self) -> Iterator[tuple[str, Path]]:
        yield "v1", self.action
        yield from self.commits.items()

    def _others(self, workflow: str) -> Iterator[str]:
        for other in _OTHERS.finditer((self.workflows / workflow).read_text()):
            yield f"--local-repository={other['reference']}={STANDINS / other['name']}"


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
        printed = re.search(r"^(\[[^]]+\]) .*?  Summary - (.*?)^\1", self.log, re.DOTALL | re.MULTILINE)
        assert printed, self.log
        return printed[2]


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout
