"""Writes the README's tables from the one table in the code: ``make docs``."""

from __future__ import annotations

import re
from pathlib import Path

from redeliver.core.settings import INPUTS, Input
from redeliver.output.report_json import OUTPUTS

README = Path(__file__).parents[1] / "README.md"


def with_tables(text: str) -> str:
    """The README, its tables as the code has them."""
    rows = [f"| `{row.name}` | {row.description} | {_default(row)} |" for row in INPUTS]
    text = _between(text, "inputs", ["| input | what it is | default |", "| :-- | :-- | :-- |", *rows])
    rows = [f"| `{name}` | {description} |" for name, description in OUTPUTS.items()]
    return _between(text, "outputs", ["| output | what it is |", "| :-- | :-- |", *rows])


def _default(row: Input) -> str:
    return f"`{row.default}`" if row.default else ""


def _between(text: str, name: str, lines: list[str]) -> str:
    table = "\n".join(lines)
    place = re.compile(rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end -->)", re.DOTALL)
    return place.sub(lambda part: f"{part[1]}{table}\n{part[2]}", text)


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
