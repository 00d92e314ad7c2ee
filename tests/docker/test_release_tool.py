"""A release, up to its last push: what others pin is made last, and a crash anywhere is no harm."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from docker.house import FILES, NAME, VERSION, House, git, make_repositories
from docker.images import plant, pushed
from docker.registry import serve
from release import attestation
from release.checkout import Checkout
from release.commits import REUSABLE, Pair
from release.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TAG = f"refs/tags/v{VERSION}"
UNKNOWN = "sha256:" + "0" * 64
BOTH = ("https://spdx.dev/Document", "https://slsa.dev/provenance/v1")


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those that each test has copies of."""
    folder = tmp_path_factory.mktemp("repositories")
    make_repositories(folder, FILES)
    return folder


@pytest.fixture
def house(tmp_path: Path, repositories: Path) -> Iterator[House]:
    (tmp_path / "registry").mkdir()
    with serve(tmp_path / "registry") as store:
        yield House(tmp_path, store, repositories)


def built(house: House) -> list[str]:
    return [pushed(house.store, architecture) for architecture in ("amd64", "arm64")]


def test_the_tags_commit_names_the_image_that_the_registry_has(house: House) -> None:
    revision = house.head
    house.release(*built(house))
    digest = house.store.tags[VERSION]
    commit = house.refs[TAG]
    assert house.file(commit, "src/image.txt") == f"{house.image}@{digest}"
    assert house.refs == {
        TAG: commit,
        "refs/tags/v1": commit,
        "refs/heads/releases/v1": commit,
        "refs/heads/main": revision,
    }


def test_the_tags_workflow_pins_a_commit_that_is_the_action(house: House) -> None:
    revision = house.head
    house.release(*built(house))
    tagged = house.refs[TAG]
    used = re.findall(r"uses: (\S+) # (.+)$", house.file(tagged, REUSABLE), re.MULTILINE)
    action = git(house.remote, "rev-parse", f"{tagged}^")
    assert used == [(f"{name}@{action}", f"the action of v{VERSION}") for name in (NAME, f"{NAME}/sub-action")]
    assert house.file(action, "src/image.txt") == f"{house.image}@{house.store.tags[VERSION]}"
    assert git(house.remote, "diff", "--name-only", revision, action) == "src/image.txt"
    assert git(house.remote, "diff", "--name-only", action, tagged) == REUSABLE
    # Else GitHub would forget it, and zizmor call it an impostor.
    for ref in ("refs/tags/v1", "refs/heads/releases/v1"):
        git(house.remote, "merge-base", "--is-ancestor", action, ref)


def test_on_the_main_branch_the_workflow_uses_the_moving_tag(house: House) -> None:
    before = house.file("main", REUSABLE)
    house.release(*built(house))
    assert house.file("main", REUSABLE) == before
    assert f"uses: {NAME}@v1\n" in before + "\n"


def test_the_image_is_one_index_for_both_architectures_with_their_sboms(house: House) -> None:
    digest = house.made("join", VERSION, *reversed(built(house)))["digest"]
    outputs = house.made("sboms", digest, str(house.sboms))
    index = house.store.manifests[digest]
    images = [entry for entry in index.json["manifests"] if "annotations" not in entry]
    assert [entry["platform"]["architecture"] for entry in images] == ["amd64", "arm64"]
    assert len(index.json["manifests"]) == 4
    assert [entry["digest"] for entry in images] == [outputs["amd64"], outputs["arm64"]]
    assert house.sboms_kept == {"amd64.spdx.json": "amd64", "arm64.spdx.json": "arm64"}
    assert index.json["annotations"]["org.opencontainers.image.revision"] == house.head


def test_the_page_has_the_changelogs_section_and_how_to_check_the_image(house: House) -> None:
    house.release(*built(house))
    notes = house.pages.notes[f"v{VERSION}"]
    assert notes.startswith("The first version.\n\n- It works.\n\n---\n")
    image = f"{house.image}@{house.store.tags[VERSION]}"
    assert f"\n```sh\n{shlex.join(attestation.command(NAME, image))}\n```\n" in notes
    assert "Old." not in notes


def test_nothing_is_left_in_the_working_tree(house: House) -> None:
    house.release(*built(house))
    assert git(house.checkout, "status", "--porcelain") == ""
    assert git(house.checkout, "symbolic-ref", "HEAD") == "refs/heads/main"


def test_the_next_release_is_a_merge_into_the_same_branch_and_moves_the_tag(house: House) -> None:
    house.release(*built(house))
    first = house.refs[TAG]
    second, refs = make_another(house, "1.1.0")
    action = git(house.remote, "show", "--no-patch", "--format=%P", refs["refs/tags/v1.1.0"])
    assert git(house.remote, "show", "--no-patch", "--format=%P", action).split() == [first, second]
    assert refs["refs/tags/v1"] == refs["refs/heads/releases/v1"] == refs["refs/tags/v1.1.0"]
    assert refs[TAG] == first


def test_an_old_release_that_is_made_again_does_not_move_the_tag_back(house: House) -> None:
    house.release(*built(house))
    old = house.head
    _, refs = make_another(house, "1.10.0")
    git(house.checkout, "checkout", "--quiet", old)
    assert house.made("promote", VERSION, house.made("check", VERSION)["digest"]) == {"promoted": "false"}
    assert house.refs == refs


def make_another(house: House, version: str) -> tuple[str, dict[str, str]]:
    for name in ("CHANGELOG.md", "src/redeliver/__init__.py"):
        house.edit(name, VERSION, version)
    revision = house.commit("Something newer")
    house.release(*built(house), version=version)
    return revision, house.refs


# -- a crash ----------------------------------------------------------------------------------------------------


class Crash(Exception):
    pass


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_after_a_crash_anywhere_the_same_release_is_made_once(house: House, number: int, when: str) -> None:
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
        mock.patch.object(house.pages, "create", crashing(house.pages.create)),
        pytest.raises(Crash),
    ):
        house.release(*built(house))
    assert count == number
    tagged = house.refs.get(TAG)
    assert "refs/tags/v1" not in house.refs or (number, when) == (4, "after")

    # Built anew, as it would be: never the same bytes twice.
    house.release(*rebuilt(house))
    commit = house.refs[TAG]
    assert tagged in {None, commit}
    assert house.refs["refs/tags/v1"] == commit
    assert house.file(commit, "src/image.txt") == f"{house.image}@{house.store.tags[VERSION]}"
    assert house.pages.made == [f"v{VERSION}"]
    assert len(house.refs) == 4


def rebuilt(house: House) -> list[str]:
    return [pushed(house.store, name, statements=(*BOTH, "x")) for name in ("amd64", "arm64")]


def test_an_image_is_built_once_when_a_run_broke_off_after_it_was_attested(house: House) -> None:
    digest = house.build(*built(house))
    assert house.made("check", VERSION)["digest"] == digest
    house.release()
    assert house.file(TAG, "src/image.txt") == f"{house.image}@{digest}"


def test_an_image_is_built_anew_when_a_run_broke_off_before_it_was_attested(house: House) -> None:
    first = house.made("join", VERSION, *built(house))["digest"]
    assert house.made("check", VERSION)["digest"] == ""
    house.release(*rebuilt(house))
    assert first not in house.file(TAG, "src/image.txt")


def test_the_moving_tag_stays_where_it_is_until_all_is_there(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    digest = house.build(*built(house))
    for steps in ((), (("publish", VERSION, digest),)):
        for step in steps:
            house.made(*step)
        assert house.step("promote", VERSION, digest)[0] == 1
        assert "v1 stays where it is" in capsys.readouterr().err
        assert "refs/tags/v1" not in house.refs
    house.made("announce", VERSION, digest)
    assert house.made("promote", VERSION, digest) == {"promoted": "true"}


def test_a_moving_tag_that_somebody_else_moves_meanwhile_is_left_to_them(house: House) -> None:
    house.release(*built(house))
    checkout = Checkout(house.checkout)
    with pytest.raises(OSError, match="stale info"):
        checkout.push(f"{house.head}:refs/tags/v1", instead_of=house.head)


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
def test_an_image_that_somebody_tagged_is_not_reused(house: House, attested: dict[str, str] | None) -> None:
    planted = plant(house.store, VERSION, house.head)
    if attested is not None:
        house.attest(planted, **attested)
    assert house.made("check", VERSION)["digest"] == ""
    house.release(*built(house))
    digest = house.store.tags[VERSION]
    assert digest != planted
    assert house.file(TAG, "src/image.txt") == f"{house.image}@{digest}"


def test_an_image_that_is_tagged_during_the_reviewers_pause_is_not_pinned(house: House) -> None:
    digest = house.build(*built(house))
    planted = plant(house.store, VERSION, house.head)
    house.attest(planted, ref="refs/heads/mine")
    for step in ("publish", "announce", "promote"):
        house.made(step, VERSION, digest)
    assert house.store.tags[VERSION] == planted
    assert house.file("v1", "src/image.txt") == f"{house.image}@{digest}"
    assert planted not in house.pages.notes[f"v{VERSION}"]


def test_a_git_tag_that_somebody_pushed_for_an_image_of_theirs_is_refused(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is the very commit that a release would make, but for the image."""
    image = f"{house.image}@{plant(house.store, VERSION, house.head)}"
    checkout = Checkout(house.checkout)
    tagged = Pair(checkout, NAME, VERSION).make(image, [house.head])
    checkout.push(f"{tagged}:{TAG}")
    assert house.step("check", VERSION)[0] == 1
    assert f"v1.0.0 pins {image}, which the release workflow did not build" in capsys.readouterr().err
    digest = house.made("join", VERSION, *built(house))["digest"]
    for step in ("publish", "announce", "promote"):
        assert house.step(step, VERSION, digest)[0] == 1
        assert f"pins {image}, and this run has {house.image}@{digest}" in capsys.readouterr().err
    assert house.refs == {TAG: tagged, "refs/heads/main": house.head}


@pytest.mark.parametrize("which", ["action", "workflow"])
def test_a_git_tag_that_somebody_pushed_with_a_change_of_theirs_is_refused(
    house: House, which: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The image is the release's own, and a file beside it is not."""
    digest = house.build(*built(house))
    checkout, pair = Checkout(house.checkout), Pair(Checkout(house.checkout), NAME, VERSION)
    tagged = pair.make(f"{house.image}@{digest}", [house.head])
    (action,) = checkout.parents(tagged)
    if which == "action":
        action = checkout.commit(checkout.tree(action, "src/launch.sh", "evil"), "Evil", [house.head])
    tagged = checkout.commit(checkout.tree(tagged, "src/launch.sh", "evil"), "Evil", [action])
    checkout.push(f"{tagged}:{TAG}")
    refused(house, "v1.0.0 is not what a release makes of this commit", capsys, digest=digest)


@pytest.mark.parametrize("step", ["publish", "announce", "promote"])
@pytest.mark.parametrize("digest", ["", VERSION, "sha256:", "sha256:" + "g" * 64])
def test_a_step_wants_a_digest_and_not_a_tag(house: House, step: str, digest: str) -> None:
    before = house.refs
    with pytest.raises(SystemExit):
        house.step(step, VERSION, digest)
    assert house.refs == before


# -- refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "version", "says"),
    [
        (("CHANGELOG.md", VERSION, "1.0.1"), VERSION, "has no section for 1.0.0"),
        (("CHANGELOG.md", "2026-12-01", "unreleased"), VERSION, "1.0.0 is unreleased: give it a date"),
        (("src/redeliver/__init__.py", VERSION, "1.0.1"), VERSION, "__init__.py says 1.0.1, and CHANGELOG.md 1.0.0"),
        (("src/redeliver/__init__.py", "__version__", "version"), VERSION, "has no __version__"),
        ((REUSABLE, "@v1", "@v2"), VERSION, "uses org/redeliver-action@v2, and not org/redeliver-action@v1"),
        ((REUSABLE, "org/", "me/"), VERSION, "uses me/redeliver-action@v1, and not org/redeliver-action@v1"),
        ((REUSABLE, "uses: ", "name: "), VERSION, "uses no action, and not org/redeliver-action@v1"),
        (("CHANGELOG.md", "2026-12-01", "2026-12-01"), "0.9.0", "__init__.py says 1.0.0, and CHANGELOG.md 0.9.0"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    house: House, edit: tuple[str, str, str], version: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    house.edit(*edit)
    if edit[1] != edit[2]:
        house.commit("Something wrong")
    refused(house, says, capsys, version=version)


def test_a_tree_that_is_not_clean_is_refused(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (house.checkout / "new.txt").touch()
    refused(house, "not clean", capsys)


def test_a_commit_that_is_not_on_the_main_branch_is_refused(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (house.checkout / "new.txt").touch()
    git(house.checkout, "checkout", "--quiet", "-b", "mine")
    git(house.checkout, "add", ".")
    git(house.checkout, "-c", "user.name=o", "-c", "user.email=o@example.com", "commit", "--quiet", "--message=Mine")
    refused(house, "not on main", capsys)


def test_a_version_that_exists_is_refused(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.release(*built(house))
    (house.checkout / "new.txt").touch()
    house.commit("Something newer")
    refused(house, "v1.0.0 exists, and was made of another commit", capsys)


def refused(
    house: House, says: str, capsys: pytest.CaptureFixture[str], *, version: str = VERSION, digest: str = UNKNOWN
) -> None:
    """At every step, without a trace."""
    before = house.refs, dict(house.store.tags)
    steps = [("check", version), *((name, version, digest) for name in ("join", "publish", "announce", "promote"))]
    for step in steps:
        assert house.step(*step)[0] == 1
        assert says in capsys.readouterr().err
    assert (house.refs, house.store.tags) == before


def test_a_run_on_another_branch_is_refused(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Though it is the same commit: its attestation would say another branch than the one users are told."""
    house.ref = "refs/heads/mine"
    refused(house, "made by a run on main, and this one is on refs/heads/mine", capsys)


@pytest.mark.parametrize(
    ("architectures", "statements", "says"),
    [
        (("amd64",), BOTH, "not for linux/amd64 and linux/arm64"),
        (("amd64", "arm64", "arm"), BOTH, "not for linux/amd64 and linux/arm64"),
        (("amd64", "arm64"), BOTH[:1], "no provenance"),
        (("amd64", "arm64"), BOTH[1:], "no SBOM"),
        (("amd64", "arm64"), (), "no provenance or no SBOM"),
    ],
)
def test_an_image_that_lacks_something_is_never_tagged(
    house: House,
    architectures: tuple[str, ...],
    statements: tuple[str, ...],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    digests = [pushed(house.store, name, statements=statements) for name in architectures]
    assert house.step("join", VERSION, *digests)[0] == 1
    assert says in capsys.readouterr().err
    assert house.store.tags == {}


def test_an_image_of_another_revision_is_not_taken_for_this_ones(house: House) -> None:
    house.build(*built(house))
    (house.checkout / "new.txt").touch()
    house.commit("A correction")
    assert house.made("check", VERSION)["digest"] == ""


# -- what is to be released -------------------------------------------------------------------------------------


def test_the_newest_version_is_released_once_it_has_a_date(house: House) -> None:
    assert house.made("newest") == {"version": VERSION}
    house.release(*built(house))
    assert house.made("newest") == {"version": VERSION}  # it may have to be finished
    house.edit("CHANGELOG.md", "It works", "It really works")
    house.commit("A correction")
    assert house.made("newest") == {"version": ""}
    house.edit("CHANGELOG.md", "# Changelog\n", "# Changelog\n\n## 1.1.0 (unreleased)\n\nMore.\n")
    house.commit("More")
    assert house.made("newest") == {"version": ""}


def test_a_version_is_written_wherever_it_is_named(house: House) -> None:
    house.edit("CHANGELOG.md", "# Changelog\n", "# Changelog\n\n## 2.0.0 (unreleased)\n\nMore.\n")
    house.made("version", "2.0.0")
    house.commit("Version 2.0.0")
    assert house.made("newest") == {"version": "2.0.0"}
    assert house.made("check", "2.0.0")["digest"] == ""
    assert house.file("main", REUSABLE).endswith(f"uses: {NAME}@v2\n      - uses: {NAME}/sub-action@v2")


def test_a_version_that_the_changelog_does_not_know_is_not_written(house: House) -> None:
    assert house.step("version", "3.0.0")[0] == 1
    assert git(house.checkout, "status", "--porcelain") == ""
