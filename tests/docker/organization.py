"""An organization, its webhook, the receiver it points to, and GitHub: all of it real but GitHub itself."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from githubsim import Kind, SimGitHub
from githubsim.clock import system_ms
from githubsim.contract import Judge
from githubsim.dispatch import HttpDispatch
from githubsim.receiver import Receiver
from githubsim.server import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from githubsim.hooks import Hook

ORG = "octo-org"
VARIABLE = "WEBHOOKS_CHECKPOINT"
TOKEN = "github_pat_11ABCDEFG0123456789_abcdefghijklmnopqrstuvwxyz"
_SECRET = "It's a Secret to Everybody"


@dataclass(frozen=True)
class World:
    github: Served
    hook: Hook
    receiver: Receiver
    judge: Judge

    def happen(self, number: int) -> list[str]:
        """So many events, one after the other, each sent to the receiver; their guids."""
        guids = []
        for _ in range(number):
            guids.append(self.hook.emit(Kind("push")))
            assert self.github.wait_until_idle()
            time.sleep(0.005)  # the log knows no less than milliseconds
        return guids

    @property
    def workflow_variables(self) -> dict[str, str]:
        return {"HOOK_ID": str(self.hook.id), "SIMULATED_GITHUB": self.github.url}


@contextmanager
def world(latency_ms: int = 20) -> Iterator[World]:
    judge = Judge()
    with HttpDispatch() as endpoint, Receiver(_SECRET) as receiver:
        sim = SimGitHub(system_ms, endpoint=endpoint)
        sim.token(TOKEN)
        hook = sim.org_hook(ORG, url=receiver.url, secret=_SECRET)
        with serve(sim, latency_ms=latency_ms, judge=judge) as github:
            yield World(github, hook, receiver, judge)
