"""Whatever the documents promise leads to a test that there is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

from command.site import combinations

ROOT = Path(__file__).parents[2]
PROOFS, MAINTAINERS = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("proofs.md", "maintainers.md"))
THREATS = MAINTAINERS.partition("\n## Threat model\n")[2].partition("\n## ")[0]
_LINK = re.compile(r"\]\(\.\./(tests/[\w/]+\.py)(?:#([^)]+))?\)")


def links(text: str) -> list[tuple[str, str]]:
    """Tests that a document leads to: a file, and in what follows ``#`` the test; empty: the file's."""
    return [(file, unquote(test)) for file, test in _LINK.findall(text)]


@cache
def names_in(file: str) -> set[str]:
    functions = [one for one in ast.parse((ROOT / file).read_bytes()).body if isinstance(one, ast.FunctionDef)]
    return {one.name for one in functions if one.name.startswith("test_")}


@pytest.mark.parametrize("text", [PROOFS, THREATS], ids=["proofs", "threats"])
def test_proofs_name_existing_tests(text: str) -> None:
    found = links(text)
    assert len(found) > 50
    for file, test in found:
        assert (ROOT / file).is_file(), file
        assert not test or test.partition("[")[0] in names_in(file), test


def test_every_attack_has_a_defense_with_a_test() -> None:
    attacks = re.findall(r"^- (.+)$", THREATS, re.MULTILINE)
    assert len(attacks) > 40
    for attack in attacks:
        shown = r"\[\w+\]\(\.\./tests/\S+\.py#test_\w+\)"
        assert re.fullmatch(rf"\*\*[A-Z].+?\*\*: .+ \({shown}(, {shown})*\)", attack), attack


def test_proofs_of_places_are_collected_under_their_names(request: pytest.FixtureRequest) -> None:
    # make test does not collect those in tests/docker.
    tests = {f"{file}::{name}" for file, name in links(PROOFS) if "[" in name and "/docker/" not in file}
    assert len(tests) > 10
    there = {item.nodeid for item in request.session.items}
    if not tests <= there:  # as where only some of the tests are run
        files = sorted({test.partition("::")[0] for test in tests})
        asked = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files]
        there = set(subprocess.run(asked, check=True, capture_output=True, text=True, cwd=ROOT).stdout.splitlines())
    assert tests <= there


def test_table_of_webhooks_and_credentials_is_what_is_tried() -> None:
    columns = ("fine-grained", "classic", "installation", "app")
    rows = re.findall(r"^\| (an? .+?'s?(?: own)?) \| (.+) \|$", PROOFS, re.MULTILINE)
    hooks = {"an organization's": "organization", "a repository's": "repository", "an App's own": "app"}
    told = {
        (hooks[hook], column)
        for hook, cells in rows
        for column, cell in zip(columns, cells.split(" | "), strict=True)
        if cell == "yes"
    }
    assert told == {(hook, credential) for _, hook, credential in combinations()}
