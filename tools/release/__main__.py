"""``python -m release STEP``, with ``tools`` on the path: what .github/workflows/release.yml does.

Needs git and Python alone: no package of anybody's can change a release.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
import sys
from pathlib import Path

from release import steps
from release.changelog import Refused, section, with_code_version
from release.git import Checkout


def main(words: list[str] | None = None) -> int:
    """Make one step. 1: it is refused, and nothing was changed."""
    asked = _parser().parse_args(words)
    try:
        if asked.step == "version":
            write_version(asked.version)
        else:
            print(_make_step(asked))
    except Refused as why:
        print(f"::error title=Release::{why}" if "GITHUB_ACTIONS" in os.environ else f"error: {why}", file=sys.stderr)
        return 1
    return 0


def _make_step(asked: argparse.Namespace) -> str:
    """Make one step of the release. Gives what it prints: outputs, or the notes."""
    repository, checkout = os.environ["GITHUB_REPOSITORY"], Checkout(Path.cwd())
    image = os.environ.get("RELEASE_IMAGE") or f"ghcr.io/{repository.lower()}"
    if asked.step == "promote":
        return f"promoted={str(steps.promote(checkout, asked.tag)).lower()}"
    version = asked.version or steps.newest(checkout)
    if not version:
        return "version="
    release = steps.check(checkout, repository, version, os.environ.get("GITHUB_REF", ""))
    if asked.step == "check":
        return f"version={version}\nimage={image}"
    pinned = f"{image}@{asked.digest}"
    return f"commit={release.publish(pinned)}" if asked.step == "publish" else release.notes(pinned)


def write_version(version: str) -> None:
    """Write a version wherever it is named, and today into the changelog: what a pull request for a release holds.

    Raises:
        Refused: the changelog does not know it.
    """
    log, code, reusable = Path("CHANGELOG.md"), Path(steps.CODE), Path(steps.REUSABLE)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    text = log.read_text(encoding="utf-8").replace(f"## {version} (unreleased)", f"## {version} ({today})")
    section(text, version)
    log.write_text(text, encoding="utf-8")
    code.write_text(with_code_version(code.read_text(encoding="utf-8"), version), encoding="utf-8")
    major = version.partition(".")[0]
    workflow = reusable.read_text(encoding="utf-8")
    uses = re.sub(r"(uses: [\w./-]+@v)\d+$", rf"\g<1>{major}", workflow, flags=re.MULTILINE)
    reusable.write_text(uses, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="release", description=__doc__)
    step = parser.add_subparsers(dest="step", required=True)
    step.add_parser("promote", help="move v1").add_argument("tag")
    for name in ("version", "check", "publish", "notes"):
        one = step.add_parser(name)
        one.add_argument("version", help="empty: what the changelog says is to be released")
        if name in {"publish", "notes"}:
            one.add_argument("digest", type=_digest, help="of the image that this run built")
    return parser


def _digest(word: str) -> str:
    if not re.fullmatch("sha256:[0-9a-f]{64}", word):
        raise argparse.ArgumentTypeError(f"{word!r} is no digest")
    return word


if __name__ == "__main__":
    sys.exit(main())
