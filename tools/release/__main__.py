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
from release.commits import REUSABLE
from release.pages import Pages
from release.refusal import Refused
from release.registry import Registry


def main(words: list[str] | None = None) -> int:
    """Make one step. 1: it is refused, and nothing was changed."""
    asked = _parser().parse_args(words)
    try:
        if asked.step == "version":
            write_version(asked.version)
        else:
            _tell(**_make_step(asked))
    except Refused as why:
        print(f"::error title=Release::{why}" if "GITHUB_ACTIONS" in os.environ else f"error: {why}", file=sys.stderr)
        return 1
    return 0


def _make_step(asked: argparse.Namespace) -> dict[str, str]:
    """Make one step of the release. Gives its outputs."""
    repository = os.environ["GITHUB_REPOSITORY"]
    token = os.environ.get("GITHUB_TOKEN", "")
    checkout = Checkout(Path.cwd(), token)
    registry = Registry(_image_name(repository), os.environ.get("GITHUB_ACTOR", ""), token)
    if asked.step == "newest":
        found = steps.newest(checkout, repository)
        return {"version": found.version if found else ""}
    if asked.step == "sboms":
        return _write_sboms(registry, asked.digest, asked.folder)
    release = steps.check(checkout, repository, asked.version, os.environ.get("GITHUB_REF", ""))
    if asked.step == "check":
        return {"image": registry.image, "digest": steps.find_image(release, registry)}
    if asked.step == "join":
        source = f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository}"
        return {"digest": image.join(registry, asked.digests, release.version, release.revision, source).digest}
    return _publish(asked.step, release, checkout, f"{registry.image}@{asked.digest}")


def _publish(step: str, release: steps.Release, checkout: Checkout, pinned: str) -> dict[str, str]:
    """Make one of the steps that others see the result of."""
    if step == "publish":
        return {"commit": steps.publish(release, checkout, pinned)}
    pages = Pages(release.pair.repository)
    if step == "announce":
        steps.announce(release, pages, pinned)
        return {}
    return {"promoted": str(steps.promote(release, checkout, pages, pinned)).lower()}


def _image_name(repository: str) -> str:
    return os.environ.get("RELEASE_IMAGE") or f"ghcr.io/{repository.lower()}"


def _write_sboms(registry: Registry, digest: str, folder: str) -> dict[str, str]:
    """Write each architecture's SBOM into a folder. Gives the digests that the SBOMs are about."""
    digests = {}
    for built in image.parts(registry, image.get(registry, digest)):
        architecture = built.platform.rpartition("/")[2]
        Path(folder, f"{architecture}.spdx.json").write_text(json.dumps(built.sbom), encoding="utf-8")
        digests[architecture] = built.digest
    return digests


def write_version(version: str) -> None:
    """Write a version wherever it is named, and today into the changelog: what a pull request for a release holds.

    Raises:
        Refused: the changelog does not know it.
    """
    log, code, reusable = Path("CHANGELOG.md"), Path(steps.CODE), Path(REUSABLE)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    text = dated(log.read_text(encoding="utf-8"), version, today)
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
    step.add_parser("newest", help="what the changelog says is to be released")
    for name in ("version", "check", "join", "publish", "announce", "promote"):
        one = step.add_parser(name)
        one.add_argument("version")
        if name == "join":
            one.add_argument("digests", nargs="+", type=_digest, help="of what was pushed for each architecture")
        elif name in {"publish", "announce", "promote"}:
            one.add_argument("digest", type=_digest, help="of the image that this run built or verified")
    sboms = step.add_parser("sboms", help="write the SBOM of each architecture")
    sboms.add_argument("digest", type=_digest)
    sboms.add_argument("folder")
    return parser


def _digest(word: str) -> str:
    if not re.fullmatch("sha256:[0-9a-f]{64}", word):
        raise argparse.ArgumentTypeError(f"{word!r} is no digest")
    return word


def _tell(**outputs: str) -> None:
    lines = "".join(f"{name}={value}\n" for name, value in outputs.items())
    print(lines, end="")
    if path := os.environ.get("GITHUB_OUTPUT"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(lines)


if __name__ == "__main__":
    sys.exit(main())
