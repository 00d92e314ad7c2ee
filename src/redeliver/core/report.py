"""What happened in a run, as data. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redeliver.core.causes import group_errors
from redeliver.core.outcomes import LOST, Outcome
from redeliver.core.settings import FailOn
from redeliver.text import plain

#: The action's outputs, and what people read of them.
OUTPUTS = {
    "redelivered-count": "Redeliveries that GitHub accepted.",
    "recovered-count": "Events that were delivered in the course of the run.",
    "failed-count": "Events that were found undelivered: `recovered-count` and `undelivered-count` together.",
    "undelivered-count": "Events that are still undelivered at the end.",
    "lost-count": "Events that no later run delivers: given up, or expired. They are part of `undelivered-count`.",
    "scanned-count": "Attempts that were read from the delivery log.",
    "checkpoint": "The moment up to which everything is settled, in epoch milliseconds.",
    "report": "What happened to each event, as JSON.",
}
#: Of the JSON report. A change that breaks a reader raises it.
VERSION = 1
#: Events in the JSON report; an output may hold 1 MiB in all, and this stays far below.
REPORTED_EVENTS = 500


@dataclass(frozen=True, slots=True)
class EventReport:
    """One event that was found undelivered, and what became of it. Moments are epoch milliseconds."""

    guid: str
    name: str
    first_failed_at: int
    cause: str
    attempts: int
    outcome: Outcome
    detail: str
    """Why GitHub refused, or why its reply is unknown; else empty."""
    delivery_id: str
    """The newest failed attempt's id, as text: it has more digits than many readers of JSON keep."""
    forgotten_at: int
    """When GitHub forgets its first attempt: until then it can be redelivered."""
    next_attempt_at: int | None
    """From when on a run redelivers it, if it is still undelivered; None: no run does, or GitHub was asked just now."""


@dataclass(frozen=True, slots=True)
class Outage:
    """An endpoint that redeliveries have shown to be down."""

    since: int | None
    """Since when every attempt has failed, in epoch milliseconds; None: others have succeeded."""
    at_least: bool
    """Whether it may have begun earlier, since no more was read."""
    cause: str
    """Why most events failed."""
    backlog: int
    """Seconds that redelivering all that is known to be undelivered will take, within the pace and the limits."""


class EventCounts:
    """Counts over events, for whatever has them."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def events(self) -> tuple[EventReport, ...]:
            """Every event found undelivered, and those that were filtered out."""
            ...

    def count(self, *outcomes: Outcome) -> int:
        """Events with one of these outcomes."""
        return sum(event.outcome in outcomes for event in self.events)

    @property
    def failed(self) -> int:
        """Events found undelivered; what was filtered out does not count."""
        return len(self.events) - self.count(Outcome.FILTERED_OUT)

    @property
    def recovered(self) -> int:
        """Events that were delivered in the course of the run."""
        return self.count(Outcome.RECOVERED)

    @property
    def undelivered(self) -> int:
        """Events that are not known to be delivered at the end, the lost ones among them."""
        return self.failed - self.recovered

    @property
    def lost(self) -> int:
        """Events that no later run delivers."""
        return self.count(*LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class HookReport(EventCounts):
    """One run over one webhook. Moments are epoch milliseconds; counts are of events unless they say otherwise."""

    hook: str
    """The webhook, for sentences."""
    hook_id: str
    """Its id, as text; empty for an App's."""
    owner: str
    """Who has it: ``octo``, ``octo/hello``, or the App's id."""
    page: str
    """The address of the page with its deliveries, from the settings alone; empty: unknown."""
    active: bool | None = None
    """Whether GitHub sends deliveries to it; None: GitHub does not say."""
    start: int
    cutoff: int
    scanned: int
    """Attempts read."""
    redelivered: int
    """Redeliveries that GitHub accepted."""
    events: tuple[EventReport, ...]
    """Every event found undelivered, oldest first, and those that were filtered out."""
    checkpoint: int | None
    """The checkpoint as it is kept at the end; None: none is kept, or it could not be read."""
    read: bool = True
    """Whether its log was read; if not, its counts say nothing."""
    partial: bool = False
    """Whether only the newest part of the window was read, so that there may be more events than are counted."""
    gap: tuple[int, int] | None = None
    """The time that GitHub has forgotten before a run could settle it; None: there is none."""
    deadline: int | None = None
    """When GitHub begins to forget what is still undelivered; None: nothing is."""
    outage: Outage | None = None
    """None: the endpoint is not known to be down."""
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def figures(self) -> dict[str, object]:
        """What programs read of it, without the events."""
        return {
            "hook": self.hook,
            "hook_id": self.hook_id,
            "owner": self.owner,
            "active": self.active,
            "start": self.start,
            "cutoff": self.cutoff,
            "checkpoint": self.checkpoint,
            "read": self.read,
            "partial": self.partial,
            "gap": None if self.gap is None else {"from": self.gap[0], "to": self.gap[1]},
            "deadline": self.deadline,
            "down_since": self.outage.since if self.outage else None,
            "scanned": self.scanned,
            "failed": self.failed,
            "redelivered": self.redelivered,
            "recovered": self.recovered,
            "undelivered": self.undelivered,
            "lost": self.lost,
            "filtered_out": self.count(Outcome.FILTERED_OUT),
            "errors": list(self.errors),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class Report(EventCounts):
    """One run over all its webhooks."""

    hooks: tuple[HookReport, ...]
    dry_run: bool = False
    signal_number: int | None = None
    fault: str = ""
    """What kept the run from any webhook; empty: nothing did."""

    @property
    def events(self) -> tuple[EventReport, ...]:
        """The events of every webhook."""
        return tuple(event for hook in self.hooks for event in hook.events)

    @property
    def start(self) -> int:
        """When the first webhook's run began; 0: none did."""
        return min((hook.start for hook in self.hooks), default=0)

    @property
    def cutoff(self) -> int:
        """How far back the log was read at the most; 0: it was not."""
        return min((hook.cutoff for hook in self.hooks), default=0)

    @property
    def scanned(self) -> int:
        """Attempts read."""
        return sum(hook.scanned for hook in self.hooks)

    @property
    def redelivered(self) -> int:
        """Redeliveries that GitHub accepted."""
        return sum(hook.redelivered for hook in self.hooks)

    @property
    def deadline(self) -> int | None:
        """When GitHub begins to forget what is still undelivered; None: nothing is."""
        return min((hook.deadline for hook in self.hooks if hook.deadline is not None), default=None)

    @property
    def in_doubt(self) -> bool:
        """Whether nobody can say that all is delivered: an event is not, or a log was not read by a run to its end."""
        unread = self.signal_number is None and not all(hook.read for hook in self.hooks)
        return unread or self.undelivered > 0

    @property
    def checkpoint(self) -> int | None:
        """The earliest of the checkpoints that are kept."""
        return min((hook.checkpoint for hook in self.hooks if hook.checkpoint is not None), default=None)

    @property
    def errors(self) -> tuple[str, ...]:
        """What makes the run fail, a sentence or two for each cause; each hook has its own besides."""
        told = group_errors([(hook.hook, hook.errors) for hook in self.hooks])
        return (self.fault, *told) if self.fault else told

    @property
    def warnings(self) -> tuple[str, ...]:
        """What does not make it fail, but should be known. Each webhook has its own besides."""
        return group_errors([(hook.hook, hook.warnings) for hook in self.hooks])

    def exit_code(self, fail_on: FailOn) -> int:
        """0, 1, or 128 + the signal's number."""
        if self.signal_number is not None:
            return 128 + self.signal_number
        failing = bool(self.errors) or (fail_on is FailOn.UNDELIVERED and self.in_doubt)
        return int(failing and fail_on is not FailOn.NEVER)

    def outputs(self) -> dict[str, str]:
        """The action's outputs."""
        return {
            "redelivered-count": str(self.redelivered),
            "recovered-count": str(self.recovered),
            "failed-count": str(self.failed),
            "undelivered-count": str(self.undelivered),
            "lost-count": str(self.lost),
            "scanned-count": str(self.scanned),
            "checkpoint": "" if self.checkpoint is None else str(self.checkpoint),
            "report": self.as_json(),
        }

    def as_json(self) -> str:
        """The report for programs: bounded, and with nothing in it that could not be shown."""
        room = REPORTED_EVENTS
        hooks = []
        for hook in self.hooks:
            shown = hook.events[:room]
            room -= len(shown)
            events = [_event(event) for event in shown]
            hooks.append(hook.figures() | {"events": events, "events_omitted": len(hook.events) - len(shown)})
        whole = {"version": VERSION, "dry_run": self.dry_run, "errors": list(self.errors), "hooks": hooks}
        text = json.dumps(whole, ensure_ascii=True, separators=(",", ":"))
        # A later step may print it, and "##[" is a command wherever it stands in a line.
        return text.replace("##[", r"#\u0023[")


def _event(event: EventReport) -> dict[str, int | str | None]:
    return {
        "guid": plain(event.guid, 64),
        "event": plain(event.name, 100),
        "first_failed_at": event.first_failed_at,
        "cause": event.cause,
        "attempts": event.attempts,
        "outcome": str(event.outcome),
        "detail": event.detail,
        "delivery_id": event.delivery_id,
        "forgotten_at": event.forgotten_at,
        "next_attempt_at": event.next_attempt_at,
    }
