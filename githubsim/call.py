"""One request that is allowed, and everything an answer may need to know."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from githubsim.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from githubsim.hooks import Hook, TargetType
    from githubsim.model import SimGitHub
    from githubsim.tokens import Token
    from githubsim.wire import SimRequest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its world: ``path`` is below the API's root."""

    sim: SimGitHub
    request: SimRequest
    path: str
    token: Token
    now: int

    def hook(self, target_type: TargetType, target: str = "", hook_id: str = "") -> Hook:
        """The hook a path names; the App's own has no name there.

        Raises:
            Refused: there is none.
        """
        if target_type == "integration":
            target = str(self.token.app_id)
        for hook in self.sim.hooks.values():
            named = target_type == "integration" or hook_id == str(hook.id)
            if named and hook.target_type == target_type and hook.target.lower() == target.lower() and self.sees(hook):
                return hook
        raise Refused(404, "Not Found")

    def sees(self, hook: Hook) -> bool:
        """Whether this credential may know of the hook.

        OAuth apps see the webhooks of an organization that they made themselves, and nobody else sees these.
        Source: https://docs.github.com/en/rest/orgs/webhooks#list-organization-webhooks
        """
        return hook.target_type != "organization" or hook.oauth_app == self.token.oauth_app

    @property
    def size(self) -> int:
        """``per_page`` as GitHub takes it: nonsense is 30, too much is the 100 that are the most there is."""
        text = self.request.query.get("per_page", "")
        return min(int(text), 100) if text.isdigit() and int(text) > 0 else 30

    def numbered_page(self, everything: Sequence[T], most: int = 100) -> tuple[list[T], dict[str, str]]:
        """One page of a list that is counted in pages, and the header that leads to the next."""
        text, size = self.request.query.get("page", "1"), min(self.size, most, self.sim.behaviour.page_cap)
        page = int(text) if text.isdigit() and int(text) > 0 else 1
        chosen = list(everything[(page - 1) * size : page * size])
        if page * size >= len(everything):
            return chosen, {}
        return chosen, {"link": self.link({"per_page": str(size), "page": str(page + 1)})}

    def link(self, query: dict[str, str]) -> str:
        """The ``Link`` header to the next page of this same list."""
        path = self.sim.numeric(self.path) if self.sim.behaviour.numeric_links else self.path
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

    def account(self, login: str, number: int, kind: str) -> dict[str, Any]:
        """Somebody as GitHub describes them: a user, a bot or an organization."""
        url = f"{self.sim.base_url}{self.sim.root}/users/{login}"
        lists = ("followers", "following", "gists", "starred", "subscriptions", "repos", "events", "received_events")
        return {
            "login": login,
            "id": number,
            "node_id": "U_1",
            "avatar_url": url,
            "gravatar_id": "",
            "url": url,
            "html_url": url,
            **{f"{name}_url": f"{url}/{name}" for name in lists},
            "organizations_url": f"{url}/orgs",
            "type": kind,
            "site_admin": False,
        }
