"""The pages for who works on the action speak of what there is, the first of them is short, and make says the rest."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
FIRST, SECOND = ((ROOT / name).read_text(encoding="utf-8") for name in ("CONTRIBUTING.md", "docs/maintainers.md"))
TEXT = FIRST + SECOND
#: The targets of make that people use.
NINE = ["setup", "quick", "test", "check", "docs", "demo", "e2e", "soak", "lock"]


def test_contributing_is_short() -> None:
    assert len(FIRST.split()) <= 1_300


def test_contributing_begins_with_five_files() -> None:
    section = FIRST.split("\n## ")[1]
    assert section.startswith("Read these five files\n")
    files = re.findall(r"^\d\. `(.+?)`: ", section, re.MULTILINE)
    assert len(files) == 5
    assert all((ROOT / "src" / "redeliver" / file).is_file() for file in files)


def test_named_modules_and_folders_exist() -> None:
    for name in re.findall(r"`(?!tests/|tools/)([\w/]+\.py)`", TEXT):
        assert (ROOT / "src" / "redeliver" / name).exists(), name
    for name in re.findall(r"`((?:src|tests|tools|requirements)[\w/.-]*)`", TEXT):
        assert (ROOT / name).exists() or name == "src/image.txt", name


def test_named_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z0-9]+)\b", "".join(re.findall(r"`[^`]*`", TEXT, re.DOTALL))))
    assert len(named) > 8
    assert named <= targets


def test_git_hooks_use_the_pinned_programs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    programs = {found for hook in hooks for found in re.findall(r"\.venv/bin/([\w-]+)", hook["entry"])}
    assert programs == {"ruff", "actionlint", "zizmor"}
    lock = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    for program in programs:
        assert re.search(rf"^{program}(-\w+)?==", lock, re.MULTILINE), program
    assert all(hook["language"] == "system" for hook in hooks)


def test_make_lists_every_target_once() -> None:
    phony = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    # Not with the variables of the make that runs this test.
    printed = subprocess.run(
        ["make"], cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True
    )
    first, others, _ = (block.splitlines() for block in printed.stdout.split("\n\n"))
    listed = [re.fullmatch(r"make (\w+) +(\w.{10,})", line) for line in (*first, *others)]
    names = [line[1] for line in listed if line]
    assert None not in listed
    assert names[: len(first)] == NINE
    assert sorted(names) == sorted(" ".join(phony).split())
