"""What a user may set: every input read, every problem named at once, and no secret quoted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redeliver.core.settings import Use, inputs, parse
from redeliver.errors import SettingsError
from samples import plain_id

INPUTS = inputs(Use.RUN)
HOOK = {"org": "octo", "hook-id": "1", "token": "ghp_secret"}
KEY = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----"
APP = {"app-id": "17", "private-key": KEY}
HOSTILE = "x\n::error::y ##[error]z\x1b[31m\u202e https://user:secret@evil.example/?token=secret"


def problems(given_inputs: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        parse(given_inputs)
    assert caught.value.exit_code == 2
    return caught.value.problems


@pytest.mark.parametrize("nothing", ["", " ", "\n\t "], ids=plain_id)
def test_empty_input_stands_for_the_default(nothing: str) -> None:
    everything = {row.name: nothing for row in INPUTS}
    others = {"retention": "9d", "image": "x", "runtime": "y"}
    assert parse(everything | HOOK | others) == parse(HOOK)


BY_ID = {"org": "octo", "hook-id": "1"}
CLIENT = {"client-id": "Iv23liABC", "private-key": KEY}
FLEET = {"repository": "octo/*", "hook-id": "all", "token": "x"}
VARIABLE = {"variable-name": "X", "variable-repository": "octo/ops"}
FITTING = (
    HOOK,
    {"repository": "octo/hello", "hook-id": "all", "token": "x"},
    *(APP, BY_ID | APP, CLIENT, BY_ID | CLIENT),
    *(APP | VARIABLE | {"variable-token": "x"}, BY_ID | APP | VARIABLE),
)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        *((inputs, set()) for inputs in FITTING),
        ({}, {"org", "hook-id", "token"}),
        ({"token": "x"}, {"org", "hook-id"}),
        ({"org": "octo"}, {"hook-id", "token"}),
        ({"repository": "octo/hello", "token": "x"}, {"hook-id"}),
        ({"hook-id": "1", "token": "x"}, {"org"}),
        (HOOK | {"repository": "octo/hello"}, {"repository"}),
        (HOOK | APP, {"token"}),
        ({"org": "octo", "hook-id": "1", "app-id": "17"}, {"private-key"}),
        (HOOK | {"private-key": KEY}, {"private-key"}),
        ({"org": "octo", "hook-id": "1", "client-id": "Iv23liABC"}, {"private-key"}),
        (HOOK | {"client-id": "Iv23liABC", "private-key": KEY}, {"token"}),
        (APP | {"client-id": "Iv23liABC"}, {"client-id"}),
        (APP | {"hook-id": "1"}, {"hook-id"}),
        *((FLEET | {"repository": name}, {"repository"}) for name in ("octo", "*/x", "o*/x", "octo/*/x", "octo/*;x")),
        (FLEET | {"repository": " , "}, {"org"}),
        (FLEET | {"token": ""}, {"token"}),
        (FLEET | {"repository": "octo/*, acme/x"}, set()),
        (FLEET | APP | {"token": "", "repository": "octo/*, Octo/x"}, set()),
        (FLEET | APP | {"token": "", "repository": "octo/*, acme/x"}, {"repository"}),
        (HOOK | {"variable-name": "X"}, {"variable-repository"}),
        (APP | {"variable-name": "X", "variable-repository": "octo/ops"}, {"variable-token"}),
    ],
)
def test_inputs_that_do_not_fit_are_named(inputs: dict[str, str], expected: set[str]) -> None:
    if not expected:
        parse(inputs)
        return
    told = problems(inputs)
    assert {one.partition(":")[0] for one in told} == expected
    assert len(told) == len(expected)


def test_every_problem_is_named_at_once_with_its_input() -> None:
    wrong = ["hook-id", "token", "variable-name", "lookback", "events", "max-attempts", "scan", "fail-on", "dry-run"]
    told = problems(dict.fromkeys(wrong, "x") | {"token": "bad token", "variable-name": "1", "events": "X"})
    assert [one.partition(":")[0] for one in told] == ["org", "variable-repository", *wrong]


@pytest.mark.parametrize("name", ["token", "variable-token", "private-key"])
@pytest.mark.parametrize("secret", ["ghp_hush hush", "hush\nhush", "hüsh hush"], ids=plain_id)
def test_no_secret_is_quoted(name: str, secret: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(HOOK | {"app-id": "17", "lookback": "x", name: secret})
    said = f"{caught.value} {caught.value.problems} {caught.value!r} {caught.value.__cause__!r}"
    assert "hush" not in said
    assert "hüsh" not in said


def test_no_secret_is_in_the_settings_own_text() -> None:
    settings = parse({"org": "octo", "hook-id": "1"} | APP | {"variable-token": "ghp_hush"})
    assert "hush" not in f"{settings} {settings!r} {settings.model_dump()}"
    assert "c2VjcmV0" not in f"{settings} {settings!r} {settings.model_dump_json()}"


@given(st.dictionaries(st.sampled_from([row.name for row in INPUTS]), st.text(max_size=30) | st.just(HOSTILE * 50)))
def test_any_text_is_read_or_is_a_problem_of_a_named_input(given_inputs: dict[str, str]) -> None:
    told: tuple[str, ...] = ("org: nothing",)
    try:
        parse(given_inputs)
    except SettingsError as wrong:
        told = wrong.problems
    assert told
    assert all(len(one) < 500 and one.isprintable() and "secret" not in one for one in told)
    assert {one.partition(": ")[0] for one in told} <= {row.name for row in INPUTS}


def test_table_names_every_input_once_in_reading_order() -> None:
    assert " ".join(row.name for row in INPUTS) == (
        "org repository hook-id token client-id app-id private-key variable-name variable-repository variable-token "
        "lookback overlap events max-age max-attempts retry-spacing redeliveries-per-minute wait-for-results "
        "time-limit scan fail-on max-silence explain dry-run api-url"
    )
    assert all(row.description.endswith(".") for row in INPUTS)


def test_defaults_of_the_table_mean_what_no_input_means() -> None:
    defaults = {row.name: row.default for row in INPUTS if row.default and "$" not in row.default}
    assert parse(HOOK | defaults) == parse(HOOK)
    assert {row.name: row.default for row in INPUTS if "$" in row.default} == {
        "variable-repository": "${{ github.repository }}",
        "api-url": "${{ github.api_url }}",
    }
