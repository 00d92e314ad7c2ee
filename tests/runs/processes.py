"""The action as real processes, started quickly: each is forked from one that has imported everything."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import redeliver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Seconds between looks at the log. The simulation makes an attempt at once, so there is no need to wait for a second.
PAUSES = (0.05, 0.1, 0.2)
_SOURCES = Path(redeliver.__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Nursery:
    """Starts processes and waits for them."""

    asks: IO[str]
    answers: IO[str]

    def start(self, inputs: Mapping[str, str]) -> int:
        """Start the action with these inputs (``_`` for ``-``). Gives the process's id."""
        return self._ask({"start": environment(inputs)})

    def wait(self, pid: int) -> int:
        """Wait for its end. Gives the exit code, or minus the signal that killed it."""
        return self._ask({"wait": pid})

    def run(self, inputs: Mapping[str, str]) -> int:
        """Start it and wait."""
        return self.wait(self.start(inputs))

    def _ask(self, what: Mapping[str, object]) -> int:
        print(json.dumps(what), file=self.asks, flush=True)
        return int(self.answers.readline())


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Keep the process from which the others are forked; it has no threads, so that forking is safe."""
    command = [sys.executable, str(Path(__file__))]
    surroundings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_SOURCES)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=surroundings
    ) as process:
        assert process.stdin
        assert process.stdout
        yield Nursery(process.stdin, process.stdout)
        process.stdin.close()


def environment(inputs: Mapping[str, str]) -> dict[str, str]:
    """What the action's step has in its environment."""
    named = {f"INPUT_{name.replace('_', '-').upper()}": value for name, value in inputs.items()}
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(_SOURCES), "GITHUB_ACTIONS": "true", **named}


def _serve() -> None:
    from redeliver.__main__ import main  # noqa: PLC0415
    from redeliver.entry import step  # noqa: F401, PLC0415 - imported once, for all that are forked
    from redeliver.run import send  # noqa: PLC0415 - also imported once

    setattr(send, "_PAUSES", PAUSES)  # noqa: B010 - a constant, to a type checker
    gc.freeze()  # else each child copies what it looks for garbage in
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            _, status = os.waitpid(asked["wait"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            continue
        os.environ.clear()
        os.environ.update(asked["start"])
        sys.argv = ["redeliver"]
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        os.dup2(nowhere, 1)
        code = 70
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:  # noqa: BLE001 - whatever it is, the test has to see it
            traceback.print_exc()
        os._exit(code)


if __name__ == "__main__":
    _serve()
