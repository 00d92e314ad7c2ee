"""Every example is run as it stands by a workflow runner. What they are given from outside: the runner's own idea of
where GitHub is, secrets and variables, and stand-ins for other people's actions."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme
import yaml

from command.keys import key_pair
from docker.act import EXAMPLES, Act, Run
from docker.scene import (
    APP_ID,
    HOOK_ID,
    INSTALLATION_TOKEN,
    JOB_TOKEN,
    ORG,
    REPOSITORY,
    TOKEN,
    VARIABLE_TOKEN,
    Scene,
    scene,
)
from githubsim.apps import App
from githubsim.clock import system_ms
from githubsim.hooks import Hook
from githubsim.outcomes import OK
from redeliver.errors import GuidsNotFound, NoHooks
from wording import says

COMPANY = "https://hooks.your-company.example"
SLACK = "https://hooks.slack.com/services/T000/B000/x0x0x0x0x0x0x0x0x0x0x0x0"
TRACKING = {"REDELIVER_TOKEN": TOKEN, "GITHUB_TOKEN": JOB_TOKEN}
APP = {"APP_CLIENT_ID": App(APP_ID, key_pair().public).client_id}
KEY = {"APP_PRIVATE_KEY": key_pair().private}


def hooks_of(it: Scene, number: int) -> list[Hook]:
    return [it.hook(place) for place in range(number)]


def two_of_the_company(it: Scene) -> list[Hook]:
    it.miss(it.hook(7, "https://elsewhere.example/"))  # and one that is none of theirs
    return [it.hook(number, f"{COMPANY}/{number}") for number in range(2)]


@dataclass(frozen=True)
class Example:
    """What there is when one is run, and which variables it keeps its place in."""

    name: str
    kept: str = "LAST_REDELIVERY"
    hooks: Callable[[Scene], list[Hook]] = lambda it: [it.hook()]
    secrets: Mapping[str, str] = field(default_factory=lambda: {"REDELIVER_TOKEN": TOKEN})
    variables: Mapping[str, str] = field(default_factory=dict)
    suffixes: tuple[int, ...] = ()
    """Of the variables, one for each webhook."""


PLAIN = [
    Example("scheduled"),
    Example("github-app", "LAST_REDELIVERY_AS_APP", secrets=KEY, variables=APP),
    Example("github-app-token", "LAST_REDELIVERY_APP_TOKEN", secrets=KEY, variables=APP),
    Example("several-hooks", "LAST_REDELIVERY_SEVERAL_ALL", two_of_the_company),
    Example("repository-hook", "LAST_REDELIVERY_REPOSITORY", lambda it: [it.hook(of=REPOSITORY)]),
    Example(
        "app-hook",
        "LAST_REDELIVERY_APP",
        lambda it: [it.sim.app_hook(APP_ID, url=it.receiver.url)],
        KEY | {"VARIABLE_TOKEN": VARIABLE_TOKEN},
        APP,
    ),
    Example("reusable", "LAST_REDELIVERY_BY_CALL"),
    Example("after-deploy", "LAST_REDELIVERY_AFTER_DEPLOY"),
    Example("when-the-receiver-starts", "LAST_REDELIVERY_AT_START"),
    Example(
        "fleet-of-repositories",
        "LAST_REDELIVERY_REPOSITORIES",
        lambda it: [it.hook(number, of=f"{ORG}/{name}") for number, name in enumerate(("api", "api", "ci"))],
        suffixes=(0, 1, 2),
    ),
    Example("fleet", "LAST_REDELIVERY_FLEET", lambda it: hooks_of(it, 3), suffixes=(0, 1, 2)),
]
#: Each in tests of its own.
OTHERS = {"manual-dry-run", "notify-chat", "tracking-issue", "enterprise-server", "replay", "replay-by-guid"}


def expect_all_is_well(it: Scene, missed: list[str], run: Run, kept: set[str]) -> None:
    assert run.code == 0, run.log
    assert it.receiver.accepted() == dict.fromkeys(missed, 1), run.log
    assert it.kept == kept
    assert it.judge.complaints == []
    assert it.sim.limits.violations == 0


def test_every_example_is_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.yml")} == {example.name for example in PLAIN} | OTHERS


@pytest.mark.parametrize("example", PLAIN, ids=lambda one: one.name)
def test_example_delivers_missed_events_once_and_keeps_the_checkpoint(act: Act, example: Example) -> None:
    with scene() as it:
        missed = [guid for hook in example.hooks(it) for guid in it.miss(hook)]
        run = act.run(
            example.name,
            it.url,
            event="schedule",
            secrets=example.secrets,
            variables=example.variables,
            environment={"INSTALLATION_TOKEN": INSTALLATION_TOKEN},
        )
        several = {f"{example.kept}_{HOOK_ID + number}" for number in example.suffixes}
        expect_all_is_well(it, missed, run, several or {example.kept})
        assert example.name != "reusable" or "2 recovered, 0 still undelivered" in run.log


def test_empty_fleet_is_no_failure(act: Act) -> None:
    with scene() as it:
        run = act.run("fleet", it.url, event="schedule")
        assert run.code == 0, run.log
        assert says(NoHooks, run.log)
        assert "Redeliver a fleet of webhooks/Redeliver" not in run.log


def test_failed_job_of_a_fleet_stops_no_other(act: Act) -> None:
    with scene() as it:
        first, second, third = hooks_of(it, 3)
        missed = it.miss(first) + it.miss(third)
        it.sim.variables(REPOSITORY).seed(f"LAST_REDELIVERY_FLEET_{second.id}", "yesterday")
        run = act.run("fleet", it.url, event="schedule")
        assert run.code == 1
        assert it.receiver.accepted() == dict.fromkeys(missed, 1)
    # act gives all jobs of a matrix one result; their steps have each its own.
    steps = re.findall(r"Redeliver (\d+),-\d\]   . +(\w+) - Main org/redeliver-action@v1", run.log)
    assert sorted(steps) == [(str(first.id), "Success"), (str(second.id), "Failure"), (str(third.id), "Success")]


def test_dry_run_by_hand_sends_nothing_and_the_next_run_does(act: Act) -> None:
    with scene() as it:
        missed = it.miss(it.hook())
        run = act.run("manual-dry-run", it.url, inputs={"dry-run": "true", "lookback": "24h", "events": ""})
        assert run.code == 0, run.log
        assert it.sim.accepted == []
        assert run.output("failed-count") == "2"
        assert run.summary
        run = act.run("manual-dry-run", it.url, inputs={"dry-run": "false", "lookback": "1h", "events": "push"})
        expect_all_is_well(it, missed, run, set())


def test_chat_is_told_of_undelivered_events_alone(act: Act) -> None:
    told, secrets = act.results / "slack.yml", {"REDELIVER_TOKEN": TOKEN, "SLACK_WEBHOOK_URL": SLACK}
    with scene() as it:
        missed = it.miss(it.hook())
        it.receiver.by_guid[missed[0]] = 422
        run = act.run("notify-chat", it.url, event="schedule", secrets=secrets)
        assert run.code == 0, run.log
        assert yaml.safe_load(told.read_text())["text"].startswith(
            "Webhook events that are still undelivered: 1 (the run: success). https://github.com/your-organization/automation/"
        )
        told.unlink()
        it.receiver.by_guid.clear()
        it.sim.hooks.clear()
        recovering = it.miss(it.hook())
        run = act.run("notify-chat", it.url, event="schedule", secrets=secrets)
        assert not told.exists()
        assert {one: it.receiver.accepted()[one] for one in recovering} == dict.fromkeys(recovering, 1)
        it.sim.tokens.revoke(it.sim.tokens.of(f"token {TOKEN}", 0) or pytest.fail("no such token"))
        run = act.run("notify-chat", it.url, event="schedule", secrets=secrets)
        assert run.code == 1
        assert "undelivered: 0 (the run: failure)" in told.read_text()


def track(act: Act, it: Scene, expected: str) -> Run:
    """Run the example with the tracking issue, and see what it did to the issue."""
    run = act.run("tracking-issue", it.url, event="schedule", secrets=TRACKING)
    assert (run.code, run.output("change")) == (0, expected), run.log
    return run


def test_issue_follows_an_outage(act: Act) -> None:
    with scene() as it:
        issues, hook = it.sim.issues(REPOSITORY), it.hook()
        missed = it.miss(hook, 4)
        it.receiver.status = 503
        track(act, it, "opened")
        (issue,) = issues.all()
        assert issue.labels == ["webhook-redelivery"]
        for part in ("4 events", "HTTP 503", f"/{REPOSITORY}/actions/runs/"):
            assert part in issue.body
        before = issue.body

        track(act, it, "none")
        assert (issue.body, issue.comments, issue.edits) == (before, [], 0)

        it.receiver.status = 200
        for guid in missed:  # somebody redelivers them from the webhook's page
            hook.add(system_ms(), OK, guid=guid, redelivery=True)
        track(act, it, "closed")
        assert (issue.is_open, len(issues.all())) == (False, 1)
        assert len(issue.comments) == 1
        assert it.judge.complaints == []
        wrote = {one.token for one in it.sim.journal.entries if "/issues" in one.path}
        hooks = {one.token for one in it.sim.journal.entries if "/hooks" in one.path}
        assert wrote.isdisjoint(hooks)


def test_reusable_workflow_keeps_the_issue(act: Act) -> None:
    with scene() as it:
        it.miss(it.hook(), 1)
        it.receiver.status = 503
        run = act.run("tracked-call", it.url, secrets=TRACKING)
        assert run.code == 0, run.log
        (issue,) = it.sim.issues(REPOSITORY).all()
        assert (issue.labels, issue.is_open) == (["missed-deliveries"], True)
        assert it.judge.complaints == []


def test_failed_run_is_in_the_issue_until_one_succeeds(act: Act) -> None:
    with scene() as it:
        it.hook()
        token = it.sim.tokens.of(f"token {TOKEN}", 0) or pytest.fail("no such token")
        it.sim.tokens.revoke(token)
        run = act.run("tracking-issue", it.url, event="schedule", secrets=TRACKING)
        assert run.code == 1
        (issue,) = it.sim.issues(REPOSITORY).all()
        assert "GitHub does not accept the token" in issue.body
        it.sim.tokens.add(token)
        track(act, it, "closed")


@pytest.fixture
def company(tmp_path: Path) -> Iterator[tuple[Scene, Path]]:
    """An Enterprise Server with a certificate of the company's own CA, and the CA's file."""
    authority = trustme.CA()
    ca, certificate = tmp_path / "ca.pem", tmp_path / "server.pem"
    authority.cert_pem.write_to_path(ca)
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    ca.chmod(0o644)
    with scene("/api/v3", certificate) as it:
        yield it, ca


def test_enterprise_server_is_trusted_by_its_ca(act: Act, company: tuple[Scene, Path]) -> None:
    it, ca = company
    missed = it.miss(it.hook())
    run = act.run("enterprise-server", it.url, event="schedule", variables={"COMPANY_CA_FILE": str(ca)})
    expect_all_is_well(it, missed, run, {"LAST_REDELIVERY"})
    assert json.loads(run.output("report"))["hooks"][0]["recovered"] == 2


# -- replays ----------------------------------------------------------------------------------------------------

GUID = "3b1f2a00-0000-11ee-8000-00000000dead"


def replay(act: Act, it: Scene, since: str, to: str = "", send: str = "") -> Run:
    return act.run("replay", it.url, inputs={"from": since, "to": to, "guid": "", "events": "", "send": send})


def arrive(it: Scene, number: int = 3) -> list[str]:
    """Events that the receiver answered 200; their guids."""
    guids = it.happen(it.hook(), number)
    time.sleep(1.1)  # GitHub's clock, by which the window ends, is told in whole seconds
    return guids


def test_example_replay_sends_what_was_planned(act: Act) -> None:
    with scene() as it:
        guids = arrive(it)
        run = replay(act, it, "1h")
        assert run.code == 0, run.log
        assert "Plan: 3 events" in run.log
        assert replay(act, it, "1h", send="4").code == 1
        assert it.receiver.accepted() == dict.fromkeys(guids, 1)
        run = replay(act, it, "1h", send="3")
        assert run.code == 0, run.log
        assert it.receiver.accepted() == dict.fromkeys(guids, 2), run.log
        assert "3 of 3 events" in run.log
        assert it.kept == set()
        assert it.judge.complaints == []
        assert it.sim.limits.violations == 0


@pytest.mark.parametrize(("since", "to", "code", "said"), [("2h", "1h", 0, "Nothing to send"), ("4d", "", 1, "from: ")])
def test_example_replay_sends_nothing_without_a_plan(act: Act, since: str, to: str, code: int, said: str) -> None:
    with scene() as it:
        arrive(it, 1)
        run = replay(act, it, since, to, send="0")
        assert run.code == code, run.log
        assert it.sim.accepted == []
        assert said in run.log


@pytest.mark.parametrize(("conclusion", "runs"), [("success", True), ("failure", False)])
def test_deployment_starts_a_run_if_it_succeeded(act: Act, conclusion: str, *, runs: bool) -> None:
    with scene() as it:
        missed = it.miss(it.hook())
        run = act.run(
            "after-deploy", it.url, event="workflow_run", happened={"workflow_run": {"conclusion": conclusion}}
        )
        assert run.code == 0, run.log
        assert it.receiver.accepted() == (dict.fromkeys(missed, 1) if runs else {})


def test_alert_replays_an_event_by_its_guid(act: Act) -> None:
    with scene() as it:
        first, second, third = arrive(it)
        run = act.run(
            "replay-by-guid",
            it.url,
            event="repository_dispatch",
            happened={"client_payload": {"guid": f"{third},{first}"}},
        )
        assert run.code == 0, run.log
        assert it.receiver.accepted() == {first: 2, second: 1, third: 2}, run.log
        assert [one.guid for one in it.sim.accepted] == [first, third]
        assert it.judge.complaints == []


@pytest.mark.parametrize("guid", ["$(touch pwned)", f"{GUID}\n::error::pwned", ["a"], "", ",".join([GUID] * 2)])
def test_alert_without_valid_guids_sends_nothing(act: Act, guid: object) -> None:
    with scene() as it:
        arrive(it, 1)
        run = act.run(
            "replay-by-guid", it.url, event="repository_dispatch", happened={"client_payload": {"guid": guid}}
        )
        assert run.code == 1
        assert it.sim.accepted == []
        known = guid == f"{GUID},{GUID}"
        assert bool(it.sim.journal.entries) == known
        assert (GuidsNotFound.sentence.partition("{")[0] if known else "guid") in run.log
