"""The step of an action, run the way the runner does, with stand-ins for docker and for Python."""

from __future__ import annotations

import ast
import csv
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

import yaml

from action.standins import CALLS, Python, install_docker, install_sleep

ROOT = Path(__file__).resolve().parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
REPLAY_ACTION: dict[str, Any] = yaml.safe_load((ROOT / "replay" / "action.yml").read_text())
HOOKS_ACTION: dict[str, Any] = yaml.safe_load((ROOT / "hooks" / "action.yml").read_text())
TRACKING_ACTION: dict[str, Any] = yaml.safe_load((ROOT / "tracking-issue" / "action.yml").read_text())
#: The folder that an action is in, by its name; the main one is in none.
_BELOW = {
    HOOKS_ACTION["name"]: "hooks",
    REPLAY_ACTION["name"]: "replay",
    TRACKING_ACTION["name"]: "tracking-issue",
}
(STEP,) = ACTION["runs"]["steps"]
IMAGE = "ghcr.io/octo-org/mirror@sha256:0123"
PULLING = "Pulling the action's image ...\n"
TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
OTHER_TOKEN = "ghp_ABCDEFGHIJ0123456789abcdefghij012345"
#: How the launcher begins what it says of an error.
ERROR = "::error title=Redeliver Action::"
GITHUB = {
    "repository": "octo-org/automation",
    "api_url": "https://api.github.com",
    "token": "ghs_0123456789abcdefghijABCDEFGHIJ012345",
}

#: All that the launcher needs of a machine, besides docker or Python, and what is played here: id, uname and chown.
TOOLS = (
    *("bash", "cat", "chmod", "cut", "find", "mktemp", "printenv", "touch", "wc"),
    *("sed", "sha256sum", "sleep", "sort", "tail", "tr", "xargs"),
)

_EXPRESSION = re.compile(r"\$\{\{ (?P<context>inputs|github)\.(?P<name>[a-z_-]+) \}\}")


def step_command(folder: Path, action: Mapping[str, Any] = ACTION) -> list[str]:
    """How the runner starts a step that says ``shell: bash``."""
    script = folder / "step.sh"
    script.write_text(action["runs"]["steps"][0]["run"])
    return ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]


def step_environment(inputs: Mapping[str, str], action: Mapping[str, Any] = ACTION) -> dict[str, str]:
    """What the step's ``env:`` makes of inputs, and of the defaults of the others.

    ``inputs``: ``hook_id`` for ``hook-id``, ``from_`` for ``from``.
    """
    given = {name.rstrip("_").replace("_", "-"): value for name, value in inputs.items()}
    (step,) = action["runs"]["steps"]
    return {name: _evaluate(text, given, action) for name, text in step["env"].items()}


def _evaluate(text: str, given: Mapping[str, str], action: Mapping[str, Any]) -> str:
    def value(match: re.Match[str]) -> str:
        if match["context"] == "github":
            return GITHUB[match["name"]]
        default = action["inputs"][match["name"]].get("default", "")
        return given.get(match["name"], _evaluate(default, given, action))

    return _EXPRESSION.sub(value, text)


@dataclass(frozen=True)
class Call:
    """One call of a stand-in."""

    name: str
    argv: list[str]
    environment: dict[str, str]
    pid: int

    @classmethod
    def read(cls, line: str) -> Self:
        """Of the record that a stand-in keeps."""
        call = ast.literal_eval(line)
        environment = {os.fsdecode(name): os.fsdecode(value) for name, value in call["environment"].items()}
        return cls(call["name"], call["argv"], environment, call["pid"])

    def values_of(self, option: str) -> list[str]:
        """What is given for an option, in either of the two ways to write it."""
        apart = [after for before, after in zip(self.argv, self.argv[1:], strict=False) if before == option]
        return apart + [word.removeprefix(f"{option}=") for word in self.argv if word.startswith(f"{option}=")]

    @property
    def mounts(self) -> list[dict[str, str]]:
        """What is mounted, as docker reads it: each a line of CSV."""
        lines = [next(csv.reader([line], strict=True)) for line in self.values_of("--mount")]
        return [dict(word.partition("=")[::2] for word in line) for line in lines]


@cache
def _tools() -> dict[str, str]:
    """Where they are."""
    return {tool: str(shutil.which(tool)) for tool in TOOLS}


@dataclass
class Runner:
    """A runner with one job's folder, an engine or none, Pythons or none, and a user.

    ``security`` is what the engine says of its own options, ``limits`` what it can limit (all, unless named), ``init``
    its init, ``host`` its machine (this one is "runner"), ``unseen`` what it says of this machine's files where it does
    not see them, and ``said`` what it prints while it pulls or builds. ``podman`` is what podman's own command says of
    itself, if that is what is called docker. ``pull``, ``build``, ``run`` and ``chown`` are exit codes. ``hangs`` are
    the commands that never answer, ``slow`` the seconds that the first answer takes. ``hurried``: the seconds that
    every sleep of the launcher's takes, if not as many as it says.
    """

    folder: Path
    checkout: Path = ROOT
    action: dict[str, Any] = field(default_factory=lambda: ACTION)
    docker: bool = True
    engine: str = "linux"
    security: str = "name=seccomp,profile=default"
    limits: dict[str, bool] = field(default_factory=dict)
    unseen: str = ""
    init: str = "docker-init"
    host: str = "runner"
    podman: dict[str, Any] = field(default_factory=dict)
    hangs: tuple[str, ...] = ()
    slow: float = 0
    hurried: float = 0
    images: list[str] = field(default_factory=list)
    pull: int = 0
    build: int = 0
    said: str = "what docker said"
    run: int = 0
    chown: int = 0
    pythons: dict[str, Python] = field(default_factory=dict)
    user: str = "1001"
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bin = self.folder / "bin"
        self.temp = self.folder / "temp"
        self.output = self.folder / "output"
        self.summary = self.folder / "summary.md"
        for folder in (self.bin, self.temp):
            folder.mkdir()
        for file in (self.output, self.summary):
            file.touch()
        for tool, place in _tools().items():
            (self.bin / tool).symlink_to(place)

    def start(self, **inputs: str) -> tuple[subprocess.CompletedProcess[str], int]:
        """Run the step once; its process and its id."""
        with self.started(**inputs) as process:
            printed, _ = process.communicate(timeout=30)
        return subprocess.CompletedProcess(process.args, process.returncode, printed), process.pid

    def started(self, **inputs: str) -> subprocess.Popen[str]:
        """The process of a step that has only begun."""
        if self.docker:
            install_docker(self.bin / "docker", self._answers)
        for name, python in self.pythons.items():
            python.install(self.bin / name)
        (self.bin / "id").write_text(f"#!/bin/sh\necho {self.user}\n")
        (self.bin / "uname").write_text("#!/bin/sh\necho runner\n")
        (self.bin / "chown").write_text(f'#!/bin/sh\necho "$@" >>"{self.bin}/chowned"\nexit {self.chown}\n')
        for tool in ("id", "uname", "chown"):
            (self.bin / tool).chmod(0o755)
        if self.hurried:
            (self.bin / "sleep").unlink()
            install_sleep(self.bin / "sleep", self.hurried)
        return subprocess.Popen(
            step_command(self.folder, self.action),
            env=self._environment(inputs),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def step(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run the step once."""
        return self.start(**inputs)[0]

    @property
    def _answers(self) -> dict[str, Any]:
        """What the engine answers."""
        info: dict[str, Any] = {"MemoryLimit": True, "SwapLimit": True, "PidsLimit": True} | self.limits
        info |= {
            "OSType": self.engine,
            "InitBinary": self.init,
            "Name": self.host,
            "SecurityOptions": self.security.split(),
        }
        names = ("unseen", "podman", "hangs", "slow", "images", "pull", "build", "said", "run")
        return {name: getattr(self, name) for name in names} | {"info": self.podman or info}

    def _environment(self, inputs: dict[str, str]) -> dict[str, str]:
        # The runner's own variables, and of the inputs only what the step itself maps.
        path = self.checkout / _BELOW.get(self.action["name"], "")
        return {
            "PATH": str(self.bin),
            "HOME": str(self.folder),
            "GITHUB_ACTION_PATH": str(path),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_WORKSPACE": str(self.folder),
            "RUNNER_TEMP": str(self.temp),
            **self.environment,
            **step_environment(inputs, self.action),
        }

    @property
    def calls(self) -> list[Call]:
        record = self.bin / CALLS
        return [Call.read(line) for line in record.read_text().splitlines()] if record.exists() else []

    def called(self, command: str) -> list[Call]:
        """The calls of docker with this command."""
        return [call for call in self.calls if call.name == "docker" and call.argv[0] == command]

    @property
    def container(self) -> Call:
        """The one run of a container."""
        (call,) = self.called("run")
        return call

    def python_did(self, *module: str) -> list[Call]:
        """The calls of a Python with ``-m`` and these words."""
        words = ["-m", *module]
        return [call for call in self.calls if any(call.argv[at : at + len(words)] == words for at in range(3))]

    @property
    def core(self) -> Call:
        """The one call of the action itself, by a Python of the machine."""
        (call,) = self.python_did("redeliver")
        return call
