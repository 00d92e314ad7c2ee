"""Every example is run as it stands by a workflow runner. What they are given from outside: the runner's own idea of
where GitHub is, secrets and variables, and stand-ins for other people's actions."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import trustme
import yaml

from command.keys import key_pair
from docker.act import EXAMPLES, Act
from docker.scene import APP_ID, HOOK_ID, INSTALLATION_TOKEN, JOB_TOKEN, REPOSITORY, TOKEN, VARIABLE_TOKEN, Scene, scene
from githubsim.apps import App
from githubsim.clock import system_ms
from githubsim.outcomes import OK
from redeliver.errors import NoHooks
from wording import says

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from docker.act import Run
    from githubsim.hooks import Hook

COMPANY = "https://hooks.your-company.example"
SLACK = "https://hooks.slack.com/services/T000/B000/x0x0x0x0x0x0x0x0x0x0x0x0"


def one_hook(it: Scene) -> list[Hook]:
    return [it.hook()]


def two_of_the_company(it: Scene) -> list[Hook]:
    return [it.hook(number, f"{COMPANY}/{number}") for number in range(2)]


def one_of_the_repository(it: Scene) -> list[Hook]:
    return [it.hook(of=REPOSITORY)]


def one_of_the_app(it: Scene) -> list[Hook]:
    hook = it.sim.app_hook(APP_ID, url=it.receiver.url)
    return [hook]


def three_hooks(it: Scene) -> list[Hook]:
    return [it.hook(number) for number in range(3)]


@dataclass(frozen=True)
class Example:
    """What there is when one is run, and which variables it keeps its place in."""

    name: str
    hooks: Callable[[Scene], list[Hook]] = one_hook
    event: str = "schedule"
    inputs: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=lambda: {"REDELIVER_TOKEN": TOKEN})
    variables: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset({"LAST_REDELIVERY"})


def one_each(name: str, hooks: int) -> frozenset[str]:
    return frozenset(f"{name}_{HOOK_ID + number}" for number in range(hooks))


CLIENT_ID = {"APP_CLIENT_ID": App(APP_ID, key_pair().public).client_id}
KEY = {"APP_PRIVATE_KEY": key_pair().private}
MANUAL = Example("manual-dry-run", event="workflow_dispatch", kept=frozenset())
FLEET = Example("fleet", three_hooks, kept=one_each("LAST_REDELIVERY_FLEET", 3))
NOTIFY = Example(
    "notify-chat",
    secrets={"REDELIVER_TOKEN": TOKEN, "SLACK_WEBHOOK_URL": SLACK},
    kept=frozenset({"LAST_REDELIVERY_NOTIFY"}),
)
TRACKING = Example(
    "tracking-issue",
    secrets={"REDELIVER_TOKEN": TOKEN, "GITHUB_TOKEN": JOB_TOKEN},
    kept=frozenset({"LAST_REDELIVERY_TRACKED"}),
)
ENTERPRISE = Example("enterprise-server")
#: In test_replay.py.
REPLAYS = {"replay", "replay-by-guid"}
PLAIN = [
    Example("scheduled"),
    Example(
        "github-app",
        secrets=KEY,
        variables=CLIENT_ID,
        kept=frozenset({"LAST_REDELIVERY_AS_APP"}),
    ),
    Example(
        "github-app-token",
        secrets=KEY,
        variables=CLIENT_ID,
        environment={"INSTALLATION_TOKEN": INSTALLATION_TOKEN},
        kept=frozenset({"LAST_REDELIVERY_APP_TOKEN"}),
    ),
    Example("several-hooks", two_of_the_company, kept=one_each("LAST_REDELIVERY_SEVERAL", 2)),
    Example("repository-hook", one_of_the_repository, kept=frozenset({"LAST_REDELIVERY_REPOSITORY"})),
    Example(
        "app-hook",
        one_of_the_app,
        secrets=KEY | {"VARIABLE_TOKEN": VARIABLE_TOKEN},
        variables=CLIENT_ID,
        kept=frozenset({"LAST_REDELIVERY_APP"}),
    ),
    Example("reusable", kept=frozenset({"LAST_REDELIVERY_BY_CALL"})),
    FLEET,
]


@pytest.fixture
def act(tmp_path: Path, action: Path) -> Act:
    """A runner of the organization's own repository."""
    return Act(tmp_path, action, REPOSITORY)


def carry_out(act: Act, it: Scene, example: Example, inputs: Mapping[str, str] | None = None, **more: str) -> Run:
    """Run an example to its end."""
    with act.start(
        f"{example.name}.yml",
        event=example.event,
        inputs=inputs or example.inputs,
        secrets=example.secrets,
        variables={**example.variables, **more},
        environment={"GITHUB_API_URL": it.url, **example.environment},
    ) as run:
        run.wait()
    for secret in example.secrets.values():
        assert not [line for line in secret.splitlines() if len(line) > 20 and line in run.log]
    return run


def expect_all_is_well(it: Scene, missed: list[str], run: Run, kept: frozenset[str]) -> None:
    assert run.process.returncode == 0, run.log
    assert it.receiver.accepted() == dict.fromkeys(missed, 1), run.log
    assert it.kept == kept
    assert it.judge.complaints == []
    assert it.sim.limits.violations == 0


def test_every_example_is_among_these() -> None:
    examples = {example.name for example in [*PLAIN, MANUAL, NOTIFY, TRACKING, ENTERPRISE]} | REPLAYS
    assert {path.stem for path in EXAMPLES.glob("*.yml")} == examples


@pytest.mark.parametrize("example", PLAIN, ids=lambda one: one.name)
def test_what_was_missed_arrives_once_and_the_place_is_kept(act: Act, example: Example) -> None:
    with scene() as it:
        missed = [guid for hook in example.hooks(it) for guid in it.miss(hook)]
        other = it.hook(7, "https://elsewhere.example/") if example.name == "several-hooks" else None
        if other:
            it.miss(other)
        run = carry_out(act, it, example)
        expect_all_is_well(it, missed, run, example.kept)
        if example.name == "reusable":
            assert "2 recovered, 0 still undelivered" in run.log


def test_a_fleet_of_none_is_no_failure(act: Act) -> None:
    with scene() as it:
        run = carry_out(act, it, FLEET)
        assert run.process.returncode == 0, run.log
        assert says(NoHooks, run.log)
        assert "Redeliver a fleet of webhooks/Redeliver" not in run.log


def test_each_hook_of_a_fleet_has_a_job_of_its_own_and_one_that_fails_stops_no_other(act: Act) -> None:
    with scene() as it:
        first, second, third = three_hooks(it)
        missed = it.miss(first) + it.miss(third)
        it.sim.variables(REPOSITORY).seed(f"LAST_REDELIVERY_FLEET_{second.id}", "yesterday")
        run = carry_out(act, it, FLEET)
        assert run.process.returncode == 1
        assert it.receiver.accepted() == dict.fromkeys(missed, 1)
    # act gives all jobs of a matrix one result; their steps have each its own.
    steps = re.findall(r"Redeliver (\d+),-\d\]   . +(\w+) - Main org/redeliver-action@v1", run.log)
    assert sorted(steps) == [(str(first.id), "Success"), (str(second.id), "Failure"), (str(third.id), "Success")]


def test_by_hand_one_looks_first_and_then_sends(act: Act) -> None:
    with scene() as it:
        missed = it.miss(it.hook())
        run = carry_out(act, it, MANUAL, {"dry-run": "true", "lookback": "24h", "events": ""})
        assert run.process.returncode == 0, run.log
        assert it.sim.accepted == []
        assert "set-output:: failed-count=2" in run.log
        assert run.summary
        run = carry_out(act, it, MANUAL, {"dry-run": "false", "lookback": "1h", "events": "push"})
        expect_all_is_well(it, missed, run, MANUAL.kept)


def test_a_chat_is_told_of_what_stays_undelivered_and_of_nothing_else(act: Act) -> None:
    told = act.results / "slack.yml"
    with scene() as it:
        missed = it.miss(it.hook())
        it.receiver.by_guid[missed[0]] = 422
        run = carry_out(act, it, NOTIFY)
        assert run.process.returncode == 0, run.log
        assert yaml.safe_load(told.read_text())["text"].startswith(
            "Webhook events that are still undelivered: 1 (the run: success). https://github.com/your-organization/automation/"
        )
        told.unlink()
        it.receiver.by_guid.clear()
        it.sim.hooks.clear()
        recovering = it.miss(it.hook())
        run = carry_out(act, it, NOTIFY)
        assert not told.exists()
        assert {one: it.receiver.accepted()[one] for one in recovering} == dict.fromkeys(recovering, 1)
        it.sim.tokens.revoke(it.sim.tokens.of(f"token {TOKEN}", 0) or pytest.fail("no such token"))
        run = carry_out(act, it, NOTIFY)
        assert run.process.returncode == 1
        assert "undelivered: 0 (the run: failure)" in told.read_text()


def change(run: Run) -> str:
    return str(re.findall(r"set-output:: change=(\w+)", run.log)[-1])


def test_an_issue_is_opened_left_alone_and_closed_as_an_outage_comes_and_goes(act: Act) -> None:
    with scene() as it:
        issues, hook = it.sim.issues(REPOSITORY), it.hook()
        missed = it.miss(hook, 4)
        it.receiver.status = 503
        run = carry_out(act, it, TRACKING)
        assert run.process.returncode == 0, run.log
        assert change(run) == "opened"
        (issue,) = issues.all()
        assert issue.labels == ["webhook-redelivery"]
        for part in ("4 events", "HTTP 503", f"/{REPOSITORY}/actions/runs/"):
            assert part in issue.body
        before = issue.body

        run = carry_out(act, it, TRACKING)
        assert (run.process.returncode, change(run)) == (0, "none"), run.log
        assert (issue.body, issue.comments, issue.edits) == (before, [], 0)

        it.receiver.status = 200
        for guid in missed:  # somebody redelivers them from the webhook's page
            hook.add(system_ms(), OK, guid=guid, redelivery=True)
        run = carry_out(act, it, TRACKING)
        assert (run.process.returncode, change(run)) == (0, "closed"), run.log
        assert (issue.is_open, len(issues.all())) == (False, 1)
        assert len(issue.comments) == 1
        assert it.judge.complaints == []
        wrote = {one.token for one in it.sim.journal.entries if "/issues" in one.path}
        hooks = {one.token for one in it.sim.journal.entries if "/hooks" in one.path}
        assert wrote.isdisjoint(hooks)


def test_the_reusable_workflow_keeps_the_issue_too(act: Act) -> None:
    with scene() as it:
        it.miss(it.hook(), 1)
        it.receiver.status = 503
        run = carry_out(act, it, Example("tracked-call", event="workflow_dispatch", secrets=TRACKING.secrets))
        assert run.process.returncode == 0, run.log
        (issue,) = it.sim.issues(REPOSITORY).all()
        assert (issue.labels, issue.is_open) == (["missed-deliveries"], True)
        assert it.judge.complaints == []


def test_a_run_that_failed_is_told_in_the_issue_until_one_works_again(act: Act) -> None:
    with scene() as it:
        it.hook()
        token = it.sim.tokens.of(f"token {TOKEN}", 0) or pytest.fail("no such token")
        it.sim.tokens.revoke(token)
        run = carry_out(act, it, TRACKING)
        assert run.process.returncode == 1
        (issue,) = it.sim.issues(REPOSITORY).all()
        assert "GitHub does not accept the token" in issue.body
        it.sim.tokens.add(token)
        run = carry_out(act, it, TRACKING)
        assert (run.process.returncode, change(run)) == (0, "closed"), run.log


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


def test_a_server_of_ones_own_is_trusted_where_its_ca_is_named(act: Act, company: tuple[Scene, Path]) -> None:
    it, ca = company
    missed = it.miss(it.hook())
    run = carry_out(act, it, ENTERPRISE, COMPANY_CA_FILE=str(ca))
    expect_all_is_well(it, missed, run, ENTERPRISE.kept)
    assert json.loads(re.findall(r"set-output:: report=(.*)", run.log)[-1])["hooks"][0]["recovered"] == 2
