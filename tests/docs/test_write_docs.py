"""What ``make docs`` writes is what the files hold."""

from __future__ import annotations

import re

import pytest

from write_docs import FILES, ROOT, SCHEMAS, schema, written

_LINES = re.compile(r"(, written by make docs(?: -->)?\n).*?(^ *(?:#|<!--) end of )", re.DOTALL | re.MULTILINE)
BLOCK = {"inputs": lambda: ["a: 1", "b: 2"]}


@pytest.mark.parametrize("name", FILES)
def test_written_files_agree_with_the_code(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == written(text, FILES[name]), "run `make docs`"


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_agree_with_the_models(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == schema(name), "run `make docs`"


@pytest.mark.parametrize("name", FILES)
def test_missing_blocks_are_written(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    lacking = _LINES.sub(r"\1\2", text)
    assert lacking.count("\n") <= text.count("\n") - len(FILES[name])
    assert written(lacking, FILES[name]) == text


def test_block_is_written_between_its_comments() -> None:
    before = "x:\n  # inputs, written by make docs\n  old: 1\n  # end of inputs\n# inputs\ny: 2\n"
    assert written(before, BLOCK) == before.replace("  old: 1\n", "  a: 1\n  b: 2\n")
    html = "<!-- inputs, written by make docs -->\n<!-- end of inputs -->\n"
    assert written(html, BLOCK) == html.replace("\n", "\na: 1\nb: 2\n", 1)


@pytest.mark.parametrize("times", [0, 2])
def test_block_without_its_one_place_is_an_error(times: int) -> None:
    with pytest.raises(ValueError, match="one place for 'inputs'"):
        written("# inputs, written by make docs\n# end of inputs\n" * times, BLOCK)
