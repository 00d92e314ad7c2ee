"""Nothing gets lost between an action's inputs and the container, or between its step and its outputs.

That action.yml has the inputs of the table is asked in tests/docs/test_write_docs.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from action.step import ACTION, HOOKS_ACTION, REPLAY_ACTION, ROOT, TRACKING_ACTION, Runner
from redeliver.core.settings import Use, inputs
from redeliver.entry.tracking import TRACKING_OUTPUTS
from redeliver.replay.report_json import REPLAY_OUTPUTS

OUTPUTS = [
    *(f"{name}-count" for name in ("redelivered", "recovered", "failed", "undelivered", "lost", "scanned")),
    *("health", "checkpoint", "report"),
]


def variable(input_name: str) -> str:
    """The name under which an input reaches a program: hyphens stay."""
    return f"INPUT_{input_name.upper()}"


#: What any of the actions may be given, and the core reads.
CORE = list(dict.fromkeys(variable(row.name) for use in (Use.RUN, Use.REPLAY, Use.TRACKING) for row in inputs(use)))


@pytest.mark.parametrize(
    ("action", "outputs"),
    [
        (ACTION, OUTPUTS),
        (HOOKS_ACTION, ["matrix", "hooks-count"]),
        (REPLAY_ACTION, list(REPLAY_OUTPUTS)),
        (TRACKING_ACTION, list(TRACKING_OUTPUTS)),
    ],
    ids=["main", "hooks", "replay", "tracking-issue"],
)
def test_step_maps_inputs_and_outputs_and_pastes_no_expression_into_a_script(
    action: dict[str, Any], outputs: list[str]
) -> None:
    (step,) = action["runs"]["steps"]
    visibility = {"REPOSITORY_VISIBILITY": "${{ github.event.repository.visibility }}"}
    inputs = {variable(name): f"${{{{ inputs.{name} }}}}" for name in action["inputs"]}
    # Only what shows hosts has to know who may see them.
    assert step["env"] == inputs | (visibility if action in (ACTION, REPLAY_ACTION) else {})
    assert {name: row["value"] for name, row in action["outputs"].items()} == {
        name: f"${{{{ steps.{step['id']}.outputs.{name} }}}}" for name in outputs
    }
    assert all(row["description"] for row in action["outputs"].values())
    assert "${{" not in step["run"]


def test_container_is_given_every_input(usual: Runner) -> None:
    forwarded = [name for name in usual.container.values_of("--env") if name.startswith("INPUT_")]
    assert forwarded == CORE


def test_action_yml_fits_the_marketplace() -> None:
    assert len(ACTION["description"]) < 125
    assert ACTION["branding"].keys() == {"icon", "color"}  # their values: check-jsonschema knows the lists


def test_badge_leads_to_the_actions_name_in_the_marketplace() -> None:
    badge, page = ACTION["name"].replace(" ", "_"), ACTION["name"].replace(" ", "-").lower()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Marketplace-{badge}-blue)](https://github.com/marketplace/actions/{page})" in readme
