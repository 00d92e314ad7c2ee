"""The documents are short, and say each thing once. What ``make docs`` writes does not count."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [file.read_text(encoding="utf-8") for file in sorted(DOCS.glob("*.md")) if file.name != "errors.md"]
_WRITTEN = re.compile(r"<!-- ([\w ]+), written by make docs -->.*?<!-- end of \1 -->|```.*?```", re.DOTALL)


def sentences(page: str) -> list[str]:
    """Of seven words and more. A cell, an item and a heading are sentences, too."""
    text = re.sub(r"\]\([^)]*\)", "]", _WRITTEN.sub("", page))
    parts = re.split(r"\n\n|\||^ *(?:\d\.|-|>|#+) ", text, flags=re.MULTILINE)
    found = (sentence for part in parts for sentence in re.split(r"(?<=[.:!?])\s", " ".join(part.split())))
    return [sentence for sentence in found if len(sentence.split()) >= 7]


def test_no_sentence_is_said_twice() -> None:
    said = Counter(sentence for page in PAGES for sentence in sentences(page))
    assert len(said) > 400
    assert [sentence for sentence, times in said.items() if times > 1] == []


def test_documents_are_short() -> None:
    assert len(PAGES) == 8
    assert sum(len(page.split()) for page in PAGES) <= 16_000
