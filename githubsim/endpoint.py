"""Who receives the webhooks: a protocol, and a stand-in that needs no socket."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from githubsim.hooks import Hook
from githubsim.outcomes import OK, UNAVAILABLE, Kind, Outcome, odd
from githubsim.payloads import payload_for


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One attempt about to be made: where to, what, and when by the model's clock."""

    hook: Hook
    guid: str
    kind: Kind
    redelivery: bool
    at: int
    url: str = ""
    """Where to, if it is not the webhook's own address."""

    @property
    def body(self) -> bytes:
        given = self.hook.payloads.get(self.guid)
        return payload_for(self.kind, self.guid) if given is None else given


class Endpoint(Protocol):
    """Receives one attempt and says how GitHub would write its end down."""

    def deliver(self, dispatch: Dispatch) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Outage:
    """The endpoint answers so, from ``start`` up to and without ``end``."""

    start: int
    end: int
    outcome: Outcome = UNAVAILABLE

    def lasts_at(self, moment: int) -> bool:
        """Whether the endpoint is down then."""
        return self.start <= moment < self.end


class StubEndpoint:
    """An endpoint whose health a test decides: by switch, by outages in time, by event.

    The first that applies: ``by_guid``, then ``outcome`` when it is not OK, then an outage, then OK. ``odd_once``: of
    these events GitHub writes the next attempt with such fields, however it ends.
    """

    def __init__(self) -> None:
        self.outcome: Outcome = OK
        self.by_guid: dict[str, Outcome] = {}
        self.odd_once: dict[str, dict[str, object]] = {}
        self.outages: list[Outage] = []
        self.attempts: Counter[str] = Counter()
        self.arrivals: Counter[str] = Counter()

    def fail_with(self, outcome: Outcome = UNAVAILABLE) -> None:
        """From now on every attempt ends so."""
        self.outcome = outcome

    def heal(self) -> None:
        """From now on attempts succeed again; poisoned events and outages stay."""
        self.outcome = OK

    def deliver(self, dispatch: Dispatch) -> Outcome:
        outcome = self._outcome(dispatch)
        self.attempts[dispatch.guid] += 1
        if outcome.succeeded:
            self.arrivals[dispatch.guid] += 1
        fields = self.odd_once.pop(dispatch.guid, None)
        return odd(outcome, **fields) if fields else outcome

    def _outcome(self, dispatch: Dispatch) -> Outcome:
        if dispatch.guid in self.by_guid:
            return self.by_guid[dispatch.guid]
        if not self.outcome.succeeded:
            return self.outcome
        return next((one.outcome for one in self.outages if one.lasts_at(dispatch.at)), self.outcome)
