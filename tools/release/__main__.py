"""``python -m release STEP``, with ``tools`` on the path: what .github/workflows/release.yml does.

Needs git, gh and Python alone: no package of anybody's can change a release.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import re
import sys
from pathlib import Path

from release import image, steps
from release.changelog import dated, section, with_code_version
from release.checkout import Checkout
from release.pages import Pages
from release.refusal import Refused
from release.registry import Registry


def main(words: list[str] | None = None) -> int:
    """Make one step. 1: it is refused, and nothing was changed."""
    asked = _parser().parse_args(words)
    try:
        if asked.step == "version":
            write_version(asked.version)
        elif asked.step == "newest":
            found = steps.newest(_checkout())
            _tell(version=found.version if found else "")
        else:
            _release_step(asked)
    except Refused as why:
        print(f"::error title=Release::{why}" if "GITHUB_ACTIONS" in os.environ else f"error: {why}", file=sys.stderr)
        return 1
    return 0


def _release_step(asked: argparse.Namespace) -> None:
    name = os.environ["GITHUB_REPOSITORY"]
    checkout, pages = _checkout(), Pages(name)
    token = os.environ.get("GITHUB_TOKEN", "")
    where = os.environ.get("RELEASE_IMAGE") or f"ghcr.io/{name.lower()}"
    registry = Registry(where, os.environ.get("GITHUB_ACTOR", ""), token)
    release = steps.check(checkout, registry, name, asked.version)
    match asked.step:
        case "check":
            _tell(revision=release.revision, image=where, digest=release.digest, commit=release.commit)
        case "image":
            source = f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{name}"
            index = steps.make_image(release, registry, asked.digests, source)
            _tell(digest=index.digest)
            for built in image.parts(registry, index):
                architecture = built.platform.rpartition("/")[2]
                Path(asked.folder, f"{architecture}.spdx.json").write_text(json.dumps(built.sbom), encoding="utf-8")
                _tell(**{architecture: built.digest})
        case "publish":
            _tell(commit=steps.publish(release, checkout, registry))
        case "announce":
            steps.announce(release, pages, registry)
        case _:
            _tell(promoted=str(steps.promote(release, checkout, pages, registry)).lower())


def write_version(version: str) -> None:
    """Write a version wherever it is named, and today into the changelog: what a pull request for a release holds.

    Raises:
        Refused: the changelog does not know it.
    """
    log, code, reusable = Path("CHANGELOG.md"), Path(steps.CODE), Path(steps.REUSABLE)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    text = dated(log.read_text(encoding="utf-8"), version, today)
    section(text, version)
    log.write_text(text, encoding="utf-8")
    code.write_text(with_code_version(code.read_text(encoding="utf-8"), version), encoding="utf-8")
    uses = re.sub(r"(uses: [\w.-]+/[\w.-]+@)v\S+", rf"\g<1>v{version}", reusable.read_text(encoding="utf-8"))
    reusable.write_text(uses, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="release", description=__doc__)
    step = parser.add_subparsers(dest="step", required=True)
    step.add_parser("newest", help="what the changelog says is to be released")
    for name in ("version", "check", "image", "publish", "announce", "promote"):
        one = step.add_parser(name)
        one.add_argument("version")
        if name == "image":
            one.add_argument("folder", help="for the bills of materials")
            one.add_argument("digests", nargs="*", help="of what was pushed for each architecture")
    return parser


def _checkout() -> Checkout:
    return Checkout(Path.cwd(), os.environ.get("GITHUB_TOKEN", ""))


def _tell(**outputs: str) -> None:
    lines = "".join(f"{name}={value}\n" for name, value in outputs.items())
    print(lines, end="")
    if path := os.environ.get("GITHUB_OUTPUT"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(lines)


if __name__ == "__main__":
    sys.exit(main())
