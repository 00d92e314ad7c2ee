"""The rules by which an undelivered event is sent now, or why it is not. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from redeliver.core.deliveries import ROUNDING
from redeliver.core.redelivery import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redeliver.core.deliveries import Event

#: The longest pause between two redeliveries of one event that doubling leads to, in milliseconds.
LONGEST_SPACING = 4 * 3_600_000


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

    def verdict(
        self, event: Event, now: int, oldest_success: int | None, *, is_whole: bool, is_gone: bool
    ) -> Outcome | None:
        """Why an undelivered event is not sent now; None: it is due.

        ``now``: the run's start, in epoch milliseconds. A run judges an event's age at one moment only.
        ``oldest_success``: of all attempts in the window, in epoch milliseconds; None: none of them succeeded.
        ``is_whole``: whether none of its attempts can be missing. Else its success may have been missed, so it is not
        given up. ``is_gone``: whether what is missing has left GitHub's log, so that it has expired.
        """
        if self.events and self.events.isdisjoint(_names(event)):
            return Outcome.FILTERED_OUT
        is_spent, last = self.is_out_of_attempts(event, oldest_success), self.too_old_after(event)
        if is_spent and is_whole:
            return Outcome.GIVEN_UP
        # No age is longer than GitHub keeps deliveries, so an expired event is older than any of them.
        if last is not None and (last < now or is_gone):
            return Outcome.TOO_OLD
        # There is no spacing before the first redelivery, even if clock skew puts the event in the future.
        if not is_spent and event.count > 1 and self.due_at(event) > now:
            return Outcome.NOT_DUE
        if is_whole or is_gone:
            # An event that has expired is tried once more, if the only attempt that GitHub still has allows that. Once:
            # that try is a second attempt in the log, by which later runs know it.
            return None if is_whole or (len(event.attempts) == 1 and not is_spent) else Outcome.EXPIRED
        return Outcome.UNCHECKED

    def is_out_of_attempts(self, event: Event, oldest_success: int | None) -> bool:
        """Whether an event has had all of its attempts, and the newest is evidence against it.

        An attempt can be evidence of just an endpoint that is down. If that counted, an endpoint that is down for a day
        would use up the attempts of every event that is sent on that day. So the endpoint must have answered, or have
        accepted another event earlier in the window; ``oldest_success``: as in :meth:`verdict`.
        """
        if not 0 < self.max_attempts <= event.count:
            return False
        latest = event.latest
        return not latest.like_endpoint_down or (oldest_success is not None and latest.at >= oldest_success)

    def too_old_after(self, event: Event) -> int | None:
        """The last moment, in epoch milliseconds, at which the event is young enough; None: it always is.

        If the original is not among the rows that were read, the first known attempt is used instead. That one is
        younger, so no event is judged older than it is.
        """
        if not self.max_ages:
            return None
        age = next((self.max_ages[name] for name in (*_names(event), "") if name in self.max_ages), 0)
        return event.first.at + age + ROUNDING if age else None

    def due_at(self, event: Event) -> int:
        """The moment, in epoch milliseconds, from which the event may be sent."""
        redeliveries = event.count - 1
        if redeliveries == 0:
            return event.latest.at
        longest = max(LONGEST_SPACING, self.retry_spacing)
        # The shift is bounded so that an event with thousands of attempts is not expensive.
        return event.latest.at + min(self.retry_spacing << min(redeliveries - 1, 40), longest)


def _names(event: Event) -> tuple[str, str]:
    """The names that settings may use for an event, the more specific one first."""
    return event.name, event.name.partition(".")[0]
