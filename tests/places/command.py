"""The command as an operator starts it on a server: a process of its own, against a GitHub on a socket."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from githubsim.server import serve
from places.site import PLACES
from places.sockets import Live

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from githubsim.hooks import Hook
    from githubsim.server import Served
    from places.site import CredentialKind, HookKind, Place

SOURCES = Path(__file__).resolve().parents[2] / "src"
REDELIVER = (sys.executable, "-m", "redeliver")
TOKEN = "github_pat_given"
#: What the runner of a workflow would act on: a command at a line's start, or in brackets anywhere.
_COMMAND = re.compile(r"^\s*::|##\[", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Said:
    """How a process ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def everything(self) -> str:
        return self.out + self.err

    @property
    def report(self) -> Any:  # noqa: ANN401 - JSON is anything
        """What ``--format json`` printed, which is one line and nothing else."""
        (line,) = self.out.splitlines()
        return json.loads(line)


def environment(**given: str) -> dict[str, str]:
    """What a service has in its environment: little."""
    measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCES), **measured, **given}


def run(
    *arguments: str,
    given: Mapping[str, str] | None = None,
    program: tuple[str, ...] = REDELIVER,
    code: int | None = None,
) -> Said:
    """Run a command to its end; ``given`` is its environment but for the usual. Nothing it says is a command."""
    done = subprocess.run(
        [*program, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(**(given or {})),
    )
    said = Said(done.returncode, done.stdout, done.stderr)
    assert not _COMMAND.search(said.everything), said
    assert "Traceback" not in said.everything, said.everything
    if code is not None:
        assert said.code == code, said
    return said


@dataclass
class Server:
    """Somebody's server: a folder with a token and a state, and GitHub at the other end of a socket."""

    folder: Path
    live: Live
    served: Served
    given: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = self.folder / "state.json"
        for name in ("token", "private-key", "variable-token"):
            if name in self.live.given:
                self.file(name).write_text(self.live.given[name] + "\n")

    @property
    def api_url(self) -> str:
        return self.served.url

    def file(self, name: str) -> Path:
        """Where a secret is kept."""
        return self.folder / f"{name}.txt"

    @property
    def hook(self) -> Hook:
        return self.live.hook

    def flags(self, *, state: bool = True) -> list[str]:
        """What names the webhook, its credential and, unless told otherwise, the state file."""
        named = {name: value for name, value in self.live.given.items() if not name.startswith("variable-")}
        flags = ["--api-url", self.api_url]
        for name, value in named.items():
            secret = name in {"token", "private-key"}
            flags += [f"--{name}-file", str(self.file(name))] if secret else [f"--{name}", value]
        return [*flags, *(["--state-file", str(self.state)] if state else [])]

    def run(self, *more: str, code: int | None = None) -> Said:
        """``redeliver run`` without waiting for outcomes, unless that is asked for."""
        return run("run", *self.flags(), "--wait-for-results", "0", *more, given=self.given, code=code)

    def hooks(self, *more: str, code: int | None = None) -> Said:
        """``redeliver hooks``."""
        return run("hooks", *self.flags(state=False), *more, given=self.given, code=code)

    @property
    def kept(self) -> dict[str, int]:
        """The checkpoints in the state file."""
        found: dict[str, int] = json.loads(self.state.read_bytes())
        return found


@contextmanager
def server(
    folder: Path, hook: HookKind = "organization", credential: CredentialKind = "fine-grained", place: Place = PLACES[0]
) -> Iterator[Server]:
    """Have one for a while."""
    live = Live(place, hook, credential)
    with serve(live.sim) as served:
        yield Server(folder, live, served)
