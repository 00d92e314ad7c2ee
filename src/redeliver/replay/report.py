"""A replay's plan and outcomes, as data. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redeliver.core.facts import Facts
from redeliver.core.inputs import is_guid
from redeliver.core.redelivery import UNSEEN, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redeliver.core.facts import Fact
    from redeliver.replay.plan import ReplayPlan

#: The version of the report as JSON. A change that breaks a reader raises it.
VERSION = 1


@dataclass(frozen=True, slots=True)
class ReplayedEvent:
    """One chosen event, and its outcome. Moments are epoch milliseconds."""

    guid: str
    name: str
    first_attempt_at: int
    """The first of those that were read."""
    attempts: int
    """How many were read before anything was sent."""
    delivered_before: bool
    """Whether one of those succeeded."""
    redelivered_at: int | None
    """When the newest redelivery among those was; None: there was none."""
    recent: bool
    """Whether that was within the hour before the plan."""
    outcome: Outcome
    """What came of the replay alone."""
    cause: str
    """Why the new attempt failed; else empty."""
    detail: str
    """Why GitHub refused, or why its reply is unknown; else empty."""
    delivery_id: str
    """The newest attempt's id, as text: it has more digits than many JSON parsers keep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport(Facts):
    """One replay over one webhook."""

    hook: str
    """The webhook, for sentences."""
    hook_id: str
    """Its id, as text; empty for an App's."""
    owner: str
    """Its owner: ``octo``, ``octo/hello``, or the App's id."""
    page: str
    """The address of the page with its deliveries, from the settings alone; empty: unknown."""
    send: bool
    """Whether events were to be sent; else it is a plan."""
    plan: ReplayPlan | None
    """None: the log could not be read."""
    sent: int = 0
    """Redeliveries that GitHub accepted."""
    events: tuple[ReplayedEvent, ...] = ()
    """The plan's, oldest first."""
    facts: tuple[Fact, ...] = ()
    signal_number: int | None = None
    refused: bool = False
    """Whether the errors are about what was chosen, so that nothing was sent."""

    def count(self, *outcomes: Outcome) -> int:
        """Events with one of these outcomes."""
        return sum(event.outcome in outcomes for event in self.events)

    @property
    def exit_code(self) -> int:
        """0; 1 for an error or events that did not arrive, 2 for what cannot be chosen, 128 + the signal's number."""
        if self.signal_number is not None:
            return 128 + self.signal_number
        return 2 if self.refused else int(self.is_failing)

    @property
    def undelivered(self) -> tuple[str, ...]:
        """GUIDs of the events that did not arrive, oldest first: what to give to the next ``guid``.

        Those with no result yet are not among them: GitHub may still deliver them.
        """
        arrived_or_may = UNSEEN | {Outcome.RECOVERED, Outcome.DRY_RUN}
        return self._guids(event for event in self.events if event.outcome not in arrived_or_may)

    @property
    def unseen(self) -> tuple[str, ...]:
        """GUIDs of the events that GitHub may still deliver."""
        return self._guids(event for event in self.events if event.outcome in UNSEEN)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """GUIDs that finish a replay that was killed: those with no redelivery within the hour before the plan.

        Empty if none or all of the events were redelivered within it.
        """
        rest = [event for event in self.events if not event.recent]
        return self._guids(rest) if len(rest) < len(self.events) else ()

    @staticmethod
    def _guids(events: Iterable[ReplayedEvent]) -> tuple[str, ...]:
        # Text that is not a guid does not come from GitHub, and cannot be given as one.
        return tuple(event.guid for event in events if is_guid(event.guid))
