"""Several webhooks in one go: each a run of its own with a checkpoint of its own, and one report of them all."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from githubsim.clock import MINUTE
from githubsim.faults import Fault, foreign_next
from githubsim.outcomes import OK, UNAVAILABLE
from redeliver.plan import Reason
from redeliver.redelivery import Outcome
from redeliver.settings import FailOn
from world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from githubsim.endpoint import Dispatch
    from githubsim.hooks import Hook
    from redeliver.report import Report


class Several(World):
    """An organization with so many webhooks, and one that is switched off."""

    def __init__(self, number: int = 3, **sim: Any) -> None:  # noqa: ANN401 - fields of SimGitHub
        super().__init__(**sim)
        self.hooks = [self.hook, *(self.sim.org_hook("octo") for _ in range(number - 1))]
        self.off = self.sim.org_hook("octo", active=False)

    @property
    def ids(self) -> str:
        return ", ".join(str(hook.id) for hook in self.hooks)

    def fail_at(self, hook: Hook, minutes_ago: float = 5, guid: str | None = None) -> str:
        return hook.add(self.clock() - round(minutes_ago * MINUTE), UNAVAILABLE, guid=guid).guid

    @property
    def kept(self) -> dict[str, str]:
        """The variables there are."""
        return {one.name: one.value for one in self.variables.all()}

    @property
    def sent_to(self) -> list[tuple[int, str]]:
        return [(one.hook.id, one.guid) for one in self.sim.accepted]


def names(report: Report) -> list[str]:
    return [hook.hook for hook in report.hooks]


# -- which ones -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "choice",
    [
        lambda several: several.ids,
        lambda several: several.ids.replace(", ", "\n") + "\n",
        lambda _: "all",
        lambda _: "https://hooks.example/*",
        lambda _: "*hooks*",
    ],
    ids=["a list", "a list in lines", "all", "a pattern", "a pattern of a part"],
)
def test_every_webhook_that_is_meant_is_a_run_with_a_checkpoint_of_its_own(choice: Callable[[Several], str]) -> None:
    world = Several()
    failed = [(hook.id, world.fail_at(hook)) for hook in world.hooks]
    world.fail_at(world.off)
    report = world.run(hook_id=choice(world))
    assert world.sent_to == failed
    assert names(report) == [f"hook {hook.id} of the organization octo" for hook in world.hooks]
    assert (report.errors, report.recovered) == ((), 3)
    expected = {f"CHECKPOINT_{hook.id}": str(part.start) for hook, part in zip(world.hooks, report.hooks, strict=True)}
    assert world.kept == expected


@pytest.mark.parametrize(
    ("choice", "variable"), [("{}", "CHECKPOINT"), ("{},", "CHECKPOINT_{}"), ("*/{}", "CHECKPOINT_{}")]
)
def test_a_list_or_a_pattern_names_the_variable_by_the_webhook_even_if_it_comes_to_one(
    choice: str, variable: str
) -> None:
    world = Several()
    report = world.run(hook_id=choice.format(world.hook.id))
    assert list(world.kept) == [variable.format(world.hook.id)]
    assert len(report.hooks) == 1


def test_a_webhook_named_twice_is_run_once() -> None:
    world = Several()
    world.fail_at(world.hook)
    assert len(world.run(hook_id=f"{world.hook.id}, {world.hook.id}").hooks) == 1
    assert len(world.sent) == 1


def test_a_webhook_that_is_switched_off_can_be_named_by_its_id() -> None:
    world = Several()
    guid = world.fail_at(world.off)
    world.run(hook_id=f"{world.off.id},")
    assert world.sent == [guid]


def test_a_pattern_means_the_whole_url_and_nothing_in_it_but_the_star_is_special() -> None:
    world = World()
    dotted = world.sim.org_hook("octo", url="https://a.example/in?x=(1)")
    world.sim.org_hook("octo", url="https://a-example/in?x=(1)")
    world.sim.org_hook("octo", url="https://a.example/in?x=(1)&more")
    assert names(world.run(hook_id="https://a.example/*?x=(1)")) == [f"hook {dotted.id} of the organization octo"]


def test_a_pattern_chooses_among_a_repositorys_webhooks_too() -> None:
    world = World()
    hooks = [world.sim.repo_hook("octo/hello", url=f"https://ci.example/{name}") for name in "ab"]
    world.sim.repo_hook("octo/hello", url="https://chat.example/")
    report = world.run(org="", repository="octo/hello", hook_id="https://ci.example/*")
    assert names(report) == [f"hook {hook.id} of the repository octo/hello" for hook in hooks]


@pytest.mark.parametrize("pattern", ["https://elsewhere.example/*", "*switched-off*"])
def test_a_pattern_that_fits_none_is_an_error_and_shows_no_address(pattern: str) -> None:
    world = World()
    world.sim.org_hook("octo", url="https://user:secret@switched-off.example/", active=False)
    world.fail()
    report = world.run(hook_id=pattern)
    (error,) = report.errors
    assert error.startswith("No active webhook of the organization octo fits hook-id. Check the pattern")
    assert "elsewhere" not in error
    assert report.exit_code(FailOn.ERROR) == 1
    assert (world.sent, world.variables.all()) == ([], [])


def test_all_of_an_owner_that_has_none_is_an_error() -> None:
    world = World()
    world.sim.hooks.clear()
    assert "No active webhook of the organization octo" in world.run(hook_id="all").errors[0]


# -- more than one page of them ---------------------------------------------------------------------------------


@pytest.mark.parametrize("numeric_links", [False, True])
def test_more_webhooks_than_a_page_holds_are_all_run_over(numeric_links: bool) -> None:  # noqa: FBT001
    world = Several(230)
    world.sim.behaviour.numeric_links = numeric_links
    first, last = world.fail_at(world.hooks[0]), world.fail_at(world.hooks[-1])
    report = world.run(hook_id="all")
    assert len(report.hooks) == 230
    assert [dict(one.query) for one in world.requests(ending="/hooks")] == [
        {"per_page": "100"},
        {"per_page": "100", "page": "2"},
        {"per_page": "100", "page": "3"},
    ]
    assert world.sent == [first, last]
    assert len(world.kept) == 230
    assert world.sim.limits.violations == 0


def test_a_list_of_webhooks_that_goes_on_elsewhere_is_not_followed_and_nothing_is_sent() -> None:
    world = Several(150)
    world.fail_at(world.hook)
    world.sim.faults.add(Fault(foreign_next("https://evil.example/orgs/octo/hooks?page=2"), path="*/hooks"))
    report = world.run(hook_id="all")
    assert "said to be at another host than the API's own: evil.example" in report.errors[0]
    assert (report.hooks, world.sent) == ((), [])


# -- one that fails ---------------------------------------------------------------------------------------------


def test_an_unknown_webhook_among_several_is_named_at_the_end_and_stops_no_other() -> None:
    world = Several()
    failed = [world.fail_at(hook) for hook in world.hooks]
    first, *others = world.ids.split(", ")
    report = world.run(hook_id=",".join([first, "404404404", *others]))
    assert world.sent == failed
    (error,) = report.errors
    assert error.startswith("hook 404404404 of the organization octo: GitHub does not find what is needed to read")
    assert report.exit_code(FailOn.ERROR) == 1
    assert report.outputs()["recovered-count"] == "3"
    assert "CHECKPOINT_404404404" not in world.kept


def test_a_checkpoint_that_is_no_time_stops_its_own_webhook_alone() -> None:
    world = Several()
    failed = [world.fail_at(hook) for hook in world.hooks]
    broken = f"CHECKPOINT_{world.hooks[1].id}"
    world.variables.seed(broken, "tomorrow")
    report = world.run(hook_id="all")
    assert world.sent == [failed[0], failed[2]]
    (error,) = report.errors
    assert error.startswith(f"{names(report)[1]}: The checkpoint in the variable {broken} of octo/ops is not a time")
    assert world.kept[broken] == "tomorrow"


class DeadFor:
    """An endpoint that is down for one webhook."""

    def __init__(self, hook: Hook) -> None:
        self.hook = hook

    def deliver(self, dispatch: Dispatch) -> Any:  # noqa: ANN401
        return UNAVAILABLE if dispatch.hook_id == self.hook.id else OK


def test_an_endpoint_that_is_down_keeps_only_its_own_webhooks_events_waiting() -> None:
    world = Several()
    world.hooks[0].endpoint = DeadFor(world.hooks[0])
    for hook in world.hooks:
        for number in range(10):
            world.fail_at(hook, 30 - number)
    report = world.run(hook_id="all")
    assert [hook.recovered for hook in report.hooks] == [0, 10, 10]
    assert report.hooks[0].count(Reason.ENDPOINT_DOWN) == 7
    (warning,) = report.warnings
    assert warning.startswith(f"{names(report)[0]}: The webhook's endpoint is down")
    assert report.exit_code(FailOn.ERROR) == 0
    first, *others = world.kept.values()
    assert int(first) < report.hooks[0].start - 20 * MINUTE
    assert others == [str(hook.start) for hook in report.hooks[1:]]


def test_a_spent_time_limit_leaves_the_webhooks_after_it_as_they_are_and_says_which() -> None:
    world = Several()
    failed = [[world.fail_at(hook, 100 - number) for number in range(40)] for hook in world.hooks]
    report = world.run(hook_id="all", time_limit="2m", latency_ms=3_000, wait_for_results="0")
    assert 10 < len(world.sent) < 40
    assert list(world.kept) == [f"CHECKPOINT_{world.hooks[0].id}"]
    assert [error.partition(": The time limit")[0] for error in report.errors] == names(report)[1:]
    world.clock.advance(5 * MINUTE)
    assert world.run(hook_id="all").errors == ()
    assert sorted(world.sent) == sorted(guid for guids in failed for guid in guids)
    assert world.sim.truth.needlessly_redelivered() == []


def test_a_signal_ends_the_run_it_meets_in_order_and_begins_no_other() -> None:
    world = Several()
    failed = [world.fail_at(hook) for hook in world.hooks]

    def cancel(*_: object) -> None:
        if len(world.sent) == 2 and world.stop.signal_number is None:
            world.stop._asked(signal.SIGTERM, None)

    world.sim.observers.append(cancel)
    report = world.run(hook_id="all")
    assert report.exit_code(FailOn.NEVER) == 128 + signal.SIGTERM
    assert len(report.hooks) == 2
    assert world.sent == failed[:2]
    assert len(world.kept) == 2
    world.sim.observers.clear()
    world.clock.advance(5 * MINUTE)
    assert world.run(hook_id="all").errors == ()
    assert world.sent == failed


# -- one report -------------------------------------------------------------------------------------------------


def test_outputs_are_sums_the_checkpoint_is_the_earliest_and_the_report_has_each_webhooks_figures() -> None:
    world = Several()
    world.hooks[1].endpoint = DeadFor(world.hooks[1])
    for number, hook in enumerate(world.hooks, start=1):
        for minute in range(number):
            world.fail_at(hook, 60 + minute)
        hook.add(world.clock() - 2 * MINUTE, OK)
    report = world.run(hook_id="all")
    outputs = report.outputs()
    assert [outputs[name] for name in ("failed-count", "redelivered-count", "recovered-count")] == ["6", "6", "4"]
    assert (outputs["undelivered-count"], outputs["scanned-count"]) == ("2", "9")
    told = json.loads(outputs["report"])["hooks"]
    assert [one["hook"] for one in told] == names(report)
    assert [(one["failed"], one["redelivered"], one["recovered"], one["undelivered"]) for one in told] == [
        (1, 1, 1, 0),
        (2, 2, 0, 2),
        (3, 3, 3, 0),
    ]
    assert outputs["checkpoint"] == str(min(map(int, world.kept.values())))
    assert {f"CHECKPOINT_{hook.id}": str(one["checkpoint"]) for hook, one in zip(world.hooks, told, strict=True)} == (
        world.kept
    )
    assert [len(one["events"]) for one in told] == [1, 2, 3]


def test_an_event_that_two_webhooks_share_is_brought_home_at_both() -> None:
    world = Several(2)
    guid = world.fail_at(world.hooks[0])
    world.fail_at(world.hooks[1], guid=guid)
    world.hooks[0].add(world.clock() - MINUTE, OK, guid=guid, redelivery=True)
    report = world.run(hook_id="all")
    assert world.sent_to == [(world.hooks[1].id, guid)]
    assert [[event.outcome for event in hook.events] for hook in report.hooks] == [[], [Outcome.RECOVERED]]


def test_the_limits_of_github_are_kept_over_all_webhooks_together() -> None:
    world = Several()
    for hook in world.hooks:
        for number in range(250):
            world.fail_at(hook, 300 - number)
    report = world.run(hook_id="all", redeliveries_per_minute="100000", wait_for_results="0")
    assert (report.redelivered, report.errors) == (750, ())
    assert world.sim.limits.violations == 0


def test_a_dry_run_over_several_touches_nothing() -> None:
    world = Several()
    for hook in world.hooks:
        world.fail_at(hook)
    report = world.run(hook_id="all", dry_run="true")
    assert [hook.count(Reason.DRY_RUN) for hook in report.hooks] == [1, 1, 1]
    assert {one.verb for one in world.sim.journal.entries} == {"GET"}
