"""A repository that is about to be released, and where it was cloned from."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from docker import gh
from docker.act import IDENTITY, git
from redeliver import REPOSITORY
from release.__main__ import main

NAME = REPOSITORY
VERSION = "1.0.0"
FILES = {
    "CHANGELOG.md": f"""# Changelog

## {VERSION} (2026-12-01)

The first version.

- It works.

## 0.9.0 (2026-11-01)

Old.
""",
    "src/redeliver/__init__.py": f'"""Redeliver."""\n\n__version__ = "{VERSION}"\n',
    ".github/workflows/redeliver.yml": (
        f"jobs:\n  x:\n    steps:\n      - uses: {NAME}@v1\n      - uses: {NAME}/sub-action@v1\n"
    ),
}


class ReleaseWorld:
    """Everything that a release touches, and nothing of it is anybody's."""

    def __init__(self, folder: Path, files: Mapping[str, str], registry: str = "ghcr.io") -> None:
        """In an empty folder, with these files in what is released, and with where that was cloned from."""
        self.ref, self.repository = "refs/heads/main", NAME
        self.image = f"{registry}/{NAME.lower()}"
        self.remote, self.checkout = folder / "remote.git", folder / "checkout"
        self.attestations = folder / "attestations.jsonl"
        self.programs = folder / "programs"
        self.programs.mkdir()
        (self.programs / "gh").write_text(f'#!/bin/sh\nexec "{sys.executable}" -IS "{gh.__file__}" "$@"\n')
        (self.programs / "gh").chmod(0o755)
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        git(folder, "clone", "--quiet", str(self.remote), str(self.checkout))
        for name, text in files.items():
            (self.checkout / name).parent.mkdir(parents=True, exist_ok=True)
            (self.checkout / name).write_text(text)
        if files:
            self.commit("Something new")

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.checkout / name).read_text()
        assert old in text
        (self.checkout / name).write_text(text.replace(old, new))

    def commit(self, message: str) -> str:
        """Commit everything to the main branch, and push it."""
        git(self.checkout, "add", "--all")
        git(self.checkout, *IDENTITY, "commit", "--quiet", "--message", message)
        git(self.checkout, "push", "--quiet", "origin", "HEAD:refs/heads/main")
        return self.head

    @property
    def head(self) -> str:
        return git(self.checkout, "rev-parse", "HEAD")

    @property
    def refs(self) -> dict[str, str]:
        """The remote's."""
        lines = git(self.remote, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(line.split() for line in lines)

    def file(self, commit: str, name: str) -> str:
        return git(self.remote, "show", f"{commit}:{name}")

    def step(self, *words: str) -> tuple[int, str]:
        """Make one step, as the workflow does: its exit code, and what it prints."""
        with self.surroundings(), redirect_stderr(io.StringIO()) as said, redirect_stdout(io.StringIO()) as printed:
            code = main([*words])
        self.said = said.getvalue()
        return code, printed.getvalue()

    def refuses(self, why: str, *words: str) -> None:
        """Make one step, which is refused for this reason."""
        assert self.step(*words)[0] == 1
        assert why in self.said

    def made(self, *words: str) -> dict[str, str]:
        """Make one step. Gives its outputs."""
        code, printed = self.step(*words)
        assert code == 0, self.said
        return dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)

    def release(self, digest: str) -> None:
        """All of its steps, as the workflows make them."""
        version = self.made("check", "")["version"]
        self.made("publish", version, digest)
        self.made("promote", f"v{version}")

    @contextmanager
    def surroundings(self) -> Iterator[None]:
        before = Path.cwd()
        given = {
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_REF": self.ref,
            "GH_TOKEN": "a token",
            "RELEASE_IMAGE": self.image,
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
            gh.FILE: str(self.attestations),
        }
        os.chdir(self.checkout)
        try:
            with mock.patch.dict(os.environ, given):
                yield
        finally:
            os.chdir(before)
