"""``make picture``: every kind of summary, light and dark, as GitHub would show it. Then look at them.

``make picture ARGS="[--into FOLDER] [--scale 2] [NAME or FILE.md ...]"``; with ``--readme`` the README's own two, of
the first summary that ``make demo`` makes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from pictures.camera import take
from pictures.page import page
from pictures.scenes import SCENES
from redeliver.output.summary import markdown


def main() -> int:
    """Take the pictures; 1 when a diagram in one of them came out badly."""
    asked = argparse.ArgumentParser(prog="pictures")
    asked.add_argument("--into", type=Path, default=Path("build/pictures"))
    asked.add_argument("--scale", type=float, default=1)
    asked.add_argument("--height", type=int, default=4_000)
    asked.add_argument("--theme", choices=["light", "dark"], action="append")
    asked.add_argument("--readme", action="store_true")
    asked.add_argument("what", nargs="*", default=[*SCENES])
    given = asked.parse_args()
    if given.readme:
        given.into, given.scale, given.what = Path(__file__).parents[2] / "docs", 1.5, [str(demo_summary())]
    given.into.mkdir(parents=True, exist_ok=True)
    bad = 0
    for what in given.what:
        text = Path(what).read_text(encoding="utf-8") if what.endswith(".md") else markdown(SCENES[what]())
        for theme in given.theme or ["light", "dark"]:
            picture = given.into / f"{Path(what).stem}-{theme}.png"
            seen = take(page(text, theme), picture.resolve(), scale=given.scale, height=given.height)
            faults = [*seen.errors, *seen.overlaps, *seen.clipped]
            bad += len(faults)
            print(f"{picture}  {len(text.encode()):>7,} bytes of Markdown", *faults, sep="\n  ", flush=True)
    if given.readme:
        (given.into / "summary-light.png").rename(given.into / "summary.png")
    return int(bad > 0)


def demo_summary() -> Path:
    """Run the demonstration. Gives a file with its first summary."""
    kept = Path("build/summary.md")
    kept.parent.mkdir(exist_ok=True)
    kept.unlink(missing_ok=True)
    environment = os.environ | {"DEMO_SUMMARY": str(kept)}
    subprocess.run([sys.executable, "-m", "githubsim.demo"], check=True, env=environment, stdout=subprocess.DEVNULL)
    kept.write_text(kept.read_text(encoding="utf-8").partition("\n## ")[0], encoding="utf-8")
    return kept


if __name__ == "__main__":
    sys.exit(main())
