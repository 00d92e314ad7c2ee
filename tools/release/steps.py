"""The steps of a release, in their order. Each can be made again: what is done already is left as it is.

What others pin is made last: the image, then the commit that names its digest with the tag on it, then the release's
page, and when all of that is there the moving tag (``v1``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release import image
from release.changelog import Section, code_version, section, sections
from release.refusal import Refused

if TYPE_CHECKING:
    from release.checkout import Checkout
    from release.pages import Pages
    from release.registry import Manifest, Registry

BRANCH = "main"
IMAGE_FILE = "src/image.txt"
CODE = "src/redeliver/__init__.py"
#: The reusable workflow names the action by its version; GitHub lets no workflow's own token change a workflow.
REUSABLE = ".github/workflows/redeliver.yml"
_USES = re.compile(r"uses: (?P<name>[\w.-]+/[\w.-]+)@(?P<version>v\S+)")
_TAG = re.compile(r"refs/tags/v(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Release:
    """What is being released."""

    section: Section
    revision: str
    """The commit on the branch."""
    commit: str
    """The release's own commit, where the tag is; empty: not made yet."""
    digest: str
    """The image's; empty: not made yet."""

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
        return self.tag.partition(".")[0]


def newest(checkout: Checkout) -> Section | None:
    """What the changelog says is to be released; None: nothing new. A release of this very commit can be finished."""
    found = sections(checkout.read("CHANGELOG.md"))
    if not found or not found[0].is_released:
        return None
    commit = checkout.remote(f"refs/tags/v{found[0].version}")
    return None if commit and checkout.head not in checkout.parents(commit) else found[0]


def check(checkout: Checkout, registry: Registry, name: str, version: str) -> Release:
    """See whether all is well for a release, and how far an earlier try of it got.

    Raises:
        Refused: it is not.
    """
    if not checkout.is_clean:
        raise Refused("The working tree is not clean.")
    if not checkout.is_on(BRANCH):
        raise Refused(f"What is checked out is not on {BRANCH}.")
    told = section(checkout.read("CHANGELOG.md"), version)
    if (code := code_version(checkout.read(CODE))) != version:
        raise Refused(f"{CODE} says {code}, and CHANGELOG.md {version}.")
    for named in _USES.finditer(checkout.read(REUSABLE)):
        if named["name"] != name:
            raise Refused(f"{REUSABLE} uses {named['name']}, but this repository is {name}.")
        if named["version"] != f"v{version}":
            raise Refused(f"{REUSABLE} uses {named['version']}, and this is v{version}: see `make version`.")
    commit = checkout.remote(f"refs/tags/v{version}")
    if not commit:
        return Release(told, checkout.head, "", image.existing(registry, version, checkout.head))
    if checkout.head not in checkout.parents(commit):
        raise Refused(f"v{version} exists, and was made of another commit. A version is released once.")
    return Release(told, checkout.head, commit, checkout.read(IMAGE_FILE, commit).rpartition("@")[2])


def make_image(release: Release, registry: Registry, digests: list[str], source: str) -> Manifest:
    """Make one image of what was built for each architecture, unless there is one."""
    if release.digest:
        found = registry.manifest(release.digest)
        if found is None:
            raise Refused(f"{registry.image}@{release.digest} is gone.")
        return found
    return image.join(registry, digests, release.version, release.revision, source)


def publish(release: Release, checkout: Checkout, registry: Registry) -> str:
    """Push a commit that names the image by its digest, and the tag on it. Gives the commit.

    It is a merge, into a branch of releases, of what is on the main branch: there the file would keep those who work
    on the action from running what they changed.
    """
    if release.commit:
        return release.commit
    if not release.digest:
        raise Refused(f"There is no image of {release.version} yet.")
    branch = f"refs/heads/releases/{release.major}"
    parents = [parent for parent in (checkout.remote(branch), release.revision) if parent]
    if parents[0] != release.revision:
        checkout.parents(parents[0])  # has it fetched
    pinned = f"{registry.image}@{release.digest}\n"
    commit = checkout.commit(IMAGE_FILE, pinned, f"Release {release.version}", parents)
    checkout.push(f"{commit}:refs/tags/{release.tag}", f"{commit}:{branch}")
    return commit


def announce(release: Release, pages: Pages, registry: Registry) -> None:
    """Make the release's page, unless there is one."""
    if pages.exists(release.tag):
        return
    pinned = f"{registry.image}@{release.digest}"
    pages.create(
        release.tag,
        f"{release.section.text}\n\n---\n\nThe commit of this tag, `{release.commit}`, pins the image `{pinned}`. "
        f"Who built it, and of what: `gh attestation verify oci://{pinned} --owner {pages.owner}`\n",
    )


def promote(release: Release, checkout: Checkout, pages: Pages, registry: Registry) -> bool:
    """Move ``v1`` here, now that all of it is there, unless a newer release of its line has been made since.

    Raises:
        Refused: something is missing.
    """
    if not release.commit or not pages.exists(release.tag) or registry.manifest(release.digest) is None:
        raise Refused(f"{release.tag} is not complete: {release.major} stays where it is.")
    tags = checkout.remotes(f"refs/tags/{release.major}.*")
    if max(tags, key=_numbers) != f"refs/tags/{release.tag}":
        return False
    moving = f"refs/tags/{release.major}"
    now = checkout.remote(moving)
    if now != release.commit:
        checkout.push(f"{release.commit}:{moving}", instead_of=now)
    return True


def _numbers(ref: str) -> list[int]:
    found = _TAG.fullmatch(ref)
    return [int(number) for number in found.groups()] if found else []
