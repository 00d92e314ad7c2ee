"""``make home REPOSITORY=owner/name``: writes where this action lives wherever it is named."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from redeliver import REPOSITORY

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?/[A-Za-z0-9._-]{1,100}")


def move(root: Path, old: str, new: str) -> list[str]:
    """Write another home into every text that Git knows. Gives the names of the files that changed.

    The name of an image is in lower case, whatever the repository's is.
    """
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
    changed = []
    for name in listed.strip("\0").split("\0"):
        before = (root / name).read_bytes()
        images = before.replace(f"ghcr.io/{old.lower()}".encode(), f"ghcr.io/{new.lower()}".encode())
        after = images.replace(old.encode(), new.encode())
        if after != before:
            (root / name).write_bytes(after)
            changed.append(name)
    return changed


def main() -> int:
    """Move this checkout to the repository that is given."""
    new = sys.argv[1] if len(sys.argv) > 1 else ""
    if not _NAME.fullmatch(new):
        print("make home REPOSITORY=owner/name", file=sys.stderr)
        return 2
    print(f"{len(move(Path.cwd(), REPOSITORY, new))} files: {REPOSITORY} is {new} now. Look at them, and commit them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
