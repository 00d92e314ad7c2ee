"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from redeliver.output.report_json import OUTPUTS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_actions_outputs_are_those_of_the_code() -> None:
    declared = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["outputs"]
    assert {name: output["description"] for name, output in declared.items()} == OUTPUTS


def test_the_workflow_to_copy_is_the_example_that_is_run_in_tests() -> None:
    (shown,) = re.findall(r"^```yaml\n(name: .*?)^```$", README, re.DOTALL | re.MULTILINE)
    example = yaml.safe_load((ROOT / "examples" / "scheduled.yml").read_text(encoding="utf-8"))
    del example["jobs"]["redeliver"]["name"]
    assert yaml.safe_load(shown) == example


def test_the_pictures_are_small_enough_to_be_looked_at_in_passing() -> None:
    for picture in ("summary.png", "summary-dark.png"):
        assert 10_000 < (ROOT / "docs" / picture).stat().st_size < 200_000
