"""Which events to send now, in which order, and why the others are skipped. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from redeliver.core.deliveries import ROUNDING
from redeliver.core.redelivery import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from redeliver.core.deliveries import Attempt, Event

#: The longest pause between two redeliveries of one event that doubling leads to, in milliseconds.
LONGEST_SPACING = 4 * 3_600_000

#: Up to this many attempts an event counts as fresh. During a long outage, each run probes with three fresh events.
#: If those came last afterwards, they would hold the checkpoint at the beginning of the outage, and until they were
#: delivered, every run would read all of it again.
FRESH = 2


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that apply to one event."""

    max_attempts: int
    """The original included; 0: no limit."""
    retry_spacing: int
    """Milliseconds between an event's first and second redelivery; doubles from there."""
    events: frozenset[str] = frozenset()
    """Names of the only events that are sent, ``event`` or ``event.action``; empty: all are."""
    max_ages: Mapping[str, int] = field(default_factory=dict)
    """Milliseconds after its first attempt for which an event is sent, by its name, ``event`` or ``event.action``, or
    else under ``""``; 0, or no age: no limit. None is longer than GitHub keeps deliveries."""

    def final_outcome(
        self,
        event: Event,
        now: int,
        expired: Collection[str],
        oldest_success: float = -inf,
        *,
        unchecked: Collection[str] = (),
    ) -> Outcome | None:
        """Why no further run sends an undelivered event; it then does not hold the checkpoint. None: later runs may.

        ``now``: the run's start, in epoch milliseconds. A run judges an event's age at one moment only.
        ``oldest_success``: of all attempts in the window, in epoch milliseconds; inf: none of them succeeded.
        ``unchecked``: guids of events whose success may have been missed; they are not given up.
        """
        if self.events and self.events.isdisjoint(_names(event)):
            return Outcome.FILTERED_OUT
        too_old = self._is_too_old(event, now, expired)
        if event.guid in expired and not too_old:
            return Outcome.EXPIRED
        if event.guid not in unchecked and self._is_out_of_attempts(event, oldest_success):
            return Outcome.GIVEN_UP
        return Outcome.TOO_OLD if too_old else None

    def _is_out_of_attempts(self, event: Event, oldest_success: float) -> bool:
        return 0 < self.max_attempts <= event.count and _is_about_the_event(event.latest, oldest_success)

    def has_a_last_try(self, event: Event, oldest_success: float = -inf) -> bool:
        """Whether an event that has expired is tried once more, as its only attempt that GitHub still has allows.

        Once: that try is a second attempt in the log, by which later runs know it.
        """
        return len(event.attempts) == 1 and not self._is_out_of_attempts(event, oldest_success)

    def too_old_after(self, event: Event) -> int | None:
        """The last moment, in epoch milliseconds, at which the event is young enough; None: it always is.

        If the original is not among the rows that were read, the first known attempt is used instead. That one is
        younger, so no event is judged older than it is.
        """
        age = next((self.max_ages[name] for name in (*_names(event), "") if name in self.max_ages), 0)
        return event.first.at + age + ROUNDING if age else None

    def _is_too_old(self, event: Event, now: int, expired: Collection[str]) -> bool:
        last = self.too_old_after(event)
        # No age is longer than GitHub keeps deliveries, so an expired event is older than any of them.
        return last is not None and (last < now or event.guid in expired)

    def due_at(self, event: Event) -> int:
        """The moment, in epoch milliseconds, from which the event may be sent."""
        redeliveries = event.count - 1
        if redeliveries == 0:
            return event.latest.at
        longest = max(LONGEST_SPACING, self.retry_spacing)
        # The shift is bounded so that an event with thousands of attempts is not expensive.
        return event.latest.at + min(self.retry_spacing << min(redeliveries - 1, 40), longest)


@dataclass(frozen=True, slots=True)
class Plan:
    """Events to send, in order, and events to skip, each with the reason."""

    due: tuple[Event, ...]
    skipped: tuple[tuple[Event, Outcome], ...]


def make_plan(
    events: Iterable[Event],
    rules: Rules,
    now: int,
    *,
    expired: Collection[str] = (),
    unchecked: Collection[str] = (),
    oldest_success: float = -inf,
) -> Plan:
    """Decide about every undelivered event.

    ``expired``: guids of events whose first attempt has left GitHub's log; they are lost, whatever is still tried.
    ``unchecked``: guids of events whose success may have been missed. ``oldest_success``: see
    :meth:`Rules.final_outcome`. Order: fewest attempts first (see ``FRESH``), then oldest first, so that a poisoned
    event never blocks a fresh one.
    """
    expired, unchecked = frozenset(expired), frozenset(unchecked)
    due: list[Event] = []
    skipped: list[tuple[Event, Outcome]] = []
    for event in events:
        reason = rules.final_outcome(event, now, expired, oldest_success, unchecked=unchecked)
        if reason is Outcome.EXPIRED and rules.has_a_last_try(event, oldest_success):
            reason = None
        elif reason is None:
            reason = _reason_to_wait(event, rules, now, unchecked)
        if reason is None:
            due.append(event)
        else:
            skipped.append((event, reason))
    due.sort(key=lambda event: (max(event.count, FRESH), event.first.at, event.first.id))
    skipped.sort(key=lambda pair: (pair[0].first.at, pair[0].first.id))
    return Plan(tuple(due), tuple(skipped))


def _reason_to_wait(event: Event, rules: Rules, now: int, unchecked: Collection[str]) -> Outcome | None:
    if event.guid in unchecked:
        return Outcome.UNCHECKED
    # There is no spacing before the first redelivery, even if clock skew puts the event in the future.
    if event.count > 1 and rules.due_at(event) > now:
        return Outcome.NOT_DUE
    return None


def next_checkpoint(
    start: int,
    undelivered: Sequence[Event],
    rules: Rules,
    expired: Collection[str],
    *,
    unchecked: Collection[str] = (),
    unread: Iterable[int] = (),
    failures_only: bool = False,
    oldest_success: float = -inf,
) -> int:
    """The next checkpoint: the run's start, or 1 ms before the earliest of the open events' latest attempts.

    A run that starts from there finds all of them again. ``failures_only``: even if it asks GitHub for failures only.
    ``unchecked`` and ``oldest_success``: see :meth:`Rules.final_outcome`. ``unread``: the moments (epoch ms) of rows
    that could not be read and are to be found again, too.
    """
    final = (rules.final_outcome(event, start, expired, oldest_success, unchecked=unchecked) for event in undelivered)
    unsettled = (event for event, outcome in zip(undelivered, final, strict=True) if outcome is None)
    holding = (event.latest_listed if failures_only else event.latest for event in unsettled)
    return min([start, *(attempt.at - 1 for attempt in holding), *(at - 1 for at in unread)])


def _is_about_the_event(attempt: Attempt, oldest_success: float) -> bool:
    """Whether an attempt is evidence against its event, not just of an endpoint that is down.

    Otherwise an endpoint that is down for a day would use up the attempts of every event that is sent on that day. So
    the endpoint must have answered, or have accepted another event earlier in the window.
    """
    return attempt.at >= oldest_success or not attempt.like_endpoint_down


def _names(event: Event) -> tuple[str, str]:
    """The names that settings may use for an event, the more specific one first."""
    return event.name, event.name.partition(".")[0]
