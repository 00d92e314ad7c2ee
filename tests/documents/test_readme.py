"""The documents say what the code does."""

from __future__ import annotations

import re

import yaml

from readme_tables import README, with_tables
from redeliver.output.report_json import OUTPUTS

ROOT = README.parent


def test_the_readmes_tables_are_those_of_the_code() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_tables(text), "run `make docs`"


def test_the_actions_outputs_are_those_of_the_code() -> None:
    declared = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["outputs"]
    assert {name: output["description"] for name, output in declared.items()} == OUTPUTS


def test_the_workflow_to_copy_is_the_example_that_is_run_in_tests() -> None:
    (shown,) = re.findall(r"^```yaml\n(name: .*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    example = yaml.safe_load((ROOT / "examples" / "scheduled.yml").read_text(encoding="utf-8"))
    del example["jobs"]["redeliver"]["name"]
    assert yaml.safe_load(shown) == example


def test_the_pictures_are_small_enough_to_be_looked_at_in_passing() -> None:
    for picture in ("summary.png", "summary-dark.png"):
        assert 10_000 < (ROOT / "docs" / picture).stat().st_size < 200_000
