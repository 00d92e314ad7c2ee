"""What a replay planned and what became of it, as data. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from redeliver.core.inputs import is_guid
from redeliver.core.outcomes import UNSEEN, Outcome
from redeliver.text import plain
from redeliver.times import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redeliver.core.replay.plan import ReplayPlan

#: The outputs of ``replay/action.yml``, and what people read of them.
REPLAY_OUTPUTS = {
    "planned-count": "Events that were chosen.",
    "from": "Beginning of the window as a time, so that a later step can send what was planned; empty with `guid`.",
    "to": "End of the window as a time; empty with `guid`.",
    "sent-count": "Events that GitHub accepted for redelivery.",
    "recovered-count": "Events that arrived again.",
    "undelivered-guids": "GUIDs of the chosen events that did not arrive, for the next `guid`; at most 500.",
    "report": "The plan, and what happened to each event, as JSON.",
}
#: Of the JSON report. A change that breaks a reader raises it.
VERSION = 1
#: Events, and GUIDs, in the JSON report and the outputs; a job's outputs may hold 1 MiB in all.
REPORTED_EVENTS = 500


@dataclass(frozen=True, slots=True)
class ReplayedEvent:
    """One chosen event, and what became of it. Moments are epoch milliseconds."""

    guid: str
    name: str
    first_attempt_at: int
    """Of the attempts that were read."""
    attempts: int
    """How many were read before anything was sent."""
    delivered_before: bool
    """Whether one of those succeeded."""
    redelivered_at: int | None
    """When the newest redelivery among those was; None: there was none."""
    recent: bool
    """Whether that was within the hour before the plan."""
    outcome: Outcome
    """Of the replay alone."""
    cause: str
    """Why the new attempt failed; else empty."""
    detail: str
    """Why GitHub refused, or why its reply is unknown; else empty."""
    delivery_id: str
    """The newest attempt's id, as text: it has more digits than many readers of JSON keep."""

    def as_dict(self) -> dict[str, object]:
        """For programs, and with nothing in it that could not be shown."""
        return {
            "guid": plain(self.guid, 64),
            "event": plain(self.name, 100),
            "first_attempt_at": self.first_attempt_at,
            "attempts": self.attempts,
            "delivered_before": self.delivered_before,
            "redelivered_at": self.redelivered_at,
            "outcome": str(self.outcome),
            "cause": self.cause,
            "detail": self.detail,
            "delivery_id": self.delivery_id,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """One replay over one webhook."""

    hook: str
    """The webhook, for sentences."""
    hook_id: str
    """Its id, as text; empty for an App's."""
    owner: str
    """Who has it: ``octo``, ``octo/hello``, or the App's id."""
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
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    signal_number: int | None = None
    refused: bool = False
    """Whether the errors are about what was chosen, so that nothing was sent."""

    def count(self, *outcomes: Outcome) -> int:
        """Events with one of these outcomes."""
        return sum(event.outcome in outcomes for event in self.events)

    @property
    def exit_code(self) -> int:
        """0; 1 for a fault or events that did not arrive, 2 for what cannot be chosen, 128 + the signal's number."""
        if self.signal_number is not None:
            return 128 + self.signal_number
        return 2 if self.refused else int(bool(self.errors))

    @property
    def undelivered(self) -> tuple[str, ...]:
        """GUIDs of the events that did not arrive, oldest first: what to give to the next ``guid``.

        Those without an outcome yet are not among them: GitHub may still deliver them.
        """
        arrived_or_may = UNSEEN | {Outcome.RECOVERED, Outcome.DRY_RUN}
        return self._guids(event for event in self.events if event.outcome not in arrived_or_may)

    @property
    def unseen(self) -> tuple[str, ...]:
        """GUIDs of the events that GitHub may still deliver."""
        return self._guids(event for event in self.events if event.outcome in UNSEEN)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """GUIDs that finish a replay which was killed: no attempt of these is of the hour before the plan.

        Empty where none or all of the events were redelivered within it.
        """
        rest = [event for event in self.events if not event.recent]
        return self._guids(rest) if len(rest) < len(self.events) else ()

    @staticmethod
    def _guids(events: Iterable[ReplayedEvent]) -> tuple[str, ...]:
        # What is no guid is a server's invention, and cannot be chosen by it.
        return tuple(event.guid for event in events if is_guid(event.guid))

    def outputs(self) -> dict[str, str]:
        """The action's outputs."""
        window = self.plan.selection if self.plan and not self.plan.selection.guids else None
        return {
            "planned-count": str(self.plan.found if self.plan else 0),
            "from": timestamp(window.since) if window else "",
            "to": timestamp(window.until) if window else "",
            "sent-count": str(self.sent),
            "recovered-count": str(self.count(Outcome.RECOVERED)),
            "undelivered-guids": ",".join(self.undelivered[:REPORTED_EVENTS]),
            "report": self.as_json(),
        }

    def as_json(self) -> str:
        """The report for programs: bounded, and with nothing in it that could not be shown."""
        # Where there are too many, those that did not arrive count more.
        kept = sorted(self.events, key=lambda event: event.outcome is Outcome.RECOVERED)[:REPORTED_EVENTS]
        kept.sort(key=lambda event: event.first_attempt_at)
        whole = {
            "version": VERSION,
            "hook": self.hook,
            "hook_id": self.hook_id,
            "owner": self.owner,
            "send": self.send,
            "plan": _plan(self.plan) if self.plan else None,
            "sent": self.sent,
            "events": [event.as_dict() for event in kept],
            "events_omitted": len(self.events) - len(kept),
            "errors": list(self.errors),
            "warnings": list(self.warnings),
        }
        text = json.dumps(whole, ensure_ascii=True, separators=(",", ":"))
        # A later step may print it, and "##[" is a command wherever it stands in a line.
        return text.replace("##[", r"#\u0023[")


def _plan(plan: ReplayPlan) -> dict[str, object]:
    chosen = plan.selection
    return {
        "made_at": plan.made_at,
        "from": None if chosen.guids else chosen.since,
        "to": None if chosen.guids else chosen.until,
        "limit": chosen.limit,
        "events": plan.found,
        "by_event": [{"event": plain(name, 100), "events": number} for name, number in plan.by_type],
        "delivered": plan.delivered,
        "redelivered_within_hour": plan.redelivered,
        "filtered_out": plan.filtered_out,
        "missing": list(plan.missing[:REPORTED_EVENTS]),
        "first": plan.first,
        "last": plan.last,
        "scanned": plan.scanned,
        "calls": plan.calls,
        "minutes": ceil(plan.seconds / 60),
    }
