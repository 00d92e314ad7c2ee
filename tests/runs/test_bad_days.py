"""Bad input and bad days: each a clear sentence, and nothing lost."""

from __future__ import annotations

import pytest

from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.faults import Effect, Fault, Lose, every_kind, foreign_next, garbage, html_answer, json_answer, redirect
from githubsim.outcomes import UNAVAILABLE
from redeliver.core.case import Outcome
from redeliver.core.settings import FailOn
from redeliver.errors import (
    ApiFailing,
    BadToken,
    BrokenPaging,
    CheckpointInFuture,
    CheckpointNotSaved,
    HookNotFound,
    MissingPermission,
    Moved,
    NotFound,
    RedeliverError,
)
from wording import says, told
from world import API, World, of

LIST = "*/hooks/*/deliveries"
ATTEMPTS = "*/attempts"
VARIABLE = "*/actions/variables*"
EVERY_KIND = pytest.mark.parametrize("fault", list(every_kind()), ids=lambda one: f"{one.effect!r:.30}-{one.when}")


def only_error(world: World, /, **inputs: str) -> str:
    """The one error of a run that fails, having sent nothing and left the checkpoint as it was."""
    before = world.sent, world.checkpoint
    report = world.run(inputs)
    assert (report.exit_code(FailOn.ERROR), report.exit_code(FailOn.NEVER)) == (1, 0)
    assert (world.sent, world.checkpoint) == before
    (error,) = report.errors
    return error


# -- the checkpoint ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [MINUTE + 1, 2 * MINUTE, DAY])
def test_a_checkpoint_in_the_future_stops_the_run_and_is_not_overwritten(ahead: int) -> None:
    world = World()
    world.fail()
    world.variables.seed("CHECKPOINT", str(world.clock() + ahead))
    assert says(CheckpointInFuture, only_error(world))


@pytest.mark.parametrize("ahead", [1, 999, 30 * SECOND, MINUTE])
def test_a_checkpoint_up_to_a_minute_ahead_of_githubs_clock_counts_as_now(ahead: int) -> None:
    world = World()
    guid = world.fail(5)
    world.variables.seed("CHECKPOINT", str(world.clock() + ahead))
    assert (world.run().errors, world.sent) == ((), [guid])
    assert int(world.checkpoint or "") <= world.clock()


def test_a_variable_in_seconds_is_said_to_be_in_seconds_and_is_not_overwritten() -> None:
    world = World()
    world.fail()
    world.variables.seed("CHECKPOINT", str((world.clock() - HOUR) // SECOND))
    assert " seconds" in only_error(world).replace("milliseconds", "")


def test_a_checkpoint_that_cannot_be_saved_at_the_end_fails_the_run_and_loses_nothing() -> None:
    world = World()
    guid = world.fail()
    world.sim.faults.add(Fault(Lose("reset"), verb="PATCH", path=VARIABLE, nth=2, times=None))
    report = world.run()
    assert (report.recovered, report.exit_code(FailOn.ERROR)) == (1, 1)
    assert says(CheckpointNotSaved, report.errors[0])
    world.sim.faults.clear()
    assert world.run().failed == 0
    assert world.sent == [guid]


# -- the token and the hook -------------------------------------------------------------------------------------

SCOPES = {"kind": "classic", "scopes": ["repo"]}
READS = {"permissions": {"organization_hooks": "write", "actions_variables": "read"}}
NO_HOOKS = {"permissions": {"actions_variables": "write"}}


@pytest.mark.parametrize(
    ("token", "inputs", "kind", "words"),
    [
        ({}, {"token": "ghp_wrong"}, BadToken, ()),
        ({}, {"hook-id": "404"}, HookNotFound, ("octo has no webhook 404", "the token can see 400000001.")),
        (NO_HOOKS, {}, MissingPermission, ("organization_hooks=read",)),
        (SCOPES, {}, NotFound, ("admin:org_hook",)),
        (READS, {}, CheckpointNotSaved, ("CHECKPOINT of octo/ops", "actions_variables=write", "Resource not access")),
        ({"sees": ["octo"]}, {"variable-repository": "else/ops"}, NotFound, ("CHECKPOINT of else/ops",)),
    ],
    ids=["wrong", "no webhook", "permission", "scopes", "variable", "repository"],
)
def test_what_a_token_may_not_do_is_named_before_anything_is_sent(
    token: dict[str, object],
    inputs: dict[str, str],
    kind: type[RedeliverError],
    words: tuple[str, ...],
) -> None:
    world = World()
    world.fail()
    world.sim.token("pat", **token)
    error = only_error(world, **inputs)
    assert says(kind, error)
    assert all(part in error for part in words)
    assert "ghp_wrong" not in error


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_may_not_redeliver_ends_the_run_and_what_was_sent_is_told(status: int) -> None:
    world = World()
    guids = [world.fail(9 - number) for number in range(3)]
    world.sim.faults.add(Fault(json_answer(status, "Resource not accessible"), path=ATTEMPTS, nth=2))
    report = world.run()
    assert says(BadToken if status == 401 else MissingPermission, report.errors[0])
    assert world.sent == guids[:1]
    assert [of(report, guid).outcome for guid in guids] == [Outcome.PENDING, Outcome.RUN_FAILED, Outcome.RUN_FAILED]
    assert int(world.checkpoint or "") < world.sim.truth.event(world.hook, guids[1]).last_attempt_at


# -- the log ----------------------------------------------------------------------------------------------------

CIRCLE = f"{API}/orgs/octo/hooks/1/deliveries?per_page=100&cursor=v1_9000000000000000000"


@pytest.mark.parametrize(
    ("effect", "kind", "lists"),
    [
        (foreign_next("https://evil.example/orgs/octo/hooks/1/deliveries?cursor=v1_5"), "another host", 1),
        (foreign_next("https://api.github.com@evil.example/x?cursor=v1_5"), "another host", 1),
        (foreign_next(CIRCLE), BrokenPaging, 2),
        (html_answer(200), "an unexpected response", 4),
        (garbage(), "an unexpected response", 4),
        (json_answer(200, "no list"), "an unexpected response", 4),
        (json_answer(502, "Bad Gateway"), ApiFailing, 7),
        (redirect(f"{API}/organizations/1/hooks/1/deliveries", 301), Moved, 1),
    ],
    ids=["another host", "a host behind a name", "a circle", "a page", "cut", "an object", "502", "renamed"],
)
def test_a_log_that_cannot_be_read_is_an_error_and_never_a_smaller_answer(
    effect: Effect, kind: type[RedeliverError] | str, lists: int
) -> None:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - 10 * HOUR))
    world.fail(400)
    world.sim.faults.add(Fault(effect, path=LIST, times=None))
    error = only_error(world)
    assert kind in error if isinstance(kind, str) else says(kind, error)
    assert len(world.requests()) == lists


@EVERY_KIND
@pytest.mark.parametrize("path", [LIST, VARIABLE])
def test_a_passing_fault_of_any_call_but_the_post_costs_nothing(fault: Fault, path: str) -> None:
    for nth in (1, 2, 3):
        world = World()
        guids = [world.fail(9), world.fail(5)]
        world.sim.faults.add(Fault(fault.effect, path=path, when=fault.when, nth=nth))
        report = world.run()
        assert (report.errors, report.recovered) == ((), 2)
        assert world.sent == guids
        assert world.checkpoint == str(report.start)


# -- one redelivery ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_redelivery_that_is_refused_holds_the_checkpoint_and_the_rest_goes_on(status: int) -> None:
    world = World()
    guids = [world.fail(9), world.fail(7, UNAVAILABLE), world.fail(5)]
    world.sim.faults.add(Fault(json_answer(status, "gone"), path=ATTEMPTS, nth=2))
    report = world.run()
    assert world.sent == [guids[0], guids[2]]
    refused = of(report, guids[1])
    assert (refused.outcome, refused.detail) == (Outcome.REFUSED, f"GitHub answered {status}")
    assert (report.redelivered, report.recovered, report.undelivered, report.errors) == (2, 2, 1, ())
    assert world.checkpoint == str(world.sim.truth.event(world.hook, guids[1]).last_attempt_at - 1)
    assert world.run().recovered == 1


@EVERY_KIND
def test_a_post_whose_answer_is_lost_is_never_repeated_in_the_same_run(fault: Fault) -> None:
    world = World()
    guids = [world.fail(9), world.fail(7), world.fail(5)]
    world.sim.faults.add(Fault(fault.effect, path=ATTEMPTS, when=fault.when, nth=2))
    report = world.run()
    posted = [one.path for one in world.requests("POST", "/attempts")]
    assert len(posted) == len(set(posted)) == 3
    happened = guids[1] in world.sent
    assert of(report, guids[1]).outcome is (Outcome.RECOVERED if happened else Outcome.UNKNOWN)
    assert report.redelivered == len(world.sent) == (3 if happened else 2)
    world.clock.advance(15 * MINUTE)
    world.run()
    assert sorted(world.sent) == sorted(guids)


def test_a_repository_transferred_while_the_checkpoint_is_written_is_told() -> None:
    world = World()
    world.sim.faults.add(Fault(redirect(f"{API}/repositories/1/actions/variables/CHECKPOINT"), verb="PATCH"))
    assert told(Moved, world.run().errors[0])["status"] == "307"
