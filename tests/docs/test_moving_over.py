"""docs/setup.md: from GitHub's documented script to the action, with the same variable and nothing lost."""

from __future__ import annotations

import sys
from pathlib import Path

from githubsim.behaviour import Behaviour
from githubsim.clock import HOUR, MINUTE, system_ms
from githubsim.model import SimGitHub
from githubsim.outcomes import UNAVAILABLE
from githubsim.server import serve

sys.path.append(str(Path(__file__).parents[2] / "bench"))

from sides import HOOK, ORG, REPO, TOKEN, VARIABLE, action, documented


def test_action_and_documented_script_take_over_from_each_other() -> None:
    sim = SimGitHub(system_ms, behaviour=Behaviour(redelivery_ms=20, appears_ms=10))
    sim.token(TOKEN)
    hook = sim.org_hook(ORG, id=HOOK)
    now = system_ms()
    sim.variables(REPO).seed(VARIABLE, str(now - 6 * HOUR))
    with serve(sim) as github:
        recovered = hook.add(now - 2 * HOUR, UNAVAILABLE).guid
        refused = hook.add(now - HOUR, UNAVAILABLE).guid
        sim.stub.by_guid[refused] = UNAVAILABLE
        documented(github.url)
        assert github.wait_until_idle()
        left_by_the_script = int(sim.variables(REPO)[VARIABLE])

        late = hook.add(now - 5 * MINUTE, UNAVAILABLE).guid  # appeared in the log after the script had looked
        fresh = hook.emit()
        sim.stub.heal()
        sim.stub.by_guid.clear()
        action(github.url, retry_spacing="0", wait_for_results="5s")
        assert github.wait_until_idle()

        sent = [one.guid for one in sim.accepted]
        assert sorted(sent) == sorted([recovered, refused, refused, late])
        assert fresh not in sent
        assert sim.truth.undelivered() == []
        assert sim.truth.needlessly_redelivered() == []
        left_by_the_action = int(sim.variables(REPO)[VARIABLE])
        assert left_by_the_script <= left_by_the_action <= system_ms()

        documented(github.url)
        assert [one.guid for one in sim.accepted] == sent
