"""Runs of workflows by act, a runner that nobody here wrote, on this very machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from docker.scene import REPOSITORY, TOKEN
from redeliver import REPOSITORY as ACTION

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
#: What goes in the place of other people's actions, by their names.
STANDINS = Path(__file__).with_name("standins")
#: Without these there would be no packages to be had on a machine behind a mirror.
PIP = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
IDENTITY = ("-c", "user.name=octocat", "-c", "user.email=octocat@example.com")
#: act knows no `deployment` yet (https://github.com/nektos/act/issues/6086); environments mean nothing to it.
TOO_NEW = re.compile(r"^ +deployment: false.*\n", re.MULTILINE)


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit_all(folder: Path, repository: str) -> None:
    """Make a repository of a folder that looks like a clone of one on GitHub."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "remote", "add", "origin", f"https://github.com/{repository}.git")
    git(folder, "add", ".")
    git(folder, *IDENTITY, "commit", "--quiet", "--message=All")


def take_the_action(folder: Path) -> Path:
    """The action as a user's runner downloads it: what git has, and not what else lies about here."""
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").strip("\0").split("\0"):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def build_wheel(action: Path, folder: Path) -> Path:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, check=True, capture_output=True, cwd=action)
    (wheel,) = folder.iterdir()
    return wheel


def run_act(
    repository: Path,
    home: Path,
    *words: str,
    workflow: str,
    environment: Mapping[str, str],
    machine: Mapping[str, str],
    standins: Path = STANDINS,
) -> subprocess.CompletedProcess[str]:
    """Run a workflow of a repository to its end, with stand-ins for other people's actions.

    ``environment`` is what its steps have, ``machine`` what act has.
    """
    builds = {name: value for name, value in os.environ.items() if name.startswith("REDELIVER_")}
    used = re.findall(rf"uses: (?!{ACTION})([\w.-]+/([\w.-]+)@\w+)", (repository / workflow).read_text())
    found = {
        reference: folder / name
        for folder in (STANDINS, standins)
        for reference, name in used
        if (folder / name).exists()
    }
    command = [
        *(str(shutil.which("act")), *words, f"--workflows={workflow}", "--pull=false", "--no-cache-server"),
        f"--action-cache-path={home / 'actions'}",
        *(f"--local-repository={reference}={path}" for reference, path in found.items()),
        *(f"--env={name}={value}" for name, value in (builds | dict(environment)).items()),
    ]
    kept = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
    done = subprocess.run(
        command,
        cwd=repository,
        env=kept | {"HOME": str(home), **machine},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        timeout=300,
    )
    for pid in re.findall(r"set-output:: pid=(\d+)", done.stdout):
        os.kill(int(pid), signal.SIGTERM)  # a hosted runner ends what a job leaves running; act does not
    return done


@dataclass(frozen=True)
class Run:
    """A workflow that ran."""

    code: int
    log: str

    @property
    def summary(self) -> str:
        # Each step has a summary file of its own; act prints what was in it.
        printed = re.search(r"^(\[[^]]+\]) .*?  Summary - (.*?)^\1", self.log, re.DOTALL | re.MULTILINE)
        assert printed, self.log
        return printed[2]

    def output(self, name: str) -> str:
        """The last that a step gave of this name."""
        return str(re.findall(rf"set-output:: {name}=(.*)", self.log)[-1])


@dataclass
class Act:
    """The organization's repository with its workflows, and the action that they use."""

    folder: Path
    action: Path
    commits: Mapping[str, Path] = field(default_factory=dict)
    """The action at commits that a workflow pins."""

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.results = self.folder / "results"
        self.repository = self.folder / "repository"
        for folder in (self.home, self.results):
            folder.mkdir()
        workflows = self.repository / ".github" / "workflows"
        shutil.copytree(Path(__file__).with_name("workflows"), workflows)
        for example in EXAMPLES.glob("*.yml"):
            (workflows / example.name).write_text(TOO_NEW.sub("", example.read_text()))
        commit_all(self.repository, REPOSITORY)

    def run(
        self,
        workflow: str,
        api_url: str,
        *,
        event: str = "workflow_dispatch",
        inputs: Mapping[str, str] | None = None,
        happened: Mapping[str, object] | None = None,
        secrets: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        path: str = "",
    ) -> Run:
        """Run a workflow, whose log must show none of its secrets.

        ``happened`` is what the event says besides its inputs; ``environment`` is what the runner itself has; ``path``
        its PATH, where it is not this machine's.
        """
        secrets = {"REDELIVER_TOKEN": TOKEN} if secrets is None else secrets
        told = self.folder / "event.json"
        told.write_text(json.dumps({"inputs": dict(inputs or {}), **(happened or {})}))
        done = run_act(
            self.repository,
            self.home,
            *(event, f"--eventpath={told}"),
            *(f"--platform={name}=-self-hosted" for name in ("ubuntu-latest", "ubuntu-slim", "self-hosted")),
            "--rm",  # containers of jobs that failed, too
            *(f"--local-repository={ACTION}@{ref}={at}" for ref, at in self._versions.items()),
            *(f"--var={name}={value}" for name, value in (variables or {}).items()),
            *(f"--secret={name}" for name in secrets),  # by name: act takes the value from its own environment
            workflow=f".github/workflows/{workflow}.yml",
            environment={"RESULTS": str(self.results), "GITHUB_API_URL": api_url, **(environment or {})},
            machine={**secrets, **({"PATH": path} if path else {})},
        )
        for secret in secrets.values():
            assert not [line for line in secret.splitlines() if len(line) > 20 and line in done.stdout]
        return Run(done.returncode, done.stdout)

    @property
    def _versions(self) -> dict[str, Path]:
        return {"v1": self.action, **self.commits}
