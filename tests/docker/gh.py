"""``gh``, as far as a release uses it. It keeps pages of releases, and knows what was attested, of which digest.

``attestation verify`` refuses what no attestation matches. Options that are not given are not checked, as with the real
one: https://github.com/cli/cli/blob/trunk/pkg/cmd/attestation/verify/policy.go
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path

#: The environment variable that names the file with the attestations, one a line.
FILE = "ATTESTATIONS_FILE"


def main() -> int:
    if not os.environ.get("GH_TOKEN"):
        sys.exit("no token")
    return draft(sys.argv[2:]) if sys.argv[1] == "release" else verify(sys.argv[1:])


def draft(words: list[str]) -> int:
    """``release view TAG`` and ``release create TAG``; the page's notes are in a file beside the attestations."""
    page = Path(os.environ[FILE]).with_name(f"{words[1]}.md")
    if words[0] == "view":
        return int(not page.exists())
    assert words[2:5] == ["--draft", "--verify-tag", "--title"], words
    with page.open("x") as file:  # nobody makes it twice
        file.write(Path(words[words.index("--notes-file") + 1]).read_text())
    return 0


def verify(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="gh", allow_abbrev=False)
    parser.add_argument("words", nargs=3)
    for option in ("repo", "signer-workflow", "source-ref"):
        parser.add_argument(f"--{option}", required=option == "repo")
    asked = parser.parse_args(words)
    image = re.fullmatch(r"oci://(?P<name>[^@]+)@(?P<digest>sha256:[0-9a-f]{64})", asked.words[2])
    if asked.words[:2] != ["attestation", "verify"] or image is None:
        parser.error(f"this is not attestation verify, or of no image by its digest: {asked.words}")
    file = Path(os.environ[FILE])
    for one in map(json.loads, file.read_text().splitlines() if file.exists() else ()):
        # What the real one makes of --signer-workflow is the beginning of a regular expression.
        signer = f"https://github.com/{asked.signer_workflow or asked.repo + '/'}"
        subject = f"https://github.com/{one['repository']}/{one['workflow']}@{one['ref']}"
        is_signer = one["repository"] == asked.repo and re.match(signer, subject)
        if one["digest"] == image["digest"] and is_signer and asked.source_ref in {None, one["ref"]}:
            return 0
    print(f"no attestation of {image['digest']} matches", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
