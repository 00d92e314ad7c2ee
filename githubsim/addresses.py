"""Paths as GitHub writes them: below a root, and with owners by name or by number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from githubsim.hooks import TARGET_IDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from githubsim.hooks import Hook


@dataclass(frozen=True, slots=True)
class Addresses:
    """Translates between what stands in a link and what a route understands."""

    root: str
    hooks: Mapping[int, Hook]

    def canonical(self, path: str) -> str:
        """The path below the root, with owners by name."""
        if self.root:
            path = path[len(self.root) :] if path.startswith(f"{self.root}/") else f"/outside{path}"
        if path.startswith(("/organizations/", "/repositories/")):
            for name, number in self._numbers():
                if path.startswith(f"{number}/"):
                    return name + path[len(number) :]
        return path

    def numeric(self, path: str) -> str:
        """The same path with the owner's number for its name, the way github.com writes its next links."""
        for name, number in self._numbers():
            if path.startswith(f"{name}/"):
                return number + path[len(name) :]
        return path

    def _numbers(self) -> Iterator[tuple[str, str]]:
        """``/orgs/octo`` and ``/repos/octo/hello`` with the numbers GitHub gave them."""
        owners = {(hook.target_type, hook.target): None for hook in self.hooks.values()}
        for place, (kind, target) in enumerate(owners):
            if kind != "integration":
                few, many = ("orgs", "organizations") if kind == "organization" else ("repos", "repositories")
                yield f"/{few}/{target}", f"/{many}/{TARGET_IDS[kind] + place}"
