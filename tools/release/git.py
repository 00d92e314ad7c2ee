"""Git, as far as a release needs it. The working tree is never written to, so a crash leaves nothing to clean up."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_BOT = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")


@dataclass(frozen=True)
class Checkout:
    """A repository on this machine, and the one that it was cloned from. Its methods raise OSError if git fails."""

    folder: Path

    def read(self, path: str, commit: str = "HEAD") -> str:
        """A file as it is in a commit."""
        return self._run("show", f"{commit}:{path}")

    def ask(self, *arguments: str) -> str:
        """What git says, without the blanks around it."""
        return self._run(*arguments).strip()

    def remotes(self, pattern: str) -> dict[str, str]:
        """Remote refs and their commits."""
        listed = self._run("ls-remote", "origin", pattern)
        return {ref: commit for commit, ref in (line.split("\t") for line in listed.splitlines())}

    def fetch(self, ref: str) -> str:
        """Have a ref of the remote on this machine. Gives its commit; empty: there is no such ref."""
        commit = self.remotes(ref).get(ref, "")
        if commit:
            self._run("fetch", "--quiet", "origin", commit)
        return commit

    def contains(self, descendant: str, ancestor: str) -> bool:
        """Whether a commit leads to another one. Both are on this machine."""
        return self.ask("merge-base", descendant, ancestor) == ancestor

    def names_of(self, text: str) -> list[str]:
        """The first files of what is checked out that contain a text, at most three."""
        found = self._run("grep", "--files-with-matches", "--fixed-strings", text, "HEAD")
        return [name.removeprefix("HEAD:") for name in found.splitlines()[:3]]

    def commit(self, base: str, path: str, text: str, message: str, parents: list[str]) -> str:
        """A commit like another one, with another text in one file. Nothing leads to it yet.

        Made again, it is the same: its date is that of the commit that is checked out.
        """
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
            self._run("read-tree", base, also=index)
            blob = self._run("hash-object", "-w", "--stdin", given=text).strip()
            self._run("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", also=index)
            tree = self._run("write-tree", also=index).strip()
        what = dict(zip(("NAME", "EMAIL", "DATE"), (*_BOT, self.ask("show", "-s", "--format=%cI")), strict=True))
        who = {f"GIT_{role}_{name}": value for role in ("AUTHOR", "COMMITTER") for name, value in what.items()}
        named = [word for parent in parents for word in ("-p", parent)]
        return self._run("commit-tree", tree, *named, "-m", message, also=who).strip()

    def push(self, *refs: str, instead_of: str | None = None) -> None:
        """Push ``commit:ref``, all of them or none. ``instead_of``: move a ref that is still there now."""
        lease = [] if instead_of is None else [f"--force-with-lease={refs[0].partition(':')[2]}:{instead_of}"]
        self._run("push", "--quiet", "--atomic", *lease, "origin", *refs)

    def _run(self, *arguments: str, given: str | None = None, also: dict[str, str] | None = None) -> str:
        environment = os.environ | (also or {})
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            input=given,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        finds_nothing = arguments[0] == "grep" and done.returncode == 1
        if done.returncode and not finds_nothing:
            raise OSError(f"git {arguments[0]}: {done.stderr.strip()}")
        return done.stdout
