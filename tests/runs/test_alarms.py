"""What makes a run fail before anything is lost: a near deadline, a webhook off or silent, a token that ends."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from githubsim.clock import DAY, HOUR, MINUTE
from githubsim.faults import Fault, json_answer
from githubsim.outcomes import OK, UNAVAILABLE, Outcome, invalid_response, odd
from redeliver.core.facts import FactKind, Level
from redeliver.core.report import Report
from redeliver.core.settings import FailOn
from redeliver.output.metrics import run_metrics
from redeliver.output.report_json import as_json
from redeliver.output.summary import markdown
from redeliver.tracking.decision import Change, TrackingIssue, decide
from redeliver.tracking.situation import State, read_report
from world import World, kind

if TYPE_CHECKING:
    from githubsim.tokens import TokenKind

NEAR = {FactKind.DEADLINE_NEAR, FactKind.UNREAD_DEADLINE_NEAR}
OFF = {FactKind.SWITCHED_OFF_ERROR, FactKind.SWITCHED_OFF_WARNING}


def code(report: Report, fail_on: FailOn = FailOn.ERROR) -> int:
    return report.exit_code(fail_on)


# -- little time left -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours_ago", "exit_code"), [(59, 0), (61, 1)])
def test_event_with_little_time_left_fails_the_run(hours_ago: int, exit_code: int) -> None:
    world = World()
    world.sim.stub.fail_with()
    for minute in range(20):
        world.fail(hours_ago * 60 + minute)
    report = world.run(lookback="3d")
    assert (len(report.events), code(report), code(report, FailOn.NEVER)) == (20, exit_code, 0)
    assert sum(fact.kind in NEAR for fact in report.facts) == exit_code


@pytest.mark.parametrize(("hours_ago", "near"), [(1, []), (61, [FactKind.DEADLINE_NEAR])])
def test_type_that_the_receiver_cannot_handle_is_one_fact(hours_ago: int, near: list[FactKind]) -> None:
    world = World()
    for minute in range(30):
        guid = world.fail(hours_ago * 60 + minute, kind=kind("issues", "opened"))
        world.sim.stub.by_guid[guid] = invalid_response(422)
        world.fail(hours_ago * 60 + minute)
    report = world.run(lookback="3d")
    assert [fact.kind for fact in report.facts] == [*near, FactKind.TYPES_FAIL]
    assert (report.recovered, code(report)) == (30, len(near))


@pytest.mark.parametrize("inputs", [{"events": "issues"}, {"max_age": "60h"}])
def test_event_that_is_not_wanted_fails_no_run(inputs: dict[str, str]) -> None:
    world = World()
    world.sim.stub.fail_with()
    world.fail(61 * 60)
    assert code(world.run(lookback="3d")) == 1
    assert code(world.run({"lookback": "3d", "variable_name": ""} | inputs)) == 0


@pytest.mark.parametrize(("latency", "exit_code"), [(1, 0), (2_000, 1)])
def test_time_left_is_that_at_the_end_of_the_run(latency: int, exit_code: int) -> None:
    world = World()
    world.fail(60 * 60 - 1 / 12)  # five seconds before it is little
    world.sim.stub.fail_with()
    assert code(world.run(lookback="3d", wait_for_results="0", latency_ms=latency)) == exit_code


# -- off --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scan", ["full", "failures"])
def test_webhook_that_is_off_fails_the_run_until_its_log_is_empty(scan: str) -> None:
    world = World()
    world.hook.add(world.clock() - DAY, OK)
    assert code(world.run(scan=scan)) == 0
    world.hook.active = False
    for hours, exit_code in ((1, 1), (46, 1), (2, 0)):
        world.clock.advance(hours * HOUR)
        report = world.run(scan=scan)
        assert (code(report), code(report, FailOn.NEVER)) == (exit_code, 0)
        (fact,) = report.facts
        assert fact.kind in OFF


def test_webhook_that_is_off_and_not_named_by_id_fails_no_run() -> None:
    world = World()
    world.hook.add(world.clock() - DAY, OK)
    world.sim.org_hook("octo", active=False).add(world.clock() - DAY, OK)
    assert [hook.active for hook in world.run(hook_id="all").hooks] == [True]
    assert code(world.run(hook_id="all")) == 0


def test_log_of_failures_alone_costs_one_call_more_while_the_webhook_is_off() -> None:
    world = World()
    calls = []
    for active in (True, False):
        world.hook.active = active
        world.sim.journal.clear()
        world.run(scan="failures")
        calls.append(len(world.requests()))
    assert calls == [1, 2]


# -- silence ------------------------------------------------------------------------------------------------------


def is_silent(report: Report) -> bool:
    silent = any(fact.kind is FactKind.SILENT for fact in report.facts)
    assert code(report) == silent
    return silent


@pytest.mark.parametrize("scan", ["full", "failures"])
@pytest.mark.parametrize("outcome", [OK, UNAVAILABLE])
def test_source_that_fell_silent_fails_the_run_if_that_is_asked_for(scan: str, outcome: Outcome) -> None:
    world = World()
    row = world.hook.row(world.clock() - 5 * HOUR, outcome)
    world.hook.log.add(row)
    assert not is_silent(world.run(scan=scan, max_silence="6h"))
    world.clock.advance(2 * HOUR)
    assert is_silent(report := world.run(scan=scan, max_silence="6h"))
    assert report.hooks[0].newest_delivery == row.delivered_at
    assert not is_silent(world.run(scan=scan))
    # The webhook was made anew: of this one GitHub forgets the last delivery.
    world.clock.advance(4 * DAY)
    report = world.run(scan=scan, max_silence="6h", variable_name="")
    assert is_silent(report)
    assert report.hooks[0].newest_delivery is None
    world.hook.emit()
    world.clock.advance(HOUR)
    world.sim.run_due()
    assert not is_silent(world.run(scan=scan, max_silence="6h", variable_name=""))


def test_new_event_that_failed_counts_and_a_redelivery_does_not() -> None:
    world = World()
    guid = world.fail(8 * 60)
    for minutes in (60, 30, 5):
        world.again(guid, minutes)
    assert is_silent(world.run(max_silence="6h", dry_run="true"))
    world.fail(5 * 60)
    assert not is_silent(world.run(max_silence="6h", dry_run="true"))


@pytest.mark.parametrize(("hours_ago", "silent", "pages"), [(0.5, False, 1), (5, False, 3), (7, True, 3)])
def test_pages_of_redeliveries_are_read_on_until_a_new_event_shows_up(
    hours_ago: float, *, silent: bool, pages: int
) -> None:
    world = World()
    guid = world.fail(8 * 60)
    for number in range(250):
        world.again(guid, 60 - number / 10)
    world.again(guid, 30, OK)
    world.fail(hours_ago * 60, OK)
    world.variables.seed("CHECKPOINT", str(world.clock() - MINUTE))
    assert is_silent(world.run(max_silence="6h")) is silent
    assert len(world.requests()) == pages


def test_what_was_not_read_is_not_called_silent() -> None:
    world = World()
    guid = world.fail(5 * 60, OK)
    for number in range(5_000):
        world.again(guid, 60 - number / 100, OK)
    report = world.run(max_silence="6h", lookback="3d", time_limit="40s", latency_ms=2_000)
    assert [fact.kind for fact in report.facts] == [FactKind.FAILURES_FIRST]


@pytest.mark.parametrize(
    ("row", "silent"),
    [
        ({"event": None}, False),
        ({"event": None, "redelivery": True}, True),
        ({"event": None, "delivered_at": None}, True),
    ],
)
def test_new_event_that_cannot_be_read_counts_if_its_time_can(row: dict[str, object], *, silent: bool) -> None:
    world = World()
    world.fail(8 * 60, OK)
    world.fail(60, odd(OK, **row))
    report = world.run(max_silence="6h")
    assert any(fact.kind is FactKind.SILENT for fact in report.facts) is silent


@pytest.mark.parametrize(("silence", "scan", "calls"), [("0", "failures", 1), ("6h", "failures", 2), ("6h", "full", 1)])
@pytest.mark.parametrize("hours_ago", [1, 8])
def test_silence_costs_one_call_more_where_failures_alone_are_asked_for(
    silence: str, scan: str, calls: int, hours_ago: int
) -> None:
    world = World()
    world.fail(hours_ago * 60, OK)
    world.run(scan=scan, max_silence=silence)
    assert len(world.requests()) == calls


def test_log_that_was_not_read_is_not_called_silent() -> None:
    world = World()
    world.sim.faults.add(Fault(json_answer(404, "no"), path="*/deliveries"))
    report = world.run(max_silence="6h")
    assert [fact.kind for fact in report.facts] == [FactKind.ERROR]


def test_webhook_that_is_off_is_why_it_is_silent() -> None:
    world = World()
    world.hook.active = False
    assert [fact.level for fact in world.run().facts] == [Level.WARNING]
    (fact,) = world.run(max_silence="6h").facts
    assert fact.kind is FactKind.SWITCHED_OFF_ERROR


# -- a token that ends --------------------------------------------------------------------------------------------

PERSON, CLASSIC, JOB = "github_pat_11A", "ghp_a", "ghs_a"
FORM = "https://github.com/settings/personal-access-tokens/new?name=Redeliver+webhooks&target_name=octo&expires_in=366"


def ends(world: World, value: str, hours: float, kind: TokenKind = "fine-grained") -> str:
    return world.sim.token(value, kind=kind, scopes={"admin:org_hook", "repo"}, expires_at=after(world, hours)).value


def after(world: World, hours: float) -> int:
    return world.clock() + round(hours * HOUR) // 1_000 * 1_000


@pytest.mark.parametrize(
    ("value", "kind", "hours", "level"),
    [
        (PERSON, "fine-grained", 14 * 24 + 1, None),
        (PERSON, "fine-grained", 14 * 24 - 1, Level.WARNING),
        (PERSON, "fine-grained", 3 * 24 + 1, Level.WARNING),
        (PERSON, "fine-grained", 3 * 24 - 1, Level.ERROR),
        (PERSON, "fine-grained", 1, Level.ERROR),
        (CLASSIC, "classic", 1, Level.ERROR),
        # It has no beginning that says whose it is.
        ("0123456789abcdef", "classic", 25, Level.ERROR),
        ("0123456789abcdef", "classic", 23, None),
        # Those of Apps and jobs.
        (JOB, "classic", 25, None),
        ("gho_a", "classic", 8, None),
    ],
)
def test_end_of_a_token_that_a_person_made_is_told_in_time(
    value: str, kind: TokenKind, hours: float, level: Level | None
) -> None:
    world = World()
    report = world.run(token=ends(world, value, hours, kind))
    assert [fact.level for fact in report.facts] == [level] * (level is not None)
    assert report.token_ends_at == (None if level is None and hours < 14 * 24 else after(world, hours))
    assert code(report) == (level is Level.ERROR)
    form = "https://github.com/settings/tokens/new" if value == CLASSIC else FORM
    assert [form in str(fact) for fact in report.facts] == [True] * len(report.facts)
    # The log, the page, and the issue have the link, too.
    situation = read_report(as_json(report))
    assert situation.state is (State.SETTLED if level is None else State.ATTENTION)
    assert all(f"<{form}" in markdown(report) for _ in report.facts)
    assert [form in one for one in situation.attention] == [True] * len(report.facts)


def test_end_of_the_variables_own_token_is_told() -> None:
    world = World()
    ends(world, PERSON, 50)
    ends(world, CLASSIC, 60, "classic")
    for token, variable_token, told in (
        ("pat", CLASSIC, ["the variable"]),
        (PERSON, CLASSIC, ["the webhook", "the variable"]),
        (PERSON, PERSON, ["the webhook"]),
    ):
        report = world.run(token=token, variable_token=variable_token)
        assert [fact.fields["use"] for fact in report.facts] == told
        assert report.token_ends_at == after(world, 50 if token == PERSON else 60)
        assert "redeliver_token_end_timestamp_seconds" in run_metrics(report, 0)


# -- the tracking issue, the chat and the metrics -------------------------------------------------------------------


def test_webhook_that_is_off_is_in_the_issue_the_chat_and_the_metrics() -> None:
    example = (Path(__file__).parents[2] / "examples" / "notify-chat.yml").read_text(encoding="utf-8")
    (sought,) = set(re.findall(r"contains\(steps.redeliver.outputs.report, '(.*?)'\)", example))
    world = World()
    world.fail(5, OK, kind=kind(sought))
    for active, state in ((True, State.SETTLED), (False, State.ATTENTION)):
        world.hook.active = active
        for back_to_empty in (0, 4):
            world.clock.advance(back_to_empty * DAY)
            report = world.run()
            text = as_json(report)
            assert read_report(text).state is state
            assert (sought in text) is not active
            labels = f'hook_id="{world.hook.id}",owner="octo"'
            assert f"redeliver_active{{{labels}}} {float(active)}" in run_metrics(report, 0)


def test_issue_is_not_edited_while_nothing_changes() -> None:
    world = World()
    world.hook.add(world.clock() - 9 * HOUR, OK)
    ends(world, PERSON, 10 * 24 + 5)
    issue = None
    for change in (Change.OPENED, Change.NONE, Change.NONE):
        decision = decide(issue, read_report(as_json(world.run(token=PERSON, max_silence="6h"))), world.clock())
        assert decision.change is change
        issue = TrackingIssue(1, is_open=True, memory=decision.memory)
        world.clock.advance(HOUR)
