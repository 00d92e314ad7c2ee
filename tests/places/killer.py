"""Runs the command in processes that are killed within a write of the state file; a program of its own.

It reads lines of JSON: ``argv``, and what goes wrong: ``kill_at`` (the number of a step within the writes), ``room``
(bytes that a file may hold, as on a full disk) or ``cut`` (the same, but the process is killed by it). It answers each
with the exit code, minus the signal that killed it, the steps that there were, and what was said.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, Any

from redeliver.cli import app
from redeliver.state_file import StateFile

if TYPE_CHECKING:
    from types import FrameType


class Steps:
    """Counts what a write of the state file asks of the system: each call of C code begins a step and ends one."""

    def __init__(self, kill_at: int | None) -> None:
        self.names: list[str] = []
        self._kill_at = kill_at
        self._write = StateFile.write

    def install(self) -> None:
        """Watch every write from now on."""

        def watched(state: StateFile, checkpoints: dict[str, int]) -> None:
            sys.setprofile(self._step)
            try:
                self._write(state, checkpoints)
            finally:
                sys.setprofile(None)

        setattr(StateFile, "write", watched)  # noqa: B010 - a method of another shape, to a type checker

    def _step(self, _frame: FrameType, event: str, what: Any) -> None:  # noqa: ANN401
        if event in {"c_call", "c_return"} and what is not sys.setprofile:
            self.names.append(f"{'before' if event == 'c_call' else 'after'} {what.__name__}")
            if len(self.names) - 1 == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)


def child(asked: dict[str, Any], told: int) -> int:
    """One run; gives its exit code."""
    steps = Steps(asked.get("kill_at"))
    steps.install()
    if "room" in asked or "cut" in asked:
        room = int(asked.get("room", asked.get("cut", 0)))
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        if "cut" in asked:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    code = 0
    try:
        app(asked["argv"])
    except SystemExit as ending:
        code = int(ending.code or 0)
    sys.stdout.flush()
    os.write(told, json.dumps(steps.names).encode())
    return code


def main() -> None:
    """Fork for every line; this process has no threads, so that forking is safe."""
    for line in sys.stdin:
        asked = json.loads(line)
        ours, theirs = os.pipe()
        said, says = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.dup2(says, 1)
            os.dup2(says, 2)
            os._exit(child(asked, theirs))
        os.close(theirs)
        os.close(says)
        names, words = _all_of(ours), _all_of(said)
        _, status = os.waitpid(pid, 0)
        answer = {
            "code": os.waitstatus_to_exitcode(status),
            "steps": json.loads(names or b"[]"),
            "said": words.decode(),
        }
        print(json.dumps(answer), flush=True)


def _all_of(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as pipe:
        return pipe.read()


if __name__ == "__main__":
    main()
