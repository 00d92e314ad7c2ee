"""Paths as GitHub writes them: below a root, and with owners by name or by number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from githubsim.hooks import TARGET_IDS

if TYPE_CHECKING:
    from collections.abc import Mapping

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
            plural, number, rest = [*path[1:].split("/", 2), "", ""][:3]
            for name, known in self._numbers().items():
                if known == f"{plural}/{number}":
                    return f"/{name}/{rest}"
        return path

    def numeric(self, path: str) -> str:
        """The same path with the owner's number for its name, the way github.com writes its next links."""
        for name, number in self._numbers().items():
            if path.startswith(f"/{name}/"):
                return f"/{number}{path[len(name) + 1 :]}"
        return path

    def _numbers(self) -> dict[str, str]:
        """``orgs/octo`` and ``repos/octo/hello`` with the numbers GitHub gave them."""
        numbers: dict[str, str] = {}
        for hook in self.hooks.values():
            if hook.target_type != "integration":
                singular, plural = ("orgs", "organizations") if hook.target_type == "organization" else _REPOSITORY
                number = TARGET_IDS[hook.target_type] + len(numbers)
                numbers.setdefault(f"{singular}/{hook.target}", f"{plural}/{number}")
        return numbers


_REPOSITORY = ("repos", "repositories")
