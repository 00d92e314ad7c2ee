"""Tokens that end, keys that are none, permissions that are missing: each a clear sentence, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from command.keys import key_pair
from command.site import APP_ID, PLACES, HookKind, Site
from githubsim.apps import Installation
from githubsim.clock import HOUR, MINUTE, SECOND
from githubsim.tokens import EVERYTHING, TokenKind
from redeliver.core.case import Outcome
from redeliver.core.settings import FailOn, parse
from redeliver.errors import (
    AccessBlocked,
    AppLacks,
    BadKey,
    BadToken,
    CheckpointNotSaved,
    HiddenFromApp,
    MissingPermission,
    NotInstalled,
    OutOfTime,
    RedeliverError,
    SettingsError,
    TokenEnded,
    WorkflowToken,
)
from redeliver.github.session import Session
from redeliver.output.report_json import as_json
from redeliver.run.lookup import find_events, survey
from wording import says, told
from world import of

CLOUD = PLACES[0]
SLOW = {"redeliveries-per-minute": "1", "time-limit": "3h"}


def of_app(hook: HookKind = "organization") -> Site:
    return Site(CLOUD, hook, "app")


def only_error(site: Site, **inputs: str) -> str:
    """The one error of a run that fails and sends nothing."""
    report = site.run(inputs)
    assert report.exit_code(FailOn.ERROR) == 1
    assert site.sent == []
    (error,) = report.errors
    return error


def minted(site: Site) -> int:
    return len(site.requests("POST", "/access_tokens"))


# -- the App's key ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hook", ["organization", "repository"])
def test_own_token_is_renewed_when_a_run_outlives_it(hook: HookKind) -> None:
    site = of_app(hook)
    failed = [site.fail(200 - number) for number in range(130)]
    report = site.run(SLOW)
    assert site.clock() - report.start > 2 * HOUR
    assert report.errors == ()
    assert site.sent == failed
    assert report.recovered == 130
    assert minted(site) == 3
    assert {one.status for one in site.sim.journal.entries} == {200, 201, 202, 204, 404}
    assert site.checkpoint == str(report.start)


@pytest.mark.parametrize("lives_seconds", [365, 380])
def test_token_is_renewed_for_the_checkpoint_after_the_time_limit(lives_seconds: int) -> None:
    site = of_app()
    site.sim.installations[0].token_lives_ms = lives_seconds * SECOND
    site.fail(5)
    report = site.run(latency_ms=20_000, time_limit="100s")
    assert (report.errors, site.sent) == ((), [])
    assert says(OutOfTime, report.warnings[0])
    assert minted(site) == 2
    assert site.checkpoint is not None


@pytest.mark.slow
def test_long_run_over_an_apps_webhook_signs_each_request() -> None:
    site = Site(CLOUD, "app", "app")
    failed = [site.fail(200 - number) for number in range(20)]
    report = site.run(SLOW)
    assert site.clock() - report.start > 15 * MINUTE  # a JSON Web Token lives for 10 at most
    assert (report.errors, site.sent) == ((), failed)
    assert minted(site) == 0


def uninstall(site: Site) -> None:
    site.sim.installations.clear()


def take_back_tokens(site: Site) -> None:
    for token in site.sim.tokens._by_value.values():
        if token.kind == "installation":
            token.expires_at = 0


@pytest.mark.parametrize(
    ("happens", "kind"),
    [(uninstall, NotInstalled), (take_back_tokens, TokenEnded)],
    ids=["the App is uninstalled", "its tokens are taken back"],
)
def test_access_that_ends_in_mid_run_ends_it_and_the_next_run_goes_on(
    happens: Callable[[Site], None], kind: type[RedeliverError]
) -> None:
    site = of_app()
    failed = [site.fail(200 - number) for number in range(90)]
    home = site.sim.installations.pop()
    site.sim.installations.append(Installation(78, APP_ID, "octo", token_lives_ms=30 * MINUTE))
    started = site.clock()

    def later(*_: object) -> None:
        if site.clock() > started + 10 * MINUTE:
            happens(site)

    site.sim.observers.append(later)
    report = site.run(SLOW)
    assert says(kind, report.errors[0])
    assert 0 < len(site.sent) < 40
    assert report.count(Outcome.RUN_FAILED) == 90 - len(site.sent)
    site.sim.observers.clear()
    site.sim.installations[:] = [home]
    assert site.run(time_limit="3h").errors == ()
    assert site.sent == failed


@pytest.mark.parametrize("hook", ["organization", "app"])
def test_client_id_works_like_an_app_id(hook: HookKind) -> None:
    site = of_app(hook)
    guid = site.fail(5)
    report = site.run(app_id="", client_id=site.sim.apps[APP_ID].client_id)
    assert (report.errors, site.sent) == ((), [guid])


@pytest.mark.parametrize(
    ("hook", "given"),
    [
        ("organization", {"app_id": "", "client_id": "Iv23liOther"}),
        ("organization", {}),
        ("app", {}),
    ],
    ids=["another client id", "another key", "another key, an App's webhook"],
)
def test_key_of_another_app_is_told_from_a_bad_token(hook: HookKind, given: dict[str, str]) -> None:
    site = of_app(hook)
    site.fail(5)
    error = only_error(site, **(given or {"private_key": key_pair(1).private}))
    assert says(BadKey, error)
    assert BadKey.advice in error


def test_app_that_is_not_installed_is_named() -> None:
    site = of_app()
    site.fail(5)
    site.sim.installations[0].account = "elsewhere"
    error = only_error(site)
    assert told(NotInstalled, error) == {"app": str(APP_ID), "owner": "octo"}


# -- what the action's own tokens may do --------------------------------------------------------------------------


def held(site: Site) -> tuple[dict[str, str], frozenset[str] | None]:
    """The permissions and the repositories of the one token that was made."""
    tokens = (token for token in site.sim.tokens._by_value.values() if token.value.startswith("ghs_"))
    (token,) = tokens
    return dict(token.permissions), token.repositories


WRITE: dict[str, dict[str, str]] = {
    "organization": {"organization_hooks": "write"},
    "repository": {"repository_hooks": "write"},
    "variables": {"actions_variables": "write"},
}
READ = {"organization_hooks": "read", "actions_variables": "read"}


@pytest.mark.parametrize(
    ("hook", "inputs", "permissions", "repositories"),
    [
        ("organization", {}, WRITE["organization"] | WRITE["variables"], {"octo/ops"}),
        ("organization", {"variable-name": ""}, WRITE["organization"], None),
        ("organization", {"variable-token": "own"}, WRITE["organization"], None),
        ("organization", {"dry-run": "true"}, READ, {"octo/ops"}),
        ("repository", {}, WRITE["repository"] | WRITE["variables"], {"octo/hello", "octo/ops"}),
        ("repository", {"variable-token": "own"}, WRITE["repository"], {"octo/hello"}),
        (
            "repository",
            {"variable-repository": "octo/HELLO"},
            WRITE["repository"] | WRITE["variables"],
            {"octo/hello"},
        ),
    ],
)
def test_own_token_has_only_the_rights_that_its_run_needs(
    hook: HookKind, inputs: dict[str, str], permissions: dict[str, str], repositories: set[str] | None
) -> None:
    for of_the_app in (permissions, EVERYTHING):
        site = of_app(hook)
        site.sim.token("own", permissions={"actions_variables": "write"})
        guid = site.fail(5)
        site.sim.installations[0].permissions = of_the_app  # type: ignore[assignment]
        report = site.run(inputs)
        assert report.errors == ()
        assert site.sent == ([] if "dry-run" in inputs else [guid])
        assert held(site) == (permissions, repositories)


@pytest.mark.parametrize("do", ["choose", "survey", "show"])
@pytest.mark.parametrize("hook", ["organization", "repository"])
def test_token_for_looking_can_neither_send_nor_see_a_variable(hook: HookKind, do: str) -> None:
    site = of_app(hook)
    permission = {"organization": "organization_hooks", "repository": "repository_hooks"}[hook]
    site.sim.installations[0].permissions = {permission: "read"}
    guid = site.fail(5)
    looks: dict[str, Callable[[Session], object]] = {
        "choose": Session.choose,
        "survey": survey,
        "show": lambda session: find_events(session, [guid]),
    }
    assert looks[do](site.session(hook_id="all", variable_name="", dry_run="true"))
    assert held(site) == ({permission: "read"}, {"octo/hello"} if hook == "repository" else None)


@pytest.mark.parametrize(("send", "level"), [("false", "read"), ("true", "write")])
def test_replay_plan_needs_read_access_alone(send: str, level: str) -> None:
    site = of_app()
    site.sim.installations[0].permissions = {"organization_hooks": level}  # type: ignore[dict-item]
    guid = site.fail(5)
    del site.given["variable-name"]
    assert site.replay(guid=guid, send=send, wait_for_results="0").errors == ()
    assert held(site) == ({"organization_hooks": level}, None)


HOOKS, VARIABLES = '{} permission "Webhooks: read and write"', 'the repository permission "Variables: read and write"'


@pytest.mark.parametrize(
    ("hook", "has", "lacking"),
    [
        ("organization", READ | WRITE["variables"], HOOKS.format("the organization")),
        ("organization", WRITE["organization"], VARIABLES),
        ("repository", WRITE["variables"], HOOKS.format("the repository")),
        ("repository", {}, f"{HOOKS.format('the repository')} and {VARIABLES}"),
    ],
)
def test_missing_permission_of_an_app_is_named(hook: HookKind, has: dict[str, str], lacking: str) -> None:
    site = of_app(hook)
    site.fail(5)
    site.sim.installations[0].permissions = has  # type: ignore[assignment]
    error = only_error(site)
    assert told(AppLacks, error) == {"owner": "octo/hello" if hook == "repository" else "octo", "lacking": lacking}
    assert "GITHUB_TOKEN" not in error  # that cannot be what was given
    assert "C0FE:" in error  # the request's id


def test_app_without_the_repository_or_suspended_is_reported() -> None:
    site = of_app()
    site.fail(5)
    site.sim.installations[0].repositories = frozenset({"octo/hello"})
    assert told(AppLacks, only_error(site)) == {"owner": "octo", "lacking": "access to octo/ops"}
    site.sim.installations[0].suspended = True
    assert "installation is suspended" in told(AccessBlocked, only_error(site))["why"]


def test_variable_of_another_owner_needs_its_own_token() -> None:
    site = of_app()
    with pytest.raises(SettingsError) as wrong:
        parse(site.inputs(variable_repository="elsewhere/ops"))
    (problem,) = wrong.value.problems
    assert problem.startswith("variable-token: ")
    parse(site.inputs(variable_repository="OCTO/ops"))
    parse(site.inputs(variable_repository="elsewhere/ops", variable_token="own"))


# -- tokens that are given --------------------------------------------------------------------------------------


def test_token_that_expires_in_mid_run_stops_it_and_the_next_one_goes_on() -> None:
    site = Site(CLOUD, "organization", "installation")
    failed = [site.fail(200 - number) for number in range(90)]
    site.sim.token("ghs_short", kind="installation", sees=["octo"], expires_at=site.clock() + HOUR)
    report = site.run(SLOW, token="ghs_short")
    assert "redeliver" in told(BadToken, report.errors[0])["what"]
    assert says(CheckpointNotSaved, report.errors[1])
    sent = len(site.sent)
    assert 50 < sent < 70
    assert of(report, failed[sent]).outcome is Outcome.RUN_FAILED
    assert site.run(time_limit="3h").errors == ()
    assert site.sent == failed
    assert site.sim.truth.undelivered() == []


@pytest.mark.parametrize(
    ("hook", "which", "kind", "permissions"),
    [
        ("organization", "token", "actions", {}),
        ("repository", "token", "actions", {}),
        ("organization", "variable-token", "actions", {"actions_variables": "read"}),
        ("organization", "token", "fine-grained", {}),
    ],
    ids=["organization", "repository", "for the variable", "a personal one is not taken for it"],
)
def test_workflows_own_token_is_recognized_and_explained(
    hook: HookKind, which: str, kind: TokenKind, permissions: dict[str, Any]
) -> None:
    site = Site(CLOUD, hook, "fine-grained")
    site.fail(5)
    site.sim.token("ghs_other", kind=kind, permissions=permissions)
    error = only_error(site, **{which: "ghs_other"}, **({"variable-name": ""} if which == "token" else {}))
    assert says(MissingPermission if which == "token" else CheckpointNotSaved, error)
    assert (WorkflowToken.advice.partition(" with {")[0] in error) == (kind == "actions")
    assert ("GITHUB_TOKEN" in error) == (kind == "actions")
    assert "ghs_other" not in error


def test_oauth_apps_token_is_told_that_it_sees_its_own_webhooks_alone() -> None:
    site, app = Site(CLOUD, "organization", "fine-grained"), "178c6fc778ccc68e1d6a"
    token = site.sim.token("gho_cli", kind="oauth-app", oauth_app=app, scopes=["admin:org_hook"])
    failed = site.fail()
    assert str(site.hook.id) in told(HiddenFromApp, only_error(site, token="gho_cli"))["missing"]
    assert "OAuth app" in only_error(site, token="gho_cli", hook_id="all")
    site.hook.oauth_app = app
    assert not says(HiddenFromApp, only_error(site, token="gho_cli"))  # of the variable, it lacks the scope
    token.scopes |= {"repo"}
    assert site.run(token="gho_cli").recovered == 1
    assert site.sent == [failed]


def test_log_and_report_hold_no_secret() -> None:
    site = of_app()
    guid = site.fail(5)
    report = site.run()
    said = "\n".join([*site.console.lines, *site.console.details, as_json(report)])
    assert guid in said
    (token,) = [token for value, token in site.sim.tokens._by_value.items() if value.startswith("ghs_")]
    for secret in (token.value, key_pair().private, key_pair().private.splitlines()[3]):
        assert secret not in said
