"""docs/replay.schema.json is what a replay's report really is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from githubsim.faults import Fault, json_answer
from githubsim.outcomes import OK, UNAVAILABLE, invalid_response
from redeliver.core.case import Outcome
from redeliver.output.report_json import MAX_REPORT_CHARS
from redeliver.replay.report import ReplayReport
from redeliver.replay.report_json import as_json
from world import World

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/replay.schema.json").read_text(encoding="utf-8"))
CHECK = Draft202012Validator(SCHEMA)
GUID = "3b1f2a00-0000-11ee-8000-00000000dead"


def checked(report: ReplayReport) -> dict[str, Any]:
    text = as_json(report)
    assert len(text) <= MAX_REPORT_CHARS
    told: dict[str, Any] = json.loads(text)
    CHECK.validate(told)
    return told


def test_the_schema_is_one_and_its_codes_are_those_of_the_report() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["$defs"]["ReplayedPart"]["properties"]["outcome"]["enum"]) < {*Outcome}
    # Strict: a field that the schema lacks is a fault of the schema.
    for part in (SCHEMA, *(SCHEMA["$defs"][name] for name in ("PlanPart", "ReplayedPart"))):
        assert part["additionalProperties"] is False
        assert set(part["required"]) == set(part["properties"])


def test_the_reports_of_good_and_bad_replays_fit_it() -> None:
    world = World()
    checked(world.replay(from_="1h"))
    guids = [world.fail(50 - number / 100, (OK, UNAVAILABLE)[number % 2]) for number in range(600)]
    assert checked(world.replay(from_="1h", send="true"))["plan"]["events"] == 600  # more than the limit
    assert checked(world.replay(from_="1h", limit="600"))["events_omitted"] > 100
    assert checked(world.replay(guid=f"{GUID},{guids[0]}"))["plan"]["missing"] == [GUID]
    world.sim.stub.by_guid[guids[0]] = invalid_response(422)
    world.sim.faults.add(Fault(json_answer(410, "gone"), path="*/attempts", nth=2))
    world.sim.faults.add(Fault(json_answer(502, "no"), path="*/attempts", nth=3))
    told = checked(world.replay(from_="1h", limit="600", send="true"))
    kept = [event["guid"] for event in told["events"]]
    assert kept[:2] == guids[:2]  # those that did not arrive are kept
    assert [bool(event["cause"]) for event in told["events"][:2]] == [True, False]
    assert [bool(event["detail"]) for event in told["events"][:2]] == [False, True]
    assert len(kept) + told["events_omitted"] == 600
    checked(world.replay(from_="1h", token="wrong"))
