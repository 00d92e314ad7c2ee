"""The checkpoint in a repository variable: read with care, written whether it is there or not."""

from __future__ import annotations

import pytest

from redeliver.errors import (
    ApiFailing,
    ApiUnexpected,
    CheckpointNotSaved,
    CheckpointUnreadable,
    FirstCheckpointNotSaved,
    MissingPermission,
    NotFound,
    PauseTooLong,
    RedeliverError,
)
from redeliver.github.responses import Response
from redeliver.github.variable import Variable
from samples import Calls, answer, plain_id

ONE = "/repos/octo/ops/actions/variables/CHECKPOINT"
ALL = "/repos/octo/ops/actions/variables"
GONE, THERE, DONE, MADE = answer(404, {"message": "Not Found"}), answer(409), answer(204, ""), answer(201, {})


def variable(calls: Calls) -> Variable:
    return Variable(calls.caller, "octo/ops", "CHECKPOINT")


def read(told: Response) -> int | None:
    return variable(Calls(told)).read()


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("1794000000000", 1_794_000_000_000),
        ("0", 0),
        (" 17 \n", 17),
        ("17\x1c", 17),
        ("\x85 17\u2028", 17),
        ("999999999999999", 999_999_999_999_999),
    ],
)
def test_epoch_milliseconds_are_read(value: str, moment: int) -> None:
    calls = Calls(answer(200, {"name": "CHECKPOINT", "value": value, "created_at": "x"}))
    assert (variable(calls).read(), calls.script.lines) == (moment, [f"GET {ONE}"])
    assert read(GONE) is None


@pytest.mark.parametrize(
    "value",
    ["", " ", "x", "-1", "+1", "1.0", "1e3", "1_000", "0x1", "17 94", "1234567890123456", "١٢٣", "1\x002"],
    ids=plain_id,
)
def test_invalid_value_is_an_error_that_names_the_variable(value: str) -> None:
    with pytest.raises(CheckpointUnreadable, match=r"CHECKPOINT of octo/ops" + ("" if value else r".*\(empty\)")):
        read(answer(200, {"value": value}))


def test_hostile_value_is_shown_as_short_text() -> None:
    with pytest.raises(CheckpointUnreadable) as caught:
        read(answer(200, {"value": "x\n::error::y\nhttps://user:secret@evil.example/" + "z" * 50_000}))
    assert "secret" not in str(caught.value)
    assert len(str(caught.value)) < 1_000
    assert "\n" not in str(caught.value)


def test_missing_permission_is_named() -> None:
    with pytest.raises(MissingPermission, match="Variables: read and write"):
        read(answer(403))


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"value": 5}', '{"value": null}', '{"name": "x"}'])
def test_response_without_a_value_is_an_error(body: str) -> None:
    with pytest.raises(ApiUnexpected, match=r"read .* CHECKPOINT of octo/ops"):
        read(answer(200, body))


@pytest.mark.parametrize(
    ("answers", "lines"),
    [
        ([DONE], [f"PATCH {ONE}"]),
        ([GONE, MADE], [f"PATCH {ONE}", f"POST {ALL}"]),
        ([GONE, THERE, DONE], [f"PATCH {ONE}", f"POST {ALL}", f"PATCH {ONE}"]),
        # The answer to the POST was lost, but it had happened.
        ([GONE, answer(502), THERE, DONE], [f"PATCH {ONE}", f"POST {ALL}", f"POST {ALL}", f"PATCH {ONE}"]),
        ([answer(500), DONE], [f"PATCH {ONE}"] * 2),
    ],
)
def test_variable_is_updated_or_created(answers: list[Response], lines: list[str]) -> None:
    calls = Calls(*answers, answer(500))
    variable(calls).write(17)
    assert calls.script.lines == lines
    assert {tuple(body.items()) for _, _, _, body in calls.script.calls} == {(("name", "CHECKPOINT"), ("value", "17"))}


@pytest.mark.parametrize(
    ("answers", "cause", "says"),
    [
        ([GONE, GONE], NotFound, "Variables: read and write"),
        ([GONE, THERE, GONE], NotFound, "octo/ops"),
        ([answer(500)], ApiFailing, "write .* 500.*4 tries"),
        ([answer(200)], ApiUnexpected, "it answered 200"),
        ([answer(429, retry_after="7200")], PauseTooLong, "2 h"),
    ],
)
def test_failed_write_is_an_error_with_its_cause(
    answers: list[Response], cause: type[RedeliverError], says: str
) -> None:
    with pytest.raises(CheckpointNotSaved, match=says) as caught:
        variable(Calls(*answers)).write(17)
    fault = caught.value.__cause__
    assert isinstance(fault, RedeliverError)
    assert type(fault) is cause
    assert "CHECKPOINT of octo/ops" in caught.value.problem


@pytest.mark.parametrize(
    ("answers", "written", "kind"),
    [
        ([GONE, answer(500)], 0, FirstCheckpointNotSaved),
        ([GONE, GONE, DONE, answer(500)], 1, CheckpointNotSaved),
        ([answer(200, '{"name": "CHECKPOINT", "value": "5"}'), answer(500)], 0, CheckpointNotSaved),
    ],
)
def test_first_checkpoint_that_cannot_be_saved_has_its_own_advice(
    answers: list[Response], written: int, kind: type[CheckpointNotSaved]
) -> None:
    store = variable(Calls(*answers))
    store.read()
    for _ in range(written):
        store.write(17)
    with pytest.raises(CheckpointNotSaved) as caught:
        store.write(17)
    assert caught.value.advice == kind.advice


def test_list_of_variables_that_leads_back_to_itself_ends() -> None:
    page = {"variables": [{"name": "OTHER", "value": "1"}]}
    again = '<https://api.github.com/repositories/1/actions/variables?page=2>; rel="next"'
    calls = Calls(*[answer(200, page, link=again)] * 5)
    assert variable(calls).others() == {"OTHER": "1"}
    assert calls.script.lines == [f"GET {ALL}"] * 2
