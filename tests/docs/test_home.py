"""Where this action lives, and its package's name, are written alike everywhere; ``make home`` changes them there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from docker.act import git
from home import move
from redeliver import REPOSITORY

ROOT = Path(__file__).parents[2]
PACKAGE = REPOSITORY.partition("/")[2]  # alike at first, and told apart


def test_new_home_is_written_into_every_text_that_git_knows(tmp_path: Path) -> None:
    texts = {
        "README.md": f"uses: {REPOSITORY}@v1, https://github.com/{REPOSITORY}/issues and @{REPOSITORY}-maintainers",
        "folder/a.yml": f"image: ghcr.io/{REPOSITORY.lower()}",
        "other.txt": f"{PACKAGE} of org",
        "SECURITY.md": f"{PACKAGE}@1 `{PACKAGE}[x]` ./{PACKAGE} @{REPOSITORY}-maintainers",
        "untracked.txt": REPOSITORY,
    }
    git(tmp_path, "init", "--quiet")
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "picture.png").write_bytes(b"\x89\xff")
    git(tmp_path, "add", "--all")
    git(tmp_path, "reset", "--quiet", "untracked.txt")
    changed = move(tmp_path, (REPOSITORY, "Acme/my.redelivery"), (PACKAGE, "my-package"))
    assert changed == ["README.md", "SECURITY.md", "folder/a.yml"]
    after = {name: (tmp_path / name).read_text() for name in texts}
    assert after == texts | {
        "README.md": "uses: Acme/my.redelivery@v1, https://github.com/Acme/my.redelivery/issues "
        "and @Acme/my.redelivery-maintainers",
        "folder/a.yml": "image: ghcr.io/acme/my.redelivery",
        "SECURITY.md": f"my-package@1 `my-package[x]` ./{PACKAGE} @Acme/my.redelivery-maintainers",
    }


@pytest.mark.parametrize(
    "names",
    [
        "",
        "acme",
        "acme/",
        "/x",
        "acme/x/y",
        "-acme/x",
        "https://github.com/acme/x",
        "acme/x redeliver",
        "acme/x My-Name",
    ],
)
def test_names_that_cannot_be_are_refused(names: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f'project.name = "{PACKAGE}"')
    command = ["python3", str(ROOT / "tools/home.py"), *names.split()]
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]}
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 2
    assert "REPOSITORY=owner/name" in done.stderr
