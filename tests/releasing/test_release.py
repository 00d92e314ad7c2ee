"""A release, up to its last push: what others pin is made last, and a crash anywhere is no harm."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

import pytest

from release.checkout import Checkout
from release.registry import Registry
from releasing.house import FILES, NAME, VERSION, House, git
from releasing.images import pushed
from releasing.registry import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TAG = f"refs/tags/v{VERSION}"
BOTH = ("https://spdx.dev/Document", "https://slsa.dev/provenance/v1")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    (tmp_path / "registry").mkdir()
    with serve(tmp_path / "registry") as store:
        yield House(tmp_path, store)


def built(house: House) -> list[str]:
    return [pushed(house.store, architecture) for architecture in ("amd64", "arm64")]


def test_the_tags_commit_names_the_image_that_the_registry_has(house: House) -> None:
    revision = house.head
    house.release(*built(house))
    digest = house.store.tags[VERSION]
    commit = house.refs[TAG]
    assert house.file(commit, "src/image.txt") == f"{house.image}@{digest}"
    assert git(house.remote, "diff", "--name-only", revision, commit) == "src/image.txt"
    assert house.refs == {
        TAG: commit,
        "refs/tags/v1": commit,
        "refs/heads/releases/v1": commit,
        "refs/heads/main": revision,
    }


def test_the_image_is_one_index_for_both_architectures_with_their_bills_of_materials(house: House) -> None:
    outputs = house.made("image", VERSION, str(house.boms), *reversed(built(house)))
    index = house.store.manifests[outputs["digest"]]
    images = [entry for entry in index.json["manifests"] if "annotations" not in entry]
    assert [entry["platform"]["architecture"] for entry in images] == ["amd64", "arm64"]
    assert len(index.json["manifests"]) == 4
    assert [entry["digest"] for entry in images] == [outputs["amd64"], outputs["arm64"]]
    assert house.boms_kept == {"amd64.spdx.json": "amd64", "arm64.spdx.json": "arm64"}
    assert index.json["annotations"]["org.opencontainers.image.revision"] == house.head


def test_the_page_has_the_changelogs_section_and_how_to_check_the_image(house: House) -> None:
    house.release(*built(house))
    notes = house.pages.notes[f"v{VERSION}"]
    assert notes.startswith("The first version.\n\n- It works.\n\n---\n")
    assert f"gh attestation verify oci://{house.image}@{house.store.tags[VERSION]} --owner org" in notes
    assert "Old." not in notes


def test_nothing_is_left_in_the_working_tree(house: House) -> None:
    house.release(*built(house))
    assert git(house.checkout, "status", "--porcelain") == ""
    assert git(house.checkout, "symbolic-ref", "HEAD") == "refs/heads/main"


def test_the_next_release_is_a_merge_into_the_same_branch_and_moves_the_tag(house: House) -> None:
    house.release(*built(house))
    first = house.refs[TAG]
    second, refs = make_another(house, "1.1.0")
    assert git(house.remote, "show", "--no-patch", "--format=%P", refs["refs/tags/v1.1.0"]).split() == [first, second]
    assert refs["refs/tags/v1"] == refs["refs/heads/releases/v1"] == refs["refs/tags/v1.1.0"]
    assert refs[TAG] == first


def test_an_old_release_that_is_made_again_does_not_move_the_tag_back(house: House) -> None:
    house.release(*built(house))
    old = house.head
    _, refs = make_another(house, "1.10.0")
    git(house.checkout, "checkout", "--quiet", old)
    assert house.made("promote", VERSION) == {"promoted": "false"}
    assert house.refs == refs


def make_another(house: House, version: str) -> tuple[str, dict[str, str]]:
    for name in FILES:
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
    house.release(*[pushed(house.store, name, statements=(*BOTH, "x")) for name in ("amd64", "arm64")])
    commit = house.refs[TAG]
    assert tagged in {None, commit}
    assert house.refs["refs/tags/v1"] == commit
    assert house.file(commit, "src/image.txt") == f"{house.image}@{house.store.tags[VERSION]}"
    assert house.pages.made == [f"v{VERSION}"]
    assert len(house.refs) == 4


def test_the_moving_tag_stays_where_it_is_until_all_is_there(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    digests = built(house)
    for steps in ([], [("image", VERSION, str(house.boms), *digests)], [("publish", VERSION)]):
        for step in steps:
            house.made(*step)
        assert house.step("promote", VERSION)[0] == 1
        assert "v1 stays where it is" in capsys.readouterr().err
        assert "refs/tags/v1" not in house.refs
    house.made("announce", VERSION)
    assert house.made("promote", VERSION) == {"promoted": "true"}


def test_a_moving_tag_that_somebody_else_moves_meanwhile_is_left_to_them(house: House) -> None:
    house.release(*built(house))
    checkout = Checkout(house.checkout)
    with pytest.raises(OSError, match="stale info"):
        checkout.push(f"{house.head}:refs/tags/v1", instead_of=house.head)


# -- refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "version", "says"),
    [
        (("CHANGELOG.md", VERSION, "1.0.1"), VERSION, "has no section for 1.0.0"),
        (("CHANGELOG.md", "2026-12-01", "unreleased"), VERSION, "1.0.0 is unreleased: give it a date"),
        (("src/redeliver/__init__.py", VERSION, "1.0.1"), VERSION, "__init__.py says 1.0.1, and CHANGELOG.md 1.0.0"),
        (("src/redeliver/__init__.py", "__version__", "version"), VERSION, "has no __version__"),
        ((".github/workflows/redeliver.yml", f"v{VERSION}", "v1"), VERSION, "uses v1, and this is v1.0.0"),
        ((".github/workflows/redeliver.yml", "org/", "me/"), VERSION, "uses me/redeliver-action, but this repository"),
        (("CHANGELOG.md", "2026-12-01", "2026-12-01"), "0.9.0", "__init__.py says 1.0.0, and CHANGELOG.md 0.9.0"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    house: House, edit: tuple[str, str, str], version: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    house.edit(*edit)
    if edit[1] != edit[2]:
        house.commit("Something wrong")
    refused(house, version, says, capsys)


def test_a_tree_that_is_not_clean_is_refused(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (house.checkout / "new.txt").touch()
    refused(house, VERSION, "not clean", capsys)


def test_a_commit_that_is_not_on_the_main_branch_is_refused(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (house.checkout / "new.txt").touch()
    git(house.checkout, "checkout", "--quiet", "-b", "mine")
    git(house.checkout, "add", ".")
    git(house.checkout, "-c", "user.name=o", "-c", "user.email=o@example.com", "commit", "--quiet", "--message=Mine")
    refused(house, VERSION, "not on main", capsys)


def test_a_version_that_exists_is_refused(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.release(*built(house))
    (house.checkout / "new.txt").touch()
    house.commit("Something newer")
    refused(house, VERSION, "v1.0.0 exists, and was made of another commit", capsys)


def refused(house: House, version: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """At every step, without a trace."""
    before = house.refs, dict(house.store.tags)
    for step in (("check", version), ("image", version, str(house.boms)), ("publish", version), ("promote", version)):
        assert house.step(*step)[0] == 1
        assert says in capsys.readouterr().err
    assert (house.refs, house.store.tags) == before


@pytest.mark.parametrize(
    ("architectures", "statements", "says"),
    [
        (("amd64",), BOTH, "not for linux/amd64 and linux/arm64"),
        (("amd64", "arm64", "arm"), BOTH, "not for linux/amd64 and linux/arm64"),
        (("amd64", "arm64"), BOTH[:1], "no provenance"),
        (("amd64", "arm64"), BOTH[1:], "no bill of materials"),
        (("amd64", "arm64"), (), "no provenance or no bill of materials"),
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
    assert house.step("image", VERSION, str(house.boms), *digests)[0] == 1
    assert says in capsys.readouterr().err
    assert house.store.tags == {}


def test_an_image_of_another_revision_is_not_taken_for_this_ones(house: House) -> None:
    house.made("image", VERSION, str(house.boms), *built(house))
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
    assert f"{NAME}@v2.0.0" in house.file("main", ".github/workflows/redeliver.yml")


def test_a_version_that_the_changelog_does_not_know_is_not_written(house: House) -> None:
    assert house.step("version", "3.0.0")[0] == 1
    assert git(house.checkout, "status", "--porcelain") == ""
