"""The report for programs: complete, bounded, and safe to put anywhere."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import START
from redeliver.core.outcomes import Outcome
from redeliver.core.report import OUTPUTS, REPORTED_EVENTS, EventReport, HookReport, Report

EVENT = EventReport("g", "push", START, "HTTP 503", 2, Outcome.RECOVERED, "")
HOSTILE = "x\n::error::y ##[error]z <script> | `@octocat` \x1b[31m\u202e https://user:secret@evil.example/?token=secret"


def hook(*events: EventReport, name: str = "hook 1", **known: Any) -> HookReport:  # noqa: ANN401
    usual: dict[str, Any] = {"page": "", "start": START, "cutoff": START - 1, "scanned": 9, "redelivered": 1}
    return HookReport(hook=name, events=events, **usual | {"checkpoint": START} | known)


def read(report: Report) -> Any:  # noqa: ANN401
    return json.loads(report.as_json())


def test_the_outputs_are_the_ones_that_are_documented_and_all_of_them_text() -> None:
    events = [replace(EVENT, outcome=outcome) for outcome in (Outcome.RECOVERED, Outcome.PENDING, Outcome.FILTERED_OUT)]
    outputs = Report((hook(*events, checkpoint=17), hook(checkpoint=None))).outputs()
    assert list(outputs) == list(OUTPUTS)
    assert outputs | {"report": ""} == {
        "redelivered-count": "2",
        "recovered-count": "1",
        "failed-count": "2",
        "undelivered-count": "1",
        "scanned-count": "18",
        "checkpoint": "17",
        "report": "",
    }


def test_the_checkpoint_is_the_earliest_of_those_that_are_kept() -> None:
    assert Report((hook(checkpoint=19), hook(checkpoint=17), hook(checkpoint=None))).outputs()["checkpoint"] == "17"
    assert Report((hook(checkpoint=0),)).outputs()["checkpoint"] == "0"
    assert Report((hook(checkpoint=None),)).outputs()["checkpoint"] == ""
    assert Report(()).outputs()["checkpoint"] == ""


def test_everything_that_happened_is_in_the_json() -> None:
    told = read(Report((hook(EVENT, errors=("no",), warnings=("slow",)),), dry_run=True))
    assert told == {
        "dry_run": True,
        "errors": ["no"],
        "hooks": [
            {
                "hook": "hook 1",
                "start": START,
                "cutoff": START - 1,
                "checkpoint": START,
                "read": True,
                "whole": True,
                "scanned": 9,
                "failed": 1,
                "redelivered": 1,
                "recovered": 1,
                "undelivered": 0,
                "filtered": 0,
                "errors": ["no"],
                "warnings": ["slow"],
                "events": [
                    {
                        "guid": "g",
                        "event": "push",
                        "first_failed_at": START,
                        "cause": "HTTP 503",
                        "attempts": 2,
                        "outcome": "recovered",
                        "detail": "",
                    }
                ],
                "events_omitted": 0,
            }
        ],
    }


def test_no_id_is_a_number_that_other_readers_would_round() -> None:
    def numbers(told: object) -> list[int]:
        if isinstance(told, dict):
            return [number for value in told.values() for number in numbers(value)]
        if isinstance(told, list):
            return [number for value in told for number in numbers(value)]
        return [told] if isinstance(told, int) else []

    assert all(abs(number) < 2**53 for number in numbers(read(Report((hook(EVENT),)))))


def test_a_fault_that_kept_the_run_from_any_hook_is_told() -> None:
    assert read(Report((), fault="No webhook fits."))["errors"] == ["No webhook fits."]


def test_a_fault_of_several_hooks_is_told_once_and_each_of_them_has_it_too() -> None:
    told = read(Report((hook(name="hook 1", errors=("no",)), hook(name="hook 2", errors=("no",)))))
    assert told["errors"] == ["hook 1: no (1 more webhook likewise.)"]
    assert [each["errors"] for each in told["hooks"]] == [["no"], ["no"]]


def test_however_many_events_there_are_the_json_stays_far_below_a_mebibyte() -> None:
    many = [replace(EVENT, guid="\\" * 300, name='"\\' * 500, outcome=Outcome.UNCHECKED) for _ in range(10_000)]
    report = Report((hook(*many[: REPORTED_EVENTS - 1]), hook(*many), hook(*many)))
    told = read(report)
    assert [len(each["events"]) for each in told["hooks"]] == [REPORTED_EVENTS - 1, 1, 0]
    assert [each["events_omitted"] for each in told["hooks"]] == [0, 9_999, 10_000]
    assert len(report.as_json()) < 500_000


@given(st.text(), st.text())
def test_whatever_strangers_wrote_it_is_one_line_of_ascii(guid: str, name: str) -> None:
    text = Report((hook(replace(EVENT, guid=guid, name=name)),)).as_json()
    assert re.fullmatch(r"[ -~]+", text)
    assert len(json.loads(text)["hooks"]) == 1


def test_what_is_hostile_is_shown_without_its_addresses() -> None:
    text = Report((hook(replace(EVENT, guid=HOSTILE, name=HOSTILE)),)).as_json()
    assert "secret" not in text
    assert "\\u001b" not in text
    assert "\\u202e" not in text
    assert "\\n" not in text


@given(st.text(st.sampled_from("#[]x:"), max_size=12))
def test_a_line_that_shows_the_json_is_no_workflow_command(name: str) -> None:
    report = Report((hook(replace(EVENT, name=name), errors=(name,)),), fault=name)
    assert "##[" not in report.as_json()
    assert read(report)["hooks"][0]["errors"] == [name]
    assert read(report)["hooks"][0]["events"][0]["event"] == name
