"""Runs steps of a workflow in processes of their own, several at a time, each with a limit of memory; a program.

Each process is forked from one that has imported everything, so that starting it takes no time. Lines of JSON come in:
``name``, ``environment``, ``log`` (a file for what is printed), ``memory`` (bytes), ``seconds`` (until it is killed). A
line goes out for each that has ended: ``name`` and ``code``, or minus the signal that killed it. An empty line waits
for all of them.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
import traceback
from typing import Any

AT_ONCE = 12
#: Seconds for a run's last calls; 120 would be waited for where an answer to them never comes.
CLOSING = 1.0


def child(asked: dict[str, Any]) -> int:
    """One step; gives its exit code."""
    from redeliver import timing  # noqa: PLC0415  imported by the parent, for all
    from redeliver.__main__ import main  # noqa: PLC0415

    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["redeliver"]
    setattr(timing, "CLOSING_LIMIT", CLOSING)  # noqa: B010  a constant, to a type checker
    resource.setrlimit(resource.RLIMIT_AS, (asked["memory"], asked["memory"]))
    signal.alarm(asked["seconds"])
    code = 0
    try:
        main()
    except SystemExit as ending:
        code = int(ending.code or 0)
    except BaseException:  # noqa: BLE001  as Python itself would
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def serve() -> None:
    """Fork for every line; this process has no threads, so that forking is safe."""
    from redeliver.entry import step  # noqa: F401, PLC0415  imported once, for all that are forked

    gc.freeze()  # else each child copies what it looks for garbage in
    running: dict[int, int] = {}
    for line in sys.stdin:
        while running and (len(running) == AT_ONCE or not line.strip()):
            _wait(running)
        if not line.strip():
            continue
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os._exit(child(asked))
        running[pid] = asked["name"]


def _wait(running: dict[int, int]) -> None:
    pid, status = os.wait()
    print(json.dumps({"name": running.pop(pid), "code": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    serve()
