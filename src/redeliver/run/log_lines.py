"""What a run's log says of its events. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from redeliver.core.redelivery import Outcome
from redeliver.output.headline import count
from redeliver.text import plain
from redeliver.times import clock_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from redeliver.core.deliveries import DeliveryLog, Event
    from redeliver.core.plan import Plan
    from redeliver.core.redelivery import Redelivery
    from redeliver.run.scan import Scan

#: Events that are told one by one; the summary and the report have more of them.
SHOWN = 100


def title_of(event: Event) -> str:
    """An event as a log names it: what one can look for in a receiver's log."""
    return f"{clock_time(event.attempts[0].at)} {plain(event.name, 80)} {plain(event.guid, 64)}"


def found(scan: Scan, plan: Plan, *, dry_run: bool) -> str:
    """What came of reading the log."""
    read = f"{count(scan.scanned, 'attempt')} read"
    if not plan.due and not plan.left:
        return f"{read}: nothing to redeliver"
    due = f"{len(plan.due):,} to be sent" + (", but this is a dry run" if dry_run and plan.due else "")
    left = [f"{number:,} {reason}" for reason, number in Counter(reason for _, reason in plan.left).items()]
    parts = ", ".join([due, *left])
    return f"{read}: {count(len(plan.due) + len(plan.left), 'event')} undelivered ({parts})"


def outcomes(redeliveries: Mapping[str, Redelivery], log: DeliveryLog) -> Iterator[str]:
    """What became of what was asked for: a line for each event that did not fare well, a count for the rest."""
    told = [(one, one.outcome(log)) for one in redeliveries.values()]
    number = Counter(outcome for _, outcome in told)
    bad = [(one, outcome) for one, outcome in told if outcome not in {Outcome.RECOVERED, Outcome.PENDING}]
    yield from (f"{title_of(one.event)}: {outcome}{_why(one, outcome, log)}" for one, outcome in bad[:SHOWN])
    if len(bad) > SHOWN:
        yield f"and {len(bad) - SHOWN:,} more that are not recovered"
    if told:
        pending = f", {number[Outcome.PENDING]:,} pending" if number[Outcome.PENDING] else ""
        yield f"{number[Outcome.RECOVERED]:,} of {len(told):,} redelivered events recovered{pending}"


def _why(one: Redelivery, outcome: Outcome, log: DeliveryLog) -> str:
    if outcome is Outcome.FAILED_AGAIN:
        result = one.result(log)
        return f" ({result.cause})" if result else ""
    return f" ({one.reply.why})" if one.reply.why else ""
