"""Every cell of the compatibility tables leads to a test that there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from command.site import combinations

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
CELLS = re.findall(r"\[[a-z ]+\]\[([^\]]+)\]", TEXT)
#: What a label stands for: a file, and in the link's title the test.
LINKS = {label: (path, test) for label, path, test in re.findall(r'^\[(.+?)\]: (\S+) "(.+)"$', TEXT, re.MULTILINE)}


def test_every_cell_leads_to_a_test_and_every_test_is_led_to() -> None:
    assert set(CELLS) == set(LINKS)
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "| :--" not in line]
    for row in rows:
        *_, last = (cell.strip() for cell in row.strip("|").split("|"))
        assert last.startswith("[") or last in {"works", "older"}, row


def is_end_to_end(test: str) -> bool:
    return test.startswith("tests/docker/")


def test_every_test_is_there_under_its_whole_name(request: pytest.FixtureRequest) -> None:
    tests = {test for _, test in LINKS.values() if not is_end_to_end(test)}
    there = {item.nodeid for item in request.session.items}
    if not tests <= there:  # as where only some of the tests are run
        files = sorted({test.partition("::")[0] for test in tests})
        asked = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files]
        there = set(subprocess.run(asked, check=True, capture_output=True, text=True, cwd=ROOT).stdout.splitlines())
    assert tests <= there
    for path, test in LINKS.values():
        if is_end_to_end(test):  # make test does not collect these
            name = test.partition("::")[2].partition("[")[0]
            assert f"def {name}(" in (ROOT / "docs" / path).read_text(encoding="utf-8")
    for path, test in LINKS.values():
        assert path == f"../{test.partition('::')[0]}"


def test_the_first_table_has_every_combination_that_github_allows() -> None:
    proof = "tests/command/test_everywhere.py::test_what_failed_is_sent_once_and_comes_home"
    proved = {test for _, test in LINKS.values() if test.startswith(proof)}
    assert proved == {f"{proof}[{place.name}-{hook}-{credential}]" for place, hook, credential in combinations()}
