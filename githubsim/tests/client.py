"""A client of a simulated GitHub, with a webhook of its own: what its tests have in common."""

from __future__ import annotations

import json
from typing import Any

from githubsim.clock import VirtualClock
from githubsim.inprocess import InProcessTransport
from githubsim.model import SimGitHub
from redeliver.github.responses import Body, Response, Verb

VARIABLES = "/repos/octo/ops/actions/variables"


class Client:
    """Asks with a token that may do everything, unless told to use another one."""

    def __init__(self, latency_ms: int = 0, **settings: Any) -> None:  # noqa: ANN401 - of SimGitHub
        self.clock = VirtualClock()
        self.sim = SimGitHub(self.clock, **settings)
        self.sim.token("pat")
        self.hook = self.sim.org_hook("octo")
        self.log = f"{self.hook.path}/deliveries"
        self._latency_ms = latency_ms

    def ask(
        self,
        verb: Verb,
        path: str,
        body: Body | None = None,
        *,
        token: str = "pat",  # noqa: S107 - made up
        **query: str,
    ) -> Response:
        """One request."""
        transport = InProcessTransport(self.sim, token, self.clock, self._latency_ms)
        return transport.exchange(verb, path, query=query, body=body)

    def redeliver(self, row_id: int, **asked: str) -> Response:
        """Ask for an attempt once more."""
        return self.ask("POST", f"{self.log}/{row_id}/attempts", None, **asked)

    def create(self, name: str = "ONE", value: str = "1") -> int:
        """Make a variable; gives the status."""
        return self.ask("POST", VARIABLES, {"name": name, "value": value}).status

    def pages(self, **query: str) -> list[list[dict[str, Any]]]:
        """The log as the documents say it is read: from next link to next link."""
        pages = []
        path: str | None = self.log
        while path:
            response = self.ask("GET", path, None, **query)
            assert response.status == 200, response.body
            pages.append(json.loads(response.body))
            path, query = self._next(response.headers.get("link", ""))
        return pages

    def ids(self, **query: str) -> list[int]:
        """The ids of all rows of the log."""
        return [row["id"] for page in self.pages(**query) for row in page]

    def _next(self, link: str) -> tuple[str | None, dict[str, str]]:
        if 'rel="next"' not in link:
            return None, {}
        url, _, query = link.partition(">")[0].removeprefix("<").partition("?")
        path = url.removeprefix(self.sim.base_url + self.sim.root)
        return path, dict(pair.split("=", 1) for pair in query.split("&"))
