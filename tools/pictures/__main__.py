"""``make picture``: what a person sees of each story, as text and as pictures. Then look at build/pictures/index.html.

``make picture ARGS="[--text] [--docs] [--height 700] [--scale 2] [NAME ...]"``: ``--text`` keeps texts alone, so it
needs no browser; ``--docs`` takes the pictures of the README and the documents.
"""

from __future__ import annotations

import argparse
import html
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pictures.camera import camera
from pictures.page import page
from pictures.terminal import terminal_page, text
from redeliver import REPOSITORY, __version__
from stories import STORIES, Terminal, Workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictures.camera import Camera, Seen

ROOT = Path(__file__).parents[2]
#: Pictures in the documents, by the stories whose pages they show.
DOCS = {"summary": "recovered-5", "outage": "down-1-hour"}
THEMES = ("light", "dark")
#: Of a browser's window on a desk and of a telephone, in pixels, and of terminals.
WIDTHS = {"wide": 1_000, "phone": 412}
COLUMNS = (80, 200)
#: Pixels of a column, and what is left and right of them all.
_COLUMN, _MARGIN = 8.43, 30


@dataclass
class Album:
    """All that is kept of the stories."""

    folder: Path
    scale: float
    height: int
    camera: Camera | None
    faults: int = 0
    _index: list[str] = field(default_factory=list)

    def keep(self, name: str) -> None:
        """Tell a story, and keep what a person sees of it."""
        self._index.append(f"<h2>{name}</h2>")
        by_workflow = Workflow()
        STORIES[name].tell(by_workflow)
        for shown in by_workflow.shown:
            stem = f"{name}-{shown.part}".removesuffix("-")
            self._index.append(f"<h3>{shown.part} (exit code {shown.done.code})</h3>")
            self._text(f"{stem}.log", shown.done.log)
            self._text(f"{stem}.summary.md", shown.page)
            for width, pixels in WIDTHS.items():
                for theme in THEMES:
                    self._picture(f"{stem}.{width}-{theme}.png", page(shown.page, theme), pixels)
        for columns in COLUMNS:
            on_terminal = Terminal(columns)
            STORIES[name].tell(on_terminal)
            for shown in on_terminal.shown:
                stem = f"{name}-{shown.part}".removesuffix("-") + f".terminal-{columns}"
                self._text(f"{stem}.txt", text(shown.done.log, columns))
                for theme in THEMES:
                    drawn = terminal_page(shown.done.log, columns, theme)
                    self._picture(f"{stem}-{theme}.png", drawn, round(columns * _COLUMN) + _MARGIN)
        style = "body{font-family:sans-serif} img{max-width:48%;vertical-align:top;border:1px solid gray;margin:2px}"
        index = f"<!doctype html><meta charset=utf-8><title>Stories</title><style>{style}</style>{''.join(self._index)}"
        (self.folder / "index.html").write_text(index, encoding="utf-8")

    def _text(self, file: str, content: str) -> None:
        (self.folder / file).write_text(content, encoding="utf-8")
        self._index.append(f"<details><summary>{file}</summary><pre>{html.escape(content)}</pre></details>")

    def _picture(self, file: str, shown: str, width: int) -> None:
        if self.camera is None:
            return
        seen = self.camera.take(shown, self.folder / file, width=width, height=self.height, scale=self.scale)
        self._index.append(f'<a href="{file}"><img src="{file}" title="{file}"></a>')
        self.faults += report(self.folder / file, seen)


def report(file: Path, seen: Seen) -> int:
    """Say what came out badly. Returns how much that is."""
    faults = [*seen.errors, *seen.overlaps, *seen.clipped]
    print(file, *faults, sep="\n  ", flush=True)
    return len(faults)


def main() -> int:
    """Tell stories; 1 when a diagram in one of their pages came out badly."""
    asked = argparse.ArgumentParser(prog="pictures")
    asked.add_argument("--into", type=Path, default=Path("build/pictures"))
    asked.add_argument("--text", action="store_true")
    asked.add_argument("--docs", action="store_true")
    asked.add_argument("--scale", type=float, default=1)
    asked.add_argument("--height", type=int, default=4_000)
    asked.add_argument("what", nargs="*", default=[*STORIES])
    given = asked.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    if given.text:
        return tell(Album(given.into, given.scale, given.height, None), given.what)
    with camera() as browser:
        if not browser.has_emoji:
            print("No font has traffic lights, so pictures lack them (Debian: apt-get install fonts-noto-color-emoji).")
        if given.docs:
            return int(sum(report(file, seen) for file, seen in pictures_of_docs(browser)) > 0)
        return tell(Album(given.into, given.scale, given.height, browser), given.what)


def tell(album: Album, names: list[str]) -> int:
    """Keep stories in an album; 1 when something came out badly."""
    for name in names:
        album.keep(name)
    print(f"Look at {album.folder / 'index.html'}")
    return int(album.faults > 0)


def pictures_of_docs(browser: Camera) -> Iterator[tuple[Path, Seen]]:
    """Take the documents' pictures anew."""
    for stem, name in DOCS.items():
        markdown = page_of(name)
        for theme, ending in (("light", ""), ("dark", "-dark")):
            file = ROOT / "docs" / f"{stem}{ending}.png"
            shown, width = page(markdown, theme), WIDTHS["wide"]
            yield file, browser.take(shown, file, width=width, height=4_000, scale=1.5, digest=digest(markdown))


def page_of(name: str) -> str:
    """The first page of a story."""
    told = Workflow()
    STORIES[name].tell(told)
    return told.shown[0].page


def digest(markdown: str) -> str:
    """What a picture of it holds. Version and repository are in links alone, which no picture shows."""
    shown = markdown.replace(__version__, "VERSION").replace(REPOSITORY, "ORG/redeliver-action".lower())
    return sha256(shown.encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
