"""A summary's events: similar ones in one row, and each of them in a list. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from redeliver.core.case import LOST, Outcome
from redeliver.output.pieces import ORDER, folded, linked, outcome_cell, webhook, whole
from redeliver.text import count, for_markdown
from redeliver.times import day_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from redeliver.core.report import EventReport, HookReport, Report
    from redeliver.output.pieces import ByteBudget

#: Events that are listed one by one, and rows of similar events.
SHOWN_EVENTS = 200
SHOWN_KINDS = 30
#: Up to this many events, there is only the list.
_FEW = 10
#: The groups in which events are listed, in this order: the lost ones first, so that they are not cut off.
_LOST, _WAITING, _RECOVERED, _FILTERED = "lost", "waiting", "recovered", "filtered out"
_GROUPS = dict.fromkeys(LOST, _LOST) | {Outcome.RECOVERED: _RECOVERED, Outcome.FILTERED_OUT: _FILTERED}


def event_parts(report: Report, space: ByteBudget) -> tuple[list[str], list[str]]:
    """The lost events, and all others: those with a problem visible, the rest folded."""
    groups: dict[str, list[tuple[HookReport, EventReport]]] = {_LOST: [], _WAITING: [], _RECOVERED: [], _FILTERED: []}
    for hook in report.hooks:
        for event in hook.events:
            groups[_GROUPS.get(event.outcome, _WAITING)].append((hook, event))
    several = ["Webhook"] if len(report.hooks) > 1 else []
    left = SHOWN_EVENTS
    lost: list[str] = []
    others: list[str] = []
    for name, group in groups.items():
        group.sort(key=lambda row: ORDER[row[1].outcome])
        many = name == _WAITING and len(group) > _FEW
        others += _kinds([event for _, event in group], space) if many else []
        columns = ["Delivery: GUID, id", "Event", "First failed (UTC)", "Cause", "Failed attempts:", "Outcome"]
        columns += ["Redeliver before (UTC)"] * (name == _LOST) + several
        rows = (_cells(hook, event, columns) for hook, event in group)
        listed = space.table(columns, rows, left, len(group), "events")
        left = max(0, left - len(group))
        if name == _LOST:
            lost = listed
        elif many:
            others.append(folded(f"GUIDs and delivery ids of {count(len(group), 'event')}", *listed))
        elif name == _WAITING:
            others += listed
        elif group:
            others.append(folded(f"{count(len(group), 'event')} {name}", *listed))
    return lost, others


def _kinds(events: Sequence[EventReport], space: ByteBudget) -> list[str]:
    """One row for all events with the same name, cause and outcome."""
    alike: dict[tuple[str, str, Outcome], list[EventReport]] = defaultdict(list)
    for event in events:
        alike[event.name, event.cause, event.outcome].append(event)
    groups = sorted(alike.values(), key=lambda group: (ORDER[group[0].outcome], -len(group)))

    def cells(group: Sequence[EventReport]) -> Iterator[str]:
        one, times = group[0], [event.first_failed_at for event in group]
        first, last = day_time(min(times)), day_time(max(times))
        by = "" if all(event.first_was_read for event in group) else "by "
        yield f"{len(group):,}"
        yield for_markdown(one.name, 80)
        yield whole(one.cause[:30])
        yield outcome_cell(one.outcome)
        same_day = first[: -len("00:00")]
        yield whole(by + (first if first == last else f"{first} to {last.removeprefix(same_day)}"))

    columns = ["Events:", "Event", "Cause", "Outcome", "First failed (UTC)"]
    return space.table(columns, map(cells, groups), SHOWN_KINDS, len(groups), "kinds of events")


def _cells(hook: HookReport, event: EventReport, columns: Sequence[str]) -> Iterator[str]:
    """An event's row in a list with these columns."""
    guid, several = for_markdown(event.guid, 36), "Webhook" in columns
    yield f"{guid if several else linked(guid, hook.page)}<br>{for_markdown(event.delivery_id, 30)}"
    yield for_markdown(event.name, 80)
    yield whole(("" if event.first_was_read else "by ") + day_time(event.first_failed_at))
    yield whole(event.cause[:30])
    yield f"{event.attempts}"
    yield outcome_cell(event.outcome) + (f" ({for_markdown(event.detail)})" if event.detail else "")
    if "Redeliver before (UTC)" in columns:
        yield "" if event.outcome is Outcome.EXPIRED else whole(day_time(event.forgotten_at))
    if several:
        yield webhook(hook)
