"""The locks hold on the day that something in them has a newer release, too."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = Path(__file__).parents[2] / "requirements"
PINNED = re.compile(r"^([\w.-]+)(?:\[([^]]*)\])?==", re.MULTILINE)


@pytest.mark.parametrize("lock", ["run.txt", "test.txt"])
def test_a_pin_names_the_extras_that_others_ask_it_for(lock: str) -> None:
    """Where it does not, pip takes the newest release for ``name[extra]``, and then has no hash for it."""
    found = PINNED.findall((LOCKS / lock).read_text(encoding="utf-8"))
    pinned = {canonicalize_name(name): set(filter(None, extras.split(","))) for name, extras in found}
    asked = 0
    for name, extras in pinned.items():
        for wanted in map(Requirement, _requires(name)):
            applies = wanted.marker is None or any(wanted.marker.evaluate({"extra": one}) for one in {"", *extras})
            if applies and wanted.extras and canonicalize_name(wanted.name) in pinned:
                asked += 1
                assert wanted.extras <= pinned[canonicalize_name(wanted.name)], f"{name} asks for {wanted}"
    assert asked, "nobody asks for an extra: this test has nothing to look at"


def _requires(name: str) -> list[str]:
    """What an installed package asks for; one that is for another machine asks for nothing here."""
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []
