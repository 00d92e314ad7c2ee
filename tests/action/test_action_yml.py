"""action.yml says what the table of settings says, and nothing gets lost on the way to the container."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from action.step import ACTION, ROOT, STEP
from redeliver.core.settings import Use, inputs
from write_docs import of_action

if TYPE_CHECKING:
    from action.step import Runner

MARKERS = ("  # inputs, written by make docs", "  # end of inputs")
OUTPUTS = [
    "redelivered-count",
    "recovered-count",
    "failed-count",
    "undelivered-count",
    "lost-count",
    "scanned-count",
    "health",
    "checkpoint",
    "report",
]


def variable(input_name: str) -> str:
    """The name under which an input reaches a program: hyphens stay."""
    return f"INPUT_{input_name.upper()}"


#: What any of the actions may be given, and the core reads.
CORE = list(dict.fromkeys(variable(row.name) for use in (Use.RUN, Use.REPLAY, Use.TRACKING) for row in inputs(use)))


def test_inputs_are_those_of_the_settings_table_in_its_order() -> None:
    declared: list[tuple[str, dict[str, Any]]] = [(name, dict(row)) for name, row in ACTION["inputs"].items()]
    table = [
        (
            row.name,
            {"description": row.description, "default": row.default},
        )
        for row in of_action(Use.RUN)
    ]
    assert declared == table


def test_the_step_maps_each_input_to_its_variable() -> None:
    assert STEP["env"] == {variable(row.name): f"${{{{ inputs.{row.name} }}}}" for row in of_action(Use.RUN)}


def test_the_container_is_given_every_input_that_the_core_reads(runner: Runner) -> None:
    runner.step(image="ghcr.io/octo-org/mirror")
    forwarded = [name for name in runner.container.values_of("--env") if name.startswith("INPUT_")]
    assert forwarded == CORE


def test_the_launcher_lists_them_where_a_program_can_write_them() -> None:
    lines = (ROOT / "src" / "launch.sh").read_text().splitlines()
    begin, end = (lines.index(marker) for marker in MARKERS)
    assert lines[begin - 1] == "inputs=("
    assert lines[begin + 1 : end] == [f"  {name}" for name in CORE]
    assert lines[end + 1] == ")"


def test_outputs_are_those_of_the_design_and_come_from_the_step() -> None:
    assert {name: row["value"] for name, row in ACTION["outputs"].items()} == {
        name: f"${{{{ steps.{STEP['id']}.outputs.{name} }}}}" for name in OUTPUTS
    }
    assert all(row["description"] for row in ACTION["outputs"].values())


def test_no_expression_is_pasted_into_a_script() -> None:
    assert "${{" not in STEP["run"]


def test_the_marketplace_takes_it() -> None:
    assert len(ACTION["description"]) < 125
    assert ACTION["name"] == "Redeliver Action"
    assert ACTION["branding"].keys() == {"icon", "color"}  # their values: check-jsonschema knows the lists


@pytest.mark.parametrize("text", [row["description"] for row in ACTION["inputs"].values()])
def test_a_description_is_whole_sentences(text: str) -> None:
    assert re.fullmatch(r"[A-Z].*\.", text)
