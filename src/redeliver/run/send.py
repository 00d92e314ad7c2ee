"""Sending: one after the other, paced, the first few watched before the rest goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.redelivery import Acceptance, Redelivery, Reply
from redeliver.run.log_lines import title_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redeliver.console import Console
    from redeliver.core.deliveries import DeliveryLog, Event
    from redeliver.core.ports import Hook
    from redeliver.run.watch import Watch

#: How many redeliveries are watched before the rest goes.
PROBE = 3


class Sender:
    """Sends events in order and writes down, in ``redeliveries``, what was asked for and answered.

    The book is right at every moment: an event is written down as unknown before it is asked for, so that a run
    that is cut short in between tells the truth.
    """

    def __init__(self, hook: Hook, redeliveries: dict[str, Redelivery], console: Console) -> None:
        self._hook = hook
        self._redeliveries = redeliveries
        self._console = console

    def send(self, events: Iterable[Event]) -> None:
        """Ask for each event's newest failed attempt to be delivered again.

        Raises:
            ApiError: the next one would fare no better; those before it are written down.
            OutOfTime: the wait for the next turn does not fit into the time limit.
        """
        for event in events:
            while self._ask(event) is Acceptance.LIMITED:
                pass

    def say(self, text: str) -> None:
        """Say what is going on between two events."""
        self._console.line(text)

    def _ask(self, event: Event) -> Acceptance:
        self._hook.wait_for_turn()
        asked_at = self._hook.now()
        unknown = Reply(Acceptance.UNKNOWN, "the run ended before GitHub replied")
        self._redeliveries[event.guid] = Redelivery(event, asked_at, unknown)
        try:
            reply = self._hook.redeliver(event.latest.id)
        except Exception:
            # A refusal that ends the run: GitHub did not accept this one.
            del self._redeliveries[event.guid]
            raise
        if reply.acceptance is Acceptance.LIMITED:
            del self._redeliveries[event.guid]
            return reply.acceptance
        self._redeliveries[event.guid] = Redelivery(event, asked_at, reply)
        why = f": {reply.why}" if reply.why else ""
        self._console.line(f"{title_of(event)}: {reply.acceptance}{why}")
        return reply.acceptance


def first_to_ask(events: Iterable[Event]) -> list[Event]:
    """Those by which to see whether the endpoint lives: the ones with fewest attempts, since others may be poisoned."""
    return sorted(events, key=lambda event: event.count)[:PROBE]


def probe(sender: Sender, watch: Watch, events: Sequence[Event], seconds: int, before: str) -> bool:
    """Send these and see whether the endpoint lives. ``before``: what waits for it."""
    sender.send(events)
    sender.say(f"Watching what becomes of these {len(events)} before {before}")
    return watch.probe({event.guid for event in events}, seconds)


def send_with_probe(sender: Sender, watch: Watch, events: Sequence[Event], log: DeliveryLog, seconds: int) -> bool:
    """Send the first few, see whether the endpoint lives, send the rest. False: it is dead, and the rest was kept.

    ``seconds``: how long to watch the first few for; 0: send everything at once.
    """
    if seconds == 0 or len(events) <= PROBE:
        sender.send(events)
        return True
    first = first_to_ask(events)
    if not probe(sender, watch, first, seconds, f"any of the other {len(events) - PROBE:,} is sent"):
        return False
    # Meanwhile somebody else may have brought one of them home.
    sender.send(event for event in events if event not in first and not log.is_delivered(event.guid))
    return True
