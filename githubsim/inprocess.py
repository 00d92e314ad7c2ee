"""The action's ``Transport`` straight onto the model: no sockets, and time that only moves when told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from githubsim.clock import VirtualClock
from githubsim.model import SimGitHub
from githubsim.wire import Lost, LostKind, SimRequest
from redeliver.github.responses import Body, Response, ResponseLost, Verb

_PHRASES: dict[LostKind, str] = {
    "reset": "the connection was reset",
    "refused": "the connection was refused",
    "silence": "no answer in time",
    "cut": "the response was cut short",
}
#: Milliseconds that the action waits for an answer.
TIMEOUT = 30_000


@dataclass(slots=True)
class InProcessTransport:
    """Carries requests to a ``SimGitHub`` in this process.

    ``token`` may be a function: an App signs a new one for every request. Every exchange costs ``latency_ms`` of
    virtual time, half before the effect and half after it. An answer later than ``TIMEOUT`` is lost, its effect is not.
    """

    sim: SimGitHub
    token: str | Callable[[], str]
    clock: VirtualClock
    latency_ms: int = 0

    def exchange(
        self,
        verb: Verb,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Response:
        """Make one request, once.

        Raises:
            ResponseLost: no whole answer came.
        """
        request = SimRequest(
            verb,
            self.sim.root + path,
            query or {},
            {
                "accept": "application/vnd.github+json",
                "authorization": f"Bearer {self.token if isinstance(self.token, str) else self.token()}",
                "user-agent": "redeliver-test",
                "x-github-api-version": "2022-11-28",
            },
            b"" if body is None else json.dumps(dict(body)).encode(),
        )
        there = self.latency_ms // 2
        self.clock.advance(there)
        try:
            answer = self.sim.handle(request)
        except Lost as lost:
            self.clock.advance(TIMEOUT if lost.kind == "silence" else self.latency_ms - there)
            raise ResponseLost(_PHRASES[lost.kind]) from None
        waits = answer.delay_ms + self.latency_ms - there
        if waits > TIMEOUT:
            self.clock.advance(TIMEOUT)
            raise ResponseLost(_PHRASES["silence"])
        self.clock.advance(waits)
        return Response(answer.status, answer.headers, answer.body.decode(errors="replace"))
