"""A summary's events: similar ones in one row, and each of them in a list. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from redeliver.core.facts import OUTCOMES
from redeliver.core.redelivery import LOST, Outcome
from redeliver.output.markdown import folded, linked, more, table, whole
from redeliver.output.words import ORDER
from redeliver.text import count, for_markdown
from redeliver.times import day_minute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redeliver.core.report import EventReport, HookReport, Report
    from redeliver.output.markdown import Space

#: Events that are listed one by one, and rows of similar events.
SHOWN_EVENTS = 200
SHOWN_KINDS = 30
#: Up to this many events, there is only the list.
_FEW = 10

_Row = tuple["HookReport", "EventReport"]


def event_parts(report: Report, space: Space) -> tuple[list[str], list[str]]:
    """The lost events, and all others: those with a problem visible, the rest folded."""
    rows = [(hook, event) for hook in report.hooks for event in hook.events]
    rows.sort(key=lambda row: ORDER[row[1].outcome])
    lost = [row for row in rows if row[1].outcome in LOST]
    recovered = [row for row in rows if row[1].outcome is Outcome.RECOVERED]
    filtered = [row for row in rows if row[1].outcome is Outcome.FILTERED_OUT]
    waiting = [row for row in rows if row[1].outcome not in LOST | {Outcome.RECOVERED, Outcome.FILTERED_OUT}]
    lists = _Lists(space, several=len(report.hooks) > 1)
    # The lost ones first, so that they are not cut off.
    lost_parts = lists.of(lost, until=True)
    parts: list[str] = []
    if len(waiting) <= _FEW:
        parts += lists.of(waiting)
    else:
        parts += _kinds([event for _, event in waiting], space)
        parts.append(folded(f"GUIDs and delivery ids of {count(len(waiting), 'event')}", *lists.of(waiting)))
    for group, what in ((recovered, "recovered"), (filtered, "filtered out")):
        if group:
            parts.append(folded(f"{count(len(group), 'event')} {what}", *lists.of(group)))
    return lost_parts, parts


# -- similar events --------------------------------------------------------------------------------------------


def _kinds(events: Sequence[EventReport], space: Space) -> list[str]:
    """One row for all events with the same name, cause and outcome."""
    alike: dict[tuple[str, str, Outcome], list[EventReport]] = defaultdict(list)
    for event in events:
        alike[event.name, event.cause, event.outcome].append(event)
    groups = sorted(alike.values(), key=lambda group: (ORDER[group[0].outcome], -len(group)))
    rows = space.fit(map(_kind_row, groups), SHOWN_KINDS)
    return [
        table(
            "| Events | Event | Cause | Outcome | First failed (UTC) |",
            "| --: | :-- | :-- | :-- | :-- |",
            rows,
        ),
        more(len(groups) - len(rows), "kinds of events"),
    ]


def _kind_row(events: Sequence[EventReport]) -> str:
    one = events[0]
    times = [event.first_failed_at for event in events]
    first, last = day_minute(min(times)), day_minute(max(times))
    by = "" if all(event.first_was_read for event in events) else "by "
    day = first[: -len("00:00")]
    cells = [
        f"{len(events):,}",
        for_markdown(one.name, 80),
        whole(one.cause[:30]),
        _outcome(one),
        whole(by + (first if first == last else f"{first} to {last.removeprefix(day)}")),
    ]
    return f"| {' | '.join(cells)} |"


# -- each event -------------------------------------------------------------------------------------------------


class _Lists:
    """Lists of events, SHOWN_EVENTS in all."""

    def __init__(self, space: Space, *, several: bool) -> None:
        """``several``: events of several webhooks, so that each says whose it is."""
        self._space = space
        self._several = several
        self._left = SHOWN_EVENTS

    def of(self, rows: Sequence[_Row], *, until: bool = False) -> list[str]:
        """A list of these, and how many are not in it. ``until``: say until when GitHub can redeliver them."""
        shown = self._space.fit((self._row(hook, event, until=until) for hook, event in rows), self._left)
        self._left -= len(shown)
        columns = ["Delivery: GUID, id", "Event", "First failed (UTC)", "Cause", "Failed attempts", "Outcome"]
        columns += ["Redeliver before (UTC)"] * until + ["Webhook"] * self._several
        rule = ["--:" if column == "Failed attempts" else ":--" for column in columns]
        return [
            table(f"| {' | '.join(columns)} |", f"| {' | '.join(rule)} |", shown),
            more(len(rows) - len(shown), "events"),
        ]

    def _row(self, hook: HookReport, event: EventReport, *, until: bool) -> str:
        guid = for_markdown(event.guid, 36)
        cells = [
            f"{guid if self._several else linked(guid, hook.page)}<br>{for_markdown(event.delivery_id, 30)}",
            for_markdown(event.name, 80),
            whole(("" if event.first_was_read else "by ") + day_minute(event.first_failed_at)),
            whole(event.cause[:30]),
            f"{event.attempts}",
            _outcome(event) + (f" ({for_markdown(event.detail)})" if event.detail else ""),
        ]
        if until:
            cells.append("" if event.outcome is Outcome.EXPIRED else whole(day_minute(event.forgotten_at)))
        if self._several:
            cells.append(linked(for_markdown(hook.short_name), hook.page))
        return f"| {' | '.join(cells)} |"


def _outcome(event: EventReport) -> str:
    words = OUTCOMES[event.outcome]
    return whole(f"{words.mark} {words.word}")
