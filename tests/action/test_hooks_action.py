"""hooks/action.yml: webhooks as a matrix, for jobs of their own."""

from __future__ import annotations

import json
import signal
from unittest import mock

from action.step import HOOKS_ACTION
from command.keys import key_pair
from githubsim.faults import Call, Fault
from redeliver.errors import BadToken, NoHooks, Unexpected
from runner import commands
from step import Done, run_step
from wording import figures, says, told
from world import World

DEFAULTS = {name.replace("-", "_"): row["default"] for name, row in HOOKS_ACTION["inputs"].items() if "default" in row}


def run(world: World, **inputs: str) -> Done:
    """The step with its own defaults."""
    defaults = {name: value for name, value in DEFAULTS.items() if "$" not in value}
    return run_step(world, "hooks", **{**defaults, "org": "octo", "token": "pat", **inputs})


def hook_ids(done: Done) -> list[str]:
    matrix = json.loads(done.outputs["matrix"])
    assert set(matrix) == {"include"}
    return [job["hook-id"] for job in matrix["include"]]


def one(done: Done, name: str) -> str:
    """What the one workflow command of that name says."""
    (said,) = [command.data for command in commands(done.log) if command.name == name]
    return said


def test_each_active_webhook_has_a_job() -> None:
    world = World()
    ids = [world.hook.id, *(world.sim.org_hook("octo", url=f"https://{name}.example/").id for name in "ab")]
    world.sim.org_hook("octo", active=False)
    world.sim.org_hook("somebody-else")
    done = run(world)
    assert (done.code, done.outputs["hooks-count"]) == (0, "3")
    assert hook_ids(done) == [f"{one}," for one in ids]
    assert ["3", "3"] in map(figures, done.log.splitlines())
    assert hook_ids(run(world, hook_id="https://a.example/*")) == [f"{ids[1]},"]


def test_owner_without_webhooks_gets_a_warning_and_an_empty_matrix() -> None:
    world = World()
    world.sim.hooks.clear()
    done = run(world)
    assert (done.code, done.outputs) == (0, {"matrix": '{"include": []}', "hooks-count": "0"})
    assert told(NoHooks, one(done, "warning"))["owner"].endswith("octo")


def test_apps_own_webhook_is_one_job() -> None:
    world = World()
    world.sim.app(7, key_pair().public)
    given = {"org": "", "token": "", "hook_id": "", "app_id": "7", "private_key": key_pair().private}
    assert hook_ids(run(world, **given)) == [""]


def test_failed_listing_leaves_no_matrix() -> None:
    done = run(World(), token="ghp_wrong")
    assert (done.code, done.outputs) == (1, {})
    assert says(BadToken, one(done, "error"))
    assert one(done, "add-mask") == "ghp_wrong"
    done = run(World(), org="no/such", token="")
    assert (done.code, done.outputs) == (2, {})
    problems = [command.data.partition(":")[0] for command in commands(done.log) if command.name == "error"]
    assert sorted(problems) == ["org", "token"]


def test_unexpected_exception_in_listing_is_reported_by_its_type_alone() -> None:
    with mock.patch("redeliver.github.hooks.Owner.pick", side_effect=ZeroDivisionError("ghp_hush")):
        done = run(World())
    assert (done.code, done.outputs) == (1, {})
    assert told(Unexpected, one(done, "error")) == {"kind": "ZeroDivisionError"}
    assert "Traceback" not in done.log
    assert "hush" not in done.log


def test_signal_ends_the_listing() -> None:
    world = World()
    world.sim.faults.add(Fault(Call(lambda: signal.raise_signal(signal.SIGINT))))
    done = run(world)
    assert (done.code, done.outputs) == (128 + signal.SIGINT, {})
