"""docs/report.schema.json is what the output `report` really is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from githubsim.faults import Fault, json_answer
from githubsim.outcomes import FAILURES
from redeliver.core.case import Outcome
from redeliver.core.report import VERSION
from redeliver.output.report_json import as_json
from world import World

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/report.schema.json").read_text(encoding="utf-8"))
CHECK = Draft202012Validator(SCHEMA)


def test_the_schema_is_one_and_knows_every_outcome() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$defs"]["EventPart"]["properties"]["outcome"]["enum"] == [*Outcome]
    assert SCHEMA["properties"]["version"]["const"] == VERSION
    # Strict: a field that the schema lacks is a fault of the schema.
    for part in (SCHEMA, *(SCHEMA["$defs"][name] for name in ("HookPart", "ExplanationPart", "EventPart"))):
        assert part["additionalProperties"] is False
        assert part["required"] == [*part["properties"]]


@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_the_reports_of_good_and_bad_runs_fit_it(dry_run: str) -> None:
    world = World()
    CHECK.validate(json.loads(as_json(world.run(dry_run=dry_run))))
    for number in range(600):
        world.fail(1 + number, FAILURES[number % len(FAILURES)])
    world.sim.faults.add(Fault(json_answer(410, "gone"), path="*/attempts", nth=2))
    world.sim.faults.add(Fault(json_answer(502, "no"), path="*/attempts", nth=3))
    report = json.loads(as_json(world.run(dry_run=dry_run, lookback="3d", variable_name="", explain="true")))
    CHECK.validate(report)
    (hook,) = report["hooks"]
    assert len(hook["events"]) + hook["events_omitted"] == hook["failed"] == hook["recovered"] + hook["undelivered"]
    assert hook["failed"] == 600
    assert hook["events"]
    assert len(hook["explanations"]) == 3
    CHECK.validate(json.loads(as_json(world.run(token="wrong"))))


def test_another_shape_does_not_fit_it() -> None:
    told = json.loads(as_json(World().run()))
    CHECK.validate(told)
    changes: list[dict[str, Any]] = [{"version": 2}, {"more": 1}, {"hooks": [{}]}]
    for change in changes:
        with pytest.raises(ValidationError):
            CHECK.validate(told | change)
