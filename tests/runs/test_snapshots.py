"""Whole steps, compared with snapshots of all that a user sees of them: what "nothing changes" means.

A folder for each story in ``snapshots``, and there for each of its steps the requests in order, the log with the exit
code, the outputs, the report, and the summary. After an intended change, run once with ``UPDATE_SNAPSHOTS=1``, and
review the difference before you commit it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import stories
from githubsim.behaviour import Behaviour
from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.faults import Call, Fault, Lose, json_answer
from githubsim.journal import Entry
from githubsim.outcomes import NO_CONNECTION, OK, REDIRECTED, UNAVAILABLE, Kind, invalid_response, odd
from redeliver import __version__
from step import Done, run_step
from stories import Workflow
from world import World

SNAPSHOTS = Path(__file__).with_name("snapshots")
ATTEMPTS = "*/attempts"
Steps = dict[str, Done]


def since(minutes: float, *events: tuple[float, object]) -> tuple[World, list[str]]:
    """A world whose checkpoint is so many minutes old, with events of so many minutes ago; their guids."""
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - round(minutes * MINUTE)))
    return world, [world.fail(ago, outcome) for ago, outcome in events]  # type: ignore[arg-type]  # an outcome


# -- usual runs ---------------------------------------------------------------------------------------------------


def first_run() -> Steps:
    world = World()
    world.fail(30)
    return {"run": run_step(world)}


def only_failures() -> Steps:
    world, _ = since(120, *((minutes_ago, OK) for minutes_ago in range(1, 150)))
    world.fail(60)
    world.fail(50, REDIRECTED)
    return {"run": run_step(world, scan="failures")}


def without_checkpoint_or_results() -> Steps:
    world = World()
    world.fail(30)
    return {"run": run_step(world, variable_name="", wait_for_results="0")}


def earlier_attempts() -> Steps:
    """Events whose attempts before the window decide: given up, not due, delivered long ago, and one to send."""
    world, _ = since(60, *((minutes_ago, OK) for minutes_ago in range(2, 2_000, 10)))
    for first, then in ((UNAVAILABLE, 2), (REDIRECTED, 1), (OK, 0), (UNAVAILABLE, 0)):
        guid = world.fail(30 * 60, first)
        for hours_ago in range(then):
            world.again(guid, (20 - hours_ago) * 60, invalid_response(422))
        world.again(guid, 5 if then == 1 else 30, invalid_response(422))
    return {"run": run_step(world, max_attempts="4")}


def bad_replies() -> Steps:
    """One redelivery refused, one whose reply is lost, one that fails again, and the responses looked up."""
    world, guids = since(60, *((minutes_ago, invalid_response(422, "no such thing")) for minutes_ago in (50, 40, 30)))
    world.fail(20)
    world.sim.stub.by_guid[guids[0]] = invalid_response(422, "no such thing")
    world.sim.faults.add(
        Fault(json_answer(422, "No"), path=ATTEMPTS, nth=2), Fault(Lose("reset"), path=ATTEMPTS, nth=2)
    )
    return {"run": run_step(world, explain="true", fail_on="undelivered")}


# -- several webhooks ---------------------------------------------------------------------------------------------


def several_webhooks() -> Steps:
    """One with something to do, one without, one that is off, and one whose log cannot be read."""
    world, _ = since(60, (30, UNAVAILABLE), (20, OK))
    hooks = [world.hook, *(world.sim.org_hook("octo", active=active) for active in (True, False, True))]
    hooks[1].add(world.clock() - 10 * MINUTE, OK)
    hooks[3].add(world.clock() - 10 * MINUTE, UNAVAILABLE)
    world.sim.faults.add(Fault(json_answer(502, "Bad"), path=f"*/{hooks[3].id}/deliveries", times=None))
    ids = ",".join(str(hook.id) for hook in hooks)
    return {
        "run": run_step(world, hook_id=ids),
        "all": run_step(world, hook_id="all"),
        "list": run_step(world, "hooks", hook_id="all"),
    }


# -- an endpoint that looks down ----------------------------------------------------------------------------------


def looks_down() -> World:
    """Nothing but failures in the head of the log: many attempts of few events, two of which began before it."""
    world, old = since(120, (119, UNAVAILABLE), (118, NO_CONNECTION))
    young = [world.fail(30 - number) for number in range(5)]
    now = world.clock()
    world.hook.load(
        world.hook.row(now - place * SECOND, UNAVAILABLE, guid=guids[place % len(guids)], redelivery=True)
        for guids, places in ((young, range(1_500)), (old, range(1_900, 2_900)))
        for place in places
    )
    return world


REPEATEDLY = {"max_attempts": "0", "retry_spacing": "0"}


def probe_of_a_receiver_that_is_down() -> Steps:
    world = looks_down()
    world.sim.stub.fail_with()
    return {"run": run_step(world, **REPEATEDLY)}


def probe_of_a_receiver_that_is_up_again() -> Steps:
    return {"run": run_step(looks_down(), **REPEATEDLY)}


# -- runs that end early ------------------------------------------------------------------------------------------


def out_of_time() -> Steps:
    world = World(behaviour=Behaviour(appears_ms=3 * MINUTE))
    for number in range(10):
        world.fail(100 - number)
    limits = {"redeliveries_per_minute": "2", "time_limit": "2m", "wait_for_results": "30s"}
    return {"run": run_step(world, **limits)}


def stopped() -> Steps:
    """By a signal while it sends; then another run while it reads."""
    world, _ = since(120, *((60 - number, UNAVAILABLE) for number in range(6)))
    stop = Call(lambda: signal.raise_signal(signal.SIGTERM))
    world.sim.faults.add(Fault(stop, path=ATTEMPTS, nth=5, when="after"))
    sending = run_step(world)
    world.sim.faults.add(Fault(stop, path="*/deliveries"))
    return {"sending": sending, "reading": run_step(world)}


def calls_spent() -> Steps:
    """So few calls are left that only the newest part is read; the same with failures alone."""
    done = {}
    for scan in ("full", "failures"):
        world, _ = since(200, (0.5, OK), *((minutes_ago, UNAVAILABLE) for minutes_ago in range(1, 25)))
        world.hook.load(world.hook.row(world.clock() - place * MINUTE, OK) for place in range(25, 200))
        world.sim.behaviour.page_cap = 1
        world.sim.limits.policy.hourly = 60
        done[scan] = run_step(world, scan=scan)
    return done


def hour_to_wait_for() -> Steps:
    """A new hour's calls will be enough, so the window is left to a later run."""
    world, _ = since(59 * 60, (30, UNAVAILABLE))
    world.hook.load(world.hook.row(world.clock() - place * 59 * SECOND, OK) for place in range(3_600))
    world.sim.limits.policy.hourly = 100
    world.sim.limits.spend("token-1", 65, world.clock())
    return {"run": run_step(world)}


def checkpoint_of_tomorrow() -> Steps:
    world, _ = since(60, (30, UNAVAILABLE))
    world.variables.seed("CHECKPOINT", str(world.clock() + DAY))
    return {"run": run_step(world)}


# -- what is lost, or cannot be read ------------------------------------------------------------------------------


def unreadable_rows() -> Steps:
    world, _ = since(120, (30, UNAVAILABLE), (10, UNAVAILABLE))
    for ago, outcome, field in ((25, OK, "event"), (20, UNAVAILABLE, "event"), (15, UNAVAILABLE, "guid")):
        world.fail(ago, odd(outcome, **{field: None}))
    holds = run_step(world)
    world.clock.advance(50 * HOUR)
    return {"hold_the_checkpoint": holds, "let_go": run_step(world)}


def losses() -> Steps:
    """A gap, and events given up, expired, tried a last time, too old, and filtered out."""
    world, (given_up,) = since(10 * 24 * 60, (300, invalid_response(422)))
    world.again(given_up, 100, invalid_response(422))
    for number, attempts in enumerate((2, 1, 1)):
        guid = world.fail(73 * 60)
        for again in range(attempts):
            world.again(guid, 50 - 10 * again - number)
        if number == 1:
            world.sim.stub.by_guid[guid] = UNAVAILABLE
    world.fail(180, kind=Kind("issues", "opened"))
    world.fail(30, kind=Kind("issues", "opened"))
    world.fail(20, kind=Kind("star", "created"))
    world.fail(10, REDIRECTED)
    changed = {"max_attempts": "2", "max_age": "issues=1h", "events": "push, issues"}
    finds = run_step(world, **changed)
    world.clock.advance(5 * MINUTE)
    return {"found": finds, "again": run_step(world, **changed)}


# -- replays that do not send all ---------------------------------------------------------------------------------


def replay_in_part() -> Steps:
    world, guids = since(120, *((50 - number, OK) for number in range(5)))
    world.fail(30)
    done = {"too_many": run_step(world, "replay", send="true", limit="2", from_="1h")}
    world.sim.stub.fail_with(UNAVAILABLE)
    done["down"] = run_step(world, "replay", guid=",".join(guids), send="true")
    world.sim.stub.outcome = OK
    limits = {"redeliveries_per_minute": "1", "time_limit": "90s"}
    done["out_of_time"] = run_step(world, "replay", send="true", from_="1h", **limits)
    return done


# -- what pictures show, too ----------------------------------------------------------------------------------------

#: Short stories that hold what no other snapshot does.
TOLD = ("all-well", "recovered-5", "dry-run", "replay", "tracking-issue", "refused-401", "bad-inputs")


def told(name: str) -> Steps:
    workflow = Workflow()
    stories.STORIES[name].tell(workflow)
    return {shown.part or "run": replace(shown.done, summary=shown.page) for shown in workflow.shown}


STORIES: dict[str, Callable[[], Steps]] = {name: partial(told, name) for name in TOLD} | {
    one.__name__: one
    for one in (
        *(first_run, only_failures, without_checkpoint_or_results),
        *(earlier_attempts, bad_replies, several_webhooks, unreadable_rows, losses),
        *(probe_of_a_receiver_that_is_down, probe_of_a_receiver_that_is_up_again),
        *(out_of_time, stopped, calls_spent, hour_to_wait_for, checkpoint_of_tomorrow, replay_in_part),
    )
}


# -- comparing ----------------------------------------------------------------------------------------------------


def parts(done: Done) -> Iterator[tuple[str, str]]:
    """What is kept of a step, by the ending of its file's name."""
    yield "requests.txt", "".join(map(line, done.requests))
    yield "log.txt", f"{done.log}exit code {done.code}\n"
    others = {name: value for name, value in done.outputs.items() if name != "report"}
    yield "outputs.json", json.dumps(others, indent=1) + "\n"
    if report := done.outputs.get("report"):
        yield "report.json", json.dumps(json.loads(report), indent=1) + "\n"
    yield "summary.txt", done.summary


def line(entry: Entry) -> str:
    """A request as a line: its verb, path and query, its status, and its body, whatever the order of that."""
    body = json.dumps(json.loads(entry.body), sort_keys=True) if entry.body else ""
    return f"{entry.line} {body}".rstrip() + "\n"


@pytest.mark.parametrize("name", STORIES)
def test_all_that_a_user_sees_is_as_in_the_snapshots(name: str) -> None:
    folder = SNAPSHOTS / name
    made = {f"{step}.{part}": text for step, done in STORIES[name]().items() for part, text in parts(done) if text}
    # They say 1.0.0 whatever the version, so that the next one changes none of them.
    ours = re.compile(f"(Redeliver |/v){re.escape(__version__)}")
    made = {file: ours.sub(r"\g<1>1.0.0", text) for file, text in made.items()}
    if os.environ.get("UPDATE_SNAPSHOTS"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file, text in made.items():
            (folder / file).write_text(text, encoding="utf-8")
    kept = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    assert made.keys() == kept.keys()
    for file, text in made.items():
        assert text == kept[file], file


def test_each_snapshot_is_compared() -> None:
    assert {folder.name for folder in SNAPSHOTS.iterdir()} == STORIES.keys()
