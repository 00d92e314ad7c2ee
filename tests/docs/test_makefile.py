"""``make`` alone says what it can do."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What people use.
NINE = ["setup", "quick", "test", "check", "docs", "demo", "e2e", "soak", "lock"]


def test_each_target_is_listed_once_with_a_sentence_and_the_nine_come_first() -> None:
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
