"""What a report comes to in the tracking issue."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

import reports
from githubsim.clock import HOUR, START
from redeliver.core.case import Outcome
from redeliver.core.report import Outage, Report
from redeliver.output.report_json import as_json
from redeliver.tracking.situation import NO_REPORT, Situation, State, read_report

DOWN = Outage(since=START - HOUR, at_least=False, cause="HTTP 503", tests=3)
FAILED_AGAIN, LOST = reports.events(Outcome.FAILED_AGAIN), reports.events(Outcome.GIVEN_UP)


def read(report: Report) -> Situation:
    return read_report(as_json(report))


def one(*outcomes: Outcome, **known: Any) -> Situation:  # noqa: ANN401  fields of HookReport
    return read(reports.one(*reports.events(*outcomes), **known))


@pytest.mark.parametrize(
    ("situation", "state"),
    [
        (one(), State.SETTLED),
        (one(Outcome.RECOVERED), State.SETTLED),
        (one(Outcome.FILTERED_OUT, Outcome.TOO_OLD), State.SETTLED),
        (one(active=False), State.ATTENTION),
        (one(active=False, should_be_on=True), State.ATTENTION),
        (one(active=False, errors=["x"]), State.FAILED),
        (one(Outcome.FAILED_AGAIN, active=False), State.UNDELIVERED),
        (one(partial=True, deadline=START), State.ATTENTION),
        (one(Outcome.FAILED_AGAIN), State.UNDELIVERED),
        (one(Outcome.PENDING), State.UNDELIVERED),
        (one(Outcome.FAILED_AGAIN, errors=["x"]), State.UNDELIVERED),
        (one(Outcome.ENDPOINT_DOWN, outage=DOWN), State.DOWN),
        (one(errors=["x"]), State.FAILED),
        (one(errors=["x"], read=False), State.FAILED),
        (read(Report((), fault=reports.Problem("x"))), State.FAILED),
        (one(Outcome.GIVEN_UP, errors=["x"]), State.SETTLED),
        (one(gap=(1, 2), errors=["x"]), State.SETTLED),
        (one(read=False), None),
        (one(partial=True), None),
        (read(Report((reports.hook(),), unreached=1)), None),
        (read(Report(())), None),
        (read(replace(reports.one(*FAILED_AGAIN), dry_run=True)), None),
    ],
)
def test_report_comes_to_a_state_and_unread_is_never_settled(situation: Situation, state: State | None) -> None:
    assert situation.state is state


def test_run_without_a_report_has_failed() -> None:
    assert read_report(" \n") == Situation(State.FAILED, errors=(NO_REPORT,), failing=True)


def test_undelivered_and_lost_events_are_kept_apart() -> None:
    shown = reports.events(Outcome.GIVEN_UP, Outcome.FAILED_AGAIN, Outcome.NOT_DUE, Outcome.TOO_OLD, Outcome.RECOVERED)
    shown = (*shown[:2], replace(shown[2], cause="timed out"), *shown[3:])
    other = reports.hook(*FAILED_AGAIN, number=2, gap=(START, START + 5))
    situation = read(Report((reports.hook(*shown), other, reports.hook(number=3))))
    assert (situation.undelivered, situation.lost, situation.recovered) == (3, 1, 1)
    assert [event["guid"] for event in situation.lost_events] == ["guid-0"]
    assert situation.since == START
    assert situation.deadline == START + reports.RETENTION
    assert situation.gap == (START, START + 5)
    assert [(hook.hook, hook.undelivered, hook.causes) for hook in situation.hooks] == [
        ("hook 1 of the organization octo", 2, ("HTTP 503", "timed out")),
        ("hook 2 of the organization octo", 1, ("HTTP 503",)),
    ]


def test_outage_begins_with_the_first_failed_attempt() -> None:
    assert one(Outcome.ENDPOINT_DOWN, outage=DOWN).since == START - HOUR


WHOLE = json.loads(as_json(reports.one(*FAILED_AGAIN)))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "the whole: dict_type"),
        ("{}", "version: missing"),
        (json.dumps(WHOLE | {"version": 2}), "version: less_than_equal"),
        (json.dumps(WHOLE | {"undelivered": -1}), "undelivered: greater_than_equal"),
        (json.dumps(WHOLE | {"undelivered": True}), "undelivered: int_type"),
        (json.dumps(WHOLE | {"lost": 2**60}), "lost: less_than_equal"),
        (json.dumps(WHOLE | {"hooks": [WHOLE["hooks"][0] | {"deadline": 10**18}]}), "hooks.0.deadline: less_than"),
        (json.dumps(WHOLE | {"hooks": [WHOLE["hooks"][0] | {"hook": "x" * 2_000}]}), "hooks.0.hook: string_too_long"),
    ],
)
def test_invalid_report_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_report(text)
