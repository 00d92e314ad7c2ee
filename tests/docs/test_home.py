"""Where this action lives is named alike everywhere, and ``make home`` changes it everywhere."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from docker.act import git
from home import move
from redeliver import REPOSITORY

ROOT = Path(__file__).parents[2]


def test_new_home_is_written_into_every_text_that_git_knows(tmp_path: Path) -> None:
    texts = {
        "README.md": f"uses: {REPOSITORY}@v1, https://github.com/{REPOSITORY}/issues and @{REPOSITORY}-maintainers",
        "folder/a.yml": f"image: ghcr.io/{REPOSITORY.lower()}",
        "other.txt": "redeliver-action of org",
        "untracked.txt": REPOSITORY,
    }
    git(tmp_path, "init", "--quiet")
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "picture.png").write_bytes(b"\x89\xff")
    git(tmp_path, "add", "README.md", "folder", "other.txt", "picture.png")
    assert move(tmp_path, REPOSITORY, "Acme/my.redelivery") == ["README.md", "folder/a.yml"]
    after = {name: (tmp_path / name).read_text() for name in texts}
    assert after == texts | {
        "README.md": "uses: Acme/my.redelivery@v1, https://github.com/Acme/my.redelivery/issues "
        "and @Acme/my.redelivery-maintainers",
        "folder/a.yml": "image: ghcr.io/acme/my.redelivery",
    }


@pytest.mark.parametrize("name", ["", "acme", "acme/", "/x", "acme/x/y", "-acme/x", "https://github.com/acme/x"])
def test_home_is_a_repositorys_full_name(name: str) -> None:
    command = ["python3", str(ROOT / "tools/home.py"), *([name] if name else [])]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT / "src")})
    assert done.returncode == 2
    assert "REPOSITORY=owner/name" in done.stderr
