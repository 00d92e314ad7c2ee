"""Several webhooks in one run: which are meant, each with a checkpoint of its own, and one report of them all."""

from __future__ import annotations

from collections.abc import Callable, MutableSequence
from typing import Any

import pytest

from githubsim.clock import MINUTE
from githubsim.endpoint import Dispatch
from githubsim.faults import Fault, foreign_next
from githubsim.hooks import Hook
from githubsim.outcomes import OK, UNAVAILABLE
from redeliver.core.case import Outcome
from redeliver.core.facts import FactKind
from redeliver.core.report import Report
from redeliver.core.settings import FailOn
from redeliver.errors import CheckpointUnreadable, ForeignLink, NoSuchHook, NotFound, OutOfTime
from redeliver.github.hooks import Hook as Webhook
from redeliver.output.report_json import outputs
from wording import says, told
from world import InOrder, Several, World


@pytest.fixture
def world() -> Several:
    return Several()


def names(report: Report) -> list[str]:
    return [hook.hook for hook in report.hooks]


# -- which are meant --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "choice",
    [lambda several: several.ids, lambda _: "all", lambda _: "https://hooks.example/*"],
    ids=["a list", "all", "a pattern"],
)
def test_each_chosen_webhook_has_a_run_and_a_checkpoint(world: Several, choice: Callable[[Several], str]) -> None:
    failed = world.fail_at_each()
    world.fail_at(world.off)
    report = world.run(hook_id=choice(world))
    assert world.sent == failed
    assert names(report) == [f"hook {hook.id} of the organization octo" for hook in world.hooks]
    assert (report.errors, report.recovered) == ((), 3)
    expected = {str(hook.id): part.start for hook, part in zip(world.hooks, report.hooks, strict=True)}
    if "CHECKPOINT_ALL" in world.kept:
        assert world.shared == expected
    else:
        assert world.kept == {f"CHECKPOINT_{number}": str(moment) for number, moment in expected.items()}


@pytest.mark.parametrize(
    ("choice", "variable"), [("{}", "CHECKPOINT"), ("{},", "CHECKPOINT_{}"), ("*/{}", "CHECKPOINT_ALL")]
)
def test_list_or_pattern_of_one_names_the_variable_by_the_webhook(world: Several, choice: str, variable: str) -> None:
    report = world.run(hook_id=choice.format(world.hook.id))
    assert list(world.kept) == [variable.format(world.hook.id)]
    assert len(report.hooks) == 1


def test_pattern_that_fits_no_webhook_is_an_error_without_addresses() -> None:
    world = World()
    world.sim.org_hook("octo", url="https://user:secret@switched-off.example/", active=False)
    world.fail()
    report = world.run(hook_id="*switched-off*")
    (error,) = report.errors
    assert told(NoSuchHook, error)["owner"].endswith("octo")
    assert "secret" not in error
    assert report.exit_code(FailOn.ERROR) == 1
    assert (world.sent, world.variables.all()) == ([], [])


@pytest.mark.slow
def test_more_webhooks_than_a_page_holds_all_have_a_run() -> None:
    world = Several(230)
    world.sim.behaviour.numeric_links = True
    first, last = world.fail_at(world.hooks[0]), world.fail_at(world.hooks[-1])
    report = world.run(hook_id="all")
    assert len(report.hooks) == len(world.shared) == 230
    assert [dict(one.query) for one in world.requests(ending="/hooks")] == [
        {"per_page": "100"},
        {"per_page": "100", "page": "2"},
        {"per_page": "100", "page": "3"},
    ]
    assert world.sent == [first, last]
    assert world.sim.limits.violations == 0


def test_list_of_webhooks_on_another_host_is_not_followed() -> None:
    world = Several(150)
    world.fail_at(world.hook)
    world.sim.faults.add(Fault(foreign_next("https://evil.example/orgs/octo/hooks?page=2"), path="*/hooks"))
    report = world.run(hook_id="all")
    assert told(ForeignLink, report.errors[0]) == {"host": "evil.example"}
    assert (report.hooks, world.sent) == ((), [])


# -- one that fails ---------------------------------------------------------------------------------------------


def test_unreadable_webhook_is_named_and_stops_no_other(world: Several) -> None:
    failed = world.fail_at_each()
    broken = f"CHECKPOINT_{world.hooks[1].id}"
    world.variables.seed(broken, "tomorrow")
    first, *others = world.ids.split(", ")
    report = world.run(hook_id=",".join([first, "404404404", *others]))
    assert world.sent == [failed[0], failed[2]]
    unknown, unreadable = report.errors
    assert "404404404" in told(NotFound, unknown)["missing"]
    assert told(CheckpointUnreadable, unreadable)["value"] == "tomorrow"
    assert broken in unreadable
    assert report.exit_code(FailOn.ERROR) == 1
    assert outputs(report)["recovered-count"] == "2"
    assert "CHECKPOINT_404404404" not in world.kept
    assert world.kept[broken] == "tomorrow"


class DeadFor:
    """An endpoint that is down for one webhook."""

    def __init__(self, hook: Hook) -> None:
        self.hook = hook

    def deliver(self, dispatch: Dispatch) -> Any:  # noqa: ANN401
        return UNAVAILABLE if dispatch.hook is self.hook else OK


def test_down_endpoint_holds_back_its_own_webhook_alone(world: Several) -> None:
    world.hooks[0].endpoint = DeadFor(world.hooks[0])
    for hook in world.hooks:
        for number in range(10):
            world.fail_at(hook, 30 - number)
    report = world.run(hook_id="all")
    assert [hook.recovered for hook in report.hooks] == [0, 10, 10]
    assert report.hooks[0].count(Outcome.ENDPOINT_DOWN) == 7
    (warning,) = report.warnings
    assert says(FactKind.DOWN, warning)
    assert warning.startswith(names(report)[0])
    assert report.exit_code(FailOn.ERROR) == 0
    first, *others = world.shared.values()
    assert first < report.hooks[0].start - 20 * MINUTE
    assert others == [hook.start for hook in report.hooks[1:]]
    assert outputs(report)["checkpoint"] == str(first)


def test_webhooks_after_the_time_limit_are_named_and_left(world: Several) -> None:
    failed = [[world.fail_at(hook, 100 - number) for number in range(40)] for hook in world.hooks]
    report = world.run(hook_id="all", time_limit="2m", latency_ms=3_000, wait_for_results="0")
    assert 10 < len(world.sent) < 40
    assert list(world.shared) == [str(world.hooks[0].id)]
    assert [hook.hook for hook in report.hooks if hook.errors] == names(report)[1:]
    (error,) = report.errors
    assert says(OutOfTime, error)
    assert error.startswith(names(report)[1])
    assert "1 more" in error
    world.clock.advance(5 * MINUTE)
    assert world.run(hook_id="all").errors == ()
    assert sorted(world.sent) == sorted(guid for guids in failed for guid in guids)
    assert world.sim.truth.needlessly_redelivered() == []


def test_webhook_that_uses_up_the_time_limit_starves_no_other(world: Several) -> None:
    turns = iter([[0, 1, 2], [1, 2, 0], [2, 0, 1]])

    class AnotherOrder(InOrder):
        def shuffle(self, x: MutableSequence[Any]) -> None:
            if isinstance(x[0], Webhook):
                x[:] = [x[place] for place in next(turns)]

    world.random = AnotherOrder()
    for number in range(100):
        world.fail_at(world.hooks[0], 200 - number)
    others = {world.fail_at(hook) for hook in world.hooks[1:]}
    read = []
    for _ in range(3):
        report = world.run(hook_id="all", time_limit="2m", latency_ms=3_000, wait_for_results="0")
        assert [hook.hook for hook in report.hooks] == sorted(names(report)), "told in an order of their own"
        read.append([hook.read for hook in report.hooks])
        world.clock.advance(5 * MINUTE)
    assert read[0] == [True, False, False]
    assert all(read[1]), "those with little to do came first"
    assert others <= set(world.sent)
    assert world.sim.truth.needlessly_redelivered() == []
