"""Git, as far as a release needs it. The working tree is never written to, so a crash leaves nothing to clean up."""

from __future__ import annotations

import base64
import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

BOT = "github-actions[bot]"
_BOT_MAIL = "41898282+github-actions[bot]@users.noreply.github.com"


@dataclass(frozen=True)
class Checkout:
    """A repository on this machine, and the one that it was cloned from."""

    folder: Path
    token: str = field(default="", repr=False)
    """What the remote is asked with; empty: whatever git itself knows."""

    def read(self, path: str, commit: str = "HEAD") -> str:
        """A file as it is in a commit.

        Raises:
            OSError: it is not there.
        """
        return self._run("show", f"{commit}:{path}")

    @cached_property
    def head(self) -> str:
        """The commit that is checked out. No step checks out another one."""
        return self._git("rev-parse", "HEAD")

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing but what is committed."""
        return not self._git("status", "--porcelain")

    def is_on(self, branch: str) -> bool:
        """Whether what is checked out is part of a remote branch."""
        tip = self.remote(f"refs/heads/{branch}")
        if tip == self.head:
            return True
        self._git("fetch", "--quiet", "origin", f"refs/heads/{branch}", also=self._credential())
        return bool(tip) and self._try("merge-base", "--is-ancestor", "HEAD", tip)

    def remote(self, ref: str) -> str:
        """The commit that a remote ref leads to; empty: there is no such ref."""
        return self.remotes(ref).get(ref, "")

    def remotes(self, pattern: str) -> dict[str, str]:
        """Remote refs and their commits."""
        listed = self._git("ls-remote", "origin", pattern, also=self._credential())
        return {ref: commit for commit, ref in (line.split("\t") for line in listed.splitlines())}

    def fetch(self, commit: str) -> None:
        """Have a commit of the remote on this machine."""
        self._git("fetch", "--quiet", "origin", commit, also=self._credential())

    def parents(self, commit: str) -> list[str]:
        """What a commit was made from."""
        return self._git("show", "--no-patch", "--format=%P", commit).split()

    def tree(self, commit: str, path: str = "", text: str = "") -> str:
        """All files of a commit, by their hash; with another text in one of them, where a path is given."""
        if not path:
            return self._git("rev-parse", f"{commit}^{{tree}}")
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
            self._git("read-tree", commit, also=index)
            blob = self._git("hash-object", "-w", "--stdin", given=text)
            self._git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", also=index)
            return self._git("write-tree", also=index)

    def commit(self, tree: str, message: str, parents: list[str]) -> str:
        """A new commit. Nothing leads to it yet."""
        who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _IDENTITY}
        named = [word for parent in parents for word in ("-p", parent)]
        return self._git("commit-tree", tree, *named, "-m", message, also=who)

    def push(self, *refs: str, instead_of: str | None = None) -> None:
        """Push ``commit:ref``, all of them or none. ``instead_of``: move a ref that is still there now."""
        lease = [] if instead_of is None else [f"--force-with-lease={refs[0].partition(':')[2]}:{instead_of}"]
        self._git("push", "--quiet", "--atomic", *lease, "origin", *refs, also=self._credential())

    def _credential(self) -> dict[str, str]:
        """By the environment: a command line is for everybody to read."""
        if not self.token:
            return {}
        server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
        word = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{server}/.extraheader",
            "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {word}",
        }

    def _git(self, *arguments: str, given: str | None = None, also: dict[str, str] | None = None) -> str:
        return self._run(*arguments, given=given, also=also).strip()

    def _run(self, *arguments: str, given: str | None = None, also: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            input=given,
            env=os.environ | (also or {}),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise OSError(f"git {arguments[0]}: {done.stderr.strip()}")
        return done.stdout

    def _try(self, *arguments: str) -> bool:
        return subprocess.run(["git", *arguments], cwd=self.folder, check=False, capture_output=True).returncode == 0


_IDENTITY = (("NAME", BOT), ("EMAIL", _BOT_MAIL))
