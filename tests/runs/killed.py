"""Kills a process at one of the requests that it makes of the simulated GitHub."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Literal

from command.program import Started
from githubsim.faults import Call, Fault
from githubsim.model import SimGitHub
from githubsim.wire import Lost

When = Literal["before", "after"]


def exit_code_if_killed(sim: SimGitHub, request: int, when: When, start: Callable[[], Started]) -> int:
    """The exit code of what ``start`` starts, killed before or after this request, counted from 1, has its effect."""
    started: list[Started] = []

    def kill() -> None:
        os.kill(started[0].pid, signal.SIGKILL)
        if when == "before":
            raise Lost("reset")  # nobody is there any more to make the request

    sim.faults.add(Fault(Call(kill), at_request=request, when=when))
    with sim.desk.lock:  # no request is looked at before the process's id is known
        started.append(start())
    return started[0].wait()
