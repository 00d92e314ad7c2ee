"""The action's steps as real processes, and what kills one of them at a request."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from command.program import commands
from githubsim.faults import Call, Fault
from githubsim.wire import Lost

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from command.program import Commands, Started
    from githubsim.server import Served

When = Literal["before", "after"]


class Nursery:
    """Starts steps and waits for them; what they print is lost."""

    def __init__(self, forks: Commands) -> None:
        """``forks``: what starts processes quickly."""
        self._forks = forks
        self._started: dict[int, Started] = {}

    def start(self, inputs: Mapping[str, str], *arguments: str) -> int:
        """Start the action with these inputs (``_`` for ``-``) and arguments. Gives the process's id."""
        unheard = {"out": os.devnull, "err": os.devnull}
        started = self._forks.start(*arguments, given=environment(inputs), **unheard)
        self._started[started.pid] = started
        return started.pid

    def wait(self, pid: int) -> int:
        """Wait for its end. Gives the exit code, or minus the signal that killed it."""
        return self._started.pop(pid).wait()

    def run(self, inputs: Mapping[str, str], *arguments: str) -> int:
        """Start it and wait."""
        return self.wait(self.start(inputs, *arguments))

    def kill_at(self, served: Served, request: int, when: When, inputs: Mapping[str, str], *arguments: str) -> int:
        """The exit code of one that is killed before or after this request of GitHub has had its effect."""
        started: list[int] = []

        def kill() -> None:
            os.kill(started[0], signal.SIGKILL)
            if when == "before":
                raise Lost("reset")  # nobody is there any more to make the request

        served.sim.faults.add(Fault(Call(kill), at_request=request, when=when))
        with served.sim.desk.lock:  # no request is looked at before the process's id is known
            started.append(self.start(inputs, *arguments))
        return self.wait(started[0])


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Keep the process from which the others are forked."""
    with commands() as forks:
        yield Nursery(forks)


def environment(inputs: Mapping[str, str]) -> dict[str, str]:
    """What the action's step has in its environment beside the usual."""
    named = {f"INPUT_{name.replace('_', '-').upper()}": value for name, value in inputs.items()}
    return {"GITHUB_ACTIONS": "true", **named}
