"""Bad input and bad days: each a clear sentence, and nothing lost."""

from __future__ import annotations

import pytest

from githubsim.clock import MINUTE
from githubsim.faults import Fault, Lose, every_kind, foreign_next, garbage, html_answer, json_answer, redirect
from githubsim.outcomes import OK, UNAVAILABLE
from redeliver.core.redelivery import Outcome
from redeliver.core.settings import FailOn
from redeliver.errors import (
    ApiFailing,
    BadToken,
    BrokenPaging,
    CheckpointInFuture,
    CheckpointNotSaved,
    CheckpointUnreadable,
    MissingPermission,
    Moved,
    NotFound,
)
from wording import says, told
from world import API, World, of

LIST = "*/hooks/*/deliveries"
ATTEMPTS = "*/attempts"
VARIABLE = "*/actions/variables*"


def only_error(world: World, /, **inputs: str) -> str:
    """The one error of a run that fails, having sent nothing."""
    before = world.sent
    report = world.run(inputs)
    assert report.exit_code(FailOn.ERROR) == 1
    assert report.exit_code(FailOn.NEVER) == 0
    assert world.sent == before
    (error,) = report.errors
    return error


# -- the checkpoint ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["yesterday", "", "-5", "1.5e12", "2026-11-24T00:00:00Z", "17940000000000000"])
def test_a_checkpoint_that_is_no_time_stops_the_run_and_is_not_overwritten(value: str) -> None:
    world = World()
    world.fail()
    world.variables.seed("CHECKPOINT", value)
    assert says(CheckpointUnreadable, only_error(world))
    assert world.checkpoint == value


def test_a_checkpoint_in_the_future_stops_the_run_and_is_not_overwritten() -> None:
    world = World()
    world.fail()
    world.variables.seed("CHECKPOINT", str(world.clock() + 60_001))
    assert says(CheckpointInFuture, only_error(world))
    assert world.checkpoint == str(world.clock() + 60_001)


def test_a_variable_that_cannot_be_written_is_found_out_before_anything_is_sent() -> None:
    world = World()
    world.fail()
    world.token.permissions = {"organization_hooks": "write", "actions_variables": "read"}
    error = only_error(world)
    assert told(CheckpointNotSaved, error)["place"].endswith("CHECKPOINT of octo/ops")
    assert "actions_variables=write" in error
    assert "Resource not accessible by personal access token" in error


def test_a_variable_in_a_repository_out_of_sight_is_found_out_before_anything_is_sent() -> None:
    world = World()
    world.fail()
    world.token.sees = frozenset({"octo"})
    error = only_error(world, variable_repository="elsewhere/ops")
    assert told(NotFound, error)["subject"].endswith("CHECKPOINT of elsewhere/ops")


# -- the token and the hook -------------------------------------------------------------------------------------


def test_a_wrong_token_is_named_and_never_shown() -> None:
    world = World()
    error = only_error(world, token="ghp_wrong")
    assert says(BadToken, error)
    assert "ghp_wrong" not in error


def test_a_missing_hook_is_named() -> None:
    error = only_error(World(), hook_id="404")
    assert "404" in told(NotFound, error)["subject"]
    assert "Webhooks: write" in error


def test_a_missing_permission_is_quoted_from_githubs_own_headers() -> None:
    world = World()
    world.token.permissions = {"actions_variables": "write"}
    error = only_error(world)
    assert says(MissingPermission, error)
    assert "organization_hooks=read" in error


def test_a_permission_to_read_alone_stops_at_the_first_redelivery() -> None:
    world = World()
    guids = [world.fail(9), world.fail(5)]
    world.token.permissions = {"actions_variables": "write", "organization_hooks": "read"}
    report = world.run()
    assert "redeliver" in told(MissingPermission, report.errors[0])["what"]
    assert "organization_hooks=write" in report.errors[0]
    assert [of(report, guid).outcome for guid in guids] == [Outcome.RUN_FAILED, Outcome.RUN_FAILED]
    assert len(world.requests("POST", "/attempts")) == 1
    assert world.checkpoint is not None
    assert int(world.checkpoint) < world.sim.truth.event(world.hook, guids[0]).last_attempt_at


def test_a_classic_tokens_scopes_are_quoted() -> None:
    world = World()
    world.sim.token("classic", kind="classic", scopes=["repo"])
    assert "admin:org_hook" in only_error(world, token="classic")


# -- the log ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/orgs/octo/hooks/1/deliveries?cursor=v1_5",
        "https://api.github.com.evil.example/x?cursor=v1_5",
        "https://api.github.com@evil.example/x?cursor=v1_5",
        "http://api.github.com/orgs/octo/hooks/1/deliveries?cursor=v1_5",
        "https://api.github.com:8443/orgs/octo/hooks/1/deliveries?cursor=v1_5",
        "//evil.example/x?cursor=v1_5",
        "https://[::bad/x",
    ],
)
def test_a_next_link_to_another_place_is_an_error_and_is_not_followed(link: str) -> None:
    world = World()
    world.fail()
    world.sim.faults.add(Fault(foreign_next(link), path=LIST))
    assert "a different host" in only_error(world)
    assert len(world.requests()) == 1


def test_a_next_link_that_names_the_owner_by_number_is_followed_below_our_own_path() -> None:
    world = World()
    world.sim.behaviour.numeric_links = True
    for number in range(150):
        world.fail(200 - number, OK)
    oldest = world.fail(300)
    world.run()
    assert world.sent == [oldest]
    assert {one.path for one in world.requests()} == {f"/orgs/octo/hooks/{world.hook.id}/deliveries"}


def test_pages_that_lead_in_a_circle_end_the_run() -> None:
    world = World()
    world.fail()
    circle = f"{API}/orgs/octo/hooks/1/deliveries?per_page=100&cursor=v1_9000000000000000000"
    world.sim.faults.add(Fault(foreign_next(circle), path=LIST, times=None))
    assert says(BrokenPaging, only_error(world))


@pytest.mark.parametrize(
    "answer", [html_answer(200), garbage(), json_answer(200, "no list")], ids=["html", "cut", "object"]
)
def test_an_answer_that_is_no_delivery_log_is_asked_for_again_and_then_an_error(answer: object) -> None:
    world = World()
    guid = world.fail()
    world.sim.faults.add(Fault(answer, path=LIST))  # type: ignore[arg-type]
    assert world.run().recovered == 1
    assert world.sent == [guid]
    checkpoint = world.checkpoint
    world.sim.faults.add(Fault(answer, path=LIST, times=None))  # type: ignore[arg-type]
    assert "an unexpected response" in only_error(world)
    assert world.checkpoint == checkpoint


def test_a_scan_that_breaks_off_is_an_error_and_never_a_smaller_answer() -> None:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - 600 * MINUTE))
    for number in range(250):
        world.fail(500 - number, UNAVAILABLE)
    world.sim.faults.add(Fault(json_answer(502, "Bad Gateway"), path=LIST, nth=3, times=None))
    assert told(ApiFailing, only_error(world))["tries"] == "4"
    assert world.checkpoint == str(world.clock() - 600 * MINUTE - (world.clock() - world.started))


def test_a_renamed_organization_is_told_and_no_redirect_is_followed() -> None:
    world = World()
    world.sim.faults.add(Fault(redirect(f"{API}/organizations/1/hooks/1/deliveries", 301), path=LIST))
    assert told(Moved, only_error(world))["status"] == "301"
    assert len(world.requests()) == 1


@pytest.mark.parametrize("fault", list(every_kind()), ids=lambda fault: f"{fault.effect!r:.30}-{fault.when}")
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
    guids = [world.fail(9), world.fail(7), world.fail(5)]
    world.sim.faults.add(Fault(json_answer(status, "gone"), path=ATTEMPTS, nth=2))
    report = world.run()
    assert world.sent == [guids[0], guids[2]]
    refused = of(report, guids[1])
    assert (refused.outcome, refused.detail) == (Outcome.REFUSED, f"GitHub answered {status}")
    assert (report.redelivered, report.recovered, report.undelivered, report.errors) == (2, 2, 1, ())
    assert world.checkpoint == str(world.sim.truth.event(world.hook, guids[1]).last_attempt_at - 1)
    assert world.run().recovered == 1


@pytest.mark.parametrize("fault", list(every_kind()), ids=lambda fault: f"{fault.effect!r:.30}-{fault.when}")
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


def test_a_token_revoked_in_mid_run_stops_it_and_what_was_sent_is_told() -> None:
    world = World()
    guids = [world.fail(9 - number) for number in range(3)]
    world.sim.faults.add(Fault(json_answer(401, "Bad credentials"), path=ATTEMPTS, nth=2))
    report = world.run()
    assert says(BadToken, report.errors[0])
    assert world.sent == guids[:1]
    assert [of(report, guid).outcome for guid in guids] == [Outcome.PENDING, Outcome.RUN_FAILED, Outcome.RUN_FAILED]


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


def test_a_repository_transferred_while_the_checkpoint_is_written_is_told() -> None:
    world = World()
    world.sim.faults.add(Fault(redirect(f"{API}/repositories/1/actions/variables/CHECKPOINT"), verb="PATCH"))
    report = world.run()
    assert told(Moved, report.errors[0])["status"] == "307"
