"""A step of a workflow, as the runner starts it: the real program in this process, on virtual time.

Replaced is only what lies outside of the program: the clock, the network (below requests' adapter), and what the runner
gives a step. So nothing here needs to change when the program is arranged anew.
"""

from __future__ import annotations

import io
import os
import random
import shlex
import signal
import sys
import tempfile
import time
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from githubsim.clock import SECOND
from githubsim.wire import Lost, SimRequest
from redeliver.__main__ import main
from redeliver.entry import cli
from runner import outputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from githubsim.journal import Entry
    from world import World

#: Milliseconds that a call takes before GitHub sees it, and after which the program gives up one that stays silent.
LATENCY, PATIENCE = 100, 30_000
ENVIRONMENT = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "octo/ops",
    "GITHUB_RUN_ID": "123456",
    "RUNNER_DEBUG": "1",
}
#: Of a terminal with colours, and what its user does not say on the command line.
TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LINES": "50"}
KEPT = ("token", "variable-name", "variable-repository", "api-url")


@dataclass(frozen=True, slots=True)
class Done:
    """How a step ended, and what it left behind."""

    code: int
    log: str
    outputs: Mapping[str, str]
    summary: str
    requests: Sequence[Entry]


def as_variables(inputs: Mapping[str, str]) -> dict[str, str]:
    """Inputs as a step finds them in its environment."""
    return {f"INPUT_{name.upper()}": value for name, value in inputs.items()}


def run_step(world: World, command: str = "", **changed: str) -> Done:
    """Run a step with the world's inputs, changed by these; ``from_`` for ``from``.

    ``command``: which of the action's steps; empty: the run.
    """
    inputs = world.inputs(**{name.rstrip("_"): value for name, value in changed.items()})
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder, name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        environment = ENVIRONMENT | as_variables(inputs) | {name: str(file) for name, file in files.items()}
        environment["REPOSITORY_VISIBILITY"] = world.visibility
        done = _run(world, command.split(), environment, io.BytesIO())
        found = outputs(files["GITHUB_OUTPUT"])
        return replace(done, outputs=found, summary=files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8"))


class Terminal(io.BytesIO):
    """What a terminal is sent."""

    def isatty(self) -> bool:
        return True


def run_command(world: World, command: str, columns: int, **changed: str) -> Done:
    """Run a command on a terminal that is so wide, with the world's inputs as flags, changed by these.

    The token is in the environment, and so is what only the world knows. The log is all that the terminal is sent,
    after a line with the command.
    """
    inputs = world.inputs(**{name.rstrip("_"): value for name, value in changed.items()})
    kept = {name: inputs.pop(name) for name in KEPT if name == "token" or name.replace("-", "_") not in changed}
    variables = {f"REDELIVER_{name.replace('-', '_').upper()}": value for name, value in kept.items()}
    given = ((f"--{name}",) if value == "true" else (f"--{name}", value) for name, value in inputs.items() if value)
    argv = [*command.split(), *chain.from_iterable(given)]
    terminal = Terminal(f"$ redeliver {shlex.join(argv)}\r\n".encode())
    terminal.seek(0, io.SEEK_END)
    with (
        # What a process of its own finds out when it starts: that it is called redeliver, and that it is on a terminal.
        mock.patch.object(sys.modules["__main__"], "__package__", "", create=True),
        mock.patch.object(cli.app, "rich_markup_mode", "rich"),
    ):
        return _run(world, argv, variables | TERMINAL | {"COLUMNS": str(columns)}, terminal)


def _run(world: World, argv: Sequence[str], environment: Mapping[str, str], printed: io.BytesIO) -> Done:
    before = len(world.sim.journal.entries)
    out, err = (io.TextIOWrapper(printed, encoding="utf-8", newline="", line_buffering=True) for _ in range(2))
    with (
        _time_of(world),
        _network_of(world),
        _own_process(),
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "argv", ["redeliver", *argv]),
        mock.patch("redeliver.entry.process.Random", return_value=world.random),
        redirect_stdout(out),
        redirect_stderr(err if printed.isatty() else sys.stderr),
    ):
        code = _code_of_main()
    return Done(code, printed.getvalue().decode(), {}, "", world.sim.journal.entries[before:])


def _code_of_main() -> int:
    try:
        main()
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


@contextmanager
def _time_of(world: World) -> Iterator[None]:
    clock = world.clock
    with mock.patch.multiple(time, time=lambda: clock() / SECOND, monotonic=clock.monotonic, sleep=clock.sleep):
        yield


@contextmanager
def _network_of(world: World) -> Iterator[None]:
    def send(_adapter: HTTPAdapter, asked: requests.PreparedRequest, **_: object) -> requests.Response:
        world.clock.advance(LATENCY)
        try:
            answer = world.sim.handle(_request(asked))
        except Lost as lost:
            world.clock.advance(PATIENCE if lost.kind == "silence" else 0)
            raise requests.ConnectionError from lost
        world.clock.advance(answer.delay_ms)
        raw = HTTPResponse(io.BytesIO(answer.body), answer.headers, answer.status, preload_content=False)
        return HTTPAdapter().build_response(asked, raw)

    with mock.patch.object(HTTPAdapter, "send", send):
        yield


def _request(asked: requests.PreparedRequest) -> SimRequest:
    parts = urlsplit(asked.url or "")
    headers = {name.lower(): value for name, value in asked.headers.items()}
    body: Any = asked.body or b""
    return SimRequest(
        asked.method or "",
        unquote(parts.path),
        dict(parse_qsl(parts.query)),
        headers,
        body.encode() if isinstance(body, str) else body,
    )


@contextmanager
def _own_process() -> Iterator[None]:
    """Give back what a process of its own would take with it, and let chance be the same in each."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    chance = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(chance)
        for number, handler in handlers.items():
            signal.signal(number, handler)
