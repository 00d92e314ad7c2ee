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


#: By input: values, and what each is read as.
RIGHT: dict[str, dict[str, object]] = {
    "org": {"a": "a", "Octo-Org_9": "Octo-Org_9", " octo ": "octo"},
    "hook-id": {
        "1": HookChoice((1,)),
        "9223372036854775807": HookChoice((9_223_372_036_854_775_807,)),
        "1,2, 3\n4  1": HookChoice((1, 2, 3, 4), several=True),
        "7,": HookChoice((7,), several=True),
        "all": HookChoice(pattern="*", several=True),
        "https://ci.example/*": HookChoice(pattern="https://ci.example/*", several=True),
        "*jenkins*": HookChoice(pattern="*jenkins*", several=True),
    },
    "lookback": {
        "72h": 259_200,
        "1h30m": 5_400,
        "1D 2H 3M 4S": 93_784,
        "36500d": 3_153_600_000,
        "0000000000000000000001h": 3_600,
    },
    "overlap": {"0": 0, "0m": 0},
    "events": {
        "push": frozenset({"push"}),
        "push, pull_request.opened\nissues": frozenset({"push", "pull_request.opened", "issues"}),
    },
    "max-age": {
        "": {},
        "3h": {"": 10_800},
        "workflow_job=3H, push = 1d 12h": {"workflow_job": 10_800, "push": 129_600},
        "1d\npull_request.opened=0,\n": {"": 86_400, "pull_request.opened": 0},
    },
    "max-attempts": {"0": 0, "1000000000": 1_000_000_000},
    "retry-spacing": {"90s": 90},
    "redeliveries-per-minute": {"1": 1},
    "wait-for-results": {"0": 0},
    "time-limit": {"1s": 1},
    "scan": {"failures": ScanMode.FAILURES},
    "fail-on": {"down": FailOn.DOWN, "undelivered": FailOn.UNDELIVERED, "never": FailOn.NEVER},
    "max-silence": {"": 0, "0": 0, "6h": 21_600},
    "dry-run": {"true": True, "False": False, " TRUE ": True},
    "api-url": {
        "https://api.github.com/": "https://api.github.com",
        "https://ghes.example:8443/api/v3": "https://ghes.example:8443/api/v3",
        **{
            url: url for url in ("http://localhost:3000", "http://127.0.0.1", "http://127.9.9.9:1", "http://[::1]:8080")
        },
    },
}


@pytest.mark.parametrize("name", RIGHT)
def test_valid_values_are_read(name: str) -> None:
    for value, expected in RIGHT[name].items():
        assert getattr(parse(HOOK | {name: value}), name.replace("-", "_")) == expected, value


#: By input: what the problem names, and the values that have it.
WRONG: dict[str, list[tuple[str, tuple[str, ...]]]] = {
    "org": [("organization", ("-octo", "octo/hello", "../octo", "octo?x=", "öcto"))],
    "lookback": [("0", ("0",)), ("1h30m", ("24", "yesterday")), ("36500d", ("36500D 1s", "1" * 5_000 + "d"))],
    "overlap": [("1h30m", ("-1h", "1.5h", "\u0661h"))],
    "retry-spacing": [("1h30m", ("1w", "One Week"))],
    "wait-for-results": [("36500d", ("9999999999s",))],
    "time-limit": [("0", ("0s",))],
    "max-attempts": [
        (" 0 ", ("-1", "1.0", "many", "٣", "007", "1_0", "null", '"7"', "9" * 5_000)),
        ("1000000000 ", ("1000000001",)),
    ],
    "redeliveries-per-minute": [(" 1 ", ("0",))],
    "scan": [("full, failures", ("some",))],
    "fail-on": [("error, down, undelivered, never", ("Error",))],
    "dry-run": [("true", ("Yes", "1", "null"))],
    "max-age": [
        ("workflow_job=3h", ("3", "3h; push=1d", "push=", "=3h", "1h, Push=3h", "push=-1h")),
        ("push", ("1h, push=1h, push=2h",)),
        ("all", ("1h, 2h",)),
        ("36500d", ("push=36501d",)),
    ],
    "events": [("pull_request.opened", ("push;issues", "push, Push"))],
    "variable-repository": [("owner/name", ("ops", "octo/..", "octo/ops/x"))],
    "variable-token": [("token", ("two words",))],
    "token": [("token", ("line\nbreak",))],
    "api-url": [
        ("https address", ("ftp://api.github.com", "http://api.github.com", "http://0.0.0.0")),
        ("https address", ("http://127.0.0.1.evil.example", "http://localhost.evil.example")),
        ("api.github.com", ("api.github.com", "https://", "https://user:hush@api.github.com")),
        ("api.github.com", ("https://:hush@api.github.com", "https://api.github.com?x=hush")),
        ("api.github.com", ("https://api.github.com#hush",)),
        ("URL", ("https://api.github.com:port", "https://[::1")),
    ],
    "hook-id": [
        (" not ", ("0x", "-1", "1.5", "x", "1,x", "12345678901234567890", "1;2", "everything", "0")),
        ("all", (",", ", ,")),  # not taken for a run with nothing to do
    ],
}


@pytest.mark.parametrize("name", WRONG)
def test_invalid_values_are_problems(name: str) -> None:
    for names, values in WRONG[name]:
        for value in values:
            said = problem(name, value)
            assert names in said, value
            assert "hush" not in said
            if ", not " in said:
                assert ast.literal_eval(said.rpartition(", not ")[2]) in plain(value)


@pytest.mark.parametrize("good", ["X", "_x", "CHECKPOINT_1", "gIthub", "MY_GITHUB_X"])
@pytest.mark.parametrize("bad", ["1X", "A-B", "A B", "GITHUB_X", "github_x", "Ä", "A/B", "A?"])
def test_variable_name_follows_githubs_rules(good: str, bad: str) -> None:
    there = HOOK | {"variable-repository": "octo/ops"}
    assert parse(there | {"variable-name": good}).variable_name == good
    (only,) = problems(there | {"variable-name": bad})
    assert only.startswith("variable-name: ")
    assert "GITHUB_" in only


ON_ONE_LINE = KEY.replace("\n", "\\n")


@pytest.mark.parametrize(
    "key", [KEY, KEY.replace("RSA ", ""), f"\n{KEY}\n", ON_ONE_LINE, f"{ON_ONE_LINE}\\n", f"{ON_ONE_LINE}\\n\\n"]
)
def test_private_key_may_be_kept_on_one_line(key: str) -> None:
    settings = parse({"org": "octo", "hook-id": "1"} | APP | {"private-key": key})
    assert "\\n" not in settings.private_key.get_secret_value()
    assert settings.private_key.get_secret_value().count("\n") == 2


@pytest.mark.parametrize("key", ["c2VjcmV0", KEY[:-5], KEY[5:], KEY.replace("RSA PRIVATE", "PUBLIC")])
def test_invalid_private_key_is_not_quoted(key: str) -> None:
    (only,) = problems({"org": "octo", "hook-id": "1"} | APP | {"private-key": key})
    assert only.startswith("private-key: ")
    assert "BEGIN" in only
    assert "c2VjcmV0" not in only


@pytest.mark.parametrize("name", ["client-id", "app-id"])
def test_app_id_is_a_number_or_a_client_id(name: str) -> None:
    given = {"org": "octo", "hook-id": "1", "private-key": KEY}
    for app in ("17", "Iv1.0123456789abcdef", "Iv23liABC"):
        assert parse(given | {name: app}).app == app
    for app in ("my-app", "17a", "Iv 1", "1/../2"):
        (only,) = problems(given | {name: app})
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
def test_credential_in_another_input_is_refused_and_not_shown(name: str, token: str) -> None:
    given = HOOK | {"variable-name": "X", "variable-repository": "octo/ops"} | {name: f" {token}"}
    told = "\n".join(problems(given))
    assert f"{name}: " in told
    pieces = re.findall(r"[A-Za-z0-9]{8,}", token.lower())
    assert pieces
    assert not [piece for piece in pieces if piece in told.lower() and piece not in {"private", "begin"}]
