"""What ``make measure`` counts, in a package that is small enough to count by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from measure import measure, read

FILES = {
    "__init__.py": '"""A package."""\n',
    "leaf.py": "# A comment.\nNUMBER = 1  # Another one.\n",
    "core/__init__.py": "",
    "core/rules.py": '''from tiny import leaf


class Rules:
    """Words,

    in three lines."""

    def least(self):
        def inner():
            return leaf.NUMBER

        return inner()
''',
    "core/deep/__init__.py": "",
    "core/deep/one.py": "import json\n\nimport tiny.leaf\n",
    "run/job.py": '''from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiny.core.rules import Rules


async def run(rules: "Rules"):
    """Run."""
    from tiny.core.deep import one
    import tiny.core.rules
''',
}
EXPECTED = {
    "files, __init__.py left out": "4",
    "lines": "29",
    "statements": "15",
    "functions": "3",
    "classes": "1",
    "lines of a function: median": "4",
    "lines of a function: 9 of 10 have no more than": "4.8",
    "lines of a function: longest": "5",
    "lines that are comments or docstrings": "24.1%",
    "import levels": "3",
    "circles": "none",
    "imports across folders": "2",
    "modules in the package itself": "1",
    "modules in core": "2",
    "modules in run": "1",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / "tiny" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path / "tiny"


def test_each_number_is_what_one_counts_by_hand(package: Path) -> None:
    assert {row.what: row.number for row in measure(read(package))} == EXPECTED


def test_a_circle_is_shown_with_its_modules(package: Path) -> None:
    (package / "leaf.py").write_text("from tiny.core.rules import Rules\n", encoding="utf-8")
    found = {row.what: row.number for row in measure(read(package))}
    assert set(found["circles"].split(" > ")) == {"tiny.leaf", "tiny.core.rules"}
    assert "import levels" not in found
