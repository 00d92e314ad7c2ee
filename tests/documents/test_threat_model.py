"""Every defence in the threat model leads to a test that there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
#: What a label stands for: a file, and in the link's title the test.
LINKS = {label: (path, test) for label, path, test in re.findall(r'^\[(.+?)\]: (\S+) "(.+)"$', TEXT, re.MULTILINE)}
ROWS = [line.strip("| ").split(" | ") for line in TEXT.splitlines() if line.startswith("| ")]


def test_every_attack_has_a_defence_and_every_defence_a_test() -> None:
    assert len(ROWS) > 40
    for attack, defence, shown in ROWS:
        assert attack
        assert defence
        if shown not in {"shown by", ":--"}:
            assert re.fullmatch(r"(\[[^\]]+\]\[[^\]]+\](, )?)+", shown), shown


def test_every_test_is_led_to() -> None:
    assert set(re.findall(r"\]\[([^\]]+)\]", TEXT)) == set(LINKS)


def test_every_test_is_there() -> None:
    files = sorted({test.partition("::")[0] for _, test in LINKS.values()})
    asked = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files]
    listed = subprocess.run(asked, check=True, capture_output=True, text=True, cwd=ROOT).stdout.splitlines()
    names = {line.partition("[")[0] for line in listed}
    for path, test in LINKS.values():
        assert test in names
        assert path == f"../{test.partition('::')[0]}"
