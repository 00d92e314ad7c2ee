"""The action's step, run the way the runner does, with a stand-in for docker."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
(STEP,) = ACTION["runs"]["steps"]
GITHUB = {"repository": "octo-org/automation", "api_url": "https://api.github.com"}

_EXPRESSION = re.compile(r"\$\{\{ (?P<context>inputs|github)\.(?P<name>[a-z_-]+) \}\}")

# Records each call, and answers the few that the launcher makes.
_DOCKER = """\
#!{python}
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
answers = json.loads((here / "answers.json").read_text())
call = {{"argv": sys.argv[1:], "environment": dict(os.environ), "pid": os.getpid()}}
with (here / "calls.jsonl").open("a") as calls:
    print(json.dumps(call), file=calls)
match sys.argv[1:]:
    case ["version", *_]:
        print(answers["engine"])
        sys.exit(not answers["engine"])
    case ["image", "inspect", name]:
        sys.exit(name not in answers["images"])
    case ["build", *_]:
        print("what the build said")
        sys.exit(answers["build"])
    case ["run", *_]:
        print("what the container said")
        sys.exit(answers["run"])
sys.exit("no such docker command")
"""


def step_command(folder: Path) -> list[str]:
    """How the runner starts a step that says ``shell: bash``."""
    script = folder / "step.sh"
    script.write_text(STEP["run"])
    return ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]


def step_environment(inputs: Mapping[str, str]) -> dict[str, str]:
    """What the step's ``env:`` makes of inputs (``hook_id`` for ``hook-id``) and of the defaults of the others."""
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    return {name: _evaluate(text, given) for name, text in STEP["env"].items()}


def _evaluate(text: str, given: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match["context"] == "github":
            return GITHUB[match["name"]]
        default = ACTION["inputs"][match["name"]].get("default", "")
        return given.get(match["name"], _evaluate(default, given))

    return _EXPRESSION.sub(value, text)


@dataclass(frozen=True)
class Call:
    argv: list[str]
    environment: dict[str, str]
    pid: int

    def values_of(self, option: str) -> list[str]:
        """What is given for an option, in either of the two ways to write it."""
        apart = [after for before, after in zip(self.argv, self.argv[1:], strict=False) if before == option]
        return apart + [word.removeprefix(f"{option}=") for word in self.argv if word.startswith(f"{option}=")]


@dataclass
class Runner:
    """A runner with one job's folder, an engine and a user."""

    folder: Path
    checkout: Path = ROOT
    engine: str = "linux"
    images: list[str] = field(default_factory=list)
    build: int = 0
    run: int = 0
    user: str = "1001"
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        self.output = self.folder / "output"
        self.summary = self.folder / "summary.md"
        self.output.touch()
        self.summary.touch()

    def _install(self, name: str, text: str) -> None:
        tool = self.bin / name
        tool.write_text(text)
        tool.chmod(0o755)

    def start(self, **inputs: str) -> tuple[subprocess.CompletedProcess[str], int]:
        """Run the step once; its process and its id."""
        self._install("docker", _DOCKER.format(python=sys.executable))
        self._install("id", f"#!/bin/sh\necho {self.user}\n")
        self._install("chown", f'#!/bin/sh\necho "$@" >>{self.bin}/chowned\n')
        answers = {name: getattr(self, name) for name in ("engine", "images", "build", "run")}
        (self.bin / "answers.json").write_text(json.dumps(answers))
        with subprocess.Popen(
            step_command(self.folder),
            env=self._environment(inputs),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            printed, _ = process.communicate(timeout=30)
        return subprocess.CompletedProcess(process.args, process.returncode, printed), process.pid

    def step(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run the step once."""
        return self.start(**inputs)[0]

    def _environment(self, inputs: dict[str, str]) -> dict[str, str]:
        # The runner's own variables, and of the inputs only what the step itself maps.
        return {
            "PATH": f"{self.bin}:{os.defpath}",
            "HOME": str(self.folder),
            "GITHUB_ACTION_PATH": str(self.checkout),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_WORKSPACE": str(self.folder),
            **self.environment,
            **step_environment(inputs),
        }

    @property
    def calls(self) -> list[Call]:
        record = self.bin / "calls.jsonl"
        return [Call(**json.loads(line)) for line in record.read_text().splitlines()] if record.exists() else []

    def called(self, command: str) -> list[Call]:
        return [call for call in self.calls if call.argv[0] == command]

    @property
    def container(self) -> Call:
        (call,) = self.called("run")
        return call
