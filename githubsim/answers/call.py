"""One request that is allowed, and everything an answer may need to know."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from githubsim.variables import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from githubsim.hooks import Hook, TargetType
    from githubsim.model import SimGitHub
    from githubsim.tokens import Token
    from githubsim.wire import SimRequest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its world: ``path`` is below the API's root, ``number`` is its place in the journal."""

    sim: SimGitHub
    request: SimRequest
    path: str
    token: Token
    now: int
    number: int

    def hook(self, target_type: TargetType, target: str, hook_id: str) -> Hook:
        """The hook a path names.

        Raises:
            Refused: there is none.
        """
        found = self.sim.hooks.get(int(hook_id)) if hook_id.isdigit() else None
        if found is None or found.target_type != target_type or found.target.lower() != target.lower():
            raise Refused(404, "Not Found")
        return found

    def app_hook(self) -> Hook:
        """The hook of the App that asks.

        Raises:
            Refused: it has none.
        """
        for hook in self.sim.hooks.values():
            if hook.target_type == "integration" and hook.target == str(self.token.app_id):
                return hook
        raise Refused(404, "Not Found")

    def size(self, default: int, most: int) -> int:
        """``per_page`` as GitHub takes it: nonsense is the default, too much is the most there is."""
        text = self.request.query.get("per_page", "")
        return min(int(text), most) if text.isdigit() and int(text) > 0 else default

    def numbered_page(self, everything: Sequence[T], default: int, most: int) -> tuple[list[T], dict[str, str]]:
        """One page of a list that is counted in pages, and the header that leads to the next."""
        size = self.size(default, most)
        text = self.request.query.get("page", "1")
        page = int(text) if text.isdigit() and int(text) > 0 else 1
        chosen = list(everything[(page - 1) * size : page * size])
        if page * size >= len(everything):
            return chosen, {}
        return chosen, {"link": self.link({"per_page": str(size), "page": str(page + 1)})}

    def link(self, query: dict[str, str]) -> str:
        """The ``Link`` header to the next page of this same list."""
        path = self.sim.addresses.numeric(self.path) if self.sim.behaviour.numeric_links else self.path
        return f'<{self.sim.base_url}{self.sim.root}{path}?{urlencode(query)}>; rel="next"'

    def json(self) -> dict[str, Any]:
        """The body, which must be an object.

        Raises:
            Refused: it is not.
        """
        try:
            value = json.loads(self.request.body)
        except ValueError:
            raise Refused(400, "Problems parsing JSON") from None
        if not isinstance(value, dict):
            raise Refused(400, "Body should be a JSON object")
        return value
