"""Watching what becomes of redeliveries, at the head of the delivery log."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

from redeliver.core.deliveries import DeliveryLog, moment, succeeded
from redeliver.output.headline import count
from redeliver.run.scan import SLACK, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from redeliver.core.ports import DeliverySource
    from redeliver.core.redelivery import Redelivery
    from redeliver.timing import RunClock

#: Seconds between looks: soon at first, since most deliveries take no time, then less often.
_PAUSES = (1.0, 2.0, 3.0, 5.0)


class Watch:
    """Looks at the newest rows again and again, and takes them into the log."""

    def __init__(
        self,
        source: DeliverySource,
        log: DeliveryLog,
        redeliveries: Mapping[str, Redelivery],
        guids: Collection[str],
        clock: RunClock,
    ) -> None:
        """``guids``: the events whose new attempts are taken in, whoever asked for them."""
        self._source = source
        self._log = log
        self._redeliveries = redeliveries
        self._clock = clock
        self._events = guids
        self._others_succeed = False

    def until_settled(self, seconds: int) -> None:
        """Look until every redelivery has an outcome, for so many seconds at the most.

        Raises:
            ApiError: the log could not be read.
        """
        self._look_until(lambda: not self._open(self._redeliveries), seconds)

    def probe(self, guids: Collection[str], seconds: int) -> bool:
        """Watch the first redeliveries. False: every one of them failed the way a dead endpoint makes it fail.

        The first other outcome, a success of any event since then, or no outcome in time: True.
        """
        self._look_until(lambda: not self._open(guids) or self._lives(guids), seconds)
        return self._lives(guids) or bool(self._open(guids))

    def _lives(self, guids: Collection[str]) -> bool:
        if self._others_succeed:
            return True
        for guid in guids:
            redelivery = self._redeliveries[guid]
            if redelivery.is_open(self._log):
                continue
            result = None if self._log.is_delivered(guid) else redelivery.result(self._log)
            if result is None or not result.dead:
                return True
        return False

    def _open(self, guids: Collection[str]) -> list[str]:
        return [guid for guid in guids if self._redeliveries[guid].is_open(self._log)]

    def _look_until(self, done: Callable[[], bool], seconds: int) -> None:
        end = self._clock.now() + min(seconds, self._clock.remaining())
        for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
            if done() or self._clock.now() + pause > end:
                return
            unseen = count(len(self._open(self._redeliveries)), "redelivery", "redeliveries")
            self._clock.wait(pause, f"{unseen} without an outcome yet")
            self._look()

    def _look(self) -> None:
        asked = [self._redeliveries[guid].asked_at for guid in self._open(self._redeliveries)]
        since = min(asked)
        for page in walk(self._source, since=since - SLACK):
            self._log.add(page.rows, only=self._events)
            if any(succeeded(row) and moment(row) >= since for row in page.rows):
                self._others_succeed = True
