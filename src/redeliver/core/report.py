"""What happened in a run, as data. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from redeliver.core.causes import by_cause
from redeliver.core.plan import Reason
from redeliver.core.redelivery import Outcome
from redeliver.core.settings import FailOn
from redeliver.text import plain

#: The action's outputs, and what people read of them.
OUTPUTS = {
    "redelivered-count": "Redeliveries that GitHub accepted.",
    "recovered-count": "Events that were delivered in the course of the run.",
    "failed-count": "Events that were found undelivered: `recovered-count` and `undelivered-count` together.",
    "undelivered-count": "Events that are still undelivered at the end.",
    "scanned-count": "Attempts that were read from the delivery log.",
    "checkpoint": "The moment up to which everything is settled, in epoch milliseconds.",
    "report": "What happened to each event, as JSON.",
}
#: Events in the JSON report; an output may hold 1 MiB in all, and this stays far below.
REPORTED_EVENTS = 500


@dataclass(frozen=True, slots=True)
class EventReport:
    """One event that was found undelivered, and what became of it."""

    guid: str
    name: str
    first_failed_at: int
    cause: str
    attempts: int
    outcome: Outcome | Reason
    detail: str
    """Why GitHub refused, or why the answer is unknown; else empty."""
    delivery_id: str = ""
    """Of the newest attempt, by which GitHub's API and pages know it."""


@dataclass(frozen=True, slots=True)
class HookReport:
    """One run over one hook. Moments are epoch milliseconds; counts are of events unless they say otherwise."""

    hook: str
    """The hook in words of ours."""
    page: str
    """The address of the page with its deliveries, from the settings alone; empty: unknown."""
    start: int
    cutoff: int
    scanned: int
    """Attempts read."""
    redelivered: int
    """Redeliveries that GitHub took."""
    events: tuple[EventReport, ...]
    """Every event found undelivered, oldest first, and those that were filtered out."""
    checkpoint: int | None
    """The checkpoint as it is kept at the end; None: none is kept, or it could not be read."""
    read: bool = True
    """Whether its log was read; if not, its counts say nothing."""
    whole: bool = True
    """Whether it was read back to the end of the window; if not, there may be more events than are counted."""
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def count(self, outcome: Outcome | Reason) -> int:
        """Events with that outcome."""
        return sum(event.outcome == outcome for event in self.events)

    @property
    def failed(self) -> int:
        """Events found undelivered; what was filtered out is none of ours."""
        return len(self.events) - self.count(Reason.FILTERED)

    @property
    def recovered(self) -> int:
        """Events that were delivered in the course of the run."""
        return self.count(Outcome.RECOVERED)

    @property
    def undelivered(self) -> int:
        """Events that are not known to be delivered at the end."""
        return self.failed - self.recovered

    def figures(self) -> dict[str, int | str | list[str] | None]:
        """What programs read of it, but for the events."""
        return {
            "hook": self.hook,
            "start": self.start,
            "cutoff": self.cutoff,
            "checkpoint": self.checkpoint,
            "read": self.read,
            "whole": self.whole,
            "scanned": self.scanned,
            "failed": self.failed,
            "redelivered": self.redelivered,
            "recovered": self.recovered,
            "undelivered": self.undelivered,
            "filtered": self.count(Reason.FILTERED),
            "errors": list(self.errors),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """One run over all its hooks, the sums of what its parts say."""

    hooks: tuple[HookReport, ...]
    dry_run: bool = False
    signal_number: int | None = None
    fault: str = ""
    """What kept the run from any hook; empty: nothing did."""

    @property
    def events(self) -> tuple[EventReport, ...]:
        """The events of every hook."""
        return tuple(event for hook in self.hooks for event in hook.events)

    @property
    def start(self) -> int:
        """When the first hook's run began; 0: none did."""
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
        """Redeliveries that GitHub took."""
        return sum(hook.redelivered for hook in self.hooks)

    @property
    def failed(self) -> int:
        """Events found undelivered."""
        return sum(hook.failed for hook in self.hooks)

    @property
    def recovered(self) -> int:
        """Events that were delivered in the course of the run."""
        return sum(hook.recovered for hook in self.hooks)

    @property
    def undelivered(self) -> int:
        """Events that are not known to be delivered at the end."""
        return sum(hook.undelivered for hook in self.hooks)

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
        told = by_cause([(hook.hook, hook.errors) for hook in self.hooks])
        return (self.fault, *told) if self.fault else told

    @property
    def warnings(self) -> tuple[str, ...]:
        """What does not make it fail, but should be known, likewise."""
        return by_cause([(hook.hook, hook.warnings) for hook in self.hooks])

    def count(self, outcome: Outcome | Reason) -> int:
        """Events with that outcome."""
        return sum(hook.count(outcome) for hook in self.hooks)

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
        whole = {"dry_run": self.dry_run, "errors": list(self.errors), "hooks": hooks}
        text = json.dumps(whole, ensure_ascii=True, separators=(",", ":"))
        # A later step may print it, and "##[" is a command wherever it stands in a line.
        return text.replace("##[", r"#\u0023[")


def _event(event: EventReport) -> dict[str, int | str]:
    return {
        "guid": plain(event.guid, 64),
        "event": plain(event.name, 100),
        "first_failed_at": event.first_failed_at,
        "cause": event.cause,
        "attempts": event.attempts,
        "outcome": str(event.outcome),
        "detail": event.detail,
    }
