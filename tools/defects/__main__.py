"""Tries every defect out, or those that an argument is part of, on a copy of the package, and says what noticed it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from defects.table import DEFECTS, Defect

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
#: pytest's exit code when tests ran and some failed. Others mean that the defect broke more than it should.
TESTS_FAILED = 1


def file_with(text: str) -> Path:
    """The one file of the package that holds a text, once.

    Raises:
        LookupError: there is none, or it is there more than once.
    """
    found = [file for file in SOURCE.rglob("*.py") for _ in range(file.read_text(encoding="utf-8").count(text))]
    if len(found) != 1:
        raise LookupError(f"{len(found)} places in src hold this text, and it must be one:\n{text}")
    return found[0]


def is_noticed(defect: Defect, test: str) -> bool:
    """Run a test over a copy of the package that has the defect, and say at once what came of it.

    Raises:
        LookupError: the text that the defect changes is not there once.
    """
    file = file_with(defect.old)
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
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    noticed = ended.returncode == TESTS_FAILED and re.search(defect.check, ended.stdout) is not None
    worlds = re.search(r"[\d,]+ worlds", ended.stdout)
    where = f"{test.rpartition('/')[2]}{f', {worlds[0]}' if worlds else ''}"
    print(f"{'noticed' if noticed else 'MISSED '}  {defect.what}: {defect.check} ({where})", flush=True)
    if not noticed:
        print(f"{ended.stdout[-6_000:]}\n{'-' * 100}", flush=True)
    return noticed


def main(words: list[str]) -> int:
    """Exit code 1: a defect was not noticed, or not by the check that must notice it."""
    chosen = [defect for defect in DEFECTS if not words or any(word in defect.what for word in words)]
    each = [(defect, test) for defect in chosen for test in defect.tests]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        noticed = [*pool.map(lambda one: is_noticed(*one), each)]
    print(f"\n{len(chosen)} defects, {len(each)} tries, {noticed.count(False)} not noticed")
    return 0 if each and all(noticed) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
