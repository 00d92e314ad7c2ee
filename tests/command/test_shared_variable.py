"""One variable for the checkpoints of all webhooks: few requests, and nobody's checkpoint is lost in it."""

from __future__ import annotations

import json

import pytest

from githubsim.clock import HOUR, MINUTE
from githubsim.faults import Fault, json_answer
from githubsim.wire import SimRequest
from redeliver.core.settings import FailOn
from redeliver.errors import CheckpointNotSaved, CheckpointUnreadable, FirstCheckpointNotSaved, TooManyHooks
from redeliver.github import variable
from redeliver.github.api import TRIES
from redeliver.github.variable import MOST_IN_ONE, MOST_VARIABLES
from wording import says, told
from world import Several

NAME = "CHECKPOINT_ALL"


def seed(world: Several, **moments: int) -> None:
    world.variables.seed(NAME, json.dumps({number.lstrip("_"): moment for number, moment in moments.items()}))


def writes(world: Several) -> int:
    return len([one for one in world.sim.journal.entries if "variables" in one.path and one.verb != "GET"])


@pytest.mark.slow
def test_thousand_webhooks_with_nothing_failed_take_little_more_than_a_request_each() -> None:
    world = Several(1_000)
    seed(world, **{f"_{hook.id}": world.clock() - HOUR for hook in world.hooks})
    report = world.run(hook_id="all", latency_ms=100)
    assert (len(report.hooks), report.errors) == (1_000, ())
    assert len(world.sim.journal.entries) <= 1_100
    assert world.shared == {str(hook.id): part.start for hook, part in zip(world.hooks, report.hooks, strict=True)}
    assert writes(world) <= 2 + (world.clock() - report.start) // MINUTE


def test_checkpoints_of_others_stay_and_so_does_one_that_has_moved_back() -> None:
    world = Several(3)
    now = world.clock()
    first, second, third = (hook.id for hook in world.hooks)
    seed(world, **{f"_{first}": now - HOUR, f"_{second}": now - HOUR, "_7": now - 5 * HOUR, "_8": now - 99 * 24 * HOUR})
    looked = False

    def somebody_wants_to_look_again(*_: object) -> None:
        nonlocal looked
        if not looked and world.requests(ending=f"/{second}/deliveries"):
            looked = True
            changed = world.shared | {str(second): now - 9 * HOUR, "7": now - 4 * HOUR}
            world.variables.seed(NAME, json.dumps(changed))

    world.sim.observers.append(somebody_wants_to_look_again)
    report = world.run(hook_id="all", latency_ms=100)
    assert looked
    assert report.errors == ()
    starts = {str(hook.id): part.start for hook, part in zip(world.hooks, report.hooks, strict=True)}
    assert world.shared == starts | {str(second): now - 9 * HOUR, "7": now - 4 * HOUR}
    assert str(third) in world.shared


def test_nobody_keeps_what_no_run_has_looked_at_for_a_month() -> None:
    world = Several(1)
    seed(world, _7=world.clock() - 29 * 24 * HOUR, _8=world.clock() - 31 * 24 * HOUR)
    world.run(hook_id="all")
    assert set(world.shared) == {"7", str(world.hook.id)}


@pytest.mark.parametrize("page_cap", [100, 10])
def test_values_of_the_variables_before_are_taken_over_once(page_cap: int) -> None:
    """Whatever the server's pages hold: only a page without a next one is the last."""
    world = Several(2)
    world.sim.behaviour.page_cap = page_cap
    first, second = (hook.id for hook in world.hooks)
    failed = world.fail_at(world.hooks[0], 30 * 60)
    world.variables.seed(f"CHECKPOINT_{first}", str(world.clock() - 31 * HOUR))
    world.variables.seed(f"CHECKPOINT_{second}", "tomorrow")
    world.variables.seed("CHECKPOINT_7", str(world.clock() - HOUR))
    for number in range(40):
        world.variables.seed(f"ANOTHER_{number}", "x")
    world.run(hook_id="all")
    assert world.sent == [failed]
    assert set(world.shared) == {str(first), str(second), "7"}
    world.sim.journal.clear()
    world.run(hook_id="all")
    assert not [one for one in world.sim.journal.entries if one.path.endswith("/variables")]


def test_values_that_are_taken_over_change_nothing_that_another_run_has_stored_meanwhile() -> None:
    world = Several(1)
    before, later = world.clock() - 31 * HOUR, world.clock() - MINUTE
    for number in (world.hook.id, 7, 8):
        world.variables.seed(f"CHECKPOINT_{number}", str(before))

    def the_other_run(request: SimRequest, _: object) -> None:
        if request.path.endswith("/deliveries"):
            seed(world, _7=later)

    world.sim.observers.append(the_other_run)
    report = world.run(hook_id="all", latency_ms=100)
    assert world.shared == {"7": later, str(world.hook.id): report.hooks[0].start}


@pytest.mark.parametrize("path", ["*/variables/*", "*/variables"])
def test_webhook_is_read_from_its_own_checkpoint_after_another_could_not_read_its(path: str) -> None:
    """Not from ``lookback`` before the run, as if there were none."""
    world = Several(2)
    for hook in world.hooks:
        world.fail_at(hook, 40 * 60)
        world.variables.seed(f"CHECKPOINT_{hook.id}", str(world.clock() - 41 * HOUR))
    world.sim.faults.add(Fault(json_answer(500, "x"), verb="GET", path=path, times=TRIES))
    report = world.run(hook_id="all")
    assert sorted(hook.redelivered for hook in report.hooks) == [0, 1]
    world.run(hook_id="all")
    assert len(world.sent) == 2


@pytest.mark.parametrize("value", ["1794000000000", "[]", "{", '{"1": -1}', '{"x": 1}', '{"1": 1.5}', ""])
def test_value_that_is_no_list_of_checkpoints_is_an_error_and_stays(value: str) -> None:
    world = Several(2)
    world.fail_at_each()
    world.variables.seed(NAME, value)
    report = world.run(hook_id="all")
    assert world.sent == []
    assert {says(CheckpointUnreadable, error) for error in report.errors} == {True}
    assert world.kept[NAME] == value


def test_variable_that_cannot_be_written_sends_nothing_and_says_so_once() -> None:
    world = Several(3)
    world.fail_at_each()
    world.sim.faults.add(Fault(json_answer(500, "x"), verb="PATCH", path="*/variables/*", times=99))
    world.sim.faults.add(Fault(json_answer(500, "x"), verb="POST", path="*/variables", times=99))
    report = world.run(hook_id="all")
    assert world.sent == []
    assert {says(FirstCheckpointNotSaved, error) for error in report.errors} == {True}
    assert report.checkpoint is None
    assert NAME not in world.kept


def test_report_has_the_checkpoints_that_are_stored_and_no_others() -> None:
    world = Several(2)
    before = world.clock() - HOUR
    seed(world, **{f"_{hook.id}": before for hook in world.hooks})
    world.sim.faults.add(Fault(json_answer(500, "x"), verb="PATCH", path="*/variables/*", times=99))
    report = world.run(hook_id="all")
    (error,) = report.errors
    assert says(CheckpointNotSaved, error)
    assert [hook.checkpoint for hook in report.hooks] == [before, before]
    assert report.exit_code(FailOn.ERROR) == 1


@pytest.mark.parametrize(("ids", "most"), [("all", MOST_IN_ONE), ("list", MOST_VARIABLES)])
def test_more_webhooks_than_their_variables_hold_are_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, ids: str, most: int
) -> None:
    monkeypatch.setattr(variable, "MOST_IN_ONE", 2)
    monkeypatch.setattr(variable, "MOST_VARIABLES", 2)
    world = Several(3)
    world.fail_at_each()
    report = world.run(hook_id="all" if ids == "all" else world.ids)
    (error,) = report.errors
    assert told(TooManyHooks, error)["hooks"] == "3"
    assert (world.sent, world.kept) == ([], {})
    assert most * 37 < 48 * 1024
