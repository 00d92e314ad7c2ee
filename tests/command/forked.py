"""Runs the command in processes that are forked from one that has imported everything; a program of its own.

It reads lines of JSON: ``argv``, ``environment``, ``folder``, whether coverage is ``measured``, and what goes wrong:
``kill_at`` (the number of a step within the writes of the state file), ``room`` (bytes that a file may hold, as on a
full disk), ``memory`` (bytes that it may use), ``breaks`` (a function of ours that has a bug), ``sets`` (constants that
have other values), ``out`` or ``err`` (the file that the stream goes to; ``gone``: a pipe that nobody reads any more).
It answers each with the exit code, minus the signal that killed it, what was printed, and the steps that there were.

Where ``goes_on`` is asked for, it answers with the process's id as soon as there is one. ``wait`` asks for the exit
code of such a process, and waits for it so many ``seconds``; there is none as long as it runs.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock

from redeliver import console  # noqa: F401 - what importing runs is measured here alone
from redeliver.__main__ import main
from redeliver.entry import cli, step, tracking  # noqa: F401 - imported once, for all that are forked
from redeliver.files import replace_file
from redeliver.run import send, state_file

#: Seconds between looks at the log. The simulation makes an attempt at once, so there is no need to wait for a second.
PAUSES = (0.05, 0.1, 0.2)
#: By this a process knows that it is to be measured.
MEASURED_BY = "COVERAGE_PROCESS_CONFIG"
MOST = resource.getrlimit(resource.RLIMIT_FSIZE)[1]


class Steps:
    """Counts what a write of the state file asks of the system: each call of C code begins a step and ends one."""

    def __init__(self, kill_at: int | None) -> None:
        self.names: list[str] = []
        self._kill_at = kill_at
        self._write = replace_file

    def install(self) -> None:
        """Watch every write from now on."""

        def watched(path: Path, content: bytes) -> None:
            sys.setprofile(self._step)
            try:
                self._write(path, content)
            finally:
                sys.setprofile(None)

        setattr(state_file, "replace_file", watched)  # noqa: B010 - a method of another shape, to a type checker

    def _step(self, _frame: FrameType, event: str, what: Any) -> None:  # noqa: ANN401
        if event in {"c_call", "c_return"} and what is not sys.setprofile:
            self.names.append(f"{'before' if event == 'c_call' else 'after'} {what.__name__}")
            if len(self.names) - 1 == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)


def child(asked: dict[str, Any], told: int) -> int:
    """One run; gives its exit code."""
    measuring = _measuring()
    if measuring and not asked["measured"]:
        measuring.stop()
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.argv = ["redeliver", *asked["argv"]]
    if "breaks" in asked:
        mock.patch(asked["breaks"], side_effect=ZeroDivisionError("ghp_hush\n::error::https://hush.example/")).start()
    for name, value in asked.get("sets", {}).items():
        mock.patch(name, value).start()
    if "memory" in asked:
        resource.setrlimit(resource.RLIMIT_AS, (asked["memory"], asked["memory"]))
    steps = Steps(asked.get("kill_at"))
    steps.install()
    if "room" in asked:
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked["room"], MOST))
    code = 0
    try:
        main()
    except SystemExit as ending:
        code = int(ending.code or 0)
    except BaseException:  # noqa: BLE001 - as Python itself would
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(told, json.dumps(steps.names).encode())
    if measuring and asked["measured"]:
        # What is run here counts, although this process ends without ceremony.
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST, MOST))
        measuring.save()
    return code


def _measuring() -> Any:  # noqa: ANN401 - a Coverage, where there is one
    return sys.modules["coverage"].Coverage.current() if "coverage" in sys.modules else None


def serve() -> None:
    """Fork for every line; this process has no threads, so that forking is safe."""
    setattr(send, "_PAUSES", PAUSES)  # noqa: B010 - a constant, to a type checker
    if measuring := _measuring():
        measuring.save()  # what importing has run: else each child would save it again
    gc.freeze()  # else each child copies what it looks for garbage in
    for line in sys.stdin:
        asked = json.loads(line)
        answer = _waited(**asked) if "wait" in asked else _begun(asked) if "goes_on" in asked else _ended(asked)
        print(json.dumps(answer), flush=True)


def _ended(asked: dict[str, Any]) -> dict[str, Any]:
    """One run to its end."""
    pipes = [os.pipe() for _ in range(3)]
    ends = [end for _, end in pipes]
    opened = {number: _opened(asked[name]) for number, name in ((1, "out"), (2, "err")) if name in asked}
    pid = _forked(asked, ends[0], *(opened.get(number, ends[number]) for number in (1, 2)))
    for end in (*ends, *opened.values()):
        os.close(end)
    steps, printed, logged = (_all_of(read_end) for read_end, _ in pipes)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return {"code": code, "out": printed, "err": logged, "steps": json.loads(steps or "[]")}


def _begun(asked: dict[str, Any]) -> int:
    """The id of a process that goes on."""
    ends = [_opened(asked.get(name, os.devnull)) for name in ("told", "out", "err")]
    pid = _forked(asked, *ends)
    for end in ends:
        os.close(end)
    return pid


def _forked(asked: dict[str, Any], told: int, out: int, err: int) -> int:
    pid = os.fork()
    if pid == 0:
        os.dup2(out, 1)
        os.dup2(err, 2)
        os._exit(child(asked, told))
    return pid


def _waited(wait: int, seconds: float) -> int | None:
    until = time.monotonic() + seconds
    while True:
        pid, status = os.waitpid(wait, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            return None
        time.sleep(0.005)


def _opened(path: str) -> int:
    if path != "gone":
        return os.open(path, os.O_WRONLY | os.O_APPEND)
    nobody, end = os.pipe()
    os.close(nobody)
    return end


def _all_of(descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as pipe:
        return pipe.read().decode()


if __name__ == "__main__":
    serve()
