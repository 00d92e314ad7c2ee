"""Whatever the action says when it does not go well is in docs/troubleshooting.md, with its cause and its fix.

``make docs`` writes the entries' headings, so a sentence that changes in the code needs nothing else.
"""

from __future__ import annotations

import re
from pathlib import Path

from docs.sentences import errors, launcher, problems
from redeliver.github.responses import BLOCKS
from write_docs import FILES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
_ENTRY = re.compile(r"^### `([^\n]*)`\n(?:<!-- end [^\n]*\n)?\n(.*?)(?=^#|^<!--|\Z)", re.DOTALL | re.MULTILINE)
ENTRIES = dict(_ENTRY.findall(TEXT))
ROWS = dict(re.findall(r"^\| `(.*?)` \| (.*) \|$", TEXT.partition("<!-- problems -->")[2], re.MULTILINE))


def test_sentences_of_every_kind_are_found() -> None:
    assert len(errors()) > 20
    assert len(launcher()) >= 7
    assert len(problems()) > 20


def test_errors_and_facts_are_exactly_the_entries() -> None:
    assert set(re.findall(r"^<!-- ([\w ]+), written", TEXT, re.MULTILINE)) == set(FILES["docs/troubleshooting.md"])
    started = {entry for entry in ENTRIES if any(entry.startswith(said.rstrip(".…")) for said in launcher())}
    assert set(ENTRIES) - started == errors()


def test_launchers_sentences_are_entries_or_rows() -> None:
    for said in launcher():
        assert any(entry.startswith(said.rstrip(".…")) for entry in {*ENTRIES, *ROWS}), said


def test_every_entry_has_a_cause_and_a_fix() -> None:
    for entry, told in ENTRIES.items():
        cause, fix = re.fullmatch(r"- \*\*Cause:\*\* (.*?)\n- \*\*Fix:\*\* (.*?)\n+", told, re.DOTALL).groups()  # type: ignore[union-attr]
        assert len(cause) > 10, entry
        assert len(fix) > 5, entry


def test_reasons_for_blocked_tokens_are_exactly_the_rows() -> None:
    (blocked,) = (told for entry, told in ENTRIES.items() if entry.startswith("GitHub refused to … (…): …."))
    assert re.findall(r"^\| `(.*?)` \| .+ \|$", blocked, re.MULTILINE) == [block.why for block in BLOCKS]


def test_readme_quotes_entries_word_for_word() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^## Troubleshooting$.*?^## ", readme, re.DOTALL | re.MULTILINE)
    quoted = re.findall(r"^\| `(.*?)` \|", table, re.MULTILINE)
    assert len(quoted) == 4
    for said in quoted:
        assert any(entry.startswith(said) for entry in {*ENTRIES, *ROWS}), said


def test_problems_of_inputs_are_exactly_the_rows() -> None:
    of_the_launcher = {row for row in ROWS if row.startswith(("image: ", "runtime: "))}
    assert set(ROWS) - of_the_launcher == problems()
    assert all(ROWS.values())
