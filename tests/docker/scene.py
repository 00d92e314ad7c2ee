"""The organization, the webhooks and the credentials that the examples are about: all of it real but GitHub itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from command.keys import key_pair
from githubsim.apps import Installation
from githubsim.behaviour import Behaviour
from githubsim.clock import DAY, system_ms
from githubsim.contract import ENTERPRISE_SERVER, GITHUB, Judge
from githubsim.dispatch import HttpDispatch
from githubsim.endpoint import Dispatch
from githubsim.hooks import Hook
from githubsim.model import SimGitHub
from githubsim.outcomes import Kind, Outcome
from githubsim.receiver import Receiver
from githubsim.server import serve

ORG = "your-organization"
REPOSITORY = f"{ORG}/automation"
HOOK_ID = 123_456_789
APP_ID = 91_011
TOKEN = "github_pat_11ABCDEFG0123456789_abcdefghijklmnopqrstuvwxyz"
VARIABLE_TOKEN = "github_pat_11BCDEFGH0123456789_zyxwvutsrqponmlkjihgfedcba"
INSTALLATION_TOKEN = "ghs_0123456789abcdefghijABCDEFGHIJ012345"
#: The workflow's own, of a job that may write issues.
JOB_TOKEN = "ghs_9876543210jihgfedcbaJIHGFEDCBA543210"
_SECRET = "It's a Secret to Everybody"


@dataclass(frozen=True, slots=True)
class Towards:
    """An endpoint whose name leads to this machine."""

    url: str
    by: HttpDispatch

    def deliver(self, dispatch: Dispatch) -> Outcome:
        return self.by.deliver(replace(dispatch, url=self.url))


@dataclass(slots=True)
class Scene:
    """GitHub as an example finds it."""

    sim: SimGitHub
    receiver: Receiver
    dispatch: HttpDispatch
    judge: Judge
    url: str = ""
    wait_until_idle: Callable[[], bool] = bool

    def hook(self, number: int = 0, url: str = "", *, of: str = ORG) -> Hook:
        """A webhook; its address, if one is given, leads to the receiver all the same."""
        add = self.sim.repo_hook if "/" in of else self.sim.org_hook
        made = add(of, id=HOOK_ID + number, url=url or self.receiver.url, secret=_SECRET)
        made.endpoint = Towards(self.receiver.url, self.dispatch)
        return made

    def happen(self, hook: Hook, number: int) -> list[str]:
        """So many events, one after the other, each sent to the receiver; their guids."""
        guids = []
        for _ in range(number):
            guids.append(hook.emit(Kind("push")))
            assert self.wait_until_idle()
            time.sleep(0.005)  # the log knows no less than milliseconds
        return guids

    def miss(self, hook: Hook, number: int = 2) -> list[str]:
        """Events that the receiver answers with 503, and then it is well again. Their guids."""
        self.receiver.status = 503
        guids = self.happen(hook, number)
        self.receiver.status = 200
        return guids

    @property
    def kept(self) -> set[str]:
        """The names of the repository's variables."""
        return {one.name for one in self.sim.variables(REPOSITORY).all()}


@contextmanager
def scene(root: str = "", certificate: Path | None = None) -> Iterator[Scene]:
    """Open one, with every credential that an example may have, each of which may do no more than it must."""
    judge = Judge(ENTERPRISE_SERVER if root else GITHUB)
    behaviour = Behaviour(redelivery_ms=100, appears_ms=50, retention_ms=(7 if root else 3) * DAY)
    with HttpDispatch() as dispatch, Receiver(_SECRET) as receiver:
        sim = SimGitHub(system_ms, root=root, endpoint=dispatch, behaviour=behaviour)
        hooks_and_variables = ("organization_hooks", "repository_hooks", "actions_variables")
        sim.token(TOKEN, permissions=dict.fromkeys(hooks_and_variables, "write"), sees=[ORG])
        sim.token(VARIABLE_TOKEN, permissions={"actions_variables": "write"}, sees=[ORG])
        sim.token(INSTALLATION_TOKEN, kind="installation", sees=[ORG])
        sim.token(JOB_TOKEN, kind="actions", permissions={"issues": "write"}, sees=[REPOSITORY])
        sim.app(APP_ID, key_pair().public, Installation(77, APP_ID, ORG))
        with serve(sim, judge=judge, certificate=certificate) as served:
            yield Scene(sim, receiver, dispatch, judge, served.url, served.wait_until_idle)
