"""Which webhooks are meant, and what is known of each without asking again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import pytest

from redeliver.core.inputs import HookChoice
from redeliver.errors import ApiError, NoSuchHook
from redeliver.github.hooks import Hook, Owner
from samples import Calls, answer

OWNER = Owner("/orgs/octo", "octo", "the organization octo", "a permission", "https://github.com/x")
APP = Owner("/app", "12", "the App 12", "its key")
CALLER = Calls().caller
ON = Hook(CALLER, OWNER, 3, active=True, url="https://a.example/in")
OFF = Hook(CALLER, OWNER, 2, active=False, url="https://a.example/out")
OTHER = Hook(CALLER, OWNER, 1, active=True, url="https://b.example/in")


def picked(
    choice: str | HookChoice,
    listed: Sequence[Hook] = (ON, OFF, OTHER),
    *,
    inactive: bool = False,
    owner: Owner = OWNER,
) -> list[object]:
    chosen = HookChoice((), choice) if isinstance(choice, str) else choice
    return [hook.id for hook in owner.pick(CALLER, listed, chosen, inactive=inactive)]


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
def test_pattern_picks_active_webhooks_by_their_whole_url(text: str, ids: list[int]) -> None:
    with nullcontext() if ids else pytest.raises(NoSuchHook):
        assert picked(text) == ids


def test_pattern_can_pick_inactive_webhooks() -> None:
    assert picked("https://a.*", inactive=True) == [2, 3]


def test_long_url_is_matched_without_backtracking() -> None:
    # Backtracking would take years.
    with pytest.raises(NoSuchHook):
        picked("*a" * 12 + "*b", [Hook(CALLER, OWNER, 1, active=True, url="a" * 10_000)])


def test_ids_are_picked_with_what_a_list_says_of_them() -> None:
    choice = HookChoice((7, 2), "")
    assert OWNER.pick(CALLER, [ON, OFF], choice)[1] is OFF
    assert picked(choice, [ON, OFF]) == [7, 2]
    assert picked(choice, [], owner=APP) == [None]


def test_only_a_pattern_asks_for_the_list() -> None:
    calls = Calls(answer(200, [{"id": 3, "active": True, "config": {"url": ON.url}}]))
    assert picked(HookChoice((3,), ""), []) == [3]
    assert calls.count == 0
    (hook,) = OWNER.list_hooks(calls.caller)
    assert (hook.id, hook.active, hook.url) == (3, True, ON.url)
    assert calls.script.lines == ["GET /orgs/octo/hooks"]


URL = "https://user:hush@ci.acme.example:8443/hush?key=hush"


@pytest.mark.parametrize(
    ("owner", "number", "listed", "answered", "active", "asked"),
    [
        *((OWNER, 7, active, 500, active, []) for active in (True, False)),
        (OWNER, 7, None, {"id": 7, "active": True, "config": {"url": URL}}, True, ["GET /orgs/octo/hooks/7"]),
        (OWNER, 7, None, {"id": 7, "active": False}, False, ["GET /orgs/octo/hooks/7"]),
        (APP, None, None, 500, None, []),  # GitHub does not say it of an App
    ],
)
def test_unlisted_webhook_is_asked_whether_it_is_active(
    owner: Owner, number: int | None, answered: object, asked: list[str], *, listed: bool | None, active: bool | None
) -> None:
    calls = Calls(answer(500) if answered == 500 else answer(200, answered))
    hook = Hook(calls.caller, owner, number, active=listed)
    assert hook.is_active() is active
    assert calls.script.lines == asked
    assert hook.host == ""
    hook.shows_host = True
    assert hook.host == ("ci.acme.example" if hook.url else "")
    assert hook.url == (URL if active and asked else "")


def test_refusal_to_describe_a_webhook_is_an_error() -> None:
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
def test_webhook_has_a_name_page_and_path(owner: Owner, number: int | None, name: str, page: str, path: str) -> None:
    calls = Calls(answer(200, []))
    hook = Hook(calls.caller, owner, number)
    assert (hook.name, hook.web_page, hook.owner) == (name, page, owner.login)
    assert hook.hook_id == ("" if number is None else str(number))
    hook.page()
    assert calls.script.lines == [f"GET {path}/deliveries"]
