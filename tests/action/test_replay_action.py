"""replay/action.yml: a replay as a step of a workflow."""

from __future__ import annotations

import json
import re
import signal

import pytest
from markdown_it import MarkdownIt

from githubsim.clock import MINUTE
from githubsim.faults import Call, Fault
from githubsim.outcomes import OK, Kind, invalid_response
from redeliver.documents import document
from runner import commands
from step import Done, run_step
from wording import figures
from world import World

HOSTILE = "::error::x\n##[error]y | <script>z</script> [w](javascript:v) @octocat \x1b[31m\u202e```"
GUID = "3b1f2a00-0000-11ee-8000-00000000dead"


@pytest.fixture
def world() -> World:
    return World()


def said(done: Done, name: str) -> list[str]:
    """What the workflow commands of that name say."""
    return [command.data for command in commands(done.log) if command.name == name]


def test_window_of_a_plan_sends_the_same_events(world: World) -> None:
    guids = [world.fail(minutes, OK) for minutes in (43, 42, 41)]
    plan = run_step(world, "replay", from_="1h")
    assert (plan.code, plan.outputs["planned-count"], plan.outputs["sent-count"]) == (0, "3", "0")
    (notice,) = said(plan, "notice")
    assert figures(notice) == ["3"]
    assert "send: true" in notice
    assert plan.summary.startswith(f"## 🟢 {notice.partition('.')[0]}\n")
    world.fail(0, OK)  # after the plan, and so no part of it
    sent = run_step(world, "replay", from_=plan.outputs["from"], to=plan.outputs["to"], send="true")
    counts = [sent.outputs[name] for name in ("sent-count", "recovered-count", "undelivered-guids")]
    assert (sent.code, counts, world.sent) == (0, ["3", "3", ""], guids)
    assert json.loads(sent.outputs["report"])["plan"]["from"] == json.loads(plan.outputs["report"])["plan"]["from"]


@pytest.mark.parametrize(
    "payload",
    [
        *("$(touch /tmp/x)", "`id`", f"{GUID}; rm -rf /", f"{GUID}\n::error::x", "Object", "../../attempts", "*"),
        *("all", GUID + "\u0661", HOSTILE, ""),
    ],
)
def test_payload_that_is_no_guid_is_refused_without_a_request(world: World, payload: str) -> None:
    done = run_step(world, "replay", guid=payload, send="true")
    assert (done.code, done.outputs, done.requests) == (2, {}, [])
    (error,) = said(done, "error")
    assert error.startswith("guid: " if payload else "from: ")


def test_hostile_names_shape_neither_log_nor_page_of_a_replay(world: World) -> None:
    now = world.clock()
    kind, guid = Kind(HOSTILE, HOSTILE), "::error::x ##[error]y <script> @octocat | ```"
    world.hook.add(now - 50 * MINUTE, OK, guid=guid, kind=kind)
    world.hook.add(now - 40 * MINUTE, invalid_response(500), guid="```", kind=Kind("push", HOSTILE))
    done = run_step(world, "replay", from_="1h", send="true", wait_for_results="0")
    assert done.code == 0, done.log
    ours = {"add-mask", "debug", "group", "endgroup", "notice", "warning"}
    assert {one.name for one in commands(done.log)} <= ours
    assert commands(done.outputs["report"]) == []
    assert len(json.loads(done.outputs["report"])["events"]) == 2
    page = MarkdownIt("gfm-like").render(done.summary)
    assert "<script" not in page
    address, about = re.findall(r'<a href="([^"]*)"', page)
    assert address.endswith(f"/organizations/octo/settings/hooks/{world.hook.id}?tab=deliveries")
    assert about == document("errors.md#no-result")
    assert page.count("</table>") == 2


def test_signal_ends_a_replay_and_leaves_its_outputs(world: World) -> None:
    for minutes in (43, 42, 41):
        world.fail(minutes, OK)
    world.sim.faults.add(Fault(Call(lambda: signal.raise_signal(signal.SIGINT)), path="*/attempts", nth=2))
    done = run_step(world, "replay", from_="1h", send="true")
    assert done.code == 128 + signal.SIGINT
    report = json.loads(done.outputs["report"])
    assert [event["outcome"] for event in report["events"]][1:] == ["unknown", "stopped"]
