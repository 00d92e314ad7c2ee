"""The release's page on GitHub."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Pages:
    """A repository's releases, by GitHub's own command line, which takes its token from the environment."""

    repository: str

    @property
    def owner(self) -> str:
        """Whose it is."""
        return self.repository.partition("/")[0]

    def exists(self, tag: str) -> bool:
        """Whether there is one for this tag."""
        return self._gh("view", tag).returncode == 0

    def create(self, tag: str, notes: str) -> None:
        """Make one for a tag that is there."""
        done = self._gh("create", tag, "--verify-tag", "--title", tag, "--notes-file", "-", given=notes)
        if done.returncode:
            raise OSError(f"gh release create: {done.stderr.strip()}")

    def _gh(self, verb: str, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        command = ["gh", "release", verb, *arguments, "--repo", self.repository]
        return subprocess.run(command, input=given, capture_output=True, text=True, check=False)
