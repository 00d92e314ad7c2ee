"""A copy of the package with a defect in it, and what the tests say of that."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from defects.table import Defect

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
#: pytest's exit code when tests ran and some failed. Others mean that the defect broke more than it should.
TESTS_FAILED = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """What one test made of a defect."""

    defect: Defect
    test: str
    check: str
    noticed: bool
    worlds: str
    """How many of the model's worlds it took, or nothing."""
    output: str


def file_with(text: str) -> Path:
    """The one file of the package that holds a text, once.

    Raises:
        LookupError: there is none, or it is there more than once.
    """
    found = [file for file in SOURCE.rglob("*.py") for _ in range(file.read_text(encoding="utf-8").count(text))]
    if len(found) != 1:
        raise LookupError(f"{len(found)} places in src hold this text, and it must be one:\n{text}")
    return found[0]


def try_out(defect: Defect, test: str) -> Finding:
    """Run a test over a copy of the package that has the defect.

    Raises:
        LookupError: the text that the defect changes is not there once.
    """
    file = file_with(defect.old)
    check = defect.noticed_by[test]
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "src"
        shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        broken = copy / file.relative_to(SOURCE)
        broken.write_text(broken.read_text(encoding="utf-8").replace(defect.old, defect.new), encoding="utf-8")
        # Not the checkout's source, which the configuration names.
        options = ["-o", "pythonpath=tests tools", "-p", "no:cacheprovider", "--numprocesses=0", "-x", "-q"]
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", *options, test],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": f"{copy}{os.pathsep}{ROOT / 'tests'}", "SHRINK": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
    worlds = re.search(r"([\d,]+) worlds", ended.stdout)
    noticed = ended.returncode == TESTS_FAILED and re.search(check, ended.stdout) is not None
    return Finding(defect, test, check, noticed, worlds[1] if worlds else "", ended.stdout + ended.stderr)
