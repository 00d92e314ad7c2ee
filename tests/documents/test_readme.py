"""The documents say what the code does."""

from __future__ import annotations

import yaml

from readme_tables import README, with_tables
from redeliver.report import OUTPUTS

ROOT = README.parent


def test_the_readmes_tables_are_those_of_the_code() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_tables(text), "run `make docs`"


def test_the_actions_outputs_are_those_of_the_code() -> None:
    declared = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["outputs"]
    assert {name: output["description"] for name, output in declared.items()} == OUTPUTS
