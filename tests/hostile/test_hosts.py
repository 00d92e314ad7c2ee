"""Where a webhook points is shown to those alone who may know it, and never more of it than its host."""

from __future__ import annotations

import html

import pytest

from githubsim.outcomes import NO_CONNECTION
from step import run_step
from world import World

KEY = "a1b2c3d4e5f6a7b8c9"


@pytest.mark.parametrize("hook_id", ["", "all"], ids=["one by its id", "all"])
@pytest.mark.parametrize(
    ("visibility", "shown"), [("", False), ("public", False), ("private", True), ("internal", True)]
)
def test_host_is_shown_where_the_public_cannot_read(visibility: str, hook_id: str, *, shown: bool) -> None:
    world = World()
    world.visibility = visibility
    world.hook.url = f"https://user:hush@{KEY}.ci.acme.example:8443/hush?key=hush"
    world.sim.stub.fail_with(NO_CONNECTION)
    for minutes in range(40, 20, -1):
        world.fail(minutes, NO_CONNECTION)
    done = run_step(world, **({"hook-id": hook_id} if hook_id else {}))
    summary = html.unescape(done.summary)
    for text in (done.log, summary, done.outputs["report"]):
        assert ("ci.acme.example" in text) is shown
    everything = "".join([done.log, summary, *done.outputs.values()])
    assert "hush" not in everything
    assert KEY not in everything


@pytest.mark.parametrize("fault", ["down", "no such webhook"])
@pytest.mark.parametrize(
    ("repository", "is_private", "shown"),
    [("octo/ops", False, True), ("octo/other", True, True), ("octo/other", False, False)],
)
def test_issue_names_the_host_where_the_public_cannot_read_it(
    repository: str, fault: str, *, is_private: bool, shown: bool
) -> None:
    world = World()
    world.visibility = "private"
    world.hook.url = "https://ci.acme.example/hush"
    world.sim.repository("octo/other").private = is_private
    world.sim.token("job", kind="actions", permissions={"issues": "write", "metadata": "read"}, sees=[repository])
    for minutes in range(40, 20, -1):
        world.fail(minutes, NO_CONNECTION)
    world.sim.stub.fail_with(NO_CONNECTION)
    run = run_step(world, **({"hook-id": "4242"} if fault != "down" else {}))
    told = {"repository": repository, "label": "l", "report": run.outputs["report"], "token": "job"}
    assert run_step(world, "tracking-issue", **told).code == 0
    (issue,) = world.sim.issues(repository).all()
    assert ("ci.acme.example" in html.unescape(issue.body)) is shown
    assert "hush" not in issue.body
