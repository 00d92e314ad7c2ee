"""A replay is really killed before and after each of its requests; its plan then tells how to finish it."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from command.program import Commands, Started
from githubsim.behaviour import Behaviour
from githubsim.clock import MINUTE, SECOND, system_ms
from githubsim.model import SimGitHub
from githubsim.outcomes import OK
from githubsim.server import Served, serve
from runs.killed import When, exit_code_if_killed
from step import as_variables

pytestmark = pytest.mark.slow

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
        yield served, {"org": "octo", "hook-id": str(hook.id), "token": "pat", "api-url": served.url}, chosen


def start(forks: Commands, inputs: dict[str, str], **more: str) -> Started:
    given = as_variables(inputs | {"wait-for-results": "0"} | more)
    return forks.start("replay", given={"GITHUB_ACTIONS": "true", **given}, out=os.devnull, err=os.devnull)


def killed_at(request: int, when: When, forks: Commands, folder: Path) -> str:
    """What is wrong after it was killed there, looked up and finished; nothing, if each event was sent once."""
    with github() as (served, inputs, chosen):
        everything = partial(start, forks, inputs, send="true", **{"from": "1h"})
        assert exit_code_if_killed(served.sim, request, when, everything) == -signal.SIGKILL
        assert served.wait_until_shown()
        # What somebody sees who looks the killed one up: a plan, which names those that it had not sent.
        page = folder / f"{request}-{when}.md"
        page.touch()
        given = as_variables(inputs | {"from": "1h"}) | {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page)}
        assert forks.run_step("replay", given=given).code == 0
        accepted = {one.guid for one in served.sim.accepted}
        rest = [guid for guid in chosen if guid not in accepted]
        # If none was redelivered, or all were, there is nothing to finish.
        assert (f"```\n{','.join(rest)}\n```" in page.read_text("utf-8")) == (0 < len(rest) < CHOSEN)
        if rest:
            assert start(forks, inputs, send="true", guid=",".join(rest)).wait() == 0
        sent = Counter(one.guid for one in served.sim.accepted)
        return "" if sent == dict.fromkeys(chosen, 1) else str(dict(sent))


@pytest.mark.long
def test_a_replay_killed_at_any_request_is_finished_from_its_plan_and_doubles_nothing(
    forks: Commands, tmp_path: Path
) -> None:
    with github() as (served, inputs, _):
        assert start(forks, inputs, send="true", **{"from": "1h"}).wait() == 0
        requests = [f"{entry.verb} {entry.path}" for entry in served.sim.journal.entries]
    assert sum(line.endswith("/attempts") for line in requests) == CHOSEN
    assert not [line for line in requests if "variables" in line]
    points: list[tuple[int, When]] = list(product(range(1, len(requests) + 1), ("before", "after")))
    wrong = {point: said for point in points if (said := killed_at(*point, forks, tmp_path))}
    assert wrong == {}
    print(f"killed at {len(points)} points: each event sent once, no other sent")
