"""The steps of a release. Each can be repeated: what is already done stays as it is.

A release is two commits. The first one is the action: what is on the main branch, and the image's digest. The second
one, which gets the tag, differs in one file: its reusable workflow uses the action at the first one's SHA. One commit
cannot hold its own SHA. The moving tag (``v1``) comes last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release.changelog import Refused, Section, code_version, section, sections

if TYPE_CHECKING:
    from release.git import Checkout

MAIN = "refs/heads/main"
CODE = "src/redeliver/__init__.py"
IMAGE_FILE = "src/image.txt"
REUSABLE = ".github/workflows/redeliver.yml"
_USES = re.compile(r"(?P<uses>uses: )(?P<name>[\w.-]+/[\w.-]+)(?P<folder>[\w./-]*)@(?P<ref>\S+)$", re.MULTILINE)
#: What stands for the repository until somebody has one. Written so that ``make home`` leaves it as it is.
PLACEHOLDER = "ORG/redeliver-action".lower()
_TAG = re.compile(r"(?:refs/tags/)?v(\d+)\.(\d+)\.(\d+)")


def verify_command(repository: str, image: str) -> str:
    """The command that verifies that the release workflow built an image. SECURITY.md tells users the same one.

    ``--repo`` alone would accept what any workflow on any branch attested. ``--signer-workflow`` matches the beginning
    of the certificate's subject, which ends in the branch; ``--source-ref`` therefore says which branch it must be
    (https://cli.github.com/manual/gh_attestation_verify).
    """
    signer = f"--signer-workflow {repository}/.github/workflows/release.yml --source-ref {MAIN}"
    return f"gh attestation verify oci://{image} --repo {repository} {signer}"


@dataclass(frozen=True, slots=True)
class Release:
    """What is being released, from the commit that is checked out."""

    checkout: Checkout
    repository: str
    section: Section

    @property
    def tag(self) -> str:
        """``v1.2.3``."""
        return f"v{self.section.version}"

    @property
    def branch(self) -> str:
        """Where the commits of its line are."""
        return f"refs/heads/releases/{self.tag.partition('.')[0]}"

    def make(self, image: str, parents: list[str]) -> str:
        """Make both commits, and push nothing. Gives the second one. Made again, they are the same."""
        version = self.section.version
        action = self.checkout.commit("HEAD", IMAGE_FILE, f"{image}\n", f"Pin the image of {version}", parents)
        pin = rf"\g<uses>\g<name>\g<folder>@{action} # the action of {self.tag}"
        pinned = _USES.sub(pin, self.checkout.read(REUSABLE))
        return self.checkout.commit(action, REUSABLE, pinned, f"Release {version}", [action])

    def publish(self, image: str) -> str:
        """Push the two commits, and the tag on the second one. Gives that one.

        They are a merge of the main branch into a branch of releases. On the main branch, the image's digest would keep
        those who work on the action from running what they changed.

        Raises:
            Refused: the tag is there, and is not what this release makes.
        """
        head = self.checkout.ask("rev-parse", "HEAD")
        if commit := self.checkout.fetch(f"refs/tags/{self.tag}"):
            parents = self.checkout.ask("show", "-s", "--format=%P", f"{commit}^").split()
            if head not in parents or commit != self.make(image, parents):
                raise Refused(f"{self.tag} is there, and is not what this run makes. Find out who pushed it.")
            return commit
        parents = [parent for parent in (self.checkout.fetch(self.branch), head) if parent]
        commit = self.make(image, parents)
        self.checkout.push(f"{commit}:refs/tags/{self.tag}", f"{commit}:{self.branch}")
        return commit

    def notes(self, image: str) -> str:
        """What its page says, once it is published.

        Raises:
            Refused: the tag is not what this release makes.
        """
        return (
            f"{self.section.text}\n\n---\n\nThe commit of this tag, `{self.publish(image)}`, pins the image `{image}`. "
            f"To verify who built it, and from which commit:\n\n```sh\n{verify_command(self.repository, image)}\n```\n"
        )


def newest(checkout: Checkout) -> str:
    """The version that the changelog says is to be released; empty: there is nothing new."""
    found = sections(checkout.read("CHANGELOG.md"))
    is_new = found and found[0].is_released and not checkout.remotes(f"refs/tags/v{found[0].version}")
    return found[0].version if is_new else ""


def check(checkout: Checkout, repository: str, version: str, ref: str) -> Release:
    """See whether a version can be released from what is checked out.

    ``ref`` is the branch or tag of the workflow's run.

    Raises:
        Refused: it cannot.
    """
    if ref != MAIN:
        raise Refused(f"A release is made by a run on main, and this one is on {ref}.")
    found = section(checkout.read("CHANGELOG.md"), version)
    if (code := code_version(checkout.read(CODE))) != version:
        raise Refused(f"{CODE} says {code or 'nothing'}, and CHANGELOG.md {version}.")
    if repository != PLACEHOLDER and (left := checkout.names_of(PLACEHOLDER)):
        raise Refused(f"{', '.join(left)} still says {PLACEHOLDER}: make home REPOSITORY={repository}")
    used = {f"{one['name']}@{one['ref']}" for one in _USES.finditer(checkout.read(REUSABLE))}
    expected = f"{repository}@v{version.partition('.')[0]}"
    if used != {expected}:
        said = " and ".join(sorted(used - {expected})) or "no action"
        raise Refused(f"{REUSABLE} uses {said}, and not {expected}.")
    return Release(checkout, repository, found)


def promote(checkout: Checkout, tag: str) -> bool:
    """Move ``v1`` to a release whose page was published, unless there is a newer one of its line.

    Raises:
        Refused: the tag is no release's.
    """
    found = _TAG.fullmatch(tag)
    if not found:
        raise Refused(f"{tag} is not the tag of a release.")
    major = f"v{found[1]}"
    tip, commit = checkout.fetch(f"refs/heads/releases/{major}"), checkout.fetch(f"refs/tags/{tag}")
    is_release = tip and commit and checkout.contains(tip, commit)
    # The branch leads to commits of main, too.
    if not is_release or not checkout.ask("ls-tree", "--name-only", commit, IMAGE_FILE):
        raise Refused(f"{tag} is no release on releases/{major}: {major} stays where it is.")
    if max(checkout.remotes(f"refs/tags/{major}.*"), key=_numbers) != f"refs/tags/{tag}":
        return False
    moving = f"refs/tags/{major}"
    now = checkout.fetch(moving)
    if now != commit:
        checkout.push(f"{commit}:{moving}", instead_of=now)
    return True


def _numbers(ref: str) -> list[int]:
    found = _TAG.fullmatch(ref)
    return [int(number) for number in found.groups()] if found else []
