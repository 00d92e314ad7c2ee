"""How the text of each input is read: what can be set, and what is told of all else."""

from __future__ import annotations

import pytest

from redeliver.core.inputs import HookChoice
from redeliver.core.settings import FailOn, ScanMode, parse
from redeliver.errors import SettingsError

HOOK = {"org": "octo", "hook-id": "1", "token": "ghp_secret"}
KEY = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----"
APP = {"app-id": "17", "private-key": KEY}


def problems(given_inputs: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        parse(given_inputs)
    assert caught.value.exit_code == 2
    return caught.value.problems


def problem(name: str, value: str) -> str:
    """The one problem with an input of that value, without the input's name."""
    (only,) = problems(HOOK | {name: value})
    before, _, after = only.partition(": ")
    assert before == name
    return after


def read(name: str, value: str) -> object:
    return getattr(parse(HOOK | {name: value}), name.replace("-", "_"))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("org", "a", "a"),
        ("org", "Octo-Org_9", "Octo-Org_9"),
        ("org", " octo ", "octo"),
        ("hook-id", "1", HookChoice((1,))),
        ("hook-id", "9223372036854775807", HookChoice((9_223_372_036_854_775_807,))),
        ("hook-id", "1,2, 3\n4  1", HookChoice((1, 2, 3, 4), several=True)),
        ("hook-id", "7,", HookChoice((7,), several=True)),
        ("hook-id", "all", HookChoice(pattern="*", several=True)),
        ("hook-id", "https://ci.example/*", HookChoice(pattern="https://ci.example/*", several=True)),
        ("hook-id", "*jenkins*", HookChoice(pattern="*jenkins*", several=True)),
        ("lookback", "72h", 259_200),
        ("lookback", "1h30m", 5_400),
        ("lookback", "1D 2H 3M 4S", 93_784),
        ("lookback", "36500d", 3_153_600_000),
        ("lookback", "0000000000000000000001h", 3_600),
        ("overlap", "0", 0),
        ("overlap", "0m", 0),
        ("events", "push", frozenset({"push"})),
        ("events", "push, pull_request.opened\nissues", frozenset({"push", "pull_request.opened", "issues"})),
        ("max-age", "", {}),
        ("max-age", "3h", {"": 10_800}),
        ("max-age", "workflow_job=3H, push = 1d 12h", {"workflow_job": 10_800, "push": 129_600}),
        ("max-age", "1d\npull_request.opened=0,\n", {"": 86_400, "pull_request.opened": 0}),
        ("max-attempts", "0", 0),
        ("max-attempts", "1000000000", 1_000_000_000),
        ("retry-spacing", "90s", 90),
        ("redeliveries-per-minute", "1", 1),
        ("wait-for-results", "0", 0),
        ("time-limit", "1s", 1),
        ("scan", "failures", ScanMode.FAILURES),
        ("fail-on", "undelivered", FailOn.UNDELIVERED),
        ("fail-on", "never", FailOn.NEVER),
        ("dry-run", "true", True),
        ("dry-run", "False", False),
        ("dry-run", " TRUE ", True),
        ("api-url", "https://api.github.com/", "https://api.github.com"),
        ("api-url", "https://ghes.example:8443/api/v3", "https://ghes.example:8443/api/v3"),
        ("api-url", "http://localhost:3000", "http://localhost:3000"),
        ("api-url", "http://127.0.0.1", "http://127.0.0.1"),
        ("api-url", "http://127.9.9.9:1", "http://127.9.9.9:1"),
        ("api-url", "http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_what_can_be_set(name: str, value: str, expected: object) -> None:
    assert read(name, value) == expected


AGE = "must be a duration such as 3h, or events with one each such as workflow_job=3h, push=1d, not "
DURATION = "must be a duration such as 24h, 10m, 1h30m or 0, not "
TOO_LONG = "must be no longer than 36500d, a hundred years, not "
PLAIN_URL = "must be a plain URL such as https://api.github.com, without a name, a password or a query"
HTTPS = "must begin with https:// (http:// is for loopback addresses only): it is sent the token"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("org", "-octo", "must be an organization's name, not '-octo'"),
        ("org", "octo/hello", "must be an organization's name, not 'octo/hello'"),
        ("org", "../octo", "must be an organization's name, not '../octo'"),
        ("org", "octo?x=", "must be an organization's name, not 'octo?x='"),
        ("org", "öcto", "must be an organization's name, not 'öcto'"),
        ("lookback", "0", "must be longer than 0"),
        ("lookback", "24", f"{DURATION}'24'"),
        ("lookback", "yesterday", f"{DURATION}'yesterday'"),
        ("overlap", "-1h", f"{DURATION}'-1h'"),
        ("overlap", "1.5h", f"{DURATION}'1.5h'"),
        ("overlap", "\u0661h", f"{DURATION}'\u0661h'"),
        ("retry-spacing", "1w", f"{DURATION}'1w'"),
        ("retry-spacing", "One Week", f"{DURATION}'One Week'"),
        ("wait-for-results", "9999999999s", f"{TOO_LONG}'9999999999s'"),
        ("lookback", "36500D 1s", f"{TOO_LONG}'36500D 1s'"),
        ("lookback", "1" * 5_000 + "d", f"{TOO_LONG}'{'1' * 199}…'"),
        ("time-limit", "0s", "must be longer than 0"),
        ("max-attempts", "-1", "must be a whole number, 0 or more, not '-1'"),
        ("max-attempts", "1.0", "must be a whole number, 0 or more, not '1.0'"),
        ("max-attempts", "many", "must be a whole number, 0 or more, not 'many'"),
        ("max-attempts", "٣", "must be a whole number, 0 or more, not '٣'"),
        ("max-attempts", "007", "must be a whole number, 0 or more, not '007'"),
        ("max-attempts", "1_0", "must be a whole number, 0 or more, not '1_0'"),
        ("max-attempts", "null", "must be a whole number, 0 or more, not 'null'"),
        ("max-attempts", '"7"', "must be a whole number, 0 or more, not '\"7\"'"),
        ("max-attempts", "1000000001", "must be 1000000000 or less, not '1000000001'"),
        ("max-attempts", "9" * 5_000, f"must be a whole number, 0 or more, not '{'9' * 199}…'"),
        ("redeliveries-per-minute", "0", "must be a whole number, 1 or more, not '0'"),
        ("scan", "some", "must be one of full, failures, not 'some'"),
        ("fail-on", "Error", "must be one of error, undelivered, never, not 'Error'"),
        ("dry-run", "Yes", "must be true or false, not 'Yes'"),
        ("dry-run", "1", "must be true or false, not '1'"),
        ("dry-run", "null", "must be true or false, not 'null'"),
        ("max-age", "3", f"{AGE}'3'"),
        ("max-age", "3h; push=1d", f"{AGE}'3h; push=1d'"),
        ("max-age", "push=", f"{AGE}'push='"),
        ("max-age", "=3h", f"{AGE}'=3h'"),
        ("max-age", "1h, Push=3h", f"{AGE}'Push=3h'"),
        ("max-age", "push=-1h", f"{AGE}'push=-1h'"),
        ("max-age", "1h, push=1h, push=2h", "gives two ages for push"),
        ("max-age", "1h, 2h", "gives two ages for all events"),
        ("max-age", "push=36501d", f"{TOO_LONG}'36501d'"),
        ("events", "push;issues", "must be events such as push or pull_request.opened, not 'push;issues'"),
        ("events", "push, Push", "must be events such as push or pull_request.opened, not 'Push'"),
        ("variable-repository", "ops", "must be a repository's full name, owner/name, not 'ops'"),
        ("variable-repository", "octo/..", "must be a repository's full name, owner/name, not 'octo/..'"),
        ("variable-repository", "octo/ops/x", "must be a repository's full name, owner/name, not 'octo/ops/x'"),
        ("variable-token", "two words", "holds blanks or characters that no token has"),
        ("token", "line\nbreak", "holds blanks or characters that no token has"),
        ("api-url", "ftp://api.github.com", HTTPS),
        ("api-url", "api.github.com", PLAIN_URL),
        ("api-url", "http://api.github.com", HTTPS),
        ("api-url", "http://127.0.0.1.evil.example", HTTPS),
        ("api-url", "http://localhost.evil.example", HTTPS),
        ("api-url", "http://0.0.0.0", HTTPS),
        ("api-url", "https://", PLAIN_URL),
        ("api-url", "https://user:hush@api.github.com", PLAIN_URL),
        ("api-url", "https://:hush@api.github.com", PLAIN_URL),
        ("api-url", "https://api.github.com?x=hush", PLAIN_URL),
        ("api-url", "https://api.github.com#hush", PLAIN_URL),
        ("api-url", "https://api.github.com:port", "is not a URL"),
        ("api-url", "https://[::1", "is not a URL"),
    ],
)
def test_what_cannot_be_set_is_told(name: str, value: str, expected: str) -> None:
    assert problem(name, value) == expected


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "x", "1,x", "12345678901234567890", "1;2", "everything"])
def test_what_is_no_choice_of_webhooks_is_told(value: str) -> None:
    assert problem("hook-id", value).startswith("must be a webhook's id, several, all, or a pattern of its URL")


@pytest.mark.parametrize("value", [",", ", ,"])
def test_a_list_of_no_webhooks_is_told_and_not_taken_for_a_run_with_nothing_to_do(value: str) -> None:
    assert problem("hook-id", value).startswith("must be a webhook's id")


@pytest.mark.parametrize("name", ["X", "_x", "CHECKPOINT_1", "gIthub", "MY_GITHUB_X"])
def test_a_variables_name_follows_githubs_rules(name: str) -> None:
    assert parse(HOOK | {"variable-name": name, "variable-repository": "octo/ops"}).variable_name == name


@pytest.mark.parametrize("name", ["1X", "A-B", "A B", "GITHUB_X", "github_x", "Ä", "A/B", "A?"])
def test_a_variables_name_that_github_would_refuse_is_told(name: str) -> None:
    (only,) = problems(HOOK | {"variable-name": name, "variable-repository": "octo/ops"})
    assert only.startswith("variable-name: must be letters, digits and _, no digit first and no GITHUB_ prefix")


ON_ONE_LINE = KEY.replace("\n", "\\n")


@pytest.mark.parametrize(
    "key", [KEY, KEY.replace("RSA ", ""), f"\n{KEY}\n", ON_ONE_LINE, f"{ON_ONE_LINE}\\n", f"{ON_ONE_LINE}\\n\\n"]
)
def test_a_private_key_may_be_kept_on_one_line(key: str) -> None:
    settings = parse({"org": "octo", "hook-id": "1"} | APP | {"private-key": key})
    assert "\\n" not in settings.private_key.get_secret_value()
    assert settings.private_key.get_secret_value().count("\n") == 2


@pytest.mark.parametrize("key", ["c2VjcmV0", KEY[:-5], KEY[5:], KEY.replace("RSA PRIVATE", "PUBLIC")])
def test_what_is_no_private_key_is_told_and_not_quoted(key: str) -> None:
    (only,) = problems({"org": "octo", "hook-id": "1"} | APP | {"private-key": key})
    assert only.startswith("private-key: is no private key: the whole file")
    assert "c2VjcmV0" not in only


@pytest.mark.parametrize("name", ["client-id", "app-id"])
@pytest.mark.parametrize("app", ["17", "Iv1.0123456789abcdef", "Iv23liABC"])
def test_an_app_has_a_number_or_a_client_id_and_either_input_takes_either(name: str, app: str) -> None:
    assert parse({"org": "octo", "hook-id": "1", "private-key": KEY, name: app}).app_id == app


@pytest.mark.parametrize("name", ["client-id", "app-id"])
@pytest.mark.parametrize("app", ["my-app", "17a", "Iv 1", "1/../2"])
def test_what_is_no_id_of_an_app_is_told_of_the_input_that_has_it(name: str, app: str) -> None:
    (only,) = problems({"org": "octo", "hook-id": "1", "private-key": KEY, name: app})
    assert only == f"{name}: must be a GitHub App's client ID or App ID, not {app!r}"
