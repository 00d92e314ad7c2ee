"""``make demo``: a receiver goes down, events fail, and the action recovers every one of them.

All of it is real but GitHub: sockets, a receiver whose port closes, signed payloads, and the action's core as a
process of its own, started with the variables that a runner would set. Its job summaries are left in build/demo.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from githubsim.clock import HOUR, MINUTE, system_ms
from githubsim.dispatch import HttpDispatch
from githubsim.hooks import Hook
from githubsim.model import SimGitHub
from githubsim.outcomes import Kind
from githubsim.receiver import Receiver
from githubsim.server import Served, serve
from pictures.page import page
from runner import Command, commands, outputs

SECRET = "It's a Secret to Everybody"
REPOSITORY = "octo/ops"
EVENTS = (Kind("push"), Kind("pull_request", "opened"), Kind("issues", "opened"), Kind("release", "published"))


@dataclass(frozen=True, slots=True)
class Step:
    """A step that has ended, its outputs and its job summary."""

    code: int
    outputs: dict[str, str]
    summary: str


@dataclass
class Past:
    """GitHub's clock, behind the machine's: it flies while events happen, so that nobody has to wait for hours."""

    behind: int

    def __call__(self) -> int:
        return system_ms() - self.behind

    def fly(self, milliseconds: int) -> None:
        """Let that much time pass, but not beyond this very moment."""
        self.behind = max(0, self.behind - milliseconds)


@dataclass
class Day:
    """A webhook and its receiver."""

    served: Served
    hook: Hook
    receiver: Receiver
    folder: Path
    clock: Past
    pages: Path
    """The folder for what a person would see on GitHub."""
    sent: list[str] = field(default_factory=list)
    kept: int = 0

    def events(self, number: int, apart: int = 6 * MINUTE) -> list[str]:
        """So many events. Gives their guids."""
        guids = []
        for index in range(number):
            guids.append(self.hook.emit(EVENTS[index % len(EVENTS)]))
            self.served.wait_until_idle()
            self.clock.fly(apart)
        self.sent += guids
        return guids

    def step(self, inputs: Mapping[str, str], *words: str, **more: str) -> Step:
        """A step over the webhook, as the runner starts it, and its log.

        ``words``: which of them; ``more``: runner's variables.
        """
        written, summary = self.folder / "outputs", self.folder / "summary.md"
        for file in (written, summary):
            file.write_text("")
        whose = (
            {"org": "octo", "hook-id": str(self.hook.id), "token": "demo-token"} if "repository" not in inputs else {}
        )
        given = whose | {"api-url": self.served.url} | dict(inputs)
        environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "RUNNER_DEBUG") if name in os.environ}
        environment |= {f"INPUT_{name.upper()}": value for name, value in given.items()}
        environment |= {"GITHUB_OUTPUT": str(written), "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true"}
        command = [sys.executable, "-m", "redeliver", *words]
        with subprocess.Popen(command, env=environment | more, stdout=subprocess.PIPE, encoding="utf-8") as running:
            assert running.stdout
            for line in shown(running.stdout):
                print(f"    {line}", flush=True)
        self.served.wait_until_idle()
        return Step(running.returncode, outputs(written), summary.read_text(encoding="utf-8"))

    def keep(self, what: str, name: str, markdown: str) -> None:
        """Make a page of what a person would see, and say where it is."""
        self.kept += 1
        file = self.pages / f"{self.kept:02}-{re.sub(r'[^a-z]+', '-', name)}.html"
        file.write_text(page(markdown, "light", with_mermaid=False), encoding="utf-8")
        print(f"\n  {what}: {file}", flush=True)

    def verdict(self, twice: list[str], codes: list[int], good: str, also: str) -> int:
        """Whether each event has arrived once, and these twice; 0 if so, and if no step had an error.

        ``also``: what else a newcomer can do, after the set-up.
        """
        arrived = self.receiver.accepted()
        wrong = [guid for guid in self.sent if arrived[guid] != 1 + (guid in twice)]
        if wrong or any(codes):
            say(f"NOT GOOD: {len(wrong)} events did not arrive as often as they should; exit codes {codes}")
            return 1
        say(good)
        print(f"    The pages are in {self.pages}: open them in a browser")
        say(f'Next: set it up for your own webhook: README.md, "Set it up". {also}')
        return 0


@contextmanager
def day(name: str, hours: int) -> Iterator[Day]:
    """One that began so many hours ago, and has pages of this name."""
    clock, pages = Past(hours * HOUR), Path("build") / name
    pages.mkdir(parents=True, exist_ok=True)
    for old in pages.glob("*.html"):
        old.unlink()
    with (
        tempfile.TemporaryDirectory() as folder,
        Receiver(SECRET) as receiver,
        HttpDispatch(timeout=1) as dispatch,
    ):
        sim = SimGitHub(clock, endpoint=dispatch)
        sim.token("demo-token", permissions={"organization_hooks": "write", "actions_variables": "write"})
        hook = sim.org_hook("octo", url=receiver.url, secret=SECRET)
        with serve(sim, latency_ms=20) as served:
            yield Day(served, hook, receiver, Path(folder), clock, pages)


def shown(log: Iterable[str]) -> Iterator[str]:
    """The lines of a step's log as GitHub shows them: annotations by their level, and groups folded."""
    is_folded = False
    for line in log:
        match next(iter(commands(line)), None):
            case Command("group", title):
                is_folded = True
                yield f"▸ {title}"
            case Command("endgroup"):
                is_folded = False
            case Command("notice" | "warning" | "error" as level, text):
                yield f"{level}: {text}"
            case None if not is_folded:
                yield line.rstrip("\n")


def main() -> int:
    """Run the demonstration; 0 when every event has arrived exactly once."""
    with day("demo", 5) as it:
        receiver = it.receiver
        say("Nothing here leaves this machine: GitHub is simulated. It takes half a minute")
        say(f"The organization octo has a webhook, and a receiver listens at {receiver.url}")
        it.events(20)
        say("The receiver goes down: its port is closed")
        receiver.go_down()
        it.events(12)
        say("It comes back, but answers 503")
        receiver.status = 503
        receiver.come_back()
        it.events(6)
        say("It answers with a redirect, and then takes too long")
        receiver.status = 302
        it.events(2)
        receiver.status, receiver.delay_ms = 503, 1_500
        it.events(1)
        say("It is well again")
        receiver.status, receiver.delay_ms = 200, 0
        it.events(5)
        it.clock.fly(5 * HOUR)
        arrived = len(receiver.accepted())
        events, lost = len(it.sent), len(it.sent) - arrived
        say(f"{events} events happened, {arrived} arrived. GitHub will not try the other {lost} again")
        codes = [action(it, name) for name in ("the first run", "another one, a little later")]
        good = f"Every one of {events} events has arrived at the receiver exactly once"
        return it.verdict([], codes, good, "Or watch an outage, with an issue and a replay: make demo STORY=outage")


def action(it: Day, name: str) -> int:
    """Run the action's step, show its log, its outputs and its job summary."""
    say(f"The action runs: {name}")
    done = it.step({"variable-name": "LAST_REDELIVERY", "variable-repository": REPOSITORY})
    print("\n  Its outputs, for later steps:")
    for output, value in done.outputs.items():
        print(f"    {output} = {value if len(value) < 60 else f'{value[:56]}…'}")
    it.keep("Its job summary", name, done.summary)
    return done.code


def say(text: str) -> None:
    print(f"\n=== {text}", flush=True)
    time.sleep(0.3)  # to be read


if __name__ == "__main__":
    sys.exit(main())
