"""What a user may set: every input read, every problem named at once, and no secret quoted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redeliver.core.settings import RETENTION_CLOUD, RETENTION_SERVER, FailOn, ScanMode, Use, inputs, parse
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


# -- what is left out -------------------------------------------------------------------------------------------


def test_with_the_least_that_can_be_given_the_rest_is_what_the_table_says() -> None:
    settings = parse(HOOK)
    assert (settings.org, settings.hook_id.ids, settings.token.get_secret_value()) == ("octo", (1,), "ghp_secret")
    assert settings.repository == settings.app_id == settings.variable_name == settings.variable_repository == ""
    assert settings.variable_token.get_secret_value() == settings.private_key.get_secret_value() == ""
    assert (settings.lookback, settings.overlap) == (86_400, 600)
    assert (settings.max_attempts, settings.retry_spacing, settings.events) == (10, 600, frozenset())
    assert (settings.redeliveries_per_minute, settings.wait_for_results, settings.time_limit) == (150, 60, 1_800)
    assert (settings.scan, settings.fail_on, settings.dry_run) == (ScanMode.FULL, FailOn.ERROR, False)
    assert settings.api_url == "https://api.github.com"


@pytest.mark.parametrize("nothing", ["", " ", "\n\t "], ids=plain_id)
def test_an_empty_text_stands_for_the_default(nothing: str) -> None:
    everything = {row.name: nothing for row in INPUTS}
    others = {"retention": "9d", "image": "x", "runtime": "y"}
    assert parse(everything | HOOK | others) == parse(HOOK)


# -- what goes together -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inputs",
    [
        {"org": "octo", "hook-id": "1", "token": "x"},
        {"repository": "octo/hello", "hook-id": "all", "token": "x"},
        {"org": "octo", "hook-id": "1", **APP},
        APP,
        {"client-id": "Iv23liABC", "private-key": KEY},
        {"org": "octo", "hook-id": "1", "client-id": "Iv23liABC", "private-key": KEY},
        {**APP, "variable-name": "X", "variable-repository": "octo/ops", "variable-token": "x"},
        {"org": "octo", "hook-id": "1", **APP, "variable-name": "X", "variable-repository": "octo/ops"},
    ],
)
def test_ways_to_say_which_webhook_and_with_what_right(inputs: dict[str, str]) -> None:
    parse(inputs)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
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
        (HOOK | {"variable-name": "X"}, {"variable-repository"}),
        (APP | {"variable-name": "X", "variable-repository": "octo/ops"}, {"variable-token"}),
    ],
)
def test_what_does_not_go_together_is_told(inputs: dict[str, str], expected: set[str]) -> None:
    told = problems(inputs)
    assert {one.partition(":")[0] for one in told} == expected
    assert len(told) == len(expected)


# -- all at once, and no secret ---------------------------------------------------------------------------------


def test_every_problem_is_named_at_once_each_with_its_input() -> None:
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
def test_whatever_is_given_it_is_read_or_every_problem_begins_with_an_inputs_name(given_inputs: dict[str, str]) -> None:
    told: tuple[str, ...] = ("org: nothing",)
    try:
        parse(given_inputs)
    except SettingsError as wrong:
        told = wrong.problems
    assert told
    assert all(len(one) < 500 and one.isprintable() and "secret" not in one for one in told)
    assert {one.partition(": ")[0] for one in told} <= {row.name for row in INPUTS}


# -- the table --------------------------------------------------------------------------------------------------


def test_the_table_names_every_input_once_in_the_order_in_which_people_read_them() -> None:
    assert " ".join(row.name for row in INPUTS) == (
        "org repository hook-id token client-id app-id private-key variable-name variable-repository variable-token "
        "lookback overlap events max-age max-attempts retry-spacing redeliveries-per-minute wait-for-results "
        "time-limit scan fail-on explain dry-run api-url"
    )
    assert all(row.description.endswith(".") for row in INPUTS)


def test_the_defaults_of_the_table_are_good_and_mean_what_no_input_means() -> None:
    defaults = {row.name: row.default for row in INPUTS if row.default and "$" not in row.default}
    assert parse(HOOK | defaults) == parse(HOOK)
    assert {row.name: row.default for row in INPUTS if "$" in row.default} == {
        "variable-repository": "${{ github.repository }}",
        "api-url": "${{ github.api_url }}",
    }


# -- how long GitHub keeps deliveries ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "seconds"),
    [
        ("https://api.github.com", RETENTION_CLOUD),
        ("https://api.octo.ghe.com", RETENTION_CLOUD),
        ("https://ghes.example/api/v3", RETENTION_SERVER),
        ("https://ghes.example/api/v3/", RETENTION_SERVER),
    ],
)
def test_a_server_of_ones_own_keeps_deliveries_for_a_week_and_github_for_three_days(url: str, seconds: int) -> None:
    assert parse(HOOK | {"api-url": url}).retention == seconds
    assert (RETENTION_CLOUD, RETENTION_SERVER) == (3 * 86_400, 7 * 86_400)
