"""A release, up to its last push: what others pin is made last, and a crash anywhere is no harm."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

from docker.act import IDENTITY, git
from docker.images import plant, pushed
from docker.registry import serve
from docker.release_world import FILES, NAME, VERSION, ReleaseWorld
from release import attestation
from release.checkout import Checkout
from release.commits import REUSABLE, Pair
from release.registry import Registry

TAG = f"refs/tags/v{VERSION}"
CODE = "src/redeliver/__init__.py"
UNKNOWN = "sha256:" + "0" * 64
BOTH = ("https://spdx.dev/Document", "https://slsa.dev/provenance/v1")
PUBLISHING = ("publish", "announce", "promote")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ReleaseWorld]:
    (tmp_path / "registry").mkdir()
    with serve(tmp_path / "registry") as store:
        yield ReleaseWorld(tmp_path, store, FILES)


def built(world: ReleaseWorld, *more: str) -> list[str]:
    """What was pushed for each architecture. Built anew it is never the same bytes: ``more`` makes a difference."""
    return [pushed(world.store, architecture, statements=(*BOTH, *more)) for architecture in ("amd64", "arm64")]


def test_release_pins_its_image_and_its_own_commit_and_has_a_page(world: ReleaseWorld) -> None:
    revision, before = world.head, world.file("main", REUSABLE)
    world.release(*built(world))
    image, tagged = f"{world.image}@{world.store.tags[VERSION]}", world.refs[TAG]
    others = dict.fromkeys((TAG, "refs/tags/v1", "refs/heads/releases/v1"), tagged)
    assert world.refs == {"refs/heads/main": revision, **others}
    assert world.file(tagged, "src/image.txt") == image
    # The commit before the tag's is the action, which the tag's workflow uses.
    used = re.findall(r"uses: (\S+) # (.+)$", world.file(tagged, REUSABLE), re.MULTILINE)
    action = git(world.remote, "rev-parse", f"{tagged}^")
    assert used == [(f"{name}@{action}", f"the action of v{VERSION}") for name in (NAME, f"{NAME}/sub-action")]
    assert world.file(action, "src/image.txt") == image
    assert git(world.remote, "diff", "--name-only", revision, action) == "src/image.txt"
    assert git(world.remote, "diff", "--name-only", action, tagged) == REUSABLE
    # Else GitHub would forget it, and zizmor call it an impostor.
    for ref in others:
        git(world.remote, "merge-base", "--is-ancestor", action, ref)
    # On main the workflow uses the moving tag.
    assert world.file("main", REUSABLE) == before
    assert git(world.checkout, "status", "--porcelain") == ""
    assert git(world.checkout, "symbolic-ref", "HEAD") == "refs/heads/main"
    notes = world.pages.notes[f"v{VERSION}"]
    assert notes.startswith("The first version.\n\n- It works.\n\n---\n")
    assert f"\n```sh\n{shlex.join(attestation.command(NAME, image))}\n```\n" in notes
    assert "Old." not in notes


def test_image_is_one_index_for_both_architectures_with_their_sboms(world: ReleaseWorld) -> None:
    digest = world.made("join", VERSION, *reversed(built(world)))["digest"]
    outputs = world.made("sboms", digest, str(world.sboms))
    index = world.store.manifests[digest].json
    images = [entry for entry in index["manifests"] if "annotations" not in entry]
    assert [entry["platform"]["architecture"] for entry in images] == ["amd64", "arm64"]
    assert len(index["manifests"]) == 4
    assert [entry["digest"] for entry in images] == [outputs["amd64"], outputs["arm64"]]
    sboms = {file.name: json.loads(file.read_text())["name"] for file in world.sboms.iterdir()}
    assert sboms == {"amd64.spdx.json": "amd64", "arm64.spdx.json": "arm64"}
    assert index["annotations"]["org.opencontainers.image.revision"] == world.head


def test_next_release_is_a_merge_and_the_old_one_never_moves_the_tag_back(world: ReleaseWorld) -> None:
    world.release(*built(world))
    old, first = world.head, world.refs[TAG]
    for name in ("CHANGELOG.md", CODE):
        world.edit(name, VERSION, "1.10.0")
    second = world.commit("Something newer")
    world.release(*built(world), version="1.10.0")
    refs = world.refs
    action = git(world.remote, "show", "--no-patch", "--format=%P", refs["refs/tags/v1.10.0"])
    assert git(world.remote, "show", "--no-patch", "--format=%P", action).split() == [first, second]
    assert refs["refs/tags/v1"] == refs["refs/heads/releases/v1"] == refs["refs/tags/v1.10.0"]
    assert refs[TAG] == first
    git(world.checkout, "checkout", "--quiet", old)
    assert world.made("promote", VERSION, world.made("check", VERSION)["digest"]) == {"promoted": "false"}
    assert world.refs == refs


# -- a crash ----------------------------------------------------------------------------------------------------


class Crash(Exception):
    pass


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_release_after_a_crash_anywhere_is_made_once(world: ReleaseWorld, number: int, when: str) -> None:
    count = 0

    def crashing(effect: Callable[..., None]) -> Callable[..., None]:
        def crash(*arguments: object, **named: object) -> None:
            nonlocal count
            count += 1
            if count == number and when == "before":
                raise Crash
            effect(*arguments, **named)
            if count == number:
                raise Crash

        return crash

    with (
        mock.patch.object(Registry, "put", crashing(Registry.put)),
        mock.patch.object(Checkout, "push", crashing(Checkout.push)),
        mock.patch.object(world.pages, "create", crashing(world.pages.create)),
        pytest.raises(Crash),
    ):
        world.release(*built(world))
    assert count == number
    tagged = world.refs.get(TAG)
    assert "refs/tags/v1" not in world.refs or (number, when) == (4, "after")

    world.release(*built(world, "x"))
    commit = world.refs[TAG]
    assert tagged in {None, commit}
    assert world.refs["refs/tags/v1"] == commit
    assert world.file(commit, "src/image.txt") == f"{world.image}@{world.store.tags[VERSION]}"
    assert world.pages.made == [f"v{VERSION}"]
    assert len(world.refs) == 4


@pytest.mark.parametrize("attested", [True, False])
def test_image_that_was_attested_before_a_crash_is_not_built_again(world: ReleaseWorld, *, attested: bool) -> None:
    digest = world.build(*built(world)) if attested else world.made("join", VERSION, *built(world))["digest"]
    assert world.made("check", VERSION)["digest"] == (digest if attested else "")
    world.release(*([] if attested else built(world, "x")))
    assert (digest in world.file(TAG, "src/image.txt")) is attested


def test_image_of_another_revision_is_not_reused(world: ReleaseWorld) -> None:
    world.build(*built(world))
    (world.checkout / "new.txt").touch()
    world.commit("A correction")
    assert world.made("check", VERSION)["digest"] == ""


def test_moving_tag_stays_until_all_is_there_and_is_left_to_whoever_moves_it_meanwhile(world: ReleaseWorld) -> None:
    digest = world.build(*built(world))
    world.refuses("v1 stays where it is", "promote", VERSION, digest)
    world.made("publish", VERSION, digest)
    world.refuses("v1 stays where it is", "promote", VERSION, digest)
    assert "refs/tags/v1" not in world.refs
    world.made("announce", VERSION, digest)
    assert world.made("promote", VERSION, digest) == {"promoted": "true"}
    with pytest.raises(OSError, match="stale info"):
        Checkout(world.checkout).push(f"{world.head}:refs/tags/v1", instead_of=world.head)


# -- images and tags of somebody else ---------------------------------------------------------------------------


#: How an image may be attested that the release workflow did not build, on main, from this commit.
ATTESTED = [
    pytest.param(None, id="by nobody"),
    pytest.param({"ref": "refs/heads/mine"}, id="on a branch"),
    pytest.param({"workflow": ".github/workflows/ci.yml"}, id="by another workflow"),
    pytest.param({"repository": "evil/redeliver-action"}, id="in a fork"),
    pytest.param({"revision": "0" * 40}, id="of another commit"),
]


@pytest.mark.parametrize("attested", ATTESTED)
def test_image_that_somebody_tagged_is_not_reused(world: ReleaseWorld, attested: dict[str, str] | None) -> None:
    planted = plant(world.store, VERSION, world.head)
    if attested is not None:
        world.attest(planted, **attested)
    assert world.made("check", VERSION)["digest"] == ""
    world.release(*built(world))
    digest = world.store.tags[VERSION]
    assert digest != planted
    assert world.file(TAG, "src/image.txt") == f"{world.image}@{digest}"


def test_image_tagged_during_the_reviewers_pause_is_not_pinned(world: ReleaseWorld) -> None:
    digest = world.build(*built(world))
    planted = plant(world.store, VERSION, world.head)
    world.attest(planted, ref="refs/heads/mine")
    for step in PUBLISHING:
        world.made(step, VERSION, digest)
    assert world.store.tags[VERSION] == planted
    assert world.file("v1", "src/image.txt") == f"{world.image}@{digest}"
    assert planted not in world.pages.notes[f"v{VERSION}"]


def test_pushed_git_tag_for_another_image_is_refused(world: ReleaseWorld) -> None:
    """It is the commit that a release would make, with another image."""
    image = f"{world.image}@{plant(world.store, VERSION, world.head)}"
    checkout = Checkout(world.checkout)
    tagged = Pair(checkout, NAME, VERSION).make(image, [world.head])
    checkout.push(f"{tagged}:{TAG}")
    world.refuses(f"v1.0.0 pins {image}, which the release workflow did not build", "check", VERSION)
    digest = world.made("join", VERSION, *built(world))["digest"]
    for step in PUBLISHING:
        world.refuses(f"pins {image}, and this run has {world.image}@{digest}", step, VERSION, digest)
    assert world.refs == {TAG: tagged, "refs/heads/main": world.head}


@pytest.mark.parametrize("which", ["action", "workflow"])
def test_pushed_git_tag_with_another_change_is_refused(world: ReleaseWorld, which: str) -> None:
    """The image is the release's own, and a file beside it is not."""
    digest = world.build(*built(world))
    checkout, pair = Checkout(world.checkout), Pair(Checkout(world.checkout), NAME, VERSION)
    tagged = pair.make(f"{world.image}@{digest}", [world.head])
    (action,) = checkout.parents(tagged)
    if which == "action":
        action = checkout.commit(checkout.tree(action, "src/launch.sh", "evil"), "Evil", [world.head])
    tagged = checkout.commit(checkout.tree(tagged, "src/launch.sh", "evil"), "Evil", [action])
    checkout.push(f"{tagged}:{TAG}")
    refused(world, "v1.0.0 is not what a release makes of this commit", digest=digest)


@pytest.mark.parametrize("digest", ["", VERSION, "sha256:", "sha256:" + "g" * 64])
def test_step_takes_a_digest_and_no_tag(world: ReleaseWorld, digest: str) -> None:
    before = world.refs
    for step in PUBLISHING:
        with pytest.raises(SystemExit):
            world.step(step, VERSION, digest)
    assert world.refs == before


# -- refusals ---------------------------------------------------------------------------------------------------


def not_clean(world: ReleaseWorld) -> None:
    (world.checkout / "new.txt").touch()


def not_on_main(world: ReleaseWorld) -> None:
    not_clean(world)
    git(world.checkout, "checkout", "--quiet", "-b", "mine")
    git(world.checkout, "add", ".")
    git(world.checkout, *IDENTITY, "commit", "--quiet", "--message=Mine")


def another_branch(world: ReleaseWorld) -> None:
    """Though it is the same commit: its attestation would name another branch than the documents do."""
    world.ref = "refs/heads/mine"


def exists(world: ReleaseWorld) -> None:
    world.release(*built(world))
    not_clean(world)
    world.commit("Something newer")


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
        (edited(CODE, "__version__", "version"), VERSION, "has no __version__"),
        (edited(REUSABLE, "@v1", "@v2"), VERSION, "uses org/redeliver-action@v2, and not org/redeliver-action@v1"),
        (edited(REUSABLE, "org/", "me/"), VERSION, "uses me/redeliver-action@v1, and not org/redeliver-action@v1"),
        (edited(REUSABLE, "uses: ", "name: "), VERSION, "uses no action, and not org/redeliver-action@v1"),
        (lambda _: None, "0.9.0", "__init__.py says 1.0.0, and CHANGELOG.md 0.9.0"),
        (not_clean, VERSION, "not clean"),
        (not_on_main, VERSION, "not on main"),
        (another_branch, VERSION, "made by a run on main, and this one is on refs/heads/mine"),
        (exists, VERSION, "v1.0.0 exists, and was made of another commit"),
    ],
)
def test_release_that_does_not_fit_together_is_refused(
    world: ReleaseWorld, change: Callable[[ReleaseWorld], None], version: str, why: str
) -> None:
    change(world)
    refused(world, why, version=version)


def refused(world: ReleaseWorld, why: str, *, version: str = VERSION, digest: str = UNKNOWN) -> None:
    """At every step, without a trace."""
    before = world.refs, dict(world.store.tags)
    world.refuses(why, "check", version)
    for step in ("join", *PUBLISHING):
        world.refuses(why, step, version, digest)
    assert (world.refs, world.store.tags) == before


@pytest.mark.parametrize(
    ("architectures", "statements", "why"),
    [
        (("amd64",), BOTH, "not for linux/amd64 and linux/arm64"),
        (("amd64", "arm64", "arm"), BOTH, "not for linux/amd64 and linux/arm64"),
        (("amd64", "arm64"), BOTH[:1], "no provenance"),
        (("amd64", "arm64"), BOTH[1:], "no SBOM"),
        (("amd64", "arm64"), (), "no provenance or no SBOM"),
    ],
)
def test_incomplete_image_is_never_tagged(
    world: ReleaseWorld, architectures: tuple[str, ...], statements: tuple[str, ...], why: str
) -> None:
    digests = [pushed(world.store, name, statements=statements) for name in architectures]
    world.refuses(why, "join", VERSION, *digests)
    assert world.store.tags == {}


# -- what is to be released -------------------------------------------------------------------------------------


def test_newest_version_is_released_once_it_has_a_date(world: ReleaseWorld) -> None:
    assert world.made("newest") == {"version": VERSION}
    world.release(*built(world))
    assert world.made("newest") == {"version": VERSION}  # it may have to be finished
    world.edit("CHANGELOG.md", "It works", "It really works")
    world.commit("A correction")
    assert world.made("newest") == {"version": ""}
    world.edit("CHANGELOG.md", "# Changelog\n", "# Changelog\n\n## 1.1.0 (unreleased)\n\nMore.\n")
    world.commit("More")
    assert world.made("newest") == {"version": ""}


def test_version_that_the_changelog_knows_is_written_wherever_it_is_named(world: ReleaseWorld) -> None:
    assert world.step("version", "3.0.0")[0] == 1
    assert git(world.checkout, "status", "--porcelain") == ""
    world.edit("CHANGELOG.md", "# Changelog\n", "# Changelog\n\n## 2.0.0 (unreleased)\n\nMore.\n")
    world.made("version", "2.0.0")
    world.commit("Version 2.0.0")
    assert world.made("newest") == {"version": "2.0.0"}
    assert world.made("check", "2.0.0")["digest"] == ""
    assert world.file("main", REUSABLE).endswith(f"uses: {NAME}@v2\n      - uses: {NAME}/sub-action@v2")
