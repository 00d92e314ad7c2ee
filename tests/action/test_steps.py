"""The other actions as steps: webhooks as a matrix, a replay, the tracking issue; and how any of them ends.

What is written into an issue: tests/runs/test_tracking.py and the snapshots.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path
from unittest import mock

import pytest
from markdown_it import MarkdownIt

import reports
from action.step import GITHUB, TRACKING_ACTION, step_environment
from command.keys import key_pair
from command.program import REDELIVER, environment
from githubsim.clock import MINUTE, system_ms
from githubsim.faults import Call, Fault
from githubsim.model import SimGitHub
from githubsim.outcomes import OK, Kind, invalid_response
from githubsim.server import serve
from redeliver.core.case import Outcome
from redeliver.documents import document
from redeliver.errors import BadToken, NoHooks, Unexpected
from redeliver.output.report_json import MAX_REPORT_CHARS, as_json
from runner import commands, outputs
from step import Done, run_step
from wording import figures, says, told
from world import World

REPOSITORY, TOKEN = GITHUB["repository"], GITHUB["token"]
UNDELIVERED = as_json(reports.one(*reports.events(Outcome.FAILED_AGAIN)))
HOSTILE = "::error::x\n##[error]y | <script>z</script> [w](javascript:v) @octocat \x1b[31m\u202e```"
GUID = "3b1f2a00-0000-11ee-8000-00000000dead"
#: By action: what its step is given, besides the world's inputs.
GIVEN = {
    "hooks": {"hook_id": "all"},
    "replay": {"from_": "1h"},
    "tracking-issue": {"report": UNDELIVERED, "label": "webhooks", "repository": REPOSITORY},
}


def step(world: World, action: str, **inputs: str) -> Done:
    return run_step(world, action, **GIVEN[action] | inputs)


def said(done: Done, name: str) -> list[str]:
    """What the workflow commands of that name say."""
    return [command.data for command in commands(done.log) if command.name == name]


# -- webhooks as a matrix -----------------------------------------------------------------------------------------


def jobs(done: Done) -> list[str]:
    matrix = json.loads(done.outputs["matrix"])
    assert set(matrix) == {"include"}
    return [job["hook-id"] for job in matrix["include"]]


def test_each_active_webhook_has_a_job() -> None:
    world = World()
    other = world.sim.org_hook("octo")
    world.sim.org_hook("octo", active=False)
    world.sim.org_hook("somebody-else")
    done = step(world, "hooks")
    assert (done.code, done.outputs["hooks-count"]) == (0, "2")
    assert jobs(done) == [f"{hook.id}," for hook in (world.hook, other)]
    world.sim.app(7, key_pair().public)
    app = {"org": "", "token": "", "hook_id": "", "app_id": "7", "private_key": key_pair().private}
    assert jobs(step(world, "hooks", **app)) == [""]


def test_owner_without_webhooks_gets_a_warning_and_an_empty_matrix() -> None:
    world = World()
    world.sim.hooks.clear()
    done = step(world, "hooks")
    assert (done.code, done.outputs) == (0, {"matrix": '{"include": []}', "hooks-count": "0"})
    (warning,) = said(done, "warning")
    assert told(NoHooks, warning)["owner"].endswith("octo")


# -- a replay -----------------------------------------------------------------------------------------------------


def test_window_of_a_plan_sends_the_same_events() -> None:
    world = World()
    guids = [world.fail(minutes, OK) for minutes in (43, 42, 41)]
    plan = step(world, "replay")
    assert (plan.code, plan.outputs["planned-count"], plan.outputs["sent-count"]) == (0, "3", "0")
    (notice,) = said(plan, "notice")
    assert figures(notice)[0] == "3"
    assert "send: true" in notice
    assert plan.summary.startswith(f"## 🟢 {notice.partition('.')[0]}")
    world.fail(0, OK)  # after the plan, and so no part of it
    sent = step(world, "replay", from_=plan.outputs["from"], to=plan.outputs["to"], send="true")
    counts = [sent.outputs[name] for name in ("sent-count", "recovered-count", "undelivered-guids")]
    assert (sent.code, counts, world.sent) == (0, ["3", "3", ""], guids)
    assert json.loads(sent.outputs["report"])["plan"]["from"] == json.loads(plan.outputs["report"])["plan"]["from"]


def test_payload_that_is_no_guid_is_refused_without_a_request() -> None:
    wrong = [
        "$(touch /tmp/x)",
        "`id`",
        f"{GUID}; rm -rf /",
        f"{GUID}\n::error::x",
        "Object",
        "../../attempts",
        "*",
        "all",
    ]
    for payload in (*wrong, f"{GUID}\u0661", HOSTILE, ""):
        done = step(World(), "replay", from_="", guid=payload, send="true")
        assert (done.code, done.outputs, done.requests) == (2, {}, [])
        (error,) = said(done, "error")
        assert error.startswith("guid: " if payload else "from: ")


def test_hostile_names_shape_neither_log_nor_page_of_a_replay() -> None:
    world = World()
    now = world.clock()
    guid = "::error::x ##[error]y <script> @octocat | ```"
    world.hook.add(now - 50 * MINUTE, OK, guid=guid, kind=Kind(HOSTILE, HOSTILE))
    world.hook.add(now - 40 * MINUTE, invalid_response(500), guid="```", kind=Kind("push", HOSTILE))
    done = step(world, "replay", send="true", wait_for_results="0")
    assert done.code == 0, done.log
    assert {one.name for one in commands(done.log)} <= {"add-mask", "debug", "group", "endgroup", "notice", "warning"}
    assert commands(done.outputs["report"]) == []
    assert len(json.loads(done.outputs["report"])["events"]) == 2
    page = MarkdownIt("gfm-like").render(done.summary)
    assert "<script" not in page
    address, about = re.findall(r'<a href="([^"]*)"', page)
    assert address.endswith(f"/organizations/octo/settings/hooks/{world.hook.id}?tab=deliveries")
    assert about == document("errors.md#no-result")
    assert page.count("</table>") == 3


# -- the tracking issue -------------------------------------------------------------------------------------------


def test_largest_report_reaches_the_step(tmp_path: Path) -> None:
    report = as_json(reports.one(*reports.events(*[Outcome.FAILED_AGAIN] * 5_000)))
    assert MAX_REPORT_CHARS - 1_000 < len(report) <= MAX_REPORT_CHARS
    # toJSON of all outputs has one more level of quotes; a variable of Linux's holds 131,072 bytes.
    assert len(json.dumps(report)) < 128_000
    sim = SimGitHub(system_ms)
    sim.token(TOKEN, kind="actions", permissions={"issues": "write"}, sees=[REPOSITORY])
    output = tmp_path / "output"
    output.touch()
    with serve(sim) as served:
        given = step_environment({"report": report, "label": "webhooks", "api_url": served.url}, TRACKING_ACTION)
        # In a process of its own from the first instruction on, which the system itself gives the environment.
        done = subprocess.run(
            [*REDELIVER, "tracking-issue"],
            env=environment(GITHUB_ACTIONS="true", GITHUB_OUTPUT=str(output), **given),
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
    assert (done.returncode, outputs(output)["change"]) == (0, "opened"), done.stdout
    assert "5,000 events" in sim.issues(REPOSITORY).all()[0].body


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("report", ["{}", "::error::x"]),
        ("label", ["", "a,b", "x" * 51]),
        ("repository", ["", "octo/*"]),
        ("token", [""]),
    ],
)
def test_unusable_inputs_are_refused_without_a_request(name: str, values: list[str]) -> None:
    for value in values:
        done = step(World(), "tracking-issue", **{name: value})
        assert (done.code, done.outputs, done.requests) == (2, {}, [])
        (error,) = said(done, "error")
        assert error.startswith(f"{name}: ")


# -- how each of them ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", GIVEN)
def test_refused_token_fails_the_step_and_is_masked(action: str) -> None:
    done = step(World(), action, token="ghp_wrong")
    assert done.code == 1
    assert not done.outputs.keys() & {"matrix", "change"}
    (error,) = said(done, "error")
    assert says(BadToken, error)
    assert said(done, "add-mask") == ["ghp_wrong"]
    assert done.log.count("ghp_wrong") == 1


@pytest.mark.parametrize("action", GIVEN)
def test_unexpected_exception_is_reported_by_its_type_alone(action: str) -> None:
    with mock.patch("redeliver.github.connection.GitHubApi.exchange", side_effect=ZeroDivisionError("ghp_hush")):
        done = step(World(), action)
    assert done.code == 1
    (error,) = said(done, "error")
    assert told(Unexpected, error) == {"kind": "ZeroDivisionError"}
    assert "Traceback" not in done.log
    assert "hush" not in done.log


@pytest.mark.parametrize("action", GIVEN)
def test_signal_ends_the_step(action: str) -> None:
    world = World()
    world.sim.faults.add(Fault(Call(lambda: signal.raise_signal(signal.SIGINT))))
    done = step(world, action)
    assert done.code == 128 + signal.SIGINT
    assert not done.outputs.keys() & {"matrix", "change"}


def test_signal_ends_a_replay_and_leaves_its_outputs() -> None:
    world = World()
    for minutes in (43, 42, 41):
        world.fail(minutes, OK)
    world.sim.faults.add(Fault(Call(lambda: signal.raise_signal(signal.SIGINT)), path="*/attempts", nth=2))
    done = step(world, "replay", send="true")
    assert done.code == 128 + signal.SIGINT
    assert [event["outcome"] for event in json.loads(done.outputs["report"])["events"]][1:] == ["unknown", "stopped"]
