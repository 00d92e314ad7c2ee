"""What a user may set of a replay: the table of its inputs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from redeliver.core.input_table import as_input, table
from redeliver.core.inputs import Boolean, Guids, NumberFrom1, OptionalMoment
from redeliver.core.settings import DAY, INPUTS, Settings, read, what_does_not_go_together, without_empty
from redeliver.errors import SettingsError
from redeliver.times import clock_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class ReplaySettings(Settings):
    """One replay's settings. Settings of a run that have no input here keep their default."""

    from_: OptionalMoment = as_input(
        "Beginning of the window: a time such as `2026-11-24T13:00:00Z`, or a duration back such as `2h`. What counts "
        "is when GitHub first sent an event. Required unless `guid` is set.",
    )
    to: OptionalMoment = as_input(
        "End of the window, which is not part of it: a time or a duration back, like `from`. Empty: now.",
    )
    guid: Guids = as_input(
        "GUIDs of single events (the header X-GitHub-Delivery), separated by commas or newlines. Use it instead of "
        "`from` and `to`.",
    )
    limit: NumberFrom1 = as_input(
        "Send nothing if more events than this are chosen.",
        "500",
    )
    send: Boolean = as_input(
        "Send the events. Without it, the replay only shows its plan.",
        "false",
    )


#: How a replay's inputs differ from a run's of the same name; {}: not at all.
_SHARED: dict[str, dict[str, Any]] = {
    "org": {},
    "repository": {},
    "hook-id": {
        "description": "The webhook's id: the number at the end of the address of its settings page. One at a time. "
        "Required unless it is an App's own webhook.",
    },
    "token": {
        "description": "Token that can read and redeliver the webhook's deliveries. Required unless `client-id` and "
        "`private-key` are set.",
    },
    "client-id": {},
    "app-id": {},
    "private-key": {},
    "from": {},
    "to": {},
    "guid": {},
    "events": {
        "description": "Choose only these events, for example `push, pull_request.opened`. Empty: all events.",
    },
    "limit": {},
    "send": {},
    "redeliveries-per-minute": {},
    "wait-for-results": {},
    "time-limit": {
        "description": "Stop cleanly after this long. What was not sent is listed.",
    },
    "api-url": {},
    "image": {},
    "runtime": {},
}
_ROWS = {row.name: row for row in (*INPUTS, *table(ReplaySettings))}
#: The inputs of ``replay/action.yml``, in the order in which users read them.
REPLAY_INPUTS = tuple(replace(_ROWS[name], **differs) for name, differs in _SHARED.items())


def parse_replay(values: Mapping[str, str], now: int, *, asks_for_token: bool = True) -> ReplaySettings:
    """Read a replay's settings from inputs by name. ``now``: this machine's clock, epoch milliseconds.

    Raises:
        SettingsError: as :func:`redeliver.core.settings.parse`.
    """
    given = without_empty(values, REPLAY_INPUTS)
    problems = [*what_does_not_go_together(given, asks_for_token=asks_for_token), *_what_chooses_nothing(given)]
    settings = read(ReplaySettings, given, problems)
    if wrong := tuple(_what_cannot_be_sent(settings, now)):
        raise SettingsError(wrong)
    return settings


def _what_chooses_nothing(given: Mapping[str, str]) -> Iterator[str]:
    window = given.keys() & {"from", "to"}
    if "guid" in given and window:
        yield "guid: give either guid, or from and to"
    if not given.keys() & {"from", "guid"}:
        yield "from: is required, or guid: a replay sends only what you choose"


def _what_cannot_be_sent(settings: ReplaySettings, now: int) -> Iterator[str]:
    if settings.hook_id.several:
        yield "hook-id: must be the id of one webhook: a replay handles one at a time"
    if len(settings.guid) > settings.limit:
        yield f"guid: names {len(settings.guid):,} events, and limit allows {settings.limit:,}"
    if settings.from_ is None:
        return
    since, oldest = settings.from_.on(now), now - settings.retention_ms
    if since < oldest:
        days = settings.retention // DAY
        yield f"from: GitHub keeps deliveries for {days} days, so it must be {clock_time(oldest)} or later"
    if since >= min(now, now if settings.to is None else settings.to.on(now)):
        yield "from: must be before to, and before now"
