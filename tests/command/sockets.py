"""Runs over real connections, with the client that the action uses."""

from __future__ import annotations

import time
from collections.abc import Mapping
from random import Random
from unittest import mock

from command.forked import PAUSES
from command.site import CredentialKind, HookKind, Place, add_hook, grant, variable, whose
from githubsim.behaviour import Behaviour
from githubsim.clock import system_ms
from githubsim.hooks import Hook
from githubsim.model import SimGitHub
from githubsim.outcomes import OK, UNAVAILABLE
from redeliver.core.report import Report
from redeliver.core.settings import parse
from redeliver.github.connection import GitHubApi
from redeliver.github.session import Session
from redeliver.run import send
from redeliver.run.runs import run_hooks
from redeliver.timing import RunClock
from world import Transcript


class Live:
    """One webhook at a GitHub that goes by the machine's clock, to be put on a socket."""

    def __init__(self, place: Place, hook: HookKind = "organization", credential: CredentialKind = "app") -> None:
        quick = Behaviour(redelivery_ms=0, appears_ms=0, retention_ms=place.behaviour().retention_ms)
        for name, value in place.differences.items():
            setattr(quick, name, value)
        self.sim = SimGitHub(system_ms, root=place.root, behaviour=quick)
        self.sim.stub.outcome = OK._replace(duration_ms=0)  # and so the log shows it at once
        self.hook: Hook = add_hook(self.sim, hook)
        self.given = whose(self.hook) | variable() | grant(self.sim, hook, credential)

    def fail(self, minutes_ago: float = 5) -> str:
        """An event whose first attempt failed some minutes ago. Gives its guid."""
        return self.hook.add(system_ms() - round(minutes_ago * 60_000), UNAVAILABLE).guid

    def run(self, api_url: str, changed: Mapping[str, str] | None = None) -> Report:
        """One run in this process, in real time."""
        settings = parse(self.given | {"api-url": api_url} | dict(changed or {}))
        console = Transcript()
        clock = RunClock(time, settings.time_limit, console)
        session = Session(
            settings,
            lambda credential: GitHubApi(settings.api_url, credential, clock.call_time_left),
            clock,
            console,
            random=Random(1),
            sends=True,
        )
        with mock.patch.object(send, "_PAUSES", PAUSES):
            return run_hooks(session)

    @property
    def sent(self) -> list[str]:
        """The guids of all redeliveries that GitHub accepted, in order."""
        return [one.guid for one in self.sim.accepted]
