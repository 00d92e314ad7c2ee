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


def take(page: str, picture: Path, *, scale: float = 1, height: int = 16_000) -> Seen:
    """Show a page, and keep a picture of it, no higher than ``height``."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        msg = "Pictures need a Chromium on the PATH (Debian: apt-get install chromium)."
        raise SystemExit(msg)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        start = [browser, *OPTIONS, f"--user-data-dir={folder}/profile", f"--force-device-scale-factor={scale}"]

        def show(*options: str) -> str:
            command = [*start, *options, file.as_uri()]
            return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout

        shown = show(f"--window-size={WIDTH},1000", "--dump-dom")
        told = re.search(r'<script type="application/json" id="told">(.*?)</script>', shown, re.DOTALL)
        if told is None:
            msg = "the page did not finish"
            raise RuntimeError(msg)
        seen = Seen(**json.loads(html.unescape(told[1])))
        show(f"--window-size={WIDTH},{min(seen.height, height)}", f"--screenshot={picture}")
    return seen
