"""A client that nobody here wrote, npm's ``octokit``, takes the simulation for GitHub."""

from __future__ import annotations

import json

import pytest

from githubsim import contract
from githubsim.clock import system_ms
from githubsim.model import SimGitHub
from githubsim.seeds import Mix, seed
from githubsim.server import serve


@pytest.mark.parametrize("root", ["", "/api/v3"])
def test_octokit_lists_redelivers_and_keeps_a_variable(root: str) -> None:
    sim = SimGitHub(system_ms, root=root)
    sim.token("pat")
    hook = sim.org_hook("octo")
    past = seed(hook, 230, until=system_ms() - 1, mix=Mix(failing=0.1, spacing_ms=10_000))
    ids = [str(row.id) for row in reversed(hook.log.rows)]
    judge = contract.Judge()
    with serve(sim, judge=judge) as served:
        asked = {"url": served.url, "token": "pat", "org": "octo", "hook_id": hook.id, "repo": "octo/ops"}
        saw = contract.run_node("octokit.mjs", json.dumps(asked | {"variable": "CHECKPOINT"}))
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
