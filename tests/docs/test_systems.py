"""The table of systems is held to what the package index has: the tool says what differs."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import systems
from systems import LOCK, PYTHONS, SYSTEMS, System, differences, packages

REQUIREMENTS = packages(LOCK.read_text(encoding="utf-8"))
LINUX = System("Linux", ("linux",))
ARM = System("Arm", ("arm",), lacks=("crypto",))


def index(name: str, tags: tuple[str, ...], _: str) -> bool:
    """A package index as the two systems say."""
    return name == "pure" or tags == ("linux",)


def test_requirements_of_the_lock_keep_their_hashes() -> None:
    lines = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if re.match(r"[a-z]", line)]
    assert len(REQUIREMENTS) == len(lines) > 20
    hashes = [text.count("--hash=sha256:") for text in REQUIREMENTS.values()]
    assert all(hashes)
    assert sum(hashes) == LOCK.read_text(encoding="utf-8").count("--hash=sha256:")


def test_selftest_runs_on_the_systems_marked_as_tested() -> None:
    selftest = (LOCK.parents[1] / ".github" / "workflows" / "selftest.yml").read_text(encoding="utf-8")
    (runners,) = re.findall(r"^ +runner: \[(ubuntu.*-arm.*)\]$", selftest, re.MULTILINE)
    assert len(runners.split(",")) == len([system for system in SYSTEMS if system.tested])
    assert not [system for system in SYSTEMS if system.tested and system.lacks]


@pytest.mark.parametrize(
    ("table", "packages", "said"),
    [
        ((LINUX, ARM), ["pure", "crypto"], None),
        ((LINUX, ARM), ["pure", "new"], "Arm: there is no wheel of new for Python {}, but the table does not say so."),
        (
            (replace(LINUX, lacks=("crypto",)),),
            ["crypto"],
            "Linux: there is a wheel of crypto for Python {}, but the table says no.",
        ),
    ],
    ids=["as the table says", "lost its wheels", "has a wheel now"],
)
def test_differences_from_the_table_are_reported_for_each_python(
    monkeypatch: pytest.MonkeyPatch, table: tuple[System, ...], packages: list[str], said: str | None
) -> None:
    monkeypatch.setattr(systems, "SYSTEMS", table)
    assert [*differences(packages, index)] == ([said.format(python) for python in PYTHONS] if said else [])
