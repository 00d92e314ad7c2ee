"""The command as an operator starts it on a server: a process of its own, against a GitHub on a socket."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any, Self

import redeliver
from command import forked
from command.site import PLACES, CredentialKind, HookKind, Place
from command.sockets import Live
from githubsim.hooks import Hook
from githubsim.server import Served, serve

#: Of what is tested: the checkout, or the package that was built from it.
SOURCES = Path(redeliver.__file__).resolve().parents[1]
REDELIVER = (sys.executable, "-m", "redeliver")
TOKEN = "github_pat_given"
#: Nobody listens there.
NOWHERE = ("--api-url", "http://127.0.0.1:9")
#: What the runner of a workflow would act on: a command at a line's start, or in brackets anywhere.
_COMMAND = re.compile(r"^\s*::|##\[", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Said:
    """How a process ended, and what it said."""

    code: int
    out: str
    err: str
    steps: Sequence[str] = field(default=(), repr=False)

    @property
    def everything(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON is anything
        """What ``--format json`` printed, which is one line and nothing else."""
        (line,) = self.out.splitlines()
        return json.loads(line)


def environment(**given: str) -> dict[str, str]:
    """What a service has in its environment: little."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCES), **given}


class Commands:
    """Starts the command, quickly: each process is forked from one that has imported everything."""

    def __init__(self, asks: IO[str], answers: IO[str]) -> None:
        self._asks = asks
        self._answers = answers

    def run(self, *arguments: str, code: int | None = None, given: dict[str, str] | None = None, **how: Any) -> Said:  # noqa: ANN401
        """Run it to its end. ``given`` is its environment but for the usual, ``how`` what ``forked`` knows to do."""
        return checked(self.run_step(*arguments, given=given, **how), code)

    def run_step(self, *arguments: str, given: dict[str, str] | None = None, **how: Any) -> Said:  # noqa: ANN401
        """The same where the runner of a workflow listens: what is said may hold commands for it."""
        asked = {"argv": arguments, "environment": environment(**given or {}), "folder": os.path.sep, **how}
        asked["measured"] = forked.MEASURED_BY in os.environ
        return Said(**self._ask(asked))

    def start(self, *arguments: str, given: dict[str, str] | None = None, **how: Any) -> Started:  # noqa: ANN401
        """Run it while the test does something to it. ``out`` and ``err`` are read, unless ``how`` says otherwise."""
        ours = {name: os.pipe() for name in ("out", "err") if name not in how}
        # The server opens our end of the pipe by its name.
        theirs = {name: f"/proc/{os.getpid()}/fd/{end}" for name, (_, end) in ours.items()}
        asked = {"argv": arguments, "environment": environment(**given or {}), "folder": os.path.sep, "goes_on": True}
        pid = self._ask(asked | {"measured": False} | how | theirs)
        for _, end in ours.values():
            os.close(end)
        reading = {name: os.fdopen(end, encoding="utf-8", newline="") for name, (end, _) in ours.items()}
        return Started(pid, partial(self._wait, pid), reading.get("out"), reading.get("err"))

    def _wait(self, pid: int, seconds: float) -> int | None:
        code: int | None = self._ask({"wait": pid, "seconds": seconds})
        return code

    def _ask(self, what: dict[str, Any]) -> Any:  # noqa: ANN401
        print(json.dumps(what), file=self._asks, flush=True)
        return json.loads(self._answers.readline())


@dataclass
class Started:
    """A process that goes on; to be used as one of ``subprocess``."""

    pid: int
    _wait: Callable[[float], int | None]
    out: IO[str] | None = None
    err: IO[str] | None = None
    returncode: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for stream in filter(None, (self.out, self.err)):
            stream.close()

    def poll(self, seconds: float = 0) -> int | None:
        """Its exit code, if it has ended by then."""
        if self.returncode is None:
            self.returncode = self._wait(seconds)
        return self.returncode

    def wait(self, seconds: float = 30) -> int:
        """Its exit code, at its end."""
        code = self.poll(seconds)
        assert code is not None, f"it has not ended within {seconds} seconds"
        return code

    def communicate(self) -> tuple[str, str]:
        """All that it prints until its end."""
        out, err = (stream.read() if stream else "" for stream in (self.out, self.err))
        self.wait()
        return out, err

    def send_signal(self, number: int) -> None:
        """Unless its end is known."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Have it gone, whatever it does."""
        self.send_signal(signal.SIGKILL)
        self.wait()


@contextmanager
def commands() -> Iterator[Commands]:
    """Keep the process from which the others are forked.

    Where coverage is measured, it is of these alone: a process that starts by itself would measure its imports anew.
    """
    measured = {name: value for name, value in os.environ.items() if name == forked.MEASURED_BY}
    with subprocess.Popen(
        [sys.executable, str(Path(forked.__file__))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(**measured),
    ) as process:
        assert process.stdin
        assert process.stdout
        yield Commands(process.stdin, process.stdout)
        process.stdin.close()


def start(*arguments: str, given: dict[str, str] | None = None, program: Sequence[str] = REDELIVER) -> Said:
    """Run the command to its end in a process of its own from the first instruction on."""
    command = [*program, *arguments]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=60, env=environment(**given or {})
    )
    return checked(Said(done.returncode, done.stdout, done.stderr))


def start_unprivileged(*arguments: str) -> Said:
    """The same without the right to overrule file permissions, which root has; for others nothing changes."""
    # From linux/prctl.h and linux/capability.h: PR_CAPBSET_DROP and CAP_DAC_OVERRIDE.
    give_up = "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"
    return start(*arguments, program=(sys.executable, "-c", give_up, *REDELIVER))


@dataclass
class Terminal:
    """The program at a terminal of its own, and what was typed there."""

    process: subprocess.Popen[bytes]
    ours: int
    shown: str = ""

    def wait_for(self, words: str) -> None:
        """Read until the words are there."""
        while words not in self.shown:
            ready, _, _ = select.select([self.ours], [], [], 30)
            assert ready, self.shown
            self.shown += os.read(self.ours, 4_096).decode(errors="replace")

    def answer(self, question: str, text: str) -> None:
        self.wait_for(question)
        os.write(self.ours, f"{text}\n".encode())

    def end(self) -> int:
        """Read to its end. Gives the exit code."""
        try:
            while piece := os.read(self.ours, 4_096):
                self.shown += piece.decode(errors="replace")
        except OSError:  # Linux ends a terminal so
            pass
        os.close(self.ours)
        return self.process.wait(30)

    @property
    def text(self) -> str:
        """What was shown, without what moves the cursor or sets colours."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.shown)


def at_a_terminal(*arguments: str, given: dict[str, str], folder: Path | None = None) -> Terminal:
    """Start the command at a terminal of its own."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*REDELIVER, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(COLUMNS="120", **given),
        cwd=folder,
        start_new_session=True,  # /dev/tty would be the terminal of whoever runs the tests
    )
    os.close(theirs)
    return Terminal(process, ours)


def let_time_pass(folder: Path) -> None:
    """Let ten minutes pass for the files that killed processes left beside those that they wrote."""
    for left in folder.glob(".*.new"):
        os.utime(left, (0, 0))


def checked(said: Said, code: int | None = None) -> Said:
    """What no command may ever say, whatever happens to it; and that it ended as it should."""
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
    commands: Commands
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

    def flags(self, *, state: bool = True, hook_id: str | None = None) -> list[str]:
        """What names the webhook, its credential and, unless told otherwise, the state file."""
        flags = ["--api-url", self.api_url]
        for name, value in self.live.given.items():
            if name in {"token", "private-key"}:
                flags += [f"--{name}-file", str(self.file(name))]
            elif not name.startswith("variable-"):
                flags += [f"--{name}", hook_id if hook_id and name == "hook-id" else value]
        return [*flags, *(["--state-file", str(self.state)] if state else [])]

    def run(self, *more: str, code: int | None = None, hook_id: str | None = None, **how: Any) -> Said:  # noqa: ANN401
        """``redeliver run`` without waiting for outcomes, unless that is asked for."""
        flags = [*self.flags(hook_id=hook_id), "--wait-for-results", "0"]
        return self.commands.run("run", *flags, *more, given=self.given, code=code, **how)

    def hooks(self, *more: str, code: int | None = None, hook_id: str | None = None, **how: Any) -> Said:  # noqa: ANN401
        """``redeliver hooks``."""
        flags = self.flags(state=False, hook_id=hook_id)
        return self.commands.run("hooks", *flags, *more, given=self.given, code=code, **how)

    def replay(self, *more: str, code: int | None = None, **how: Any) -> Said:  # noqa: ANN401
        """``redeliver replay``."""
        flags = self.flags(state=False)
        return self.commands.run("replay", *flags, *more, given=self.given, code=code, **how)

    def started(self, known: list[Started], *arguments: str, **how: Any) -> Started:  # noqa: ANN401
        """A command that goes on; ``known`` before GitHub looks at a request of it, so that a fault may end it."""
        with self.live.sim.desk.lock:
            known.append(self.commands.start(*arguments, given=self.given, **how))
        return known[0]

    @property
    def kept(self) -> dict[str, int]:
        """The checkpoints in the state file."""
        found: dict[str, int] = json.loads(self.state.read_bytes())
        return found

    def key(self, hook: Hook) -> str:
        """What a webhook's checkpoint goes by there."""
        return f"{self.api_url.partition('://')[2]}{hook.path}"


@contextmanager
def server(
    folder: Path,
    commands: Commands,
    hook: HookKind = "organization",
    credential: CredentialKind = "fine-grained",
    place: Place = PLACES[0],
) -> Iterator[Server]:
    """Have one for a while."""
    live = Live(place, hook, credential)
    with serve(live.sim) as served:
        yield Server(folder, live, served, commands)
