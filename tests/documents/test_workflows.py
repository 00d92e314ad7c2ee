"""What every workflow of ours keeps to, besides what actionlint and zizmor look at."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RELEASE: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))["jobs"]

each = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


@each
def test_no_right_is_given_but_by_a_job_that_says_what_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert yaml.safe_load(text)["permissions"] == {}
    for right in re.findall(r"^ +[a-z-]+: (?:read|write)\b.*$", text, re.MULTILINE):
        assert re.search(r": (read|write) # to \w", right), right


@each
def test_every_job_ends_after_a_while(path: Path) -> None:
    for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items():
        assert "timeout-minutes" in job, name


def test_an_action_of_others_has_one_pin_and_its_version_beside_it() -> None:
    pins: dict[str, set[str]] = {}
    for path in [*WORKFLOWS, *(ROOT / "examples").glob("*.yml")]:
        for used in re.findall(r"uses: (?!org/|\./)(.*)", path.read_text(encoding="utf-8")):
            found = re.fullmatch(r"([\w-]+/[\w-]+)(?:/[\w-]+)?@([0-9a-f]{40} # v\d+\.\d+\.\d+)", used)
            assert found, used
            pins.setdefault(found[1], set()).add(found[2])
    assert {name: pin for name, pin in pins.items() if len(pin) > 1} == {}


def test_no_checkout_leaves_its_credential_behind() -> None:
    for path in WORKFLOWS:
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values():
            for step in job.get("steps", []):
                if step.get("uses", "").startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False, path


def test_a_release_moves_v1_last_and_only_after_the_tag_was_tried() -> None:
    order = ["plan", "build", "image", "publish", "verify", "promote"]
    assert list(RELEASE) == order
    for before, after in pairwise(order):
        assert before == RELEASE[after]["needs"] or before in RELEASE[after]["needs"]
    made = [
        (name, step)
        for name, job in RELEASE.items()
        for one in job["steps"]
        for step in re.findall(r"-m release (\w+)", one.get("run", ""))
    ]
    assert made == [
        ("plan", "newest"),
        ("plan", "check"),
        ("image", "image"),
        ("publish", "publish"),
        ("promote", "announce"),
        ("promote", "promote"),
    ]


def test_nothing_but_the_steps_that_push_may_write_to_the_repository() -> None:
    writers = {name for name, job in RELEASE.items() if job["permissions"]["contents"] == "write"}
    assert writers == {"publish", "promote"}
    assert {RELEASE[name]["environment"] for name in writers} == {"release"}


@pytest.mark.parametrize("name", ["ci", "selftest"])
def test_what_a_branch_rule_asks_for_needs_every_other_job(name: str) -> None:
    jobs = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))["jobs"]
    green = jobs.pop("green")
    assert set(green["needs"]) == set(jobs)
    # The name under which a branch rule finds it.
    assert f'"{green["name"]}"' in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_whatever_is_pinned_is_kept_up_to_date_after_a_week() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text(encoding="utf-8"))["updates"]
    looked_at = {
        (one["package-ecosystem"], folder)
        for one in updates
        for folder in one.get("directories", [one.get("directory")])
    }
    assert looked_at == {
        ("github-actions", "/"),
        ("github-actions", "/examples"),
        ("docker", "/"),
        ("pip", "/requirements"),
        ("npm", "/tests/contract"),
    }
    assert {one["cooldown"]["default-days"] for one in updates} == {7}
