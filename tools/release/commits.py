"""The two commits of a release.

The first one is the action: what is on the main branch, and the image's digest. The second one, which gets the tag,
differs in one file: its reusable workflow uses the action at the first one's SHA. One commit cannot hold its own SHA.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release.refusal import Refused

if TYPE_CHECKING:
    from release.checkout import Checkout

IMAGE_FILE = "src/image.txt"
REUSABLE = ".github/workflows/redeliver.yml"
_USES = re.compile(r"(?P<uses>uses: )(?P<name>[\w.-]+/[\w.-]+)(?P<folder>[\w./-]*)@(?P<ref>\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pair:
    """What a release of one commit consists of, whether it was pushed already or not."""

    checkout: Checkout
    repository: str
    version: str

    @property
    def major(self) -> str:
        """``v1``: what the reusable workflow uses on the main branch."""
        return f"v{self.version.partition('.')[0]}"

    def check_workflow(self) -> None:
        """See that the reusable workflow uses this action alone, by the tag that a release replaces.

        Raises:
            Refused: it does not.
        """
        used = {(found["name"], found["ref"]) for found in _USES.finditer(self.checkout.read(REUSABLE))}
        expected = (self.repository, self.major)
        if used != {expected}:
            said = " and ".join("@".join(one) for one in sorted(used - {expected})) or "no action"
            raise Refused(f"{REUSABLE} uses {said}, and not {'@'.join(expected)}.")

    def make(self, image: str, parents: list[str]) -> str:
        """Make both commits, and push nothing. Gives the second one."""
        message = f"Pin the image of {self.version}"
        action = self.checkout.commit(self.checkout.tree("HEAD", IMAGE_FILE, f"{image}\n"), message, parents)
        return self.checkout.commit(self._tree_with_pin(action), f"Release {self.version}", [action])

    def is_from(self, tagged: str, revision: str) -> bool:
        """Whether a commit with a tag was made from a commit of the main branch. Both are on this machine."""
        parents = self.checkout.parents(tagged)
        return len(parents) == 1 and revision in self.checkout.parents(parents[0])

    def read_image(self, tagged: str) -> str:
        """The image that a commit with a tag names.

        Raises:
            Refused: these steps would not have made this commit from what is checked out.
        """
        (action,) = self.checkout.parents(tagged)
        image = self.checkout.read(IMAGE_FILE, action)
        expected = self.checkout.tree("HEAD", IMAGE_FILE, image), self._tree_with_pin(action)
        if expected != (self.checkout.tree(action), self.checkout.tree(tagged)):
            raise Refused(f"v{self.version} is not what a release makes of this commit. Find out who pushed it.")
        return image.strip()

    def _tree_with_pin(self, action: str) -> str:
        pin = rf"\g<uses>\g<name>\g<folder>@{action} # the action of v{self.version}"
        return self.checkout.tree(action, REUSABLE, _USES.sub(pin, self.checkout.read(REUSABLE, action)))
