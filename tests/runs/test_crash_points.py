"""The process is really killed before and after each of its requests: a run, which the next ones finish, and a replay,
whose plan then tells how to finish it.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from queue import Queue
from typing import Literal

import pytest

from command.program import Commands, Started, commands
from githubsim.behaviour import Behaviour
from githubsim.clock import HOUR, MINUTE, SECOND, system_ms
from githubsim.faults import Call, Fault
from githubsim.hooks import Hook
from githubsim.model import SimGitHub
from githubsim.outcomes import OK, UNAVAILABLE, invalid_response
from githubsim.server import Served, serve
from githubsim.wire import Lost
from step import as_variables

pytestmark = pytest.mark.slow

When = Literal["before", "after"]

AT_ONCE = 2
#: By how many looks at the log one run may differ from another.
LOOKS = 3
#: Runs after a crash until nothing is left to do; more would mean that they do not come to rest.
RUNS_UNTIL_QUIET = 3
KINDS = {
    *(("GET ", "CHECKPOINT"), ("POST ", "variables"), ("PATCH ", "CHECKPOINT")),
    *(("GET ", "deliveries"), ("POST ", "attempts")),
}


@dataclass
class Stage:
    """A webhook, and processes that are started against it."""

    served: Served
    hook: Hook

    def start(self, forks: Commands, *command: str, **inputs: str) -> Started:
        return forks.start(*command, given=self.given(**inputs), out=os.devnull, err=os.devnull)

    def given(self, **inputs: str) -> dict[str, str]:
        """What a step has in its environment; ``from_`` for ``from``."""
        usual = {"org": "octo", "hook-id": str(self.hook.id), "token": "pat", "api-url": self.served.url}
        named = {name.rstrip("_").replace("_", "-"): value for name, value in inputs.items()}
        return {"GITHUB_ACTIONS": "true", **as_variables(usual | named)}

    def code_if_killed(self, request: int, when: When, start: Callable[[], Started]) -> int:
        """The exit code of what is started, killed before or after this request, counted from 1, has its effect."""
        started: list[Started] = []

        def kill() -> None:
            os.kill(started[0].pid, signal.SIGKILL)
            if when == "before":
                raise Lost("reset")  # nobody is there any more to make the request

        self.served.sim.faults.add(Fault(Call(kill), at_request=request, when=when))
        with self.served.sim.desk.lock:  # no request is looked at before the process's id is known
            started.append(start())
        return started[0].wait()

    @property
    def requests(self) -> list[str]:
        return [f"{entry.verb} {entry.path}" for entry in self.served.sim.journal.entries]

    @property
    def sent(self) -> list[str]:
        return [one.guid for one in self.served.sim.accepted]


@contextmanager
def stage(page_cap: int) -> Iterator[Stage]:
    sim = SimGitHub(system_ms, behaviour=Behaviour(redelivery_ms=20, appears_ms=10, page_cap=page_cap))
    sim.stub.outcome = OK._replace(duration_ms=0)
    sim.token("pat")
    hook = sim.org_hook("octo")
    with serve(sim) as served:
        yield Stage(served, hook)


# -- runs -------------------------------------------------------------------------------------------------------

RUN = {
    "variable_name": "CHECKPOINT",
    "variable_repository": "octo/ops",
    "lookback": "1h",
    "wait_for_results": "2s",
}


@dataclass
class Scenario:
    """A hook whose endpoint was down for a while and is up again, and one event of every kind that a run can meet."""

    stage: Stage
    to_recover: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        hook, sim, now = self.stage.hook, self.stage.served.sim, system_ms()
        for place in range(8):
            hook.add(now - 50 * MINUTE + place * SECOND, OK)
        # Failed in the window; failed before it and again in it; delivered before it, and failed when sent by hand.
        self.to_recover = [hook.add(now - 40 * MINUTE + place * MINUTE, UNAVAILABLE).guid for place in range(4)]
        self.poisoned = hook.add(now - 35 * MINUTE, invalid_response(422)).guid
        sim.stub.by_guid[self.poisoned] = invalid_response(422)
        self.to_recover.append(hook.add(now - 3 * HOUR, UNAVAILABLE).guid)
        self.delivered = hook.add(now - 3 * HOUR, OK).guid
        for guid in (self.to_recover[-1], self.delivered):
            hook.add(now - 20 * MINUTE, UNAVAILABLE, guid=guid, redelivery=True)

    def killed_at(self, request: int, when: When, forks: Commands) -> bool:
        """Whether a run was killed before or after this request: it may have ended before it had made so many."""
        sim = self.stage.served.sim
        code = self.stage.code_if_killed(request, when, lambda: self.stage.start(forks, **RUN))
        with sim.desk.lock:  # the request that it was killed at is in the journal by then
            assert code == (-signal.SIGKILL if len(sim.journal.entries) >= request else 0)
        return code != 0

    def until_quiet(self, forks: Commands) -> None:
        """Let what was accepted be carried out and seen, and run again, until a run has nothing left to do."""
        for _ in range(RUNS_UNTIL_QUIET):
            assert self.stage.served.wait_until_shown()
            before = len(self.stage.sent)
            assert self.stage.start(forks, **RUN | {"wait_for_results": "0"}).wait() == 0
            if len(self.stage.sent) == before:
                return
        pytest.fail("the runs do not come to rest")

    @property
    def verdict(self) -> str:
        """What is wrong in the end; nothing, if each event arrived once and no other was sent in vain."""
        sent = self.stage.sent
        lost = sum(self.stage.served.sim.stub.arrivals[guid] == 0 for guid in self.to_recover)
        doubled = sum(sent.count(guid) > 1 for guid in (*self.to_recover, self.poisoned)) + sent.count(self.delivered)
        return f"{lost} lost, {doubled} doubled" if lost or doubled else ""


@pytest.mark.long
@pytest.mark.timeout(240)
def test_run_killed_at_any_request_loses_nothing_and_doubles_nothing() -> None:
    killed: list[bool] = []
    idle: Queue[Commands] = Queue()

    def kill_and_finish(point: tuple[int, When]) -> str:
        forks = idle.get()
        with stage(6) as on_stage:
            it = Scenario(on_stage)
            killed.append(it.killed_at(*point, forks))
            it.until_quiet(forks)
            idle.put(forks)
            return it.verdict

    with ExitStack() as until_the_end:
        # Several, since most of a scenario's time is spent waiting.
        each = [until_the_end.enter_context(commands()) for _ in range(AT_ONCE)]
        with stage(6) as it:
            Scenario(it)
            assert it.start(each[0], **RUN).wait() == 0
            requests = it.requests
        assert {(line.split("/")[0], line.split("/")[-1]) for line in requests} >= KINDS
        assert sum(line.endswith("/attempts") for line in requests) == 6
        for forks in each:
            idle.put(forks)
        points: list[tuple[int, When]] = list(product(range(1, len(requests) + 1), ("before", "after")))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            verdicts = list(pool.map(kill_and_finish, points))
    wrong = [f"{point}, {requests[point[0] - 1]}: {said}" for point, said in zip(points, verdicts, strict=True) if said]
    assert not wrong
    # A run looks at the log until it has seen all outcomes, so that one may end a look or two before another.
    assert sum(killed) >= len(points) - 2 * LOOKS
    print(f"killed at {sum(killed)} points: 0 lost, 0 doubled")


# -- replays ----------------------------------------------------------------------------------------------------

WINDOW = {"from_": "1h", "wait_for_results": "0"}


def arrived(it: Stage, number: int = 5) -> list[str]:
    """So many events in the window, and one before it; all arrived. The guids of those in it."""
    it.hook.add(system_ms() - 90 * MINUTE, OK)
    return [it.hook.add(system_ms() - 40 * MINUTE + place * SECOND, OK).guid for place in range(number)]


def replay_killed_at(request: int, when: When, forks: Commands, folder: Path) -> dict[str, int]:
    """How often each event was sent by a replay that was killed there, and by the one that finished it."""
    with stage(4) as it:
        chosen = arrived(it)
        send = lambda: it.start(forks, "replay", send="true", **WINDOW)  # noqa: E731 - what is started
        assert it.code_if_killed(request, when, send) == -signal.SIGKILL
        assert it.served.wait_until_shown()
        # What somebody sees who looks the killed one up: a plan, which names those that it had not sent.
        page = folder / f"{request}-{when}.md"
        page.touch()
        assert forks.run_step("replay", given=it.given(**WINDOW) | {"GITHUB_STEP_SUMMARY": str(page)}).code == 0
        rest = [guid for guid in chosen if guid not in it.sent]
        # If none was redelivered, or all were, there is nothing to finish.
        assert (f"```\n{','.join(rest)}\n```" in page.read_text("utf-8")) == (0 < len(rest) < len(chosen))
        if rest:
            assert it.start(forks, "replay", send="true", guid=",".join(rest), wait_for_results="0").wait() == 0
        return {str(chosen.index(guid)): times for guid, times in Counter(it.sent).items()}


@pytest.mark.long
def test_replay_killed_at_any_request_is_finished_from_its_plan_and_doubles_nothing(
    forks: Commands, tmp_path: Path
) -> None:
    with stage(4) as it:
        number = len(arrived(it))
        assert it.start(forks, "replay", send="true", **WINDOW).wait() == 0
        requests = it.requests
    assert sum(line.endswith("/attempts") for line in requests) == number
    assert not [line for line in requests if "variables" in line]
    points: list[tuple[int, When]] = list(product(range(1, len(requests) + 1), ("before", "after")))
    sent = {point: replay_killed_at(*point, forks, tmp_path) for point in points}
    once = {str(place): 1 for place in range(number)}
    assert {point: times for point, times in sent.items() if times != once} == {}
    print(f"killed at {len(points)} points: each event sent once, no other sent")
