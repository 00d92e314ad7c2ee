"""``make picture``: every kind of summary, light and dark, as GitHub would show it. Then look at them.

``python -m pictures [--into FOLDER] [--scale 2] [NAME or FILE.md ...]``
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pictures.camera import Camera
from pictures.page import page
from pictures.scenes import SCENES
from redeliver.summary import markdown


def main() -> int:
    """Take the pictures; 1 when a diagram in one of them came out badly."""
    asked = argparse.ArgumentParser(prog="pictures")
    asked.add_argument("--into", type=Path, default=Path("build/pictures"))
    asked.add_argument("--scale", type=float, default=1)
    asked.add_argument("--height", type=int, default=4_000)
    asked.add_argument("--theme", choices=["light", "dark"], action="append")
    asked.add_argument("what", nargs="*", default=[*SCENES])
    given = asked.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    camera = Camera(given.scale)
    bad = 0
    for what in given.what:
        text = Path(what).read_text(encoding="utf-8") if what.endswith(".md") else markdown(SCENES[what]())
        for theme in given.theme or ["light", "dark"]:
            picture = given.into / f"{Path(what).stem}-{theme}.png"
            seen = camera.take(page(text, theme), picture.resolve(), height=given.height)
            faults = [*seen.errors, *seen.overlaps, *seen.clipped]
            bad += len(faults)
            print(f"{picture}  {len(text.encode()):>7,} bytes of Markdown", *faults, sep="\n  ", flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
