"""What stands on a terminal after all that it was sent: as text, and as a page. Pure, apart from its own template."""

from __future__ import annotations

import io
import re
from pathlib import Path
from string import Template

from rich.cells import get_character_cell_size
from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, MONOKAI
from rich.text import Text

HERE = Path(__file__).parent
THEMES = {"light": DEFAULT_TERMINAL_THEME, "dark": MONOKAI}
#: Of what rich sends: a control sequence, the end of a line, or text with its colours.
_PIECES = re.compile(
    r"\x1b\[(?P<number>[0-9?]*)(?P<control>[A-HJKhl])|(?P<end>\r?\n)|\r|(?P<text>(?:[^\x1b\r\n]|\x1b\[[0-9;]*m)+)"
)


def rows(sent: str, columns: int) -> list[Text]:
    """The rows on a terminal that is so wide and as high as it takes."""
    lines, at = [""], 0
    for piece in _PIECES.finditer(sent):
        if piece["end"]:
            at += 1
            lines += [""] * (at == len(lines))
        elif piece["text"]:
            lines[at] += piece["text"]
        elif piece["control"] == "A":
            at -= int(piece["number"] or 1)
        elif piece["control"] == "K":
            lines[at] = ""
    return [row for line in lines for row in _folded(Text.from_ansi(line), columns)]


def text(sent: str, columns: int) -> str:
    """The same without colours."""
    return "\n".join(row.plain.rstrip() for row in rows(sent, columns)).rstrip() + "\n"


def terminal_page(sent: str, columns: int, theme: str) -> str:
    """The same as a page, in the theme ``light`` or ``dark``."""
    console = Console(record=True, width=columns + 1, file=io.StringIO(), color_system="truecolor", force_terminal=True)
    for row in rows(sent.rstrip(), columns):
        console.print(row, no_wrap=True, overflow="ignore")
    body = console.export_html(theme=THEMES[theme], inline_styles=True, code_format="{code}")
    back, front = (color.hex for color in (THEMES[theme].background_color, THEMES[theme].foreground_color))
    template = Template((HERE / "terminal.html").read_text(encoding="utf-8"))
    return template.substitute(back=back, front=front, columns=columns, body=body)


def _folded(line: Text, columns: int) -> list[Text]:
    """A line as a terminal breaks it: where it is full, in the middle of a word or not."""
    breaks, filled = [], 0
    for place, cells in enumerate(map(get_character_cell_size, line.plain)):
        if filled + cells > columns:
            breaks.append(place)
            filled = 0
        filled += cells
    return [*line.divide(breaks)]
