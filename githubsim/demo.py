"""``make demo``: a receiver goes down, events fail, and the action recovers every one of them.

All of it is real but GitHub: sockets, a receiver whose port closes, signed payloads, and the action's core as a
process of its own, started with the variables that a runner would set.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from githubsim.clock import HOUR, MINUTE, system_ms
from githubsim.dispatch import HttpDispatch
from githubsim.model import SimGitHub
from githubsim.outcomes import Kind
from githubsim.receiver import Receiver
from githubsim.server import Served, serve

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDE = 160
SECRET = "It's a Secret to Everybody"
EVENTS = (Kind("push"), Kind("pull_request", "opened"), Kind("issues", "opened"), Kind("release", "published"))


class Past:
    """GitHub's clock: time flies while events happen, so that the demonstration need not take hours."""

    def __init__(self, milliseconds: int = 5 * HOUR) -> None:
        """It begins that long ago."""
        self._behind = milliseconds

    def __call__(self) -> int:
        """Tell the time, in epoch milliseconds."""
        return system_ms() - self._behind

    def fly(self, milliseconds: int = 5 * HOUR) -> None:
        """Let that much time pass, but not beyond this very moment."""
        self._behind = max(0, self._behind - milliseconds)


def main() -> int:
    """Run the demonstration; 0 when every event has arrived exactly once."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Receiver(SECRET) as receiver,
        HttpDispatch(timeout=1) as dispatch,
    ):
        clock = Past()
        sim = SimGitHub(clock, endpoint=dispatch)
        sim.token("demo-token")
        hook = sim.org_hook("octo", url=receiver.url, secret=SECRET)
        with serve(sim, latency_ms=20) as served:
            say(f"The organization octo has a webhook, and a receiver listens at {receiver.url}")
            sent = have_a_bad_day(served, receiver, clock)
            clock.fly()
            home = receiver.accepted()
            lost = len(sent) - len(home)
            say(f"{len(sent)} events happened, {len(home)} arrived. GitHub will not try the other {lost} again")
            for run in ("the first run", "another one, a little later"):
                say(f"The action runs: {run}")
                if code := action(served.url, hook.id, Path(folder)):
                    return code
                served.wait_until_idle()
        return verdict(sent, receiver)


def have_a_bad_day(served: Served, receiver: Receiver, clock: Past) -> list[str]:
    """Events arrive while the receiver is up, down, broken and slow; gives their guids."""
    (hook,) = served.sim.hooks.values()
    sent: list[str] = []

    def emit(number: int) -> None:
        for index in range(number):
            sent.append(hook.emit(EVENTS[index % len(EVENTS)]))
            served.wait_until_idle()
            clock.fly(6 * MINUTE)

    emit(20)
    say("The receiver goes down: its port is closed")
    receiver.go_down()
    emit(12)
    say("It comes back, but answers 503")
    receiver.status = 503
    receiver.come_back()
    emit(6)
    say("It answers with a redirect, and then takes too long")
    receiver.status = 302
    emit(2)
    receiver.status, receiver.delay_ms = 503, 1_500
    emit(1)
    say("It is well again")
    receiver.status, receiver.delay_ms = 200, 0
    emit(5)
    return sent


def action(api_url: str, hook_id: int, folder: Path) -> int:
    """Run the action's step, show its log, its outputs and its job summary."""
    inputs = {
        "org": "octo",
        "hook-id": str(hook_id),
        "token": "demo-token",
        "variable-name": "LAST_REDELIVERY",
        "variable-repository": "octo/ops",
        "api-url": api_url,
    }
    done = step(inputs, folder)
    print("\n--- outputs")
    for line in done.outputs.read_text().splitlines():
        print(line if len(line) < WIDE else f"{line[:WIDE]}…")
    print("\n--- job summary", done.summary.read_text(), sep="\n", flush=True)
    if kept := os.environ.get("DEMO_SUMMARY"):
        with Path(kept).open("a", encoding="utf-8") as all_summaries:
            all_summaries.write(done.summary.read_text())
    return done.code


@dataclass(frozen=True, slots=True)
class Step:
    """A step that has ended, and the runner's two files for it."""

    code: int
    outputs: Path
    summary: Path


def step(inputs: Mapping[str, str], folder: Path, *words: str, **more: str) -> Step:
    """Start the core the way the runner does. ``words``: which of the steps; ``more``: variables of the runner's."""
    outputs, summary = folder / "outputs", folder / "summary.md"
    for file in (outputs, summary):
        file.write_text("")
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "RUNNER_DEBUG") if name in os.environ}
    environment |= {f"INPUT_{name.upper()}": value for name, value in inputs.items()}
    environment |= {"GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true"}
    done = subprocess.run([sys.executable, "-m", "redeliver", *words], env=environment | more, check=False)
    return Step(done.returncode, outputs, summary)


def verdict(sent: list[str], receiver: Receiver) -> int:
    """Whether every event arrived exactly once."""
    arrived = receiver.accepted()
    missing = [guid for guid in sent if not arrived[guid]]
    doubled = [guid for guid in sent if arrived[guid] > 1]
    if missing or doubled:
        say(f"NOT GOOD: {len(missing)} events are missing, {len(doubled)} arrived more than once")
        return 1
    say(f"Every one of {len(sent)} events has arrived at the receiver exactly once")
    return 0


def say(text: str) -> None:
    """Tell the person who watches."""
    print(f"\n=== {text}", flush=True)
    time.sleep(0.3)  # to be read


if __name__ == "__main__":
    sys.exit(main())
