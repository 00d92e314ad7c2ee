"""What every workflow of ours keeps to, besides what actionlint and zizmor look at."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from redeliver import REPOSITORY
from redeliver.core.settings import Use
from release.steps import verify_command
from write_docs import of_action

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROMOTE = ROOT / ".github/workflows/promote.yml"
RELEASE: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))["jobs"]
JOBS = RELEASE | yaml.safe_load(PROMOTE.read_text(encoding="utf-8"))["jobs"]

each = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


@each
def test_jobs_have_a_timeout_and_rights_with_a_reason(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    whole = yaml.safe_load(text)
    assert (whole["jobs"]["redeliver"] if path.stem == "redeliver" else whole)["permissions"] == {}
    for right in re.findall(r"^ +[a-z-]+: (?:read|write)\b.*$", text, re.MULTILINE):
        assert re.search(r": (read|write) # to \w", right), right
    assert all("timeout-minutes" in job for job in whole["jobs"].values())


def test_other_actions_have_one_pin_with_its_version() -> None:
    pins: dict[str, set[str]] = {}
    for path in [*WORKFLOWS, *(ROOT / "examples").glob("*.yml")]:
        for used in re.findall(rf"uses: (?!{REPOSITORY}|\./)(.*)", path.read_text(encoding="utf-8")):
            found = re.fullmatch(r"([\w-]+/[\w-]+)(?:/[\w-]+)?@([0-9a-f]{40} # v\d+\.\d+\.\d+)", used)
            assert found, used
            pins.setdefault(found[1], set()).add(found[2])
    assert {name: pin for name, pin in pins.items() if len(pin) > 1} == {}


def test_release_ends_with_a_draft_and_its_publication_moves_v1() -> None:
    order = ["plan", "build", "image", "publish", "verify", "package", "upload", "draft"]
    assert list(RELEASE) == order
    for before, after in pairwise([name for name in order if name != "package"]):
        assert before == RELEASE[after]["needs"] or before in RELEASE[after]["needs"]
    assert "package" in RELEASE["upload"]["needs"]
    made = [(name, step) for name, job in JOBS.items() for step in re.findall(r"-m release (\w+)", script(job))]
    assert made == [
        ("plan", "check"),
        ("publish", "publish"),
        ("draft", "notes"),
        ("promote", "promote"),
    ]
    workflow = yaml.safe_load(text_of(".github/workflows/promote.yml"))
    assert workflow[True] == {"release": {"types": ["published"]}}  # YAML 1.1 takes the word on for a truth


def script(job: dict[str, Any]) -> str:
    return "\n".join(one.get("run", "") for one in job["steps"])


def test_jobs_that_push_or_sign_run_in_an_environment() -> None:
    """Each of them is for the branch main alone: see docs/maintainers.md."""
    environments = {name: job["environment"] for name, job in JOBS.items() if "environment" in job}
    assert environments == {
        "build": "image",
        "image": "image",
        "publish": "release",
        "upload": "package-index",
        "draft": "release",
        "promote": "release",
    }
    for name, job in JOBS.items():
        if {"packages", "id-token", "attestations"} & {right for right, level in rights(job) if level == "write"}:
            assert name in environments, name
    text = (ROOT / "docs/maintainers.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in environments.values())


def rights(job: dict[str, Any]) -> set[tuple[str, str]]:
    return set(job["permissions"].items())


def test_only_the_releases_app_writes_to_the_repository() -> None:
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items():
            assert ("contents", "write") not in rights(job) if "permissions" in job else True, f"{path}: {name}"
    tokens = {
        name: step["with"]
        for name, job in JOBS.items()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/create-github-app-token@")
    }
    assert tokens.keys() == {name for name, job in JOBS.items() if job.get("environment") == "release"}
    for given in tokens.values():
        asked = {name: level for name, level in given.items() if name.startswith("permission-")}
        assert asked == {"permission-contents": "write", "permission-workflows": "write"}
        assert not {"owner", "repositories"} & given.keys()  # so it is for this repository alone


def test_image_is_handed_on_by_its_digest() -> None:
    image = RELEASE["image"]
    assert image["outputs"] == {"digest": "${{ steps.join.outputs.digest }}"}
    (attested,) = [step["with"]["subject-digest"] for step in image["steps"] if "actions/attest@" in str(step)]
    assert attested == image["outputs"]["digest"]
    for name in ("publish", "draft"):
        step = RELEASE[name]["steps"][-1]
        assert step["env"]["DIGEST"] == "${{ needs.image.outputs.digest }}"
        assert re.findall(r'-m release \w+ ("\$VERSION" "\$DIGEST")', step["run"])


def test_users_and_the_release_verify_an_image_alike() -> None:
    told = re.search(r"```sh\s+(gh attestation verify .*?)```", text_of("SECURITY.md"), re.DOTALL)
    assert told
    (run,) = [step["run"] for step in RELEASE["verify"]["steps"] if "gh attestation" in step.get("run", "")]
    for command, repository, image in (
        (told[1], REPOSITORY, "IMAGE"),
        (run, "$GITHUB_REPOSITORY", "$PINNED"),
    ):
        assert shlex.split(command.replace("\\\n", "")) == shlex.split(verify_command(repository, image))


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_builder_of_the_image_is_pinned_by_digest() -> None:
    given = {name: value for step in RELEASE["build"]["steps"] for name, value in step.get("with", {}).items()}
    assert re.fullmatch(r"image=docker\.io/moby/buildkit:v[\d.]+@sha256:[0-9a-f]{64}", given["driver-opts"])
    assert re.fullmatch(r"generator=docker\.io/docker/buildkit-syft-scanner:[\d.]+@sha256:[0-9a-f]{64}", given["sbom"])


def test_job_that_publishes_builds_nothing() -> None:
    """Whoever may sign runs no code of the repository, and has no token that could be stolen."""
    assert rights(RELEASE["package"]) == {("contents", "read")}
    assert "make wheel" in script(RELEASE["package"])
    assert rights(RELEASE["upload"]) == {("id-token", "write")}
    assert not script(RELEASE["upload"]).strip()
    assert "secrets" not in str(RELEASE["upload"])


@pytest.mark.parametrize("name", ["ci", "selftest"])
def test_job_of_the_branch_rule_needs_every_other_job(name: str) -> None:
    jobs = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))["jobs"]
    green = jobs.pop("green")
    assert set(green["needs"]) == set(jobs)
    # The name under which a branch rule finds it.
    for page in ("CONTRIBUTING.md", "docs/maintainers.md"):
        assert f'"{green["name"]}"' in (ROOT / page).read_text(encoding="utf-8")


def test_reusable_workflow_cancels_nothing_and_its_issue_has_the_callers_rights_and_no_secret() -> None:
    workflow = yaml.safe_load(text_of(".github/workflows/redeliver.yml"))
    call = workflow[True]["workflow_call"]  # YAML 1.1 takes the word on for a truth
    run, tracking = workflow["jobs"]["redeliver"], workflow["jobs"]["tracking-issue"]
    assert run["concurrency"]["cancel-in-progress"] is False
    assert "github.workflow" not in run["concurrency"]["group"]  # that is the caller's name: it would wait for itself
    assert run["timeout-minutes"] == "${{ inputs.timeout-minutes }}"
    # A call is refused where a job of the called workflow names a right that the caller lacks, even if it is skipped.
    assert "permissions" not in tracking
    assert "permissions" not in workflow
    assert "secrets." not in str(tracking)
    assert "inputs.tracking-issue" in tracking["if"]
    assert call["inputs"]["tracking-issue"]["default"] is False
    (step,) = tracking["steps"]
    assert step["with"].keys() <= {row.name for row in of_action(Use.TRACKING)}
    assert step["with"]["report"] == "${{ needs.redeliver.outputs.report }}"


def test_guide_names_whose_actions_an_organization_has_to_allow() -> None:
    used = {owner for path in WORKFLOWS for owner in re.findall(r"uses: ([\w-]+)/", path.read_text(encoding="utf-8"))}
    (allowed,) = re.findall(
        r"only selected actions: ([^;]+);", (ROOT / "docs/maintainers.md").read_text(encoding="utf-8")
    )
    assert {*re.findall(r"`([\w-]+)/\*`", allowed)} == used - {"actions", "github", REPOSITORY.partition("/")[0]}
