"""The process is really killed before and after each of a run's requests, and the next runs finish the work."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import product
from queue import Queue

import pytest

from command.program import Commands, Started, commands
from githubsim.behaviour import Behaviour
from githubsim.clock import HOUR, MINUTE, SECOND, system_ms
from githubsim.model import SimGitHub
from githubsim.outcomes import OK, UNAVAILABLE, invalid_response
from githubsim.server import Served, serve
from runs.killed import When, exit_code_if_killed
from step import as_variables

pytestmark = pytest.mark.slow

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
class Scenario:
    """A hook whose endpoint was down for a while and is up again, and one event of every kind that a run can meet."""

    served: Served
    hook_id: int
    to_recover: list[str] = field(default_factory=list)
    poisoned: str = ""
    delivered: str = ""

    def start(self, forks: Commands, **more: str) -> Started:
        """Start a run."""
        inputs = {
            "org": "octo",
            "hook-id": str(self.hook_id),
            "token": "pat",
            "variable-name": "CHECKPOINT",
            "variable-repository": "octo/ops",
            "lookback": "1h",
            "wait-for-results": "2s",
            "api-url": self.served.url,
        } | {name.replace("_", "-"): value for name, value in more.items()}
        given = {"GITHUB_ACTIONS": "true", **as_variables(inputs)}
        return forks.start(given=given, out=os.devnull, err=os.devnull)

    def killed_at(self, request: int, when: When, forks: Commands) -> bool:
        """Whether a run was killed before or after this request: it may have ended before it had made so many."""
        sim = self.served.sim
        code = exit_code_if_killed(sim, request, when, lambda: self.start(forks))
        with sim.desk.lock:  # the request that it was killed at is in the journal by then
            assert code == (-signal.SIGKILL if len(sim.journal.entries) >= request else 0)
        return code != 0

    def until_quiet(self, forks: Commands) -> None:
        """Let what was accepted be carried out and seen, and run again, until a run has nothing left to do."""
        sim = self.served.sim
        for _ in range(RUNS_UNTIL_QUIET):
            assert self.served.wait_until_shown()
            before = len(sim.accepted)
            assert self.start(forks, wait_for_results="0").wait() == 0
            if len(sim.accepted) == before:
                return
        pytest.fail("the runs do not come to rest")

    @property
    def verdict(self) -> str:
        """What is wrong in the end; nothing, if each event arrived once and no other was sent in vain."""
        sent = [one.guid for one in self.served.sim.accepted]
        lost = sum(self.served.sim.stub.arrivals[guid] == 0 for guid in self.to_recover)
        doubled = sum(sent.count(guid) > 1 for guid in (*self.to_recover, self.poisoned)) + sent.count(self.delivered)
        return f"{lost} lost, {doubled} doubled" if lost or doubled else ""


@contextmanager
def scenario() -> Iterator[Scenario]:
    sim = SimGitHub(system_ms, behaviour=Behaviour(redelivery_ms=20, appears_ms=10, page_cap=6))
    sim.stub.outcome = OK._replace(duration_ms=0)
    sim.token("pat")
    hook = sim.org_hook("octo")
    with serve(sim) as served:
        it, now = Scenario(served, hook.id), system_ms()
        for place in range(8):
            hook.add(now - 50 * MINUTE + place * SECOND, OK)
        # Failed in the window; failed before it and again in it; delivered before it, and failed when sent by hand.
        it.to_recover = [hook.add(now - 40 * MINUTE + place * MINUTE, UNAVAILABLE).guid for place in range(4)]
        it.poisoned = hook.add(now - 35 * MINUTE, invalid_response(422)).guid
        sim.stub.by_guid[it.poisoned] = invalid_response(422)
        it.to_recover.append(hook.add(now - 3 * HOUR, UNAVAILABLE).guid)
        it.delivered = hook.add(now - 3 * HOUR, OK).guid
        for guid in (it.to_recover[-1], it.delivered):
            hook.add(now - 20 * MINUTE, UNAVAILABLE, guid=guid, redelivery=True)
        yield it


@pytest.mark.long
@pytest.mark.timeout(240)
def test_a_process_killed_at_any_request_loses_nothing_and_doubles_nothing() -> None:
    killed: list[bool] = []
    idle: Queue[Commands] = Queue()

    def kill_and_finish(point: tuple[int, When]) -> str:
        forks = idle.get()
        with scenario() as it:
            killed.append(it.killed_at(*point, forks))
            it.until_quiet(forks)
            idle.put(forks)
            return it.verdict

    with ExitStack() as until_the_end:
        # Several, since most of a scenario's time is spent waiting.
        each = [until_the_end.enter_context(commands()) for _ in range(AT_ONCE)]
        with scenario() as it:
            assert it.start(each[0]).wait() == 0
            requests = [f"{entry.verb} {entry.path}" for entry in it.served.sim.journal.entries]
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
