"""Several webhooks in one go: each a run of its own with a checkpoint of its own, and one report of them all."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

from command.several import Several, names
from githubsim.clock import MINUTE
from githubsim.outcomes import OK, UNAVAILABLE
from redeliver.core.facts import FactKind
from redeliver.core.redelivery import Outcome
from redeliver.core.settings import FailOn
from redeliver.errors import CheckpointUnreadable, NotFound, OutOfTime
from redeliver.output.report_json import outputs
from wording import says, told

if TYPE_CHECKING:
    from githubsim.endpoint import Dispatch
    from githubsim.hooks import Hook


# -- one that fails ---------------------------------------------------------------------------------------------


def test_an_unknown_webhook_among_several_is_named_at_the_end_and_stops_no_other() -> None:
    world = Several()
    failed = [world.fail_at(hook) for hook in world.hooks]
    first, *others = world.ids.split(", ")
    report = world.run(hook_id=",".join([first, "404404404", *others]))
    assert world.sent == failed
    (error,) = report.errors
    assert "404404404" in told(NotFound, error)["subject"]
    assert report.exit_code(FailOn.ERROR) == 1
    assert outputs(report)["recovered-count"] == "3"
    assert "CHECKPOINT_404404404" not in world.kept


def test_a_checkpoint_that_is_no_time_stops_its_own_webhook_alone() -> None:
    world = Several()
    failed = [world.fail_at(hook) for hook in world.hooks]
    broken = f"CHECKPOINT_{world.hooks[1].id}"
    world.variables.seed(broken, "tomorrow")
    report = world.run(hook_id="all")
    assert world.sent == [failed[0], failed[2]]
    (error,) = report.errors
    assert told(CheckpointUnreadable, error)["value"] == "tomorrow"
    assert broken in error
    assert error.startswith(names(report)[1])
    assert world.kept[broken] == "tomorrow"


class DeadFor:
    """An endpoint that is down for one webhook."""

    def __init__(self, hook: Hook) -> None:
        self.hook = hook

    def deliver(self, dispatch: Dispatch) -> Any:  # noqa: ANN401
        return UNAVAILABLE if dispatch.hook is self.hook else OK


def test_an_endpoint_that_is_down_keeps_only_its_own_webhooks_events_waiting() -> None:
    world = Several()
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
    first, *others = world.kept.values()
    assert int(first) < report.hooks[0].start - 20 * MINUTE
    assert others == [str(hook.start) for hook in report.hooks[1:]]


def test_a_spent_time_limit_leaves_the_webhooks_after_it_as_they_are_and_says_which() -> None:
    world = Several()
    failed = [[world.fail_at(hook, 100 - number) for number in range(40)] for hook in world.hooks]
    report = world.run(hook_id="all", time_limit="2m", latency_ms=3_000, wait_for_results="0")
    assert 10 < len(world.sent) < 40
    assert list(world.kept) == [f"CHECKPOINT_{world.hooks[0].id}"]
    assert [hook.hook for hook in report.hooks if hook.errors] == names(report)[1:]
    (error,) = report.errors
    assert says(OutOfTime, error)
    assert error.startswith(names(report)[1])
    assert "1 more" in error
    world.clock.advance(5 * MINUTE)
    assert world.run(hook_id="all").errors == ()
    assert sorted(world.sent) == sorted(guid for guids in failed for guid in guids)
    assert world.sim.truth.needlessly_redelivered() == []


def test_one_that_takes_up_the_time_limit_in_every_run_starves_no_other() -> None:
    world = Several()
    turns = iter([[0, 1, 2], [1, 2, 0], [2, 0, 1]])

    def another_order(hooks: list[Any]) -> None:
        hooks[:] = [hooks[place] for place in next(turns)]

    world.shuffle = another_order
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


def test_each_run_has_the_time_it_takes_and_its_own_end() -> None:
    world = Several()
    for hook in world.hooks:
        for number in range(20):
            world.fail_at(hook, 60 - number)
    report = world.run(hook_id="all", redeliveries_per_minute="3")
    assert [hook.start for hook in report.hooks] == sorted({hook.start for hook in report.hooks})
    assert report.hooks[2].start - report.hooks[1].start > 4 * MINUTE
    assert (report.errors, report.recovered) == ((), 60)


def test_a_signal_ends_the_run_it_meets_in_order_and_begins_no_other() -> None:
    world = Several()
    failed = [world.fail_at(hook) for hook in world.hooks]

    def cancel(*_: object) -> None:
        if len(world.sent) == 2 and world.run_clock.signal_number is None:
            world.run_clock.on_signal(signal.SIGTERM)

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


def test_a_signal_while_the_webhooks_are_listed_ends_it_before_any_run() -> None:
    world = Several()
    world.fail_at(world.hook)
    world.sim.observers.append(lambda *_: world.run_clock.on_signal(signal.SIGINT))
    report = world.run(hook_id="all")
    assert report.exit_code(FailOn.ERROR) == 128 + signal.SIGINT
    assert (report.hooks, report.errors, world.sent) == ((), (), [])


# -- one report -------------------------------------------------------------------------------------------------


def test_outputs_are_sums_the_checkpoint_is_the_earliest_and_the_report_has_each_webhooks_figures() -> None:
    world = Several()
    world.hooks[1].endpoint = DeadFor(world.hooks[1])
    for number, hook in enumerate(world.hooks, start=1):
        for minute in range(number):
            world.fail_at(hook, 60 + minute)
        hook.add(world.clock() - 2 * MINUTE, OK)
    report = world.run(hook_id="all")
    given = outputs(report)
    assert [given[name] for name in ("failed-count", "redelivered-count", "recovered-count")] == ["6", "6", "4"]
    assert (given["undelivered-count"], given["scanned-count"]) == ("2", "9")
    told = json.loads(given["report"])["hooks"]
    assert [one["hook"] for one in told] == names(report)
    assert [(one["failed"], one["redelivered"], one["recovered"], one["undelivered"]) for one in told] == [
        (1, 1, 1, 0),
        (2, 2, 0, 2),
        (3, 3, 3, 0),
    ]
    assert given["checkpoint"] == str(min(map(int, world.kept.values())))
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
    assert [hook.count(Outcome.DRY_RUN) for hook in report.hooks] == [1, 1, 1]
    assert {one.verb for one in world.sim.journal.entries} == {"GET"}
