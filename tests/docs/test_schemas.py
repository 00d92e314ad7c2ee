"""What programs read is what the schemas in docs/ say, and fits into a job's outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from githubsim.faults import Fault, json_answer
from githubsim.outcomes import FAILURES, OK, UNAVAILABLE, invalid_response
from redeliver.core.case import Outcome
from redeliver.core.report import VERSION, Report
from redeliver.output.report_json import MAX_REPORT_CHARS, as_json
from redeliver.replay import report_json
from redeliver.replay.report import ReplayReport
from world import World

DOCS = Path(__file__).parents[2] / "docs"
REPORT, REPLAY = (json.loads((DOCS / f"{name}.schema.json").read_text("utf-8")) for name in ("report", "replay"))
GUID = "3b1f2a00-0000-11ee-8000-00000000dead"


def checked(report: Report | ReplayReport) -> Any:  # noqa: ANN401 - JSON is anything
    """A report's JSON, which fits its schema and into a job's outputs."""
    text = report_json.as_json(report) if isinstance(report, ReplayReport) else as_json(report)
    assert len(text) <= MAX_REPORT_CHARS
    told = json.loads(text)
    Draft202012Validator(REPLAY if isinstance(report, ReplayReport) else REPORT).validate(told)
    return told


def test_schemas_know_every_field_and_outcome() -> None:
    assert REPORT["$defs"]["EventPart"]["properties"]["outcome"]["enum"] == [*Outcome]
    assert REPORT["properties"]["version"]["const"] == VERSION
    assert set(REPLAY["$defs"]["ReplayedPart"]["properties"]["outcome"]["enum"]) < {*Outcome}
    told = checked(World().run())
    # Strict: a field that the schema lacks is a fault of the schema.
    changes: list[dict[str, Any]] = [{"version": 2}, {"more": 1}, {"hooks": [{}]}]
    for change in changes:
        with pytest.raises(ValidationError):
            Draft202012Validator(REPORT).validate(told | change)


def break_two_redeliveries(world: World) -> None:
    """The second is refused, and the third has no answer that says so."""
    for nth, status in ((2, 410), (3, 502)):
        world.sim.faults.add(Fault(json_answer(status, "no"), path="*/attempts", nth=nth))


def test_reports_of_good_and_bad_runs_fit_their_schema() -> None:
    world = World()
    for number in range(200):
        world.fail(1 + number, FAILURES[number % len(FAILURES)])
    checked(world.run(dry_run="true"))
    break_two_redeliveries(world)
    (hook,) = checked(world.run(lookback="3d", variable_name="", explain="true"))["hooks"]
    assert hook["failed"] == 200
    assert hook["events"]
    assert len(hook["explanations"]) == 3
    checked(world.run(token="wrong"))


def test_reports_of_good_and_bad_replays_fit_their_schema() -> None:
    world = World()
    checked(world.replay(from_="1h"))
    guids = [world.fail(50 - number / 100, (OK, UNAVAILABLE)[number % 2]) for number in range(600)]
    assert checked(world.replay(from_="1h", limit="600"))["events_omitted"] > 100
    assert checked(world.replay(guid=f"{GUID},{guids[0]}"))["plan"]["missing"] == [GUID]
    world.sim.stub.by_guid[guids[0]] = invalid_response(422)
    break_two_redeliveries(world)
    told = checked(world.replay(from_="1h", limit="600", send="true"))
    kept = [event["guid"] for event in told["events"]]
    assert kept[:2] == guids[:2]  # those that did not arrive are kept
    assert [bool(event["cause"]) for event in told["events"][:2]] == [True, False]
    assert [bool(event["detail"]) for event in told["events"][:2]] == [False, True]
    assert len(kept) + told["events_omitted"] == 600
    checked(world.replay(from_="1h", token="wrong"))
