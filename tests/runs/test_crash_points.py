"""The process is really killed before and after each of a run's requests, and the next runs finish the work."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import product
from queue import Queue
from typing import TYPE_CHECKING, Literal

import pytest

from githubsim.behaviour import Behaviour
from githubsim.clock import HOUR, MINUTE, SECOND, system_ms
from githubsim.faults import Call, Fault
from githubsim.model import SimGitHub
from githubsim.outcomes import OK, UNAVAILABLE, invalid_response
from githubsim.server import Served, serve
from githubsim.wire import Lost
from runs.processes import Nursery, nursery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from githubsim.hooks import Hook

pytestmark = pytest.mark.slow

When = Literal["before", "after"]
AT_ONCE = 2
#: By how many looks at the log one run may differ from another.
LOOKS = 3
#: Runs after a crash until nothing is left to do; more would mean that they do not come to rest.
RUNS_UNTIL_QUIET = 3


@dataclass
class Scenario:
    """A hook whose endpoint was down for a while and is up again, and one event of every kind that a run can meet."""

    served: Served
    hook: Hook
    to_recover: list[str] = field(default_factory=list)
    poisoned: str = ""
    delivered: str = ""

    @property
    def sim(self) -> SimGitHub:
        return self.served.sim

    def inputs(self, **more: str) -> dict[str, str]:
        return {
            "org": "octo",
            "hook_id": str(self.hook.id),
            "token": "pat",
            "variable_name": "CHECKPOINT",
            "variable_repository": "octo/ops",
            "lookback": "1h",
            "wait_for_results": "2s",
            "api_url": self.served.url,
        } | more

    def accepted(self, guid: str) -> int:
        return sum(one.guid == guid for one in self.sim.accepted)


@contextmanager
def scenario() -> Iterator[Scenario]:
    behaviour = Behaviour(redelivery_ms=20, appears_ms=10, page_cap=6)
    sim = SimGitHub(system_ms, behaviour=behaviour)
    sim.stub.outcome = OK._replace(duration_ms=0)
    sim.token("pat")
    hook = sim.org_hook("octo")
    with serve(sim) as served:
        it, now = Scenario(served, hook), system_ms()
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


@pytest.fixture(scope="module")
def nurseries() -> Iterator[Queue[Nursery]]:
    """Several, since most of a scenario's time is spent waiting."""
    several: Queue[Nursery] = Queue()
    with ExitStack() as until_the_end:
        for _ in range(AT_ONCE):
            several.put(until_the_end.enter_context(nursery()))
        yield several


@pytest.fixture(scope="module")
def requests(nurseries: Queue[Nursery]) -> list[str]:
    """What an undisturbed run asks of GitHub, in order."""
    with scenario() as it, borrowed(nurseries) as processes:
        assert processes.run(it.inputs()) == 0
        return [f"{entry.verb} {entry.path}" for entry in it.sim.journal.entries]


@contextmanager
def borrowed(nurseries: Queue[Nursery]) -> Iterator[Nursery]:
    processes = nurseries.get()
    try:
        yield processes
    finally:
        nurseries.put(processes)


def has_a_request_of_every_kind(requests: list[str]) -> None:
    kinds = {(line.split("/")[0], line.split("/")[-1]) for line in requests}
    assert {("GET ", "CHECKPOINT"), ("POST ", "variables"), ("PATCH ", "CHECKPOINT")} <= kinds
    assert {("GET ", "deliveries"), ("POST ", "attempts")} <= kinds
    assert sum(line.endswith("/attempts") for line in requests) == 6


@pytest.mark.long
@pytest.mark.timeout(240)
def test_a_process_killed_at_any_request_loses_nothing_and_doubles_nothing(
    nurseries: Queue[Nursery], requests: list[str]
) -> None:
    has_a_request_of_every_kind(requests)
    killed: list[bool] = []

    def kill_and_finish(point: tuple[int, When]) -> str:
        with scenario() as it, borrowed(nurseries) as processes:
            killed.append(_kill_at(it, processes, *point))
            _until_quiet(it, processes)
            return _verdict(it)

    points: list[tuple[int, When]] = list(product(range(1, len(requests) + 1), ("before", "after")))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = list(pool.map(kill_and_finish, points))
    wrong = [f"{point}, {requests[point[0] - 1]}: {said}" for point, said in zip(points, verdicts, strict=True) if said]
    assert not wrong
    # A run looks at the log until it has seen all outcomes, so that one may end a look or two before another.
    assert sum(killed) >= len(points) - 2 * LOOKS
    print(f"killed at {sum(killed)} points: 0 lost, 0 doubled")


def _verdict(it: Scenario) -> str:
    """What is wrong in the end; nothing, if each event arrived once and no other was sent in vain."""
    arrivals = it.sim.stub.arrivals
    lost = sum(arrivals[guid] == 0 for guid in it.to_recover)
    doubled = sum(it.accepted(guid) > 1 for guid in (*it.to_recover, it.poisoned)) + it.accepted(it.delivered)
    return f"{lost} lost, {doubled} doubled" if lost or doubled else ""


def _kill_at(it: Scenario, processes: Nursery, request: int, when: When) -> bool:
    """Whether it was killed: the run may have ended before it had made so many requests."""
    started: list[int] = []

    def kill() -> None:
        os.kill(started[0], signal.SIGKILL)
        if when == "before":
            raise Lost("reset")  # nobody is there any more to make the request

    it.sim.faults.add(Fault(Call(kill), at_request=request, when=when))
    with it.sim.desk.lock:  # no request is looked at before the process's id is known
        started.append(processes.start(it.inputs()))
    code = processes.wait(started[0])
    with it.sim.desk.lock:  # the request that it was killed at is in the journal by then
        asked = len(it.sim.journal.entries)
    assert code == (-signal.SIGKILL if asked >= request else 0)
    return code != 0


def _until_quiet(it: Scenario, processes: Nursery) -> None:
    """Let what was accepted be carried out and seen, and run again, until a run has nothing left to do."""
    for _ in range(RUNS_UNTIL_QUIET):
        assert it.served.wait_until_shown()
        before = len(it.sim.accepted)
        assert processes.run(it.inputs(wait_for_results="0")) == 0
        if len(it.sim.accepted) == before:
            return
    pytest.fail("the runs do not come to rest")
