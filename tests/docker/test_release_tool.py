"""A release, up to its last push: what others pin is made last, and a crash anywhere is no harm."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
import yaml

from docker.act import ROOT, git
from docker.release_world import FILES, NAME, VERSION, ReleaseWorld
from release.changelog import section
from release.git import Checkout
from release.steps import CODE, PLACEHOLDER, REUSABLE, Release, verify_command

TAG = f"refs/tags/v{VERSION}"
DIGEST, UNKNOWN = ("sha256:" + digit * 64 for digit in "10")
IMAGE = f"ghcr.io/{NAME.lower()}@{DIGEST}"


@pytest.fixture
def world(tmp_path: Path) -> ReleaseWorld:
    return ReleaseWorld(tmp_path, FILES)


def test_release_pins_its_image_and_its_own_commit(world: ReleaseWorld) -> None:
    revision, before = world.head, world.file("main", REUSABLE)
    world.release(DIGEST)
    tagged = world.refs[TAG]
    others = dict.fromkeys((TAG, "refs/tags/v1", "refs/heads/releases/v1"), tagged)
    assert world.refs == {"refs/heads/main": revision, **others}
    assert world.file(tagged, "src/image.txt") == IMAGE
    # The commit before the tag's is the action, which the tag's workflow uses.
    used = re.findall(r"uses: (\S+) # (.+)$", world.file(tagged, REUSABLE), re.MULTILINE)
    action = git(world.remote, "rev-parse", f"{tagged}^")
    assert used == [(f"{name}@{action}", f"the action of v{VERSION}") for name in (NAME, f"{NAME}/sub-action")]
    assert world.file(action, "src/image.txt") == IMAGE
    assert git(world.remote, "diff", "--name-only", revision, action) == "src/image.txt"
    assert git(world.remote, "diff", "--name-only", action, tagged) == REUSABLE
    # Else GitHub would forget it, and zizmor call it an impostor.
    for ref in others:
        git(world.remote, "merge-base", "--is-ancestor", action, ref)
    # On main the workflow uses the moving tag.
    assert world.file("main", REUSABLE) == before
    assert git(world.checkout, "status", "--porcelain") == ""
    assert git(world.checkout, "symbolic-ref", "HEAD") == "refs/heads/main"


def test_page_is_drafted_once_with_the_changelogs_words(world: ReleaseWorld) -> None:
    """By the workflow's own commands: a person publishes it, and only then v1 moves."""
    world.release(DIGEST)
    jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))["jobs"]
    script = jobs["draft"]["steps"][-1]["run"]
    summary = world.remote.parent / "summary"
    with world.surroundings():
        given = {"PYTHONPATH": str(ROOT / "tools"), "VERSION": VERSION, "DIGEST": DIGEST, "PAGES": "https://x"}
        given |= {"RUNNER_TEMP": str(world.remote.parent), "GITHUB_STEP_SUMMARY": str(summary)}
        for _ in range(2):
            subprocess.run(["bash", "-e", "-c", script], check=True, env=os.environ | given)
    notes = world.attestations.with_name(f"v{VERSION}.md").read_text()
    assert notes.startswith("The first version.\n\n- It works.\n\n---\n")
    assert f"`{world.refs[TAG]}`, pins the image `{IMAGE}`" in notes
    assert f"\n```sh\n{verify_command(NAME, IMAGE)}\n```\n" in notes
    assert "Old." not in notes
    assert "GitHub Marketplace" in summary.read_text()


def test_next_release_is_a_merge_and_the_old_one_never_moves_the_tag_back(world: ReleaseWorld) -> None:
    world.release(DIGEST)
    first = world.refs[TAG]
    for name in ("CHANGELOG.md", CODE):
        world.edit(name, VERSION, "1.10.0")
    second = world.commit("Something newer")
    world.release(DIGEST)
    refs = world.refs
    action = git(world.remote, "show", "--no-patch", "--format=%P", refs["refs/tags/v1.10.0"])
    assert git(world.remote, "show", "--no-patch", "--format=%P", action).split() == [first, second]
    assert refs["refs/tags/v1"] == refs["refs/heads/releases/v1"] == refs["refs/tags/v1.10.0"]
    assert refs[TAG] == first
    assert world.made("promote", f"v{VERSION}") == {"promoted": "false"}
    assert world.refs == refs


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2])
def test_release_after_a_crash_anywhere_is_made_once(world: ReleaseWorld, number: int, when: str) -> None:
    """Failed jobs run again with what those before them have handed on."""

    class Crash(Exception):
        pass

    count = 0
    push = Checkout.push

    def crash(*arguments: str, **named: str) -> None:
        nonlocal count
        count += 1
        if count == number and when == "before":
            raise Crash
        push(*arguments, **named)  # type: ignore[arg-type]
        if count == number:
            raise Crash

    def finish() -> None:
        world.made("publish", VERSION, DIGEST)
        world.made("promote", f"v{VERSION}")

    with mock.patch.object(Checkout, "push", crash), pytest.raises(Crash):
        finish()
    tagged = world.refs.get(TAG)
    assert "refs/tags/v1" not in world.refs or (number, when) == (2, "after")
    world.edit("CHANGELOG.md", "Old.", "Older.")
    world.commit("Something newer")
    git(world.checkout, "checkout", "--quiet", "HEAD^")
    finish()
    assert tagged in {None, world.refs[TAG]}
    assert world.refs["refs/tags/v1"] == world.refs["refs/heads/releases/v1"] == world.refs[TAG]
    assert len(world.refs) == 4


def test_moving_tag_is_left_to_whoever_moves_it_meanwhile(world: ReleaseWorld) -> None:
    world.release(DIGEST)
    with pytest.raises(OSError, match="stale info"):
        Checkout(world.checkout).push(f"{world.head}:refs/tags/v1", instead_of=world.head)


@pytest.mark.parametrize("tag", ["v1", "v1.0.0-rc.1", "1.0.0", "v1.0.0", "v2.0.0", ""])
def test_what_is_no_release_is_never_promoted(world: ReleaseWorld, tag: str) -> None:
    world.release(DIGEST)
    git(world.checkout, "push", "--quiet", "--force", "origin", "HEAD:refs/tags/v2.0.0", "HEAD:refs/tags/v1.0.0")
    before = world.refs
    world.refuses(
        "not the tag of a release" if tag not in {"v1.0.0", "v2.0.0"} else "stays where it is", "promote", tag
    )
    assert world.refs == before


# -- tags of somebody else --------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["image", "action", "workflow"])
def test_pushed_tag_that_the_release_would_not_make_is_refused(world: ReleaseWorld, change: str) -> None:
    checkout = Checkout(world.checkout)
    release = Release(checkout, NAME, section(FILES["CHANGELOG.md"], VERSION))
    tagged = release.make(IMAGE.replace(DIGEST, UNKNOWN) if change == "image" else IMAGE, [world.head])
    action = git(world.checkout, "rev-parse", f"{tagged}^")
    if change == "action":
        action = checkout.commit(action, "src/launch.sh", "evil", "Evil", [world.head])
    if change != "image":
        tagged = checkout.commit(tagged, "src/launch.sh", "evil", "Evil", [action])
    checkout.push(f"{tagged}:{TAG}")
    for step in ("publish", "notes"):
        world.refuses("v1.0.0 is there, and is not what this run makes", step, VERSION, DIGEST)
    assert world.refs == {TAG: tagged, "refs/heads/main": world.head}


@pytest.mark.parametrize("digest", ["", VERSION, "sha256:", "sha256:" + "g" * 64])
def test_step_takes_a_digest_and_no_tag(world: ReleaseWorld, digest: str) -> None:
    before = world.refs
    for step in ("publish", "notes"):
        with pytest.raises(SystemExit):
            world.step(step, VERSION, digest)
    assert world.refs == before


# -- refusals ---------------------------------------------------------------------------------------------------


def another_branch(world: ReleaseWorld) -> None:
    """Though it is the same commit: its attestation would name another branch than the documents do."""
    world.ref = "refs/heads/mine"


def moved(world: ReleaseWorld) -> None:
    """To a home of somebody else's, of which one file has not heard."""
    world.edit("CHANGELOG.md", "- It works.", f"- {PLACEHOLDER} works.")
    world.edit(REUSABLE, NAME, "me/mine")
    world.commit("At home")
    world.repository = "me/mine"


def edited(name: str, old: str, new: str) -> Callable[[ReleaseWorld], None]:
    def edit(world: ReleaseWorld) -> None:
        world.edit(name, old, new)
        world.commit("Something wrong")

    return edit


@pytest.mark.parametrize(
    ("change", "version", "why"),
    [
        (edited("CHANGELOG.md", VERSION, "1.0.1"), VERSION, "has no section for 1.0.0"),
        (edited("CHANGELOG.md", "2026-12-01", "unreleased"), VERSION, "1.0.0 is unreleased: give it a date"),
        (edited(CODE, VERSION, "1.0.1"), VERSION, "__init__.py says 1.0.1, and CHANGELOG.md 1.0.0"),
        (edited(CODE, "__version__", "version"), VERSION, "__init__.py says nothing, and CHANGELOG.md 1.0.0"),
        (edited(REUSABLE, "@v1", "@v2"), VERSION, f"uses {NAME}@v2, and not {NAME}@v1"),
        (edited(REUSABLE, NAME, "me/mine"), VERSION, f"uses me/mine@v1, and not {NAME}@v1"),
        (edited(REUSABLE, "uses: ", "name: "), VERSION, f"uses no action, and not {NAME}@v1"),
        (moved, VERSION, f"CHANGELOG.md still says {PLACEHOLDER}: make home REPOSITORY=me/mine"),
        (lambda _: None, "0.9.0", "__init__.py says 1.0.0, and CHANGELOG.md 0.9.0"),
        (another_branch, VERSION, "made by a run on main, and this one is on refs/heads/mine"),
    ],
)
def test_release_that_does_not_fit_together_is_refused_without_a_trace(
    world: ReleaseWorld, change: Callable[[ReleaseWorld], None], version: str, why: str
) -> None:
    change(world)
    before = world.refs
    world.refuses(why, "check", version)
    for step in ("publish", "notes"):
        world.refuses(why, step, version, UNKNOWN)
    assert world.refs == before


# -- what is to be released -------------------------------------------------------------------------------------


def test_newest_version_is_released_once_when_it_has_a_date(world: ReleaseWorld) -> None:
    assert world.made("check", "") == {"version": VERSION, "image": world.image}
    world.release(DIGEST)
    assert world.made("check", "") == {"version": ""}
    world.edit("CHANGELOG.md", "# Changelog\n", "# Changelog\n\n## 1.1.0 (unreleased)\n\nMore.\n")
    world.commit("More")
    assert world.made("check", "") == {"version": ""}


def test_version_that_the_changelog_knows_is_written_wherever_it_is_named(world: ReleaseWorld) -> None:
    assert world.step("version", "3.0.0")[0] == 1
    assert git(world.checkout, "status", "--porcelain") == ""
    world.edit("CHANGELOG.md", "# Changelog\n", "# Changelog\n\n## 2.0.0 (unreleased)\n\nMore.\n")
    world.made("version", "2.0.0")
    world.commit("Version 2.0.0")
    assert world.made("check", "")["version"] == "2.0.0"
    assert world.file("main", REUSABLE).endswith(f"uses: {NAME}@v2\n      - uses: {NAME}/sub-action@v2")
