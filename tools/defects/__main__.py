"""Tries every defect out, or those that an argument is part of, and says what noticed it."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from defects.breaking import Finding, try_out
from defects.table import DEFECTS


def main(words: list[str]) -> int:
    """Exit code 1: a defect was not noticed, or not by the check that must notice it."""
    chosen = [defect for defect in DEFECTS if not words or any(word in defect.what for word in words)]
    each = [(defect, test) for defect in chosen for test in defect.noticed_by]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        missed = [found for found in pool.map(lambda one: told(try_out(*one)), each) if not found.noticed]
    for found in missed:
        print(f"\n{'-' * 100}\n{found.defect.what}: {found.check} did not notice\n\n{found.output[-6_000:]}")
    print(f"\n{len(chosen)} defects, {len(each)} tries, {len(missed)} not noticed")
    return 1 if missed or not each else 0


def told(found: Finding) -> Finding:
    """Say it as soon as it is known."""
    where = found.test.rpartition("/")[2].partition("::")[0] + (
        found.test[found.test.index("[") :] if "[" in found.test else ""
    )
    worlds = f", in world {found.worlds}" if found.worlds else ""
    print(
        f"{'noticed' if found.noticed else 'MISSED '}  {found.defect.what}: {found.check} ({where}{worlds})", flush=True
    )
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
