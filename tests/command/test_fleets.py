"""Webhooks of many repositories in one run: which are meant, what it costs, and what one that is refused costs."""

from __future__ import annotations

import html
import json
from collections.abc import Callable

import pytest

from command.keys import key_pair
from githubsim.apps import Installation
from githubsim.clock import HOUR
from githubsim.faults import Fault, json_answer
from githubsim.hooks import Hook
from githubsim.outcomes import UNAVAILABLE
from redeliver.core.facts import Fact, FactKind
from redeliver.core.report import Report
from redeliver.core.settings import FailOn
from redeliver.errors import (
    ApiFailing,
    BadToken,
    MissingPermission,
    NoHooks,
    NoRepositories,
    NotFound,
    RedeliverError,
    TooManyHooks,
)
from redeliver.output.report_json import as_json
from redeliver.output.summary import markdown
from runner import commands
from step import run_command, run_step
from wording import says, told
from world import World


class Fleet(World):
    """Repositories of an organization with a webhook each, an archived one, and one that the token cannot reach."""

    def __init__(self, *names: str, owner: str = "acme") -> None:
        super().__init__()
        self.sim.hooks.clear()
        self.hooks = [self.sim.repo_hook(f"{owner}/{name}") for name in names or ("api", "ci-one", "ci-two")]
        self.archived = self.sim.repo_hook(f"{owner}/old")
        self.sim.repository(f"{owner}/old", archived=True)
        self.hidden = self.sim.repo_hook(f"{owner}/open")
        self.sim.repository(f"{owner}/open", private=False)
        self.token.sees = frozenset({"octo/ops", self.archived.target, *(hook.target for hook in self.hooks)})

    def inputs(self, **changed: str) -> dict[str, str]:
        fleet = {"org": "", "repository": "acme/*", "hook_id": "all"}
        return super().inputs(**{**fleet, **{name.replace("-", "_"): value for name, value in changed.items()}})

    def fail_at_each(self) -> list[str]:
        return [hook.add(self.clock() - HOUR, UNAVAILABLE).guid for hook in self.hooks]

    @property
    def kept(self) -> dict[str, str]:
        return {one.name: one.value for one in self.variables.all()}

    @property
    def asked(self) -> list[str]:
        """The repositories whose webhooks were listed, in order."""
        return [one.path[7:-6] for one in self.requests(ending="/hooks")]


def names(report: Report) -> list[str]:
    return [hook.owner for hook in report.hooks]


def unlisted(report: Report) -> list[Fact]:
    return [fact for fact in report.facts if fact.kind in {FactKind.UNLISTED_ERROR, FactKind.UNLISTED_WARNING}]


# -- which are meant --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("repository", "chosen"),
    [
        ("acme/*", ["acme/api", "acme/ci-one", "acme/ci-two"]),
        ("ACME/CI-*", ["acme/ci-one", "acme/ci-two"]),
        ("acme/*-two\nAcme/API,acme/a*,acme/*two", ["acme/api", "acme/ci-two"]),
        ("acme/api, acme/ci-two, acme/api", ["acme/api", "acme/ci-two"]),
    ],
    ids=["all", "a pattern", "a list of both", "a list with a duplicate"],
)
def test_each_webhook_of_the_chosen_repositories_has_a_run_and_a_checkpoint(repository: str, chosen: list[str]) -> None:
    world = Fleet()
    failed = dict(zip([hook.target for hook in world.hooks], world.fail_at_each(), strict=True))
    report = world.run(repository=repository)
    assert world.sent == [failed[name] for name in chosen]
    assert (names(report), report.errors, report.recovered) == (chosen, (), len(chosen))
    shared = json.loads(world.kept.pop("CHECKPOINT_ALL"))
    assert shared == {hook.hook_id: hook.start for hook in report.hooks}
    assert world.kept.keys() == {"CHECKPOINT_ALL"}
    assert {*chosen} <= {*world.asked} <= {*chosen, "acme/open"}
    assert len(world.asked) == len({*world.asked})
    assert world.sim.limits.violations == 0


def test_url_pattern_chooses_among_the_webhooks_of_all_repositories() -> None:
    world = Fleet()
    world.sim.repo_hook("acme/api", url="https://elsewhere.example/")
    world.hooks[1].active = False
    failed = world.fail_at_each()
    world.run(hook_id="https://hooks.example/*")
    assert world.sent == [failed[0], failed[2]]


def test_ids_are_looked_up_in_all_repositories() -> None:
    world = Fleet()
    failed, (first, _, third) = world.fail_at_each(), world.hooks
    report = world.run(repository="acme/*", hook_id=f"{third.id}, {first.id}, 404")
    assert world.sent == [failed[2], failed[0]]
    assert world.kept.keys() == {f"CHECKPOINT_{first.id}", f"CHECKPOINT_{third.id}"}
    (error,) = report.errors
    assert told(NotFound, error)["missing"].endswith("acme/* has no webhook 404")
    report = world.run(hook_id="404,")
    assert told(NotFound, report.errors[0])["missing"].endswith("acme/* has no webhook 404")
    assert not report.hooks


def test_repositories_of_a_user_are_those_of_the_token() -> None:
    world = Fleet()
    world.sim.users.add("acme")
    failed = world.fail_at_each()
    assert says(NotFound, world.run().errors[0])
    world.token.user = "acme"
    world.run()
    assert world.sent == failed


def test_app_has_the_repositories_that_it_is_installed_on() -> None:
    """And its token needs no more than that: public repositories of others are not even asked for."""
    world = Fleet()
    failed = world.fail_at_each()
    reached = frozenset(hook.target for hook in world.hooks) | {"acme/old", "acme/gone"}
    world.sim.app(7, key_pair().public, Installation(77, 7, "acme", repositories=reached))
    app = {"token": "", "variable_token": "pat", "app_id": "7", "private_key": key_pair().private}
    for repository in ("acme/*", "acme/api, acme/ci-one, acme/ci-two, acme/elsewhere"):
        world.sim.journal.clear()
        report = world.run({**app, "repository": repository})
        assert "acme/open" not in world.asked
        (minted,) = [json.loads(one.body) for one in world.requests("POST", "/access_tokens")]
        assert minted == {"permissions": {"repository_hooks": "write"}}
        assert bool(report.errors) is ("elsewhere" in repository)
    assert world.sent == failed


# -- one that is refused ----------------------------------------------------------------------------------------


def test_repository_that_is_refused_costs_no_other_its_run_and_is_told() -> None:
    world = Fleet()
    failed = world.fail_at_each()
    world.sim.faults.add(Fault(json_answer(451, "Repository access blocked"), path="*/ci-two/hooks"))
    report = world.run()
    assert world.sent == failed[:2]
    (fact,) = unlisted(report)
    assert (fact.kind, fact.fields["names"]) == (FactKind.UNLISTED_WARNING, ("acme/ci-two", "acme/open"))
    assert (report.exit_code(FailOn.ERROR), report.exit_code(FailOn.UNDELIVERED)) == (0, 1)
    assert "acme/open" in html.unescape(markdown(report))
    (attention,) = json.loads(as_json(report))["attention"]
    assert says(FactKind.UNLISTED_WARNING, attention)


def test_named_repository_that_is_refused_is_an_error() -> None:
    world = Fleet()
    failed = world.fail_at_each()
    long = f"acme/nothing-{'at-all' * 5}"
    report = world.run(repository=f"acme/open, {long}, acme/*")
    assert world.sent == failed
    (fact,) = unlisted(report)
    assert (fact.kind, fact.fields["names"]) == (FactKind.UNLISTED_ERROR, ("acme/open", long))
    assert long in report.errors[0]
    assert report.exit_code(FailOn.ERROR) == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda world: setattr(world.token, "permissions", {"actions_variables": "write"}), MissingPermission),
        (lambda world: setattr(world.token, "sees", frozenset({"octo/ops"})), NotFound),
        (lambda world: world.sim.tokens.revoke(world.token), BadToken),
        (lambda world: world.sim.hooks.clear(), NotFound),
        (lambda world: world.sim.faults.add(Fault(json_answer(500, "x"), path="*/api/hooks", times=9)), ApiFailing),
    ],
    ids=["a permission is missing", "it sees none", "no such token", "no such owner", "GitHub fails"],
)
def test_run_that_can_list_nothing_fails_with_the_reason(
    change: Callable[[Fleet], object], expected: type[RedeliverError]
) -> None:
    world = Fleet()
    change(world)
    report = world.run()
    assert says(expected, report.errors[0])
    assert (report.hooks, world.sent, world.kept, len(report.errors)) == ((), [], {}, 1)


def test_pattern_that_matches_no_repository_is_an_error() -> None:
    report = Fleet().run(repository="acme/nothing-*")
    assert told(NoRepositories, report.errors[0])["names"] == "acme/nothing-*"
    done = run_step(Fleet(), "hooks", repository="acme/old*")
    assert (done.code, done.outputs) == (1, {})
    world = Fleet()
    world.hooks[0].active = False
    assert says(NoHooks, world.run(repository="acme/ap*").errors[0])


# -- what it costs ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_thousand_repositories_with_nothing_failed_take_two_requests_each_and_little_more() -> None:
    world = Fleet(*(f"r{number:04}" for number in range(1_000)))
    before = {str(hook.id): world.clock() - HOUR for hook in world.hooks}
    world.variables.seed("CHECKPOINT_ALL", json.dumps(before))
    report = world.run(latency_ms=100)
    assert (len(report.hooks), report.errors) == (1_000, ())
    assert len(world.sim.journal.entries) <= 2_030
    assert world.sim.limits.violations == 0


# -- as a matrix ------------------------------------------------------------------------------------------------


def jobs(world: World, **inputs: str) -> list[dict[str, str]]:
    done = run_step(world, "hooks", **inputs)
    assert done.code == 0, done.log
    found: list[dict[str, str]] = json.loads(done.outputs["matrix"])["include"]
    return found


def test_job_has_the_repository_and_the_id_of_its_webhook() -> None:
    world = Fleet()
    second = world.sim.repo_hook("acme/api")
    hooks: list[Hook] = [world.hooks[0], second, *world.hooks[1:]]
    assert jobs(world, repository="acme/*") == [{"repository": hook.target, "hook-id": f"{hook.id},"} for hook in hooks]
    assert jobs(world, repository="acme/ci-o*") == [{"repository": "acme/ci-one", "hook-id": f"{world.hooks[1].id},"}]
    assert "repository" not in jobs(world, repository="acme/api")[0]
    done = run_step(world, "hooks", repository="acme/api, acme/open")
    (error,) = [command.data for command in commands(done.log) if command.name == "error"]
    assert told(FactKind.UNLISTED_ERROR, error)["names_"] == "acme/open"
    assert (done.code, done.outputs["hooks-count"]) == (0, "2")


def test_jobs_of_many_repositories_recover_every_webhook_once() -> None:
    world = Fleet(*(f"r{number:03}" for number in range(600)))
    failed = world.fail_at_each()
    dealt = jobs(world, repository="acme/*")
    assert len(dealt) == 256
    assert told(TooManyHooks, run_step(world, "hooks").log)["hooks"].endswith("600")
    assert max(job["repository"].count(",") for job in dealt) == 2
    few = [dealt[0], dealt[-1]]
    for job in few:
        report = world.run(job)
        assert report.errors == ()
    ids = [number for job in few for number in job["hook-id"].split(",") if number]
    assert world.sent == [guid for hook, guid in zip(world.hooks, failed, strict=True) if str(hook.id) in ids]
    assert world.kept.keys() == {f"CHECKPOINT_{number}" for number in ids}


# -- how they are named -----------------------------------------------------------------------------------------


def test_every_page_names_the_repository_of_a_webhook() -> None:
    world = Fleet()
    world.sim.stub.outcome = UNAVAILABLE
    world.fail_at_each()
    done = run_step(world)
    hooks = json.loads(done.outputs["report"])["hooks"]
    assert [hook["owner"] for hook in hooks] == ["acme/api", "acme/ci-one", "acme/ci-two"]
    for hook in world.hooks:
        assert f"hook {hook.id} · {hook.target}" in done.log
        page = f"https://github.com/{hook.target}/settings/hooks/{hook.id}?tab=deliveries"
        assert f"[{hook.target} {hook.id}]({page})" in html.unescape(done.summary)
    assert [one["hook"] for one in hooks] == [f"hook {one.id} of the repository {one.target}" for one in world.hooks]
    out = run_command(world, "hooks", 200).log
    assert all(f"{hook.target} {hook.id}" in out for hook in world.hooks)
    assert f"redeliver run --repository {world.hooks[0].target} --hook-id {world.hooks[0].id}" in out


def test_command_tells_once_what_it_could_not_list() -> None:
    world = Fleet()
    for command in ("hooks", "hooks --quiet", "hooks --format matrix", "run --dry-run"):
        out = run_command(world, command, 999).log
        assert out.count("could not be listed") == 1, out
    world.hooks[0].active = False
    out = run_command(world, "hooks --format matrix", 999, repository="acme/open, acme/api").log
    assert says(FactKind.UNLISTED_ERROR, out)
    assert says(NoHooks, out)
