"""The report for programs: complete, bounded, and safe to put anywhere."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from redeliver.core.case import Outcome
from redeliver.core.report import FailingType, Report, SendingReport
from redeliver.output.report_json import MAX_REPORT_CHARS, OUTPUTS, as_json, outputs
from redeliver.text import plain
from reports import EVENT, Problem, events, hook, hooks, one, stats

ROOT = Path(__file__).parents[3]
CHECK = Draft202012Validator(json.loads((ROOT / "docs/report.schema.json").read_text(encoding="utf-8")))
HOSTILE = "x\n::error::y ##[error]z <script> | `@octocat` \x1b[31m\u202e https://user:secret@evil.example/?token=secret"
#: Characters that take more than others: twelve each as JSON, or six; long ones are cut.
wide = st.text(st.sampled_from("\U0001f600\uffff'\"\\<`$#[é a"), max_size=40) | st.sampled_from(
    ["\U0001f600" * 5_000, "'" * 5_000, "\uffff" * 5_000, "\\" * 5_000, "1" * 5_000]
)


def read(report: Report) -> Any:  # noqa: ANN401
    return json.loads(as_json(report))


def test_outputs_are_the_documented_ones_and_text() -> None:
    kinds = (Outcome.RECOVERED, Outcome.PENDING, Outcome.FILTERED_OUT, Outcome.GIVEN_UP)
    told = outputs(Report((hook(*events(*kinds), checkpoint=17), hook(checkpoint=None))))
    assert list(told) == list(OUTPUTS)
    assert told | {"report": ""} == {
        "redelivered-count": "4",
        "recovered-count": "1",
        "failed-count": "3",
        "undelivered-count": "2",
        "lost-count": "1",
        "health": "degraded",
        "scanned-count": "2468",
        "checkpoint": "17",
        "report": "",
    }
    assert outputs(Report(()))["checkpoint"] == ""
    assert read(Report((), fault=Problem("No webhook fits.")))["errors"] == ["No webhook fits."]


def test_how_sending_went_is_in_the_json() -> None:
    types = [FailingType(f"type-{number}", 20 - number, "HTTP 500", "guid") for number in range(12)]
    how = SendingReport(per_minute=40, slowdowns=2, slowed_by="HTTP 429", failing_types=tuple(types))
    told = read(Report((hook(sending=how), hook(number=2))))
    CHECK.validate(told)
    sending, nothing_sent = (each["sending"] for each in told["hooks"])
    assert nothing_sent is None
    assert len(sending.pop("failing_types")) == 10
    assert sending == {"per_minute": 40, "slowdowns": 2, "slowed_by": "HTTP 429"}
    hostile = FailingType("'" * 500, 1, "x" * 500, "'" * 500)
    CHECK.validate(read(Report((hook(sending=replace(how, slowed_by="x" * 500, failing_types=(hostile,))),))))


def test_no_number_is_rounded_by_other_readers() -> None:
    def numbers(told: object) -> list[int]:
        if isinstance(told, dict):
            return [number for value in told.values() for number in numbers(value)]
        if isinstance(told, list):
            return [number for value in told for number in numbers(value)]
        return [told] if isinstance(told, int) else []

    found = numbers(read(one(EVENT, hook_id="3804004623172239366")))
    assert len(found) > 10
    assert all(abs(number) < 2**53 for number in found)


def fits(report: Report) -> Any:  # noqa: ANN401
    """The report as a program reads it, which is no larger than promised, and whose counts add up."""
    text = as_json(report)
    assert len(text) <= MAX_REPORT_CHARS
    told = json.loads(text)
    CHECK.validate(told)
    assert len(told["hooks"]) + told["hooks_omitted"] == len(report.hooks)
    assert (told["failed"], told["lost"]) == (report.failed, report.lost)
    for each in told["hooks"]:
        assert len(each["events"]) + each["events_omitted"] == each["failed"] + each["filtered_out"]
    return told


def test_ten_thousand_events_fit_and_recovered_ones_give_way() -> None:
    many = events(*[Outcome.RECOVERED] * 5_000, *[Outcome.REFUSED] * 50, *[Outcome.GIVEN_UP] * 10)
    (told,) = fits(one(*many, *many[:5_000]))["hooks"]
    kept = [event["outcome"] for event in told["events"]]
    assert (kept.count("given_up"), kept.count("refused")) == (10, 50)
    assert 200 < kept.count("recovered") < 5_000
    moments = [event["first_failed_at"] for event in told["events"]]
    assert moments == sorted(moments)


@pytest.mark.slow
def test_three_thousand_failing_webhooks_fit() -> None:
    told = fits(Report(hooks(3_000, *events(Outcome.GIVEN_UP), errors=["no " * 300] * 3)))
    assert told["hooks_omitted"] > 2_000
    assert sum(len(each["events"]) for each in told["hooks"]) > 10, "there is space for GUIDs of what is lost"


def test_quiet_webhooks_give_way_first_and_few_are_all_there() -> None:
    report = Report((*hooks(2_000), hook(*events(Outcome.GIVEN_UP), number=2_001), hook(number=2_002, read=False)))
    shown = {each["hook_id"] for each in fits(report)["hooks"]}
    assert "2001" in shown
    assert 100 < len(shown) < 2_000
    told = fits(Report(hooks(40, *events(*[Outcome.RECOVERED] * 3))))
    assert told["hooks_omitted"] == sum(each["events_omitted"] for each in told["hooks"]) == 0


def test_event_types_give_way_to_events_and_webhooks() -> None:
    types = stats({f"type_{number}": (200 - number, 1) for number in range(101)})
    (alone,) = fits(Report((hook(stats=types),)))["hooks"]
    assert (len(alone["health"]["by_event"]), alone["health"]["by_event_omitted"]) == (101, 0)
    with_types = fits(Report(hooks(60, *events(*[Outcome.RECOVERED] * 3), stats=types)))
    assert with_types["hooks_omitted"] == sum(each["events_omitted"] for each in with_types["hooks"]) == 0
    shown = [each["health"] for each in with_types["hooks"]]
    assert all(len(one["by_event"]) + one["by_event_omitted"] == 101 for one in shown)
    assert all(one["by_event"][0]["event"] == "type_0" for one in shown), "the commonest first, of each webhook"


strange_event = st.builds(
    lambda guid, name, cause, detail, outcome: replace(
        EVENT, guid=guid, name=name, cause=cause, detail=detail, delivery_id=cause, outcome=outcome
    ),
    wide,
    wide,
    wide,
    wide,
    st.sampled_from(Outcome),
)


@given(
    shown=st.lists(strange_event, max_size=4),
    times=st.sampled_from([1, 1, 200]),
    said=st.lists(wide, max_size=3),
    number=st.sampled_from([1, 2, 5]),
    name=wide,
)
@example(shown=[], times=1, said=["\U0001f600" * 5_000] * 10, number=60, name="\U0001f600" * 5_000)
def test_report_with_any_text_fits(shown: list[Any], times: int, said: list[str], number: int, name: str) -> None:
    many_types = stats({plain(f"{number}{name}", 60): (2, 1) for number in range(101)})
    each = hook(*shown * times, hook=name, owner=name, errors=said, warnings=said, stats=many_types)
    report = Report((each,) * number, fault=Problem("".join(said)))
    text = as_json(report)
    assert re.fullmatch(r"[ -~]+", text)
    assert not set(text) & set("'`$<>&#;|()")
    fits(report)


@given(st.text(st.sampled_from("#[]x:'`$<>&"), max_size=12))
def test_text_in_the_report_is_read_as_it_was(name: str) -> None:
    report = one(replace(EVENT, name=name), errors=(name,))
    assert "##[" not in as_json(report)
    hostile = as_json(one(replace(EVENT, guid=HOSTILE, name=HOSTILE, detail=HOSTILE)))
    assert not [absent for absent in ("secret", "\\u001b", "\\u202e", "\\n") if absent in hostile]
    assert read(report)["hooks"][0]["errors"] == [name]
    assert read(report)["hooks"][0]["events"][0]["event"] == name


@pytest.mark.parametrize("quote", ["'{}'", "{}"])
def test_echo_of_the_report_runs_nothing(tmp_path: Path, quote: str) -> None:
    tricks = ["'; touch made; '", "$(touch made)", "`touch made`", "x > made", "& touch made &", "| touch made", "\n#"]
    shown = [replace(EVENT, name=trick) for trick in tricks]
    text = as_json(one(*shown, errors=tricks))
    script = f"echo {quote.format(text)}\n"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert list(tmp_path.iterdir()) == []
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
