"""How the text of each input is read: what can be set, and what is told of all else."""

from __future__ import annotations

import ast
import re

import pytest

from redeliver.core.inputs import HookChoice
from redeliver.core.settings import FailOn, ScanMode, Use, inputs, parse
from redeliver.text import plain
from unit.core.test_settings import APP, HOOK, KEY, problems


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


@pytest.mark.parametrize(
    ("name", "value", "names"),
    [
        ("org", "-octo", "organization"),
        ("org", "octo/hello", "organization"),
        ("org", "../octo", "organization"),
        ("org", "octo?x=", "organization"),
        ("org", "öcto", "organization"),
        ("lookback", "0", "0"),
        ("lookback", "24", "1h30m"),
        ("lookback", "yesterday", "1h30m"),
        ("overlap", "-1h", "1h30m"),
        ("overlap", "1.5h", "1h30m"),
        ("overlap", "\u0661h", "1h30m"),
        ("retry-spacing", "1w", "1h30m"),
        ("retry-spacing", "One Week", "1h30m"),
        ("wait-for-results", "9999999999s", "36500d"),
        ("lookback", "36500D 1s", "36500d"),
        ("lookback", "1" * 5_000 + "d", "36500d"),
        ("time-limit", "0s", "0"),
        ("max-attempts", "-1", " 0 "),
        ("max-attempts", "1.0", " 0 "),
        ("max-attempts", "many", " 0 "),
        ("max-attempts", "٣", " 0 "),
        ("max-attempts", "007", " 0 "),
        ("max-attempts", "1_0", " 0 "),
        ("max-attempts", "null", " 0 "),
        ("max-attempts", '"7"', " 0 "),
        ("max-attempts", "1000000001", "1000000000 "),
        ("max-attempts", "9" * 5_000, " 0 "),
        ("redeliveries-per-minute", "0", " 1 "),
        ("scan", "some", "full, failures"),
        ("fail-on", "Error", "error, undelivered, never"),
        ("dry-run", "Yes", "true"),
        ("dry-run", "1", "true"),
        ("dry-run", "null", "true"),
        ("max-age", "3", "workflow_job=3h"),
        ("max-age", "3h; push=1d", "workflow_job=3h"),
        ("max-age", "push=", "workflow_job=3h"),
        ("max-age", "=3h", "workflow_job=3h"),
        ("max-age", "1h, Push=3h", "workflow_job=3h"),
        ("max-age", "push=-1h", "workflow_job=3h"),
        ("max-age", "1h, push=1h, push=2h", "push"),
        ("max-age", "1h, 2h", "all"),
        ("max-age", "push=36501d", "36500d"),
        ("events", "push;issues", "pull_request.opened"),
        ("events", "push, Push", "pull_request.opened"),
        ("variable-repository", "ops", "owner/name"),
        ("variable-repository", "octo/..", "owner/name"),
        ("variable-repository", "octo/ops/x", "owner/name"),
        ("variable-token", "two words", "token"),
        ("token", "line\nbreak", "token"),
        ("api-url", "ftp://api.github.com", "https address"),
        ("api-url", "api.github.com", "api.github.com"),
        ("api-url", "http://api.github.com", "https address"),
        ("api-url", "http://127.0.0.1.evil.example", "https address"),
        ("api-url", "http://localhost.evil.example", "https address"),
        ("api-url", "http://0.0.0.0", "https address"),
        ("api-url", "https://", "api.github.com"),
        ("api-url", "https://user:hush@api.github.com", "api.github.com"),
        ("api-url", "https://:hush@api.github.com", "api.github.com"),
        ("api-url", "https://api.github.com?x=hush", "api.github.com"),
        ("api-url", "https://api.github.com#hush", "api.github.com"),
        ("api-url", "https://api.github.com:port", "URL"),
        ("api-url", "https://[::1", "URL"),
    ],
)
def test_what_cannot_be_set_is_told(name: str, value: str, names: str) -> None:
    said = problem(name, value)
    assert names in said
    assert "hush" not in said
    if ", not " in said:
        quoted = ast.literal_eval(said.rpartition(", not ")[2])
        assert quoted in plain(value)


@pytest.mark.parametrize("value", ["0x", "-1", "1.5", "x", "1,x", "12345678901234567890", "1;2", "everything", "0"])
def test_what_is_no_choice_of_webhooks_is_told_and_quoted(value: str) -> None:
    assert problem("hook-id", value).endswith(f", not '{value}'")
    for nothing in (",", ", ,"):  # not taken for a run with nothing to do
        assert "all" in problem("hook-id", nothing)


@pytest.mark.parametrize("good", ["X", "_x", "CHECKPOINT_1", "gIthub", "MY_GITHUB_X"])
@pytest.mark.parametrize("bad", ["1X", "A-B", "A B", "GITHUB_X", "github_x", "Ä", "A/B", "A?"])
def test_a_variables_name_follows_githubs_rules(good: str, bad: str) -> None:
    there = HOOK | {"variable-repository": "octo/ops"}
    assert parse(there | {"variable-name": good}).variable_name == good
    (only,) = problems(there | {"variable-name": bad})
    assert only.startswith("variable-name: ")
    assert "GITHUB_" in only


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
    assert only.startswith("private-key: ")
    assert "BEGIN" in only
    assert "c2VjcmV0" not in only


@pytest.mark.parametrize("name", ["client-id", "app-id"])
@pytest.mark.parametrize("app", ["17", "Iv1.0123456789abcdef", "Iv23liABC"])
def test_an_app_has_a_number_or_a_client_id_and_either_input_takes_either(name: str, app: str) -> None:
    assert parse({"org": "octo", "hook-id": "1", "private-key": KEY, name: app}).app_id == app


@pytest.mark.parametrize("name", ["client-id", "app-id"])
@pytest.mark.parametrize("app", ["my-app", "17a", "Iv 1", "1/../2"])
def test_what_is_no_id_of_an_app_is_told_of_the_input_that_has_it(name: str, app: str) -> None:
    (only,) = problems({"org": "octo", "hook-id": "1", "private-key": KEY, name: app})
    assert only.startswith(f"{name}: ")
    assert only.endswith(f", not {app!r}")


TOKENS = (
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "GHS_0123456789abcdefghijABCDEFGHIJ012345",
    "github_pat_11ABCDEFG0123456789ab_ABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ0123456789abcdefg",
    "v1.0123456789abcdef0123456789abcdef01234567",
    "0123456789abcdef0123456789abcdef01234567",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxNyJ9.c2lnbmF0dXJl",
    KEY.replace("c2VjcmV0", "MIIEpAIBAAKCAQEA4f5wg5l2hKsTeNem"),
)
#: Inputs that are no secrets, wherever their text is read; api-url is never quoted.
OPEN = [row.name for row in inputs(Use.RUN) if not (row.secret or row.name == "api-url")]
#: 40 digits of any token could be an organization's name.
NAMELIKE = ("org", TOKENS[4])


@pytest.mark.parametrize(
    ("name", "token"), [(name, token) for name in OPEN for token in TOKENS if (name, token) != NAMELIKE]
)
def test_a_credential_that_is_given_as_another_input_is_refused_and_not_shown(name: str, token: str) -> None:
    given = HOOK | {"variable-name": "X", "variable-repository": "octo/ops"} | {name: f" {token}"}
    told = "\n".join(problems(given))
    assert f"{name}: " in told
    pieces = re.findall(r"[A-Za-z0-9]{8,}", token.lower())
    assert pieces
    assert not [piece for piece in pieces if piece in told.lower() and piece not in {"private", "begin"}]
