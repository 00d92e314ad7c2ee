"""Links between the documents lead somewhere, down to the heading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("", ".github", "docs", "examples", "examples/server")
DOCUMENTS = sorted(file for folder in FOLDERS for file in (ROOT / folder).glob("*.md"))
_LINK = re.compile(r'\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"')
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def headings(file: Path) -> set[str]:
    """The names that GitHub gives a document's headings, and its anchors."""
    text = re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    shown = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", text)
    found = re.findall(r"^#+ (.+)$", shown, re.MULTILINE)
    named = set(re.findall(r'<a id="([^"]+)"></a>', text))
    return named | {re.sub(r"[^\w\- ]", "", one).lower().replace(" ", "-") for one in found}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    text = _CODE.sub("", document.read_text(encoding="utf-8"))
    for link in (one or other for one, other in _LINK.findall(text)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, heading = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert not heading or target.suffix != ".md" or heading in headings(target), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_commands_to_paste_have_no_comments(document: Path) -> None:
    """Since an interactive zsh, macOS' shell, takes ``#`` for an argument. Root's prompt is no comment."""
    text = document.read_text(encoding="utf-8")
    for kind, block in re.findall(r"^ *```(sh|console)\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            command = line.removeprefix("# ") if kind == "console" else line
            assert not re.search(r"(^|\s)#", command), line
