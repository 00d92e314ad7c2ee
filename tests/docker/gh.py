"""``gh attestation verify``, as far as a release uses it, and as GitHub's own does it: it knows what was attested, of
which digest, and refuses what no attestation matches. Options that are not given are not checked, as with the real one.

The real one: https://github.com/cli/cli/blob/trunk/pkg/cmd/attestation/verify/policy.go
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

#: The environment variable that names the file with the attestations, one a line.
FILE = "ATTESTATIONS_FILE"


@dataclass(frozen=True)
class Attestation:
    """What the certificate of a workflow's run says."""

    digest: str
    repository: str
    workflow: str
    ref: str
    revision: str

    @property
    def subject(self) -> str:
        return f"https://github.com/{self.repository}/{self.workflow}@{self.ref}"

    def keep(self, file: Path) -> None:
        with file.open("a") as lines:
            lines.write(json.dumps(asdict(self)) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="gh", allow_abbrev=False)
    parser.add_argument("words", nargs=3)
    for option in ("repo", "signer-workflow", "source-ref", "source-digest"):
        parser.add_argument(f"--{option}", required=option == "repo")
    asked = parser.parse_args()
    if asked.words[:2] != ["attestation", "verify"] or not os.environ.get("GITHUB_TOKEN", os.environ.get("GH_TOKEN")):
        parser.error(f"this is not attestation verify, or without a token: {asked.words}")
    image = re.fullmatch(r"oci://(?P<name>[^@]+)@(?P<digest>sha256:[0-9a-f]{64})", asked.words[2])
    if image is None:
        parser.error(f"{asked.words[2]} names no image by its digest")
    file = Path(os.environ[FILE])
    known = [Attestation(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []
    for one in known:
        # What the real one makes of --signer-workflow is the beginning of a regular expression.
        signer = f"https://github.com/{asked.signer_workflow or asked.repo + '/'}"
        if (
            one.digest == image["digest"]
            and one.repository == asked.repo
            and re.match(signer, one.subject)
            and asked.source_ref in {None, one.ref}
            and asked.source_digest in {None, one.revision}
        ):
            return 0
    print(f"no attestation of {image['digest']} matches", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
