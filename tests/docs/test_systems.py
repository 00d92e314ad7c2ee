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


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "SYSTEMS", (LINUX, ARM))


def index(name: str, tags: tuple[str, ...], _: str) -> bool:
    """A package index as the two systems say."""
    return name == "pure" or tags == ("linux",)


def test_every_requirement_of_the_lock_is_asked_for_with_its_hashes() -> None:
    lines = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if re.match(r"[a-z]", line)]
    assert len(REQUIREMENTS) == len(lines) > 20
    hashes = [text.count("--hash=sha256:") for text in REQUIREMENTS.values()]
    assert all(hashes)
    assert sum(hashes) == LOCK.read_text(encoding="utf-8").count("--hash=sha256:")


def test_what_a_system_lacks_is_named_in_the_lock() -> None:
    assert {name for system in SYSTEMS for name in system.lacks} <= set(REQUIREMENTS)


def test_the_systems_of_the_self_test_are_those_that_are_told_to_be_tested() -> None:
    selftest = (LOCK.parents[1] / ".github" / "workflows" / "selftest.yml").read_text(encoding="utf-8")
    (runners,) = re.findall(r"^ +runner: \[(ubuntu.*-arm.*)\]$", selftest, re.MULTILINE)
    assert len(runners.split(",")) == len([system for system in SYSTEMS if system.tested])
    assert not [system for system in SYSTEMS if system.tested and system.lacks]


@pytest.mark.usefixtures("two")
def test_an_index_as_the_table_says_differs_in_nothing() -> None:
    assert list(differences(["pure", "crypto"], index)) == []


@pytest.mark.usefixtures("two")
def test_a_package_that_lost_its_wheels_is_told_for_each_python() -> None:
    told = list(differences(["pure", "new"], index))
    assert told == [
        f"Arm: there is no wheel of new for Python {python}, but the table does not say so." for python in PYTHONS
    ]


def test_a_wheel_that_there_is_now_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "SYSTEMS", (replace(LINUX, lacks=("crypto",)),))
    (*_, told) = differences(["crypto"], index)
    assert told == "Linux: there is a wheel of crypto for Python 3.14, but the table says no."
