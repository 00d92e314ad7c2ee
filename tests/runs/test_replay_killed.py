"""A replay is really killed before and after each of its requests; its plan then tells how to finish it."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING, Literal

import pytest

from githubsim.behaviour import Behaviour
from githubsim.clock import MINUTE, SECOND, system_ms
from githubsim.faults import Call, Fault
from githubsim.model import SimGitHub
from githubsim.outcomes import OK
from githubsim.server import Served, serve
from githubsim.wire import Lost
from redeliver.github.connection import GitHubApi
from redeliver.github.session import Session
from redeliver.replay.run import replay_hook
from redeliver.replay.settings import parse_replay
from redeliver.timing import RunClock
from runs.processes import Nursery, nursery
from samples import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redeliver.replay.report import ReplayReport

pytestmark = pytest.mark.slow

When = Literal["before", "after"]
CHOSEN = 5


@contextmanager
def github() -> Iterator[tuple[Served, dict[str, str], list[str]]]:
    """A webhook with five events in the window and one before it; all arrived. The inputs, and the five."""
    sim = SimGitHub(system_ms, behaviour=Behaviour(redelivery_ms=20, appears_ms=10, page_cap=4))
    sim.stub.outcome = OK._replace(duration_ms=0)
    sim.token("pat")
    hook = sim.org_hook("octo")
    now = system_ms()
    hook.add(now - 90 * MINUTE, OK)
    chosen = [hook.add(now - 40 * MINUTE + place * SECOND, OK).guid for place in range(CHOSEN)]
    with serve(sim) as served:
        yield served, {"org": "octo", "hook_id": str(hook.id), "token": "pat", "api_url": served.url}, chosen


def everything(inputs: dict[str, str]) -> dict[str, str]:
    return inputs | {"from": "1h", "send": "true", "wait_for_results": "0"}


def plan(inputs: dict[str, str]) -> ReplayReport:
    """What somebody sees who looks the killed one up."""
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    settings = parse_replay(given | {"from": "1h"}, system_ms())
    clock = RunClock(time, settings.time_limit, Said())
    session = Session(settings, lambda one: GitHubApi(settings.api_url, one, clock.call_time_left), clock, Said())
    (hook,) = session.choose()
    return replay_hook(hook, clock, Said(), settings)


@pytest.fixture(scope="module")
def processes() -> Iterator[Nursery]:
    with nursery() as one:
        yield one


def killed_at(request: int, when: When, processes: Nursery) -> str:
    """What is wrong after it was killed there, looked up and finished; nothing, if each event was sent once."""
    with github() as (served, inputs, chosen):
        started: list[int] = []

        def kill() -> None:
            os.kill(started[0], signal.SIGKILL)
            if when == "before":
                raise Lost("reset")  # nobody is there any more to make the request

        served.sim.faults.add(Fault(Call(kill), at_request=request, when=when))
        with served.sim.desk.lock:  # no request is looked at before the process's id is known
            started.append(processes.start(everything(inputs), "replay"))
        assert processes.wait(started[0]) == -signal.SIGKILL
        assert served.wait_until_shown()
        report = plan(inputs)
        assert report.plan
        assert report.plan.redelivered == len(served.sim.accepted)
        rest = report.unfinished if report.plan.redelivered else tuple(chosen)
        if rest:
            code = processes.run(inputs | {"guid": ",".join(rest), "send": "true"}, "replay")
            assert code == 0
        sent = Counter(one.guid for one in served.sim.accepted)
        return "" if sent == dict.fromkeys(chosen, 1) else str(dict(sent))


@pytest.mark.long
def test_a_replay_killed_at_any_request_is_finished_from_its_plan_and_doubles_nothing(processes: Nursery) -> None:
    with github() as (served, inputs, _):
        assert processes.run(everything(inputs), "replay") == 0
        requests = [f"{entry.verb} {entry.path}" for entry in served.sim.journal.entries]
    assert sum(line.endswith("/attempts") for line in requests) == CHOSEN
    assert not [line for line in requests if "variables" in line]
    points: list[tuple[int, When]] = list(product(range(1, len(requests) + 1), ("before", "after")))
    wrong = {point: said for point in points if (said := killed_at(*point, processes))}
    assert wrong == {}
    print(f"killed at {len(points)} points: each event sent once, no other sent")
