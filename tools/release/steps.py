"""The steps of a release, in their order. Each can be repeated: what is already done stays as it is.

What others pin comes last: the image, then the two commits of :mod:`release.commits` with the tag on the second one,
then the release's page, and when all of that is there the moving tag (``v1``). The image is known by its digest, which
each step is given: a tag in a registry can be moved by whoever may push images.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release import attestation
from release.changelog import Section, code_version, section, sections
from release.commits import Pair
from release.refusal import Refused

if TYPE_CHECKING:
    from release.checkout import Checkout
    from release.pages import Pages
    from release.registry import Registry

BRANCH = "main"
CODE = "src/redeliver/__init__.py"
_TAG = re.compile(r"refs/tags/v(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Release:
    """What is being released."""

    section: Section
    pair: Pair
    revision: str
    """The commit on the main branch."""
    commit: str
    """The commit with the tag; empty: not pushed yet."""
    image: str
    """What that commit pins; empty: not pushed yet."""

    @property
    def version(self) -> str:
        """``1.2.3``."""
        return self.section.version

    @property
    def tag(self) -> str:
        """``v1.2.3``."""
        return f"v{self.version}"

    @property
    def major(self) -> str:
        """``v1``."""
        return self.pair.major


def newest(checkout: Checkout, repository: str) -> Section | None:
    """What the changelog says is to be released; None: nothing new. A release of this very commit can be finished."""
    found = sections(checkout.read("CHANGELOG.md"))
    if not found or not found[0].is_released:
        return None
    commit = _tagged(checkout, found[0].version)
    ours = Pair(checkout, repository, found[0].version)
    return None if commit and not ours.is_from(commit, checkout.head) else found[0]


def check(checkout: Checkout, repository: str, version: str, ref: str) -> Release:
    """See whether a version can be released from what is checked out, and whether its tag is there already.

    ``ref`` is the branch or tag of the workflow's run.

    Raises:
        Refused: it cannot.
    """
    if not checkout.is_clean:
        raise Refused("The working tree is not clean.")
    if ref != attestation.REF:
        raise Refused(f"A release is made by a run on {BRANCH}, and this one is on {ref}.")
    if not checkout.is_on(BRANCH):
        raise Refused(f"What is checked out is not on {BRANCH}.")
    told = section(checkout.read("CHANGELOG.md"), version)
    if (code := code_version(checkout.read(CODE))) != version:
        raise Refused(f"{CODE} says {code}, and CHANGELOG.md {version}.")
    pair = Pair(checkout, repository, version)
    pair.check_workflow()
    commit = _tagged(checkout, version)
    if not commit:
        return Release(told, pair, checkout.head, "", "")
    if not pair.is_from(commit, checkout.head):
        raise Refused(f"v{version} exists, and was made of another commit. A version is released once.")
    return Release(told, pair, checkout.head, commit, pair.read_image(commit))


def find_image(release: Release, registry: Registry) -> str:
    """The digest of the image that an earlier run built from this very commit; empty: there is none, build it.

    Raises:
        Refused: the release's tag pins an image that the workflow did not build.
    """
    if release.image:
        name, _, digest = release.image.rpartition("@")
        if name != registry.image or not _is_ours(release, release.image):
            raise Refused(f"{release.tag} pins {release.image}, which the release workflow did not build.")
        return digest
    found = registry.manifest(release.version)
    return found.digest if found and _is_ours(release, f"{registry.image}@{found.digest}") else ""


def publish(release: Release, checkout: Checkout, image: str) -> str:
    """Push the release's two commits, and the tag on the second one. Gives that one.

    They are a merge of the main branch into a branch of releases. On the main branch, the image's digest would keep
    those who work on the action from running what they changed.

    Raises:
        Refused: the tag is there, and pins another image.
    """
    if release.commit:
        if release.image != image:
            raise Refused(f"{release.tag} pins {release.image}, and this run has {image}.")
        return release.commit
    branch = f"refs/heads/releases/{release.major}"
    parents = [parent for parent in (checkout.remote(branch), release.revision) if parent]
    if parents[0] != release.revision:
        checkout.fetch(parents[0])
    commit = release.pair.make(image, parents)
    checkout.push(f"{commit}:refs/tags/{release.tag}", f"{commit}:{branch}")
    return commit


def announce(release: Release, pages: Pages, image: str) -> None:
    """Make the release's page, unless there is one.

    Raises:
        Refused: the tag is not there, or pins another image.
    """
    _see_that_it_is_published(release, image)
    if pages.exists(release.tag):
        return
    verify = shlex.join(attestation.command(pages.repository, image))
    pages.create(
        release.tag,
        f"{release.section.text}\n\n---\n\nThe commit of this tag, `{release.commit}`, pins the image `{image}`. "
        f"To verify who built it, and from which commit:\n\n```sh\n{verify}\n```\n",
    )


def promote(release: Release, checkout: Checkout, pages: Pages, image: str) -> bool:
    """Move ``v1`` here, now that all of it is there, unless a newer release of its line has been made since.

    Raises:
        Refused: something is missing.
    """
    _see_that_it_is_published(release, image)
    if not pages.exists(release.tag):
        raise Refused(f"{release.tag} has no page yet: {release.major} stays where it is.")
    tags = checkout.remotes(f"refs/tags/{release.major}.*")
    if max(tags, key=_numbers) != f"refs/tags/{release.tag}":
        return False
    moving = f"refs/tags/{release.major}"
    now = checkout.remote(moving)
    if now != release.commit:
        checkout.push(f"{release.commit}:{moving}", instead_of=now)
    return True


def _see_that_it_is_published(release: Release, image: str) -> None:
    if release.image != image:
        pinned = f"pins {release.image}" if release.image else "is not there"
        raise Refused(f"{release.tag} {pinned}, and this run has {image}: {release.major} stays where it is.")


def _is_ours(release: Release, image: str) -> bool:
    return attestation.is_ours(release.pair.repository, image, release.revision)


def _tagged(checkout: Checkout, version: str) -> str:
    commit = checkout.remote(f"refs/tags/v{version}")
    if commit:
        checkout.fetch(commit)
    return commit


def _numbers(ref: str) -> list[int]:
    found = _TAG.fullmatch(ref)
    return [int(number) for number in found.groups()] if found else []
