"""Which webhooks are meant: a list, all, a pattern of the URL; and the variable that goes with each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from command.several import Several, names
from githubsim.faults import Fault, foreign_next
from redeliver.core.settings import FailOn
from redeliver.errors import ForeignLink, NoHooks, NoSuchHook
from wording import told
from world import World

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow


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
    assert told(NoSuchHook, error)["owner"].endswith("octo")
    assert "elsewhere" not in error
    assert report.exit_code(FailOn.ERROR) == 1
    assert (world.sent, world.variables.all()) == ([], [])


def test_all_of_an_owner_that_has_none_is_an_error() -> None:
    world = World()
    world.sim.hooks.clear()
    (error,) = world.run(hook_id="all").errors
    assert told(NoHooks, error) == {"owner": "The organization octo", "what": "active webhook"}
    assert "pattern" not in error


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
    assert told(ForeignLink, report.errors[0]) == {"host": "evil.example"}
    assert (report.hooks, world.sent) == ((), [])
