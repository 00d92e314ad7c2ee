"""Whatever the threat model and the compatibility tables promise leads to a test that there is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from command.site import combinations

ROOT = Path(__file__).parents[2]
THREATS, PLACES = (
    (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("threat-model.md", "compatibility.md")
)


def links(text: str) -> dict[str, tuple[str, str]]:
    """What a label stands for: a file, and in the link's title the test."""
    found = re.findall(r'^\[(.+?)\]: (\S+) "(.+)"$', text, re.MULTILINE)
    return {label: (path, test) for label, path, test in found}


@cache
def names_in(file: str) -> set[str]:
    functions = [one for one in ast.parse((ROOT / file).read_bytes()).body if isinstance(one, ast.FunctionDef)]
    return {one.name for one in functions if one.name.startswith("test_")}


@pytest.mark.parametrize("text", [THREATS, PLACES], ids=["threat-model", "compatibility"])
def test_proofs_name_existing_tests(text: str) -> None:
    assert set(re.findall(r"\]\[([^\]]+)\]", text)) == set(links(text))
    for path, test in links(text).values():
        file, _, name = test.partition("::")
        assert name.partition("[")[0] in names_in(file), test
        assert Path(file).name.startswith("test_")
        assert path == f"../{file}"


def test_every_attack_has_a_defense_with_a_test() -> None:
    rows = [line.strip("| ").split(" | ") for line in THREATS.splitlines() if line.startswith("| ")]
    assert len(rows) > 40
    for attack, defence, shown in rows:
        assert attack
        assert defence
        if shown not in {"shown by", ":--"}:
            assert re.fullmatch(r"(\[[^\]]+\]\[[^\]]+\](, )?)+", shown), shown


def test_every_place_has_a_test() -> None:
    for row in [line for line in PLACES.splitlines() if line.startswith("| ") and "| :--" not in line]:
        *_, last = (cell.strip() for cell in row.strip("|").split("|"))
        assert last.startswith("[") or last in {"works", "older"}, row


def test_proofs_of_places_are_collected_under_their_names(request: pytest.FixtureRequest) -> None:
    # make test does not collect those in tests/docker.
    tests = {test for _, test in links(PLACES).values() if not test.startswith("tests/docker/")}
    there = {item.nodeid for item in request.session.items}
    if not tests <= there:  # as where only some of the tests are run
        files = sorted({test.partition("::")[0] for test in tests})
        asked = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files]
        there = set(subprocess.run(asked, check=True, capture_output=True, text=True, cwd=ROOT).stdout.splitlines())
    assert tests <= there


def test_compatibility_table_has_every_combination() -> None:
    proof = "tests/command/test_everywhere.py::test_failed_events_are_sent_once_and_recovered"
    proved = {test for _, test in links(PLACES).values() if test.startswith(proof)}
    assert proved == {f"{proof}[{place.name}-{hook}-{credential}]" for place, hook, credential in combinations()}
