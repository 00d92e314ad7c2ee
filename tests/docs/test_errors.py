"""Whatever the action says when it does not go well has its entry in docs/errors.md, to which messages link."""

from __future__ import annotations

import re

import pytest

from docs.sentences import SOURCE, kinds, launcher, problems
from docs.test_links import headings
from redeliver import __version__
from redeliver.core.facts import Fact, FactKind
from redeliver.documents import anchor, entry
from redeliver.errors import BadToken, Unexpected
from redeliver.github.responses import BLOCKS
from write_docs import ERRORS, entries, with_entries

TEXT = ERRORS.read_text(encoding="utf-8")
_DOCUMENT = re.compile(r'\bdocument\("([\w-]+\.md)#([\w-]+)"\)')
FACTS = [kind for kind in FactKind if not kind.name.startswith("ERROR")]


def rows(beginning: str) -> set[str]:
    """What is quoted in the table below these words."""
    table = TEXT.partition(beginning)[2].partition("\n\n")[0]
    return set(re.findall(r"^\| `(.*?)` \| .{10,} \|$", table, re.MULTILINE))


def test_every_error_and_fact_has_one_entry() -> None:
    anchors = re.findall(r'<a id="(.+?)"></a>', TEXT)
    assert sorted(anchors) == sorted([*map(anchor, kinds()), *(anchor(kind.name) for kind in FACTS)])


def test_entries_have_the_words_of_the_code() -> None:
    assert with_entries(TEXT) == TEXT, "run `make docs`"


def test_new_entries_come_last_and_old_ones_keep_what_is_written_below_them() -> None:
    beginning = entries()["bad-token",]
    kept = beginning.replace("GitHub does", "It did") + "\nBelow.\n\n"
    lacking = TEXT.replace(entries()["gap",], "")
    written = with_entries(kept + lacking.replace(beginning, ""))
    assert written.startswith(f"{beginning}\nBelow.\n")
    assert written.endswith("\n\n" + entries()["gap",])
    with pytest.raises(ValueError, match="no bad-tok any more"):
        with_entries(TEXT.replace('"bad-token"', '"bad-tok"'))


def test_messages_link_to_their_entries_in_the_release_that_is_running() -> None:
    error, gap = BadToken(what="look"), Fact(FactKind.GAP, {"since": 1, "until": 2})
    links = {
        entry(error): "bad-token",
        entry(Fact.of(error)): "bad-token",
        entry(Unexpected(kind="X")): "unexpected",
        entry(gap): "gap",
    }
    for link, name in links.items():
        address, _, heading = link.partition("#")
        assert address == f"https://github.com/org/redeliver-action/blob/v{__version__}/docs/errors.md"
        assert heading == name
        assert name in headings(ERRORS)


def test_other_links_of_the_code_lead_to_headings() -> None:
    links = [link for file in SOURCE.rglob("*.py") for link in _DOCUMENT.findall(file.read_text(encoding="utf-8"))]
    assert links
    for page, heading in links:
        assert heading in headings(ERRORS.with_name(page)), heading


def test_launchers_sentences_are_rows() -> None:
    quoted = rows("<!-- launcher -->\n")
    said = launcher()
    assert len(said) >= 7
    for one in said:
        assert any(one.startswith(row.rstrip(".…")) for row in quoted), one
    for row in quoted:
        assert any(one.startswith(row.rstrip(".…")) for one in said), row


def test_rows_of_inputs_and_of_blocked_tokens_quote_the_code() -> None:
    assert len(rows("<!-- problems -->\n")) > 5
    assert rows("<!-- problems -->\n") <= problems()
    assert rows("in the way:\n\n") == {b.why for b in BLOCKS}
