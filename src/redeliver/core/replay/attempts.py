"""The attempts that a replay's own requests can have led to. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.deliveries import DeliveryLog, attempt_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from redeliver.core.deliveries import Event, Row
    from redeliver.core.redelivery import Redelivery


class NewAttempts(DeliveryLog):
    """What has been read of a log since a replay began to send.

    It takes in nothing but redeliveries that are newer than the request: that an event was delivered before says
    nothing about its replay.
    """

    def __init__(self, redeliveries: Mapping[str, Redelivery]) -> None:
        """``redeliveries``: what was asked for so far, by guid. It grows meanwhile."""
        super().__init__()
        self._redeliveries = redeliveries

    def add(self, rows: Iterable[Row], *, only: Collection[str] | None = None) -> None:
        """See :meth:`DeliveryLog.add`."""
        super().add((row for row in rows if self._is_new(row)), only=only)

    def event(self, guid: str) -> Event:
        """The event with its new failed attempts; as it was when it was sent, if there are none.

        Raises:
            KeyError: it was not sent.
        """
        try:
            return super().event(guid)
        except KeyError:
            return self._redeliveries[guid].event

    def _is_new(self, row: Row) -> bool:
        asked = self._redeliveries.get(row["guid"])
        return asked is not None and asked.may_have_led_to(attempt_of(row))
