"""How a replay's settings are read, and what cannot be replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.settings import Use, conflicts, read
from redeliver.errors import SettingsError
from redeliver.times import DAY, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from redeliver.core.settings import Settings


def parse_replay(values: Mapping[str, str], now: int, problems: Iterable[str] | None = None) -> Settings:
    """Read a replay's settings from inputs by name, as :func:`redeliver.core.settings.parse` does.

    ``now``: this machine's clock, epoch milliseconds.
    """

    def of_inputs(given: Mapping[str, str]) -> Iterator[str]:
        yield from conflicts(given, problems)
        if "guid" in given and given.keys() & {"from", "to"}:
            yield "guid: give either guid, or from and to"
        if not given.keys() & {"from", "guid"}:
            yield "from: is required (or guid): a replay sends only what you choose"
        if {"guid", "except-guids-file"} <= given.keys():
            yield "except-guids-file: give either guid, or except-guids-file with from"
        if given.get("except-guids-file") == "-" and "to" not in given:
            yield "to: is required where except-guids-file is a pipe, since nothing says when that list was made"

    settings = read(values, Use.REPLAY, of_inputs)
    if unsendable := tuple(_unsendable(settings, now)):
        raise SettingsError(unsendable)
    return settings


def _unsendable(settings: Settings, now: int) -> Iterator[str]:
    if settings.hook_id.several:
        yield "hook-id: must be the id of one webhook: a replay handles one at a time"
    if len(settings.guid) > settings.limit:
        yield f"guid: names {len(settings.guid):,} events, but limit allows {settings.limit:,}"
    if settings.from_ is None:
        return
    since, oldest = settings.from_.resolve(now), now - settings.retention
    if since < oldest:
        days = settings.retention // DAY
        yield f"from: GitHub keeps deliveries for {days} days, so it must be {timestamp(oldest)} or later"
    if since >= min(now, now if settings.to is None else settings.to.resolve(now)):
        yield "from: must be before to, and before now"
