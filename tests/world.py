"""A whole world for a run, in this process: a simulated GitHub, virtual time, and what the run said."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from githubsim.clock import MINUTE, SECOND, VirtualClock
from githubsim.inprocess import InProcessTransport
from githubsim.model import SimGitHub
from githubsim.outcomes import UNAVAILABLE, Kind, Outcome
from redeliver.core.settings import parse
from redeliver.github.session import Session
from redeliver.replay.run import replay_hook
from redeliver.replay.settings import parse_replay
from redeliver.run.lookup import explain
from redeliver.run.runs import run_hooks
from redeliver.timing import RunClock
from samples import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableSequence, Sequence

    from githubsim.hooks import Hook
    from redeliver.core.report import EventReport, Report
    from redeliver.core.settings import Settings
    from redeliver.github.app_token import Credential
    from redeliver.replay.report import ReplayReport

API = "https://api.github.com"


class Transcript(Said):
    """A console that remembers, a group's title among its lines."""

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        self.lines.append(title)
        yield


class InOrder(Random):
    """Leaves everything in its order."""

    def random(self) -> float:
        return 0.0

    def shuffle(self, x: MutableSequence[Any]) -> None:
        pass

    def choice(self, seq: Sequence[Any]) -> Any:  # type: ignore[override]  # noqa: ANN401
        return seq[0]


class World:
    """An organization with one hook, a token that may do everything, and a repository for the checkpoint."""

    def __init__(self, **sim: Any) -> None:  # noqa: ANN401 - fields of SimGitHub
        self.clock = VirtualClock()
        self.sim = SimGitHub(self.clock, **{"base_url": API} | sim)
        self.hook = self.sim.org_hook("octo")
        self.token = self.sim.token("pat")
        self.variables = self.sim.variables("octo/ops")
        self.visibility = ""
        """Of the repository whose workflow runs, as :mod:`step` hands it on; empty: it is not said."""
        self.console = Transcript()
        self.run_clock = RunClock(self.clock, 0, self.console)
        self.random: Random = InOrder()

    def inputs(self, **changed: str) -> dict[str, str]:
        """The inputs of a run, by name."""
        usual = {
            "org": "octo",
            "hook-id": str(self.hook.id),
            "token": "pat",
            "variable-name": "CHECKPOINT",
            "variable-repository": "octo/ops",
            "api-url": self.sim.base_url + self.sim.root,
        }
        return usual | {name.replace("_", "-"): value for name, value in changed.items()}

    def run(self, inputs: Mapping[str, str] | None = None, *, latency_ms: int = 0, **changed: str) -> Report:
        """One run, as the action would make it."""
        session = self.session(inputs, latency_ms=latency_ms, **changed)
        return explain(session, run_hooks(session))

    def session(self, inputs: Mapping[str, str] | None = None, *, latency_ms: int = 0, **changed: str) -> Session:
        """What a run or whatever only reads works with."""
        settings = parse(self.inputs(**(inputs or {}), **changed))
        self.started = self.clock()
        return self._session(settings, latency_ms, sends=not settings.dry_run)

    def replay(self, *, latency_ms: int = 0, slow_by: int = 0, **inputs: str) -> ReplayReport:
        """One replay, as the action would make it; ``from_`` for ``from``. The machine's clock is so many ms slow."""
        given = {name.rstrip("_"): value for name, value in inputs.items()}
        settings = parse_replay(self.inputs(**given), self.clock() - slow_by)
        session = self._session(settings, latency_ms, sends=settings.send)
        (hook,) = session.choose()
        return replay_hook(hook, session)

    def _session(self, settings: Settings, latency_ms: int, *, sends: bool) -> Session:
        self.console = Transcript()
        self.run_clock = RunClock(self.clock, settings.time_limit, self.console)
        connect = self._connector(latency_ms)
        return Session(settings, connect, self.run_clock, self.console, sends=sends, random=self.random)

    def _connector(self, latency_ms: int) -> Callable[[Credential], InProcessTransport]:
        def connect(credential: Credential) -> InProcessTransport:
            return InProcessTransport(self.sim, bearer(credential, self.clock), self.clock, latency_ms)

        return connect

    def fail(self, minutes_ago: float = 5, outcome: Outcome = UNAVAILABLE, **row: Any) -> str:  # noqa: ANN401
        """An event whose first attempt failed some minutes ago. Gives its guid."""
        return self.hook.add(self.clock() - round(minutes_ago * MINUTE), outcome, **row).guid

    def again(self, guid: str, minutes_ago: float, outcome: Outcome = UNAVAILABLE) -> None:
        """A redelivery of an event, some minutes ago."""
        self.hook.add(self.clock() - round(minutes_ago * MINUTE), outcome, guid=guid, redelivery=True)

    @property
    def sent(self) -> list[str]:
        """The guids of all redeliveries GitHub accepted, in order."""
        return [one.guid for one in self.sim.accepted]

    @property
    def checkpoint(self) -> str | None:
        """The variable's value."""
        found = self.variables.get("CHECKPOINT")
        return None if found is None else found.value

    def requests(self, method: str = "GET", ending: str = "/deliveries") -> list[Any]:
        """The requests made so far with that verb and ending of the path."""
        return list(self.sim.journal.of(method, ending))

    @property
    def calls(self) -> str:
        """What was asked for, in order: a page of the log (L), a redelivery (!), a write of the checkpoint (=)."""
        letters = {"deliveries": "L", "attempts": "!", "CHECKPOINT": "=", "variables": "="}
        entries = (one for one in self.sim.journal.entries if one.verb != "GET" or one.path.endswith("/deliveries"))
        return "".join(letters[one.path.rpartition("/")[2]] for one in entries)


def bearer(credential: Credential, clock: VirtualClock) -> str | Callable[[], str]:
    """What goes into the Authorization header: a token, or JSON Web Tokens that an App signs by the world's clock."""
    if isinstance(credential, str):
        return credential
    app_id, key = credential.app_id, signing_key(credential.private_key.get_secret_value())

    def sign() -> str:
        now = clock() // SECOND
        return jwt.encode({"iat": now - 60, "exp": now + 300, "iss": app_id}, key, "RS256")

    return sign


@cache
def signing_key(pem: str) -> RSAPrivateKey:
    """A key that is checked once, which takes as long as many signatures."""
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


def kind(event: str, action: str | None = None) -> Kind:
    """What an event is about."""
    return Kind(event, action)


def of(report: Report, guid: str) -> EventReport:
    """What a report says of one event."""
    return next(event for event in report.events if event.guid == guid)


class Several(World):
    """An organization with so many webhooks, and one that is switched off."""

    def __init__(self, number: int = 3) -> None:
        super().__init__()
        self.hooks = [self.hook, *(self.sim.org_hook("octo") for _ in range(number - 1))]
        self.off = self.sim.org_hook("octo", active=False)

    @property
    def ids(self) -> str:
        return ", ".join(str(hook.id) for hook in self.hooks)

    def fail_at(self, hook: Hook, minutes_ago: float = 5) -> str:
        return hook.add(self.clock() - round(minutes_ago * MINUTE), UNAVAILABLE).guid

    def fail_at_each(self) -> list[str]:
        return [self.fail_at(hook) for hook in self.hooks]

    @property
    def kept(self) -> dict[str, str]:
        """The variables there are."""
        return {one.name: one.value for one in self.variables.all()}

    @property
    def shared(self) -> dict[str, int]:
        """The checkpoints in the variable that webhooks share, by their ids."""
        found: dict[str, int] = json.loads(self.kept["CHECKPOINT_ALL"])
        return found
