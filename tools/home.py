"""``make home``: writes where this action lives, and how its package is named, wherever that is said."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from redeliver import REPOSITORY

_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?/[A-Za-z0-9._-]{1,100}")
# With a hyphen: a single word may be in the documents for another reason, and `redeliver` is the other command's name.
_PACKAGE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
# Elsewhere the same word names an image, a folder or a marker, which stay as they are.
_NAMES_THE_PACKAGE = re.compile(r".*\.md|pyproject\.toml|requirements/.*\.txt|src/redeliver/errors\.py")


def move(root: Path, repository: tuple[str, str], package: tuple[str, str]) -> list[str]:
    """Write new names instead of old ones into every text that Git knows. Gives the names of the files that changed.

    The name of an image is in lower case, whatever the repository's is.
    """
    (old, new), (old_package, new_package) = repository, package
    alone = re.compile(rf"(?<![\w./-]){re.escape(old_package)}(?![\w/-])".encode())
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
    changed = []
    for name in listed.strip("\0").split("\0"):
        before = (root / name).read_bytes()
        after = before.replace(f"ghcr.io/{old.lower()}".encode(), f"ghcr.io/{new.lower()}".encode())
        after = after.replace(old.encode(), new.encode())
        if _NAMES_THE_PACKAGE.fullmatch(name):
            after = alone.sub(new_package.encode(), after)
        if after != before:
            (root / name).write_bytes(after)
            changed.append(name)
    return changed


def main() -> int:
    """Give this checkout the names that were passed."""
    repository, package = (*sys.argv[1:], "", "")[:2]
    old: str = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["name"]
    if not _REPOSITORY.fullmatch(repository) or not _PACKAGE.fullmatch(package or old):
        print("make home REPOSITORY=owner/name [PACKAGE=lower-case-with-a-hyphen]", file=sys.stderr)
        return 2
    changed = move(Path.cwd(), (REPOSITORY, repository), (old, package or old))
    print(
        f"{len(changed)} files name {repository} and the package {package or old} now. Look at them, and commit them."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
