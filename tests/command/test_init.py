"""``redeliver init``: the token is checked, what is missing is asked for, and nothing is replaced or sent unasked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

from command.program import TOKEN, Commands, Said, Server, Terminal, at_a_terminal, server
from githubsim.environments import Environment
from githubsim.faults import Answer, Call, Fault, json_answer, redirect
from redeliver.errors import (
    ApiUnexpected,
    BadToken,
    MissingPermission,
    Moved,
    NoAnswer,
    NoEnvironments,
    NoHooks,
    NotFound,
    RedeliverError,
    WorkflowNotWritten,
)
from redeliver.setup.plan import WORKFLOW_FILE
from wording import says

REPOSITORY = "octo/ops"
#: gh's own, of a user who owns the repository.
SETUP = "gho_0123456789abcdefghijABCDEFGHIJ012345"


@dataclass
class Newcomer:
    """Somebody with a folder, a token to store and gh's login."""

    server: Server
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / WORKFLOW_FILE

    @property
    def flags(self) -> list[str]:
        usual = ["--org", "octo", "--variable-repository", REPOSITORY, "--api-url", self.server.api_url]
        return ["init", *usual, "--token-file", str(self.server.file("token"))]

    def init(self, *more: str, code: int = 0, setup: str = SETUP, flags: list[str] | None = None) -> Said:
        """Run it where there is no terminal. It never sends anything, and never tells a token."""
        given = {"GH_TOKEN": setup} if setup else {}
        arguments = self.flags if flags is None else flags
        at_once = {"redeliver.github.api.BACKOFF": (0, 0, 0)}
        said = self.server.commands.run(
            *arguments, *more, given=given, code=code, folder=str(self.folder), sets=at_once
        )
        assert self.server.live.sim.accepted == []
        for token in (TOKEN, SETUP):
            assert token not in said.everything
        return said

    @property
    def made(self) -> Environment:
        return self.server.live.sim.repository(REPOSITORY).environments["redeliver"]

    @property
    def has_changed(self) -> bool:
        """Whether anything is there that was not there before."""
        sim = self.server.live.sim
        return bool(self.file.exists() or sim.repository(REPOSITORY).environments or sim.variables(REPOSITORY).all())


def error_of(said: Said) -> str:
    """The one error that it says."""
    (error,) = [line for line in said.err.splitlines() if line.startswith("error: ")]
    return error


@pytest.fixture
def new(tmp_path: Path, forks: Commands) -> Iterator[Newcomer]:
    with server(tmp_path, forks, credential="fine-grained") as here:
        here.live.sim.token(SETUP, kind="oauth-app", oauth_app="178c6fc778ccc68e1d6a", scopes=["repo"])
        (folder := tmp_path / "clone").mkdir()
        yield Newcomer(here, folder)


# -- without --apply --------------------------------------------------------------------------------------------


def test_workflow_is_written_and_the_rest_said(new: Newcomer) -> None:
    new.server.live.fail()
    new.server.hook.url = "https://a\x1b[2Jb.example/hush"
    said = new.init(setup="")
    assert not [one for one in ("\x1b", "hush") if one in said.everything]
    (step,) = yaml.safe_load(new.file.read_text())["jobs"]["redeliver"]["steps"]
    assert (step["with"]["org"], step["with"]["hook-id"]) == ("octo", str(new.server.hook.id))
    assert str(new.server.hook.id) in said.out
    assert "Next: " not in said.out
    for command in ("gh api --method PUT", "name=main", "gh secret set REDELIVER_TOKEN", "gh workflow run"):
        assert command in said.out
    sim = new.server.live.sim
    assert (sim.repository(REPOSITORY).environments, sim.variables(REPOSITORY).all()) == ({}, [])
    assert {one.token for one in sim.journal.entries} == {"token-1"}
    assert new.init(setup="").code == 0  # the same again changes nothing


def test_file_that_exists_is_shown_and_kept(new: Newcomer) -> None:
    new.file.parent.mkdir(parents=True)
    new.file.write_text("name: mine\x1b[31m\n")
    said = new.init(code=2)
    assert new.file.read_text() == "name: mine\x1b[31m\n"
    assert "-name: mine" in said.out
    assert "\x1b" not in said.everything
    assert WORKFLOW_FILE in error_of(said)
    new.init("--replace")
    assert new.file.read_text().startswith("# Redelivers")


def test_file_of_any_size_is_kept(new: Newcomer) -> None:
    new.file.parent.mkdir(parents=True)
    with new.file.open("wb") as sparse:
        sparse.truncate(5 * 2**30)
    assert WORKFLOW_FILE in error_of(new.init(code=2))
    assert new.file.stat().st_size == 5 * 2**30


def test_file_of_another_name_and_one_that_cannot_be_written(new: Newcomer) -> None:
    new.init("--file", "ci/webhooks.yml", "--variable-name", "OTHER")
    assert 'variable-name: "OTHER"' in (new.folder / "ci" / "webhooks.yml").read_text()
    for path in ("ci", "ci/webhooks.yml/more"):
        assert says(WorkflowNotWritten, error_of(new.init("--file", path, "--apply", code=2)))
    assert new.server.live.sim.repository(REPOSITORY).environments == {}


def test_repository_is_that_of_the_clone(new: Newcomer) -> None:
    git = ["git", "-C", str(new.folder)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "remote", "add", "origin", "https://x:hush@127.0.0.1/octo/ops.git"], check=True)
    flags = [one for one in new.flags if one not in {"--variable-repository", REPOSITORY}]
    said = new.init(flags=flags)
    assert f"--repo {REPOSITORY}" in said.out
    assert "hush" not in said.everything


# -- flags ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dropped", "more", "setup", "problem"),
    [
        ("--token-file", [], SETUP, "token"),
        ("", [], TOKEN, "token"),
        ("", ["--apply"], "", "apply"),
        ("--org", [], SETUP, "org"),
        ("--variable-repository", [], SETUP, "variable-repository"),
        ("--org", ["--repository", "octo/a", "--repository", "octo/b"], SETUP, "repository"),
        ("", ["--variable-repository", "https://github.com/octo/ops"], SETUP, "variable-repository"),
        ("", ["--hook-id", "one"], SETUP, "hook-id"),
    ],
)
def test_problem_of_a_flag_is_named_before_any_request(
    new: Newcomer, dropped: str, more: list[str], setup: str, problem: str
) -> None:
    flags = new.flags
    if dropped:
        place = flags.index(dropped)
        del flags[place : place + 2]
    said = new.init(*more, flags=flags, setup=setup, code=2)
    assert error_of(said).startswith(f"error: {problem}: ")
    assert new.server.live.sim.journal.entries == []
    assert not new.has_changed


# -- the token to store -----------------------------------------------------------------------------------------

HOOKS, VARIABLES = "organization_hooks", "actions_variables"


@pytest.mark.parametrize(
    ("token", "kind", "needed"),
    [
        ({"permissions": {VARIABLES: "write"}}, MissingPermission, "Webhooks"),
        ({"permissions": {HOOKS: "read", VARIABLES: "write"}}, MissingPermission, "Webhooks"),
        ({"permissions": {HOOKS: "write"}}, MissingPermission, "Variables"),
        ({"permissions": {HOOKS: "write", VARIABLES: "read"}}, MissingPermission, "Variables"),
        ({"sees": frozenset({"elsewhere"})}, NotFound, "octo"),
        ({"repositories": frozenset({"octo/hello"})}, NotFound, REPOSITORY),
        ({"expires_at": 1}, BadToken, "401"),
    ],
)
def test_token_that_lacks_something_is_refused_with_what_it_lacks(
    new: Newcomer, token: dict[str, Any], kind: type[RedeliverError], needed: str
) -> None:
    known = new.server.live.sim.tokens.of(f"token {TOKEN}", 0)
    for name, value in token.items():
        setattr(known, name, value)
    error = error_of(new.init("--apply", code=1))
    assert says(kind, error)
    assert needed in error
    assert not new.has_changed


def test_classic_token_may_hide_what_it_lacks(tmp_path: Path, forks: Commands) -> None:
    with server(tmp_path, forks, credential="classic") as here:
        here.given["GH_TOKEN"] = ""
        said = Newcomer(here, tmp_path).init(setup="")
    (warning,) = [line for line in said.err.splitlines() if line.startswith("warning: ")]
    assert "the first run shows it" in warning


def test_no_webhook_or_another_one(new: Newcomer) -> None:
    assert says(NotFound, error_of(new.init("--hook-id", "5", code=1)))
    new.server.live.sim.hooks.clear()
    assert says(NoHooks, error_of(new.init(code=1)))
    assert not new.has_changed


def test_one_of_several_is_chosen_by_a_flag(new: Newcomer) -> None:
    other = new.server.live.sim.org_hook("octo", url="https://other.example/in")
    error = error_of(new.init(code=2))
    assert error.startswith("error: hook-id: ")
    assert str(other.id) in error
    assert not new.has_changed
    new.init("--hook-id", str(other.id))
    assert f'hook-id: "{other.id}"' in new.file.read_text()
    assert new.init("--hook-id", "*other*").code == 0


# -- with --apply -----------------------------------------------------------------------------------------------


def test_token_is_stored_where_the_default_branch_alone_can_read_it(new: Newcomer) -> None:
    new.server.live.sim.repository(REPOSITORY).default_branch = "trunk"
    said = new.init("--apply")
    assert (new.made.rule, [*new.made.names.values()]) == ("named", ["trunk"])
    assert new.made.secret("REDELIVER_TOKEN") == TOKEN
    assert "gh secret" not in said.out
    by_setup = [one for one in new.server.live.sim.journal.entries if one.token == "token-2"]
    assert not [one for one in by_setup if "/hooks" in one.path or "/variables" in one.path]
    assert {one.token for one in new.server.live.sim.journal.entries if "/environments" in one.path} == {"token-2"}


def test_secret_that_exists_is_kept(new: Newcomer) -> None:
    new.init("--apply")
    kept = new.made.secrets["REDELIVER_TOKEN"].sealed
    assert "REDELIVER_TOKEN" in error_of(new.init("--apply", code=2))
    assert new.made.secrets["REDELIVER_TOKEN"].sealed == kept
    new.init("--apply", "--replace")
    assert new.made.secrets["REDELIVER_TOKEN"].sealed != kept
    assert new.made.secret("REDELIVER_TOKEN") == TOKEN


@pytest.mark.parametrize(
    ("rule", "names"),
    [(None, {}), ("protected", {}), ("named", {}), ("named", {1: "main", 2: "*"}), ("named", {1: "*"})],
)
def test_environment_with_another_rule_is_kept(
    new: Newcomer, rule: Literal["protected", "named"] | None, names: dict[int, str]
) -> None:
    there = Environment(0, rule, dict(names))
    new.server.live.sim.repository(REPOSITORY).environments["redeliver"] = there
    assert "environment" in error_of(new.init("--apply", code=2))
    assert (there.rule, there.names, there.secrets) == (rule, names, {})
    assert not new.file.exists()
    new.init("--apply", "--replace")
    assert (there.rule, [*there.names.values()]) == ("named", ["main"])
    assert there.secret("REDELIVER_TOKEN") == TOKEN


def test_plan_without_environments_gets_no_token(new: Newcomer) -> None:
    repository = new.server.live.sim.repository(REPOSITORY)
    repository.plan = "free"
    assert says(NoEnvironments, error_of(new.init("--apply", code=1)))
    assert new.made.secrets == {}
    repository.plan = "team"
    # The same where GitHub accepts the rule, and does not keep it.
    drop = Call(new.made.names.clear)
    new.server.live.sim.faults.add(Fault(drop, verb="POST", path="*/deployment-branch-policies", when="after"))
    assert says(NoEnvironments, error_of(new.init("--apply", "--replace", code=1)))
    assert new.made.secrets == {}


@pytest.mark.parametrize(
    ("setup", "kind"),
    [
        (
            {
                "kind": "fine-grained",
                "permissions": {"administration": "read", "actions": "read", "environments": "read"},
            },
            MissingPermission,
        ),
        ({"kind": "fine-grained", "permissions": {"administration": "write", "actions": "read"}}, MissingPermission),
        ({"scopes": frozenset({"admin:org_hook"})}, NotFound),
        ({"expires_at": 1}, BadToken),
    ],
)
def test_login_that_may_not_set_up_stores_nothing(
    new: Newcomer, setup: dict[str, Any], kind: type[RedeliverError]
) -> None:
    known = new.server.live.sim.tokens.of(f"token {SETUP}", 0)
    for name, value in setup.items():
        setattr(known, name, value)
    assert says(kind, error_of(new.init("--apply", code=1)))
    found = new.server.live.sim.repository(REPOSITORY).environments
    assert not [secret for one in found.values() for secret in one.secrets]


# -- strange answers --------------------------------------------------------------------------------------------

ENVIRONMENT = f"/repos/{REPOSITORY}/environments/redeliver"


def answered(value: object) -> Answer:
    return Answer(200, json.dumps(value).encode(), {"content-type": "application/json"})


@pytest.mark.parametrize(
    ("path", "answer", "kind"),
    [
        (f"/repos/{REPOSITORY}", redirect("https://elsewhere.example/", 301), Moved),
        (f"/repos/{REPOSITORY}", answered({"default_branch": "a\x1b]0;b"}), ApiUnexpected),
        (f"/repos/{REPOSITORY}", answered({"default_branch": "x" * 5_000_000}), ApiUnexpected),
        (ENVIRONMENT, answered({"deployment_branch_policy": 1}), ApiUnexpected),
        (ENVIRONMENT, answered([[]] * 100_000), ApiUnexpected),
        (f"{ENVIRONMENT}/secrets/public-key", answered({"key_id": "1", "key": "aHVzaA=="}), ApiUnexpected),
        (f"{ENVIRONMENT}/secrets/REDELIVER_TOKEN", json_answer(200, "a proxy's page"), ApiUnexpected),
    ],
)
def test_strange_answer_is_an_error(new: Newcomer, path: str, answer: Answer, kind: type[RedeliverError]) -> None:
    verb = "PUT" if path.endswith("_TOKEN") else "GET"
    new.server.live.sim.faults.add(Fault(answer, verb=verb, path=path, times=None))
    said = new.init("--apply", code=1)
    assert says(kind, error_of(said))
    assert "\x1b" not in said.everything
    assert "redeliver" not in new.server.live.sim.repository(REPOSITORY).environments or not new.made.secrets


# -- a person at a terminal -------------------------------------------------------------------------------------


def asked(new: Newcomer, **given: str) -> Terminal:
    """The command without its token, at a terminal."""
    return at_a_terminal(*new.flags[:-2], given={"TERM": "xterm", **given}, folder=new.folder)


def test_what_is_missing_is_asked_for(new: Newcomer) -> None:
    other = new.server.live.sim.org_hook("octo")
    terminal = asked(new)
    terminal.answer("Token to store", TOKEN)
    terminal.answer("The webhook's id: ", "12")
    terminal.wait_for("not in the list")
    before, _, terminal.shown = terminal.shown.partition("not in the list")
    terminal.answer("The webhook's id: ", str(other.id))
    assert terminal.end() == 0, terminal.shown
    assert TOKEN not in before + terminal.shown
    assert f'hook-id: "{other.id}"' in new.file.read_text()


@pytest.mark.parametrize("answers", [[], ["t"], [""]])
def test_terminal_that_closes_ends_it(new: Newcomer, answers: list[str]) -> None:
    new.server.live.sim.org_hook("octo")
    terminal = asked(new)
    if answers == ["t"]:
        terminal.answer("Token to store", TOKEN)
        terminal.wait_for("The webhook's id: ")
    else:
        terminal.wait_for("Token to store")
    os.write(terminal.ours, b"\n" if answers else b"\x04")
    assert terminal.end() == NoAnswer.exit_code
    assert says(NoAnswer, terminal.text.replace("\r\n", "\n"))
    assert not new.has_changed


def test_terminal_that_is_gone_ends_it(new: Newcomer) -> None:
    terminal = asked(new)
    terminal.wait_for("Token to store")
    os.close(terminal.ours)
    assert terminal.process.wait(30) == NoAnswer.exit_code
    assert not new.has_changed


def test_token_that_sets_up_is_not_stored_when_typed(new: Newcomer) -> None:
    terminal = asked(new, GH_TOKEN=TOKEN)
    terminal.answer("Token to store", TOKEN)
    assert terminal.end() == 2
    assert "error: token: " in terminal.shown
    assert new.server.live.sim.journal.entries == []


def test_signal_at_a_question_ends_it(new: Newcomer) -> None:
    terminal = asked(new)
    terminal.wait_for("Token to store")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 128 + signal.SIGINT
    assert "Traceback" not in terminal.shown
    assert not new.has_changed
