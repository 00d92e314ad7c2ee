"""What stands in the way when GitHub refuses, in its real words: each has its own sentence and next step."""

from __future__ import annotations

import pytest

from redeliver.errors import (
    AccessBlocked,
    ApiError,
    ApiFailing,
    ApiNotFound,
    ApiUnexpected,
    CheckpointNotSaved,
    MissingPermission,
    NotFound,
    ProxyLogin,
    RedeliverError,
)
from redeliver.github.api import Caller
from redeliver.github.responses import CredentialKind, ResponseLost, error_for
from samples import TASK, Calls, answer, plain_id

WEB = "https://github.com"
SETTINGS = f"{WEB}/settings/personal-access-tokens/12885303"
SSO = f"{WEB}/orgs/octo/sso?authorization_request=AZSCKtL4U8yX1H3sCQIVnVgmjmon5fWxks5YrqhJgah0b2tlbl9pZM4EuMz4"
#: As public reports quote them.
MESSAGES = {
    "single sign-on": (
        "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this "
        "organization."
    ),
    "IP allow list": (
        "Although you appear to have the correct authorization credentials, the `octo` organization has an IP allow "
        "list enabled, and your IP address is not permitted to access this resource."
    ),
    "lifetime": (
        "The 'octo' organization forbids access via a fine-grained personal access tokens if the token's lifetime is "
        f"greater than 90 days. Please adjust your token's lifetime at the following URL: {SETTINGS}"
    ),
    "tokens of this kind": (
        "`octo` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a "
        "personal access token with fine-grained permissions."
    ),
    "OAuth app": (
        "Although you appear to have the correct authorization credentials, the `octo` organization has enabled OAuth "
        "App access restrictions, meaning that data access to third-parties is limited. For more information on these "
        "restrictions, including how to enable this app, visit https://docs.github.com/articles/restricting-access"
    ),
    "installation": "This installation has been suspended",
    "account": "Sorry. Your account was suspended",
    "archived": "Repository was archived so is read-only.",
}


def refused(message: str, status: int = 403, web_url: str = WEB, **headers: str) -> ApiError:
    told = answer(status, {"message": message, "status": str(status)}, **headers)
    return error_for(told, TASK, CredentialKind.TOKEN, web_url)


@pytest.mark.parametrize("why", MESSAGES)
def test_blocked_access_has_its_own_sentence_and_next_step(why: str) -> None:
    error = refused(MESSAGES[why])
    assert isinstance(error, AccessBlocked)
    assert why in error.problem
    assert TASK.what in error.problem
    assert MESSAGES[why][:60] in error.problem
    assert TASK.permission not in str(error)
    others = [refused(text) for name, text in MESSAGES.items() if name != why]
    assert error.next_step not in {other.next_step for other in others}


def test_blocked_redelivery_is_an_error() -> None:
    for message in MESSAGES.values():
        with pytest.raises(AccessBlocked):
            Calls(answer(403, {"message": message})).caller.post_once("/attempts", TASK)


@pytest.mark.parametrize(
    "message", ["Resource not accessible by personal access token", "Must have admin rights to Repository.", "", "no"]
)
def test_other_403_is_a_missing_permission(message: str) -> None:
    assert isinstance(refused(message), MissingPermission)


SERVER = "https://github.octocorp.example:8443"


@pytest.mark.parametrize(
    ("why", "web", "address"),
    [
        ("single sign-on", WEB, SSO),
        ("lifetime", WEB, SETTINGS),
        ("single sign-on", SERVER, f"{SERVER}/enterprises/octo/sso"),
    ],
)
def test_githubs_own_page_is_shown_in_full(why: str, web: str, address: str) -> None:
    headers = {"x_github_sso": f"required; url={address}"} if why == "single sign-on" else {}
    calls = Calls(answer(403, {"message": MESSAGES[why]}, **headers))
    caller = Caller(lambda: calls.script, calls.pace, calls.run_clock, web_url=web)
    with pytest.raises(AccessBlocked) as caught:
        caller.call("GET", "/log", TASK, lambda told: told)
    assert caught.value.next_step.endswith(address)
    assert address in str(CheckpointNotSaved(place="there", why=caught.value))


def test_page_of_a_server_without_tls_is_not_shown() -> None:
    web = "http://127.0.0.1:80"
    error = refused(MESSAGES["single sign-on"], web_url=web, x_github_sso=f"required; url={web}/orgs/octo/sso")
    assert "127" not in str(error)


@pytest.mark.parametrize("status", [403, 404])
def test_single_sign_on_is_recognized_by_its_header(status: int) -> None:
    error = refused("Not Found", status, x_github_sso=f"required; url={SSO}")
    assert isinstance(error, AccessBlocked)
    assert f"({status})" in error.problem


@pytest.mark.parametrize("header", ["partial-results; organizations=21955855,20582480", "", "not required"])
def test_other_sso_header_changes_nothing(header: str) -> None:
    assert isinstance(refused("Not Found", 404, x_github_sso=header), NotFound)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/orgs/octo/sso",
        "https://github.com.evil.example/orgs/octo/sso",
        "https://github.com@evil.example/orgs/octo/sso",
        "https://github.com:443@evil.example/orgs/octo/sso",
        "https://github.com:8443/orgs/octo/sso",
        "https://evil.example/?url=https://github.com/orgs/octo/sso",
        "https://github.com\\@evil.example/orgs/octo/sso",
        "http://github.com/orgs/octo/sso",
        "//github.com/orgs/octo/sso",
        "javascript:https://github.com/orgs/octo/sso",
        "https://github.com/login/oauth/authorize?client_id=evil",
        "https://github.com/orgs/../login/oauth/authorize",
        "https://github.com/orgs/%2e%2e/login",
        "https://github.com/orgs/octo/sso?return_to=https%3A%2F%2Fevil.example",
        "https://github.com/orgs/octo/sso\u202e",
        "https://github.com/orgs/octo/sso<script>",
        "https://github.com/orgs/octo/" + "s" * 5_000,
        "https://github.com/orgs/octo/sso?authorization_request=" + "A" * 5_000,
        "https://github.com/orgs",
    ],
    ids=lambda address: plain_id(address)[:60],
)
def test_other_addresses_are_not_shown(address: str) -> None:
    in_header = refused(MESSAGES["single sign-on"], x_github_sso=f"required; url={address}")
    in_message = refused(f"token's lifetime at the following URL: {address}")
    for error in (in_header, in_message):
        assert isinstance(error, AccessBlocked)
        assert "://" not in str(error)
        assert "evil" not in str(error)


@pytest.mark.parametrize("body", ["<html><title>Page not found</title></html>", '{"error":"Not Found"}', "", "[]"])
def test_404_of_another_server_is_told_from_the_apis(body: str) -> None:
    with pytest.raises(ApiNotFound, match="/api/v3"):
        Calls(answer(404, body)).get()
    with pytest.raises(NotFound):
        Calls(answer(404, {"message": "Not Found"})).get()


def test_proxy_that_asks_for_a_login_is_named() -> None:
    with pytest.raises(ProxyLogin, match="HTTPS_PROXY"):
        Calls(answer(407, "<html>")).get()


ID = "C0FE:2A1B:1234567:89ABCDE:65A1B2C3"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, {"message": "no"}, MissingPermission),
        (404, {"message": "Not Found"}, NotFound),
        (502, "", ApiFailing),
        (200, "[", ApiUnexpected),
        (403, {"message": MESSAGES["account"]}, AccessBlocked),
    ],
)
def test_error_names_the_request_id(status: int, body: object, kind: type[RedeliverError]) -> None:
    with pytest.raises(kind) as caught:
        Calls(answer(status, body, x_github_request_id=ID)).get()
    assert str(caught.value).endswith(f"{ID}.")
    assert ID not in caught.value.problem


@pytest.mark.parametrize("odd", ["", "x", "c0fe:12", "C0FE 12", "C0FE\n::error::x", "A" * 101, "https://evil.example"])
def test_invalid_request_id_is_not_shown(odd: str) -> None:
    with pytest.raises(ApiFailing) as with_odd:
        Calls(answer(502, x_github_request_id=odd)).get()
    with pytest.raises(ApiFailing) as without:
        Calls(answer(502)).get()
    assert str(with_odd.value) == str(without.value)


def test_lost_response_has_no_earlier_request_id() -> None:
    bad, lost = answer(502, x_github_request_id=ID), ResponseLost("the connection failed")
    with pytest.raises(ApiFailing) as caught:
        Calls(bad, bad, bad, lost).get()
    assert ID not in str(caught.value)
