"""Takes pictures with a Chromium of the machine, and hears from the page how its diagrams came out."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

#: Alone with its page: nothing that a browser does at the side.
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--virtual-time-budget=20000",
)
WIDTH = 1000
TALLEST = 16_000


@dataclass(frozen=True)
class Seen:
    """How a page came out."""

    errors: list[str]
    """Diagrams that could not be drawn."""
    overlaps: list[tuple[str, str]]
    """Labels of a diagram that stand on each other."""
    clipped: list[str]
    """Labels that their diagram cuts off."""
    height: int


class Camera:
    """A browser with a folder of its own."""

    def __init__(self, scale: float = 1) -> None:
        found = shutil.which("chromium") or shutil.which("google-chrome")
        if found is None:
            msg = "Pictures need a Chromium on the PATH (Debian: apt-get install chromium)."
            raise SystemExit(msg)
        self._browser = found
        self._scale = scale

    def take(self, page: str, picture: Path, *, height: int = TALLEST) -> Seen:
        """Show a page, and keep a picture of it, no higher than ``height``."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "page.html"
            file.write_text(page, encoding="utf-8")
            seen = self._look(file, Path(folder))
            size = f"--window-size={WIDTH},{min(seen.height, height)}"
            self._run(file, Path(folder), size, f"--screenshot={picture}")
        return seen

    def _look(self, file: Path, folder: Path) -> Seen:
        shown = self._run(file, folder, f"--window-size={WIDTH},1000", "--dump-dom")
        told = re.search(r'<script type="application/json" id="told">(.*?)</script>', shown, re.DOTALL)
        if told is None:
            msg = "the page did not finish"
            raise RuntimeError(msg)
        return Seen(**json.loads(html.unescape(told[1])))

    def _run(self, file: Path, folder: Path, *options: str) -> str:
        command = [
            self._browser,
            *OPTIONS,
            f"--user-data-dir={folder / 'profile'}",
            f"--force-device-scale-factor={self._scale}",
            *options,
            file.as_uri(),
        ]
        ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
        return ran.stdout
