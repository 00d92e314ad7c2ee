"""Every defence in the threat model leads to a test that there is."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
#: What a label stands for: a file, and in the link's title the test.
LINKS = {label: (path, test) for label, path, test in re.findall(r'^\[(.+?)\]: (\S+) "(.+)"$', TEXT, re.MULTILINE)}
ROWS = [line.strip("| ").split(" | ") for line in TEXT.splitlines() if line.startswith("| ")]


def test_every_attack_has_a_defence_and_every_defence_a_test() -> None:
    assert len(ROWS) > 40
    for attack, defence, shown in ROWS:
        assert attack
        assert defence
        if shown not in {"shown by", ":--"}:
            assert re.fullmatch(r"(\[[^\]]+\]\[[^\]]+\](, )?)+", shown), shown


def test_every_test_is_led_to() -> None:
    assert set(re.findall(r"\]\[([^\]]+)\]", TEXT)) == set(LINKS)


@cache
def names_in(file: str) -> set[str]:
    functions = [one for one in ast.parse((ROOT / file).read_bytes()).body if isinstance(one, ast.FunctionDef)]
    return {one.name for one in functions if one.name.startswith("test_")}


def test_every_test_is_there() -> None:
    for path, test in LINKS.values():
        file, _, name = test.partition("::")
        assert name in names_in(file), test
        assert Path(file).name.startswith("test_")
        assert path == f"../{file}"
