"""action.yml says what the table of settings says, and nothing gets lost on the way to the container."""

from __future__ import annotations

import re
from typing import Any

import pytest

from action.step import ACTION, HOOKS_ACTION, ROOT, TRACKING_ACTION, Runner
from redeliver.core.settings import Use, inputs
from redeliver.entry.tracking import TRACKING_OUTPUTS
from write_docs import of_action

MARKERS = ("  # inputs, written by make docs", "  # end of inputs")
OUTPUTS = [
    *(f"{name}-count" for name in ("redelivered", "recovered", "failed", "undelivered", "lost", "scanned")),
    *("health", "checkpoint", "report"),
]
NAMES = ["main", "hooks", "tracking-issue"]


def variable(input_name: str) -> str:
    """The name under which an input reaches a program: hyphens stay."""
    return f"INPUT_{input_name.upper()}"


#: What any of the actions may be given, and the core reads.
CORE = list(dict.fromkeys(variable(row.name) for use in (Use.RUN, Use.REPLAY, Use.TRACKING) for row in inputs(use)))


@pytest.mark.parametrize(("action", "use"), [(ACTION, Use.RUN), (TRACKING_ACTION, Use.TRACKING)], ids=NAMES[::2])
def test_inputs_are_those_of_the_table_in_its_order(action: dict[str, Any], use: Use) -> None:
    declared = [(name, dict(row)) for name, row in action["inputs"].items()]
    assert declared == [(row.name, {"description": row.description, "default": row.default}) for row in of_action(use)]


def test_the_inputs_of_hooks_are_the_main_actions_own() -> None:
    for name, row in HOOKS_ACTION["inputs"].items():
        if name not in {"org", "repository", "hook-id", "token"}:  # those mean several, or ask for less
            assert row == ACTION["inputs"][name]
    assert HOOKS_ACTION["inputs"]["hook-id"]["default"] == "all"
    for name in ("api-url", "image", "runtime"):
        assert TRACKING_ACTION["inputs"][name] == ACTION["inputs"][name]


@pytest.mark.parametrize(
    ("action", "outputs"),
    [(ACTION, OUTPUTS), (HOOKS_ACTION, ["matrix", "hooks-count"]), (TRACKING_ACTION, list(TRACKING_OUTPUTS))],
    ids=NAMES,
)
def test_the_step_maps_each_input_and_output_and_pastes_no_expression_into_a_script(
    action: dict[str, Any], outputs: list[str]
) -> None:
    (step,) = action["runs"]["steps"]
    assert step["env"] == {variable(name): f"${{{{ inputs.{name} }}}}" for name in action["inputs"]}
    assert {name: row["value"] for name, row in action["outputs"].items()} == {
        name: f"${{{{ steps.{step['id']}.outputs.{name} }}}}" for name in outputs
    }
    assert all(row["description"] for row in action["outputs"].values())
    assert "${{" not in step["run"]


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


def test_the_marketplace_takes_it() -> None:
    assert len(ACTION["description"]) < 125
    assert ACTION["name"] == "Redeliver Action"
    assert ACTION["branding"].keys() == {"icon", "color"}  # their values: check-jsonschema knows the lists


def test_descriptions_are_whole_sentences() -> None:
    for row in ACTION["inputs"].values():
        assert re.fullmatch(r"[A-Z].*\.", row["description"])
