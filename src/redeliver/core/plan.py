"""Which events to send now, in which order, and why the others are left. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from redeliver.core.deliveries import Event

#: The longest pause between two redeliveries of one event that doubling leads to, in milliseconds.
LONGEST_SPACING = 4 * 3_600_000

#: Up to so many attempts an event is as good as a fresh one. While an endpoint is down for long, each run asks it by
#: three fresh events; if those came last after it, they would hold the checkpoint where the outage began, and every
#: run until then would read all of it again.
FRESH = 2


class Reason(StrEnum):
    """Why an event is not sent."""

    NOT_DUE = "not due yet"
    OUT_OF_ATTEMPTS = "out of attempts"
    LEFT_LOG = "left GitHub's log"
    FILTERED = "filtered out"
    UNCHECKED = "not checked: the log is too long"
    DRY_RUN = "dry run"
    ENDPOINT_DOWN = "the endpoint is down"
    OUT_OF_TIME = "time limit"
    STOPPED = "the run was stopped"
    FAULT = "the run failed before it"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say about one event."""

    max_attempts: int
    """The original included; 0: no limit."""
    retry_spacing: int
    """Milliseconds between an event's first and second redelivery; doubles from there."""
    events: frozenset[str] = frozenset()
    """Names of the only events that are sent, ``event`` or ``event.action``; empty: all are."""

    def ends(self, event: Event, forgotten: Collection[str]) -> Reason | None:
        """Why an event is not looked at again and does not hold the checkpoint; None: it goes on."""
        if event.guid in forgotten:
            return Reason.LEFT_LOG
        if self.events and self.events.isdisjoint({event.name, event.name.partition(".")[0]}):
            return Reason.FILTERED
        if 0 < self.max_attempts <= event.count:
            return Reason.OUT_OF_ATTEMPTS
        return None

    def due_at(self, event: Event) -> int:
        """The moment, in epoch milliseconds, from which the event may be sent."""
        redeliveries = event.count - 1
        if redeliveries == 0:
            return event.latest.at
        longest = max(LONGEST_SPACING, self.retry_spacing)
        # The shift is bounded so that an event with thousands of attempts costs no more than another.
        return event.latest.at + min(self.retry_spacing << min(redeliveries - 1, 40), longest)


@dataclass(frozen=True, slots=True)
class Plan:
    """Events to send, in order, and events left, with the reason."""

    due: tuple[Event, ...]
    left: tuple[tuple[Event, Reason], ...]


def make_plan(
    events: Iterable[Event],
    rules: Rules,
    now: int,
    *,
    forgotten: Collection[str] = (),
    unchecked: Collection[str] = (),
) -> Plan:
    """Decide about every undelivered event.

    ``forgotten``: guids of events whose first attempt is no longer in GitHub's log. ``unchecked``: guids of
    events whose success could have been missed. Order: fewest attempts first (see ``FRESH``), then oldest first, so
    that a poisoned event never blocks a fresh one.
    """
    due: list[Event] = []
    left: list[tuple[Event, Reason]] = []
    for event in events:
        reason = _reason_to_leave(event, rules, now, forgotten, unchecked)
        if reason is None:
            due.append(event)
        else:
            left.append((event, reason))
    due.sort(key=lambda event: (max(event.count, FRESH), event.attempts[0].at, event.attempts[0].id))
    left.sort(key=lambda pair: (pair[0].attempts[0].at, pair[0].attempts[0].id))
    return Plan(tuple(due), tuple(left))


def _reason_to_leave(
    event: Event, rules: Rules, now: int, forgotten: Collection[str], unchecked: Collection[str]
) -> Reason | None:
    if ended := rules.ends(event, forgotten):
        return ended
    if event.guid in unchecked:
        return Reason.UNCHECKED
    # Before the first redelivery nothing is waited for, whatever the clocks make of an event this young.
    if event.count > 1 and rules.due_at(event) > now:
        return Reason.NOT_DUE
    return None


def settled_up_to(
    start: int, undelivered: Iterable[Event], rules: Rules, forgotten: Collection[str], *, filtered: bool = False
) -> int:
    """The next checkpoint: the run's start, or 1 ms before the earliest of the open events' latest attempts.

    Looking from there, the next run finds every one of them again. ``filtered``: one that asks for failures has to.
    """
    unsettled = (event for event in undelivered if rules.ends(event, forgotten) is None)
    holding = (event.latest_listed if filtered else event.latest for event in unsettled)
    return min([start, *(attempt.at - 1 for attempt in holding)])
