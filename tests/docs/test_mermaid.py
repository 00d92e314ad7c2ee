"""Every diagram on the pages of runs and in the documents is one to the package that GitHub draws them with."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import cast

import pytest

from githubsim.contract import run_node
from pictures.page import diagrams

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SNAPSHOTS = ROOT / "tests" / "runs" / "snapshots"


def faults_of(texts: list[str]) -> list[str]:
    """What Mermaid has against these diagrams."""
    return cast("list[str]", run_node("mermaid.mjs", given=json.dumps(texts)))


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
