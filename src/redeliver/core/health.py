"""How well a webhook's deliveries go, from rows that a run reads anyway. Pure.

What counts is the first attempt of each event: how many were delivered by it, and how long it took. Durations go into
buckets that grow by a fifth each, so that a percentile is at most a tenth off, and nothing grows with the log.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING

from redeliver.core.deliveries import LONGEST_DURATION, DeliveryStats, TypeStats, named_type, succeeded
from redeliver.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redeliver.core.deliveries import Row

#: Types of events that are counted separately; any more are OTHER. GitHub has about 70, but a log can hold anything.
MOST_TYPES = 100
#: The share of events delivered on the first attempt below which a webhook is degraded.
HEALTHY_SHARE = 0.95
#: The share of GitHub's time-out after which a delivery has nearly failed.
NEAR_TIMEOUT_SHARE = 0.8
#: So many failed attempts since the last success are hardly the fault of their events.
_LOOKS_DOWN = 3
_GROWTH = 1.2
#: The upper ends of the buckets, in milliseconds. The first holds all that took 1 ms or less.
_BUCKETS = [1.0]
while _BUCKETS[-1] < LONGEST_DURATION * 1_000:
    _BUCKETS.append(_BUCKETS[-1] * _GROWTH)


class Health(StrEnum):
    """The state of a receiver, worst first. The codes are frozen: programs read them."""

    DOWN = "down"
    """Redeliveries have shown that it accepts nothing."""
    DEGRADED = "degraded"
    """An event is undelivered or lost, or too few were delivered on the first attempt."""
    UNKNOWN = "unknown"
    """Too little is known: the log was not read whole, the run failed, or no event arrived."""
    HEALTHY = "healthy"
    """The log was read whole, nothing in it is undelivered, and nearly all was delivered on the first attempt."""


@dataclass(slots=True)
class _OfType:
    """The counts of one type."""

    events: int = 0
    delivered: int = 0
    durations: list[int] = field(default_factory=lambda: [0] * len(_BUCKETS))
    longest: float = 0.0


class FirstAttempts:
    """Counts the first attempts of events since a moment, page by page as the log is read."""

    def __init__(self, since: float, timeout: int) -> None:
        """``since`` is in epoch milliseconds; ``timeout``: seconds that GitHub waits for the endpoint's answer."""
        self._since = since
        self._timeout = timeout
        self._near = timeout * 1_000 * NEAR_TIMEOUT_SHARE
        self._types: dict[str, _OfType] = {}
        self._near_timeout = 0
        self._throttled = 0

    def add(self, rows: Iterable[Row]) -> None:
        """Count rows, none of them twice."""
        for row in rows:
            if row["delivered_at"] < self._since or row["redelivery"]:
                continue
            one = self._types.get(row["event"])
            if one is None:
                name = named_type(row["event"], self._types, MOST_TYPES)
                one = self._types[name] = self._types.get(name) or _OfType()
            one.events += 1
            delivered = succeeded(row)
            one.delivered += delivered
            if row.get("throttled_at") is not None:
                self._throttled += 1
            seconds = row.get("duration")
            if delivered and seconds is not None:  # one that failed at once would look fast
                took = seconds * 1_000
                one.durations[bisect_left(_BUCKETS, took)] += 1
                one.longest = max(one.longest, took)
                if took > self._near:
                    self._near_timeout += 1

    def stats(self) -> DeliveryStats:
        """The figures for all rows so far."""
        types = sorted(self._types.items(), key=lambda item: (-item[1].events, item[0]))
        durations = [sum(numbers) for numbers in zip(*(one.durations for _, one in types), strict=True)]
        longest = max((one.longest for _, one in types), default=0.0)
        return DeliveryStats(
            events=sum(one.events for _, one in types),
            delivered_first_try=sum(one.delivered for _, one in types),
            p50=_percentile(durations, 0.5, longest),
            p95=_percentile(durations, 0.95, longest),
            longest=round(longest) if any(durations) else None,
            near_timeout=self._near_timeout,
            throttled=self._throttled,
            by_event=tuple(
                TypeStats(plain(name, 60), one.events, one.delivered, _percentile(one.durations, 0.95, one.longest))
                for name, one in types
            ),
            timeout=self._timeout,
        )


def _percentile(durations: Sequence[int], share: float, longest: float) -> int | None:
    """The duration that this share did not exceed; None: there are no durations."""
    rank = ceil(share * sum(durations))
    if not rank:
        return None
    place = bisect_left([*accumulate(durations)], rank)
    return round(min(_BUCKETS[place] * 2 / (1 + _GROWTH), longest))


def health_of(
    stats: DeliveryStats | None, *, down: bool = False, undelivered: str = "", doubt: str = ""
) -> tuple[Health, str]:
    """Judge one webhook, and say what decided. ``stats``: None if the window was not read whole.

    ``undelivered``: what is undelivered or lost; empty: nothing. ``doubt``: another reason not to call it healthy.
    """
    if down:
        return Health.DOWN, "redeliveries failed"
    if undelivered:
        return Health.DEGRADED, undelivered
    if stats and stats.delivered_first_try < HEALTHY_SHARE * stats.events:
        return Health.DEGRADED, f"fewer than {HEALTHY_SHARE:.0%} were delivered on the first attempt"
    if doubt or stats is None:
        return Health.UNKNOWN, doubt or "the log was not read in full"
    # A window without events says nothing: the receiver may be down, and its last events given up.
    if not stats.events:
        return Health.UNKNOWN, "GitHub sent no event, as is normal when nothing happens"
    return Health.HEALTHY, "nothing is undelivered"


def label_of(owner: str, hook_id: object) -> str:
    """A webhook in a table: its id, behind its repository's name; empty: it is an App's, which has no id."""
    return f"{owner} {hook_id}" if "/" in owner else f"{hook_id or ''}"


@dataclass(frozen=True, slots=True)
class HookHealth:
    """One webhook's deliveries within a window."""

    hook_id: int | None
    owner: str
    """``octo``, ``octo/hello``; an App's id."""
    host: str
    """The host it points to; its whole URL could hold credentials."""
    active: bool | None
    """Whether GitHub sends deliveries to it; None: not known."""
    deliveries: int
    """Attempts in the window."""
    failed: int
    last_success: int | None
    """Epoch milliseconds; None: no attempt in the window succeeded."""
    undelivered: int
    """Events with a failed attempt in the window and no success."""
    stats: DeliveryStats
    """How the first attempts in the window went."""
    unread: int = 0
    """Attempts that could not be read."""
    failing: int = 0
    """Attempts that have failed since the last success."""

    @property
    def light(self) -> str:
        """The traffic light: red if the receiver looks down, and black for a webhook that is off."""
        if self.active is False:
            return "⚫"
        if self.undelivered and (self.failing >= _LOOKS_DOWN or self.last_success is None):
            return "🔴"
        if self.undelivered or self.unread or self.health is Health.DEGRADED:
            return "🟡"
        return "🟢" if self.deliveries else "⚪"

    @property
    def health(self) -> Health:
        """The state of its receiver; never DOWN, since only redeliveries can show that."""
        undelivered, doubt = self.undelivered > 0, self.active is False or self.unread > 0
        return health_of(self.stats, undelivered="undelivered" * undelivered, doubt="unknown" * doubt)[0]
