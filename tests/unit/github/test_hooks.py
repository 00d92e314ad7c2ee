"""Which webhooks are meant, and what is known of each without asking again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from redeliver.core.inputs import HookChoice
from redeliver.errors import ApiError, NoSuchHook
from redeliver.github.hooks import Hook, Owner
from samples import Calls, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

OWNER = Owner("/orgs/octo", "octo", "the organization octo", "a permission", "https://github.com/x")
APP = Owner("/app", "12", "the App 12", "its key")
CALLER = Calls().caller
ON = Hook(CALLER, OWNER, 3, active=True, url="https://a.example/in")
OFF = Hook(CALLER, OWNER, 2, active=False, url="https://a.example/out")
OTHER = Hook(CALLER, OWNER, 1, active=True, url="https://b.example/in")


def pattern(text: str) -> HookChoice:
    return HookChoice((), text)


def picked(
    choice: HookChoice, listed: Sequence[Hook] = (ON, OFF, OTHER), *, inactive: bool = False, owner: Owner = OWNER
) -> list[object]:
    return [hook.id for hook in owner.pick(CALLER, listed, choice, inactive=inactive)]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("*", [1, 3]),
        ("https://a.*", [3]),
        ("*in", [1, 3]),
        ("*a*example*in*", [3]),
        ("https://b.example/in", [1]),
        ("*example/in*in", []),
        ("https://b.example", []),
        ("*.example", []),
    ],
)
def test_a_pattern_picks_active_ones_by_their_whole_url(text: str, ids: list[int]) -> None:
    if ids:
        assert picked(pattern(text)) == ids
    else:
        with pytest.raises(NoSuchHook):
            picked(pattern(text))


def test_a_pattern_can_be_made_to_pick_inactive_ones_too() -> None:
    assert picked(pattern("https://a.*"), inactive=True) == [2, 3]


def test_no_url_takes_long_to_try() -> None:
    # Backtracking would take years.
    with pytest.raises(NoSuchHook):
        picked(pattern("*a" * 12 + "*b"), [Hook(CALLER, OWNER, 1, active=True, url="a" * 10_000)])


def test_ids_are_picked_as_they_are_with_what_a_list_says_of_them() -> None:
    choice = HookChoice((7, 2), "")
    assert OWNER.pick(CALLER, [ON, OFF], choice)[1] is OFF
    assert picked(choice, [ON, OFF]) == [7, 2]
    assert picked(choice, [], owner=APP) == [None]


def test_choosing_by_id_asks_for_nothing_and_by_pattern_for_the_list() -> None:
    calls = Calls(answer(200, [{"id": 3, "active": True, "config": {"url": ON.url}}]))
    assert picked(HookChoice((3,), ""), []) == [3]
    assert calls.count == 0
    (hook,) = OWNER.list_hooks(calls.caller)
    assert (hook.id, hook.active, hook.url) == (3, True, ON.url)
    assert calls.script.lines == ["GET /orgs/octo/hooks"]


# -- whether it is active ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owner", "number", "listed", "answered", "active", "asked"),
    [
        *((OWNER, 7, active, 500, active, []) for active in (True, False)),
        (OWNER, 7, None, {"id": 7, "active": True}, True, ["GET /orgs/octo/hooks/7"]),
        (OWNER, 7, None, {"id": 7, "active": False}, False, ["GET /orgs/octo/hooks/7"]),
        (APP, None, None, 500, None, []),  # GitHub does not say it of an App
    ],
)
def test_whether_it_is_active_is_asked_for_if_it_was_not_listed(
    owner: Owner, number: int | None, answered: object, asked: list[str], *, listed: bool | None, active: bool | None
) -> None:
    calls = Calls(answer(500) if answered == 500 else answer(200, answered))
    assert Hook(calls.caller, owner, number, active=listed).is_active() is active
    assert calls.script.lines == asked


def test_when_github_refuses_to_say_it_is_an_error() -> None:
    with pytest.raises(ApiError):
        Hook(Calls(answer(404)).caller, OWNER, 7).is_active()


@pytest.mark.parametrize(
    ("owner", "number", "name", "page", "path"),
    [
        (OWNER, 7, "hook 7 of the organization octo", "https://github.com/x/7?tab=deliveries", "/orgs/octo/hooks/7"),
        (APP, None, "the webhook of the App 12", "", "/app/hook"),
    ],
    ids=["organization", "App"],
)
def test_a_webhook_has_a_name_a_page_and_a_path(
    owner: Owner, number: int | None, name: str, page: str, path: str
) -> None:
    calls = Calls(answer(200, []))
    hook = Hook(calls.caller, owner, number)
    assert (hook.name, hook.web_page, hook.owner) == (name, page, owner.login)
    assert hook.hook_id == ("" if number is None else str(number))
    hook.page()
    assert calls.script.lines == [f"GET {path}/deliveries"]
