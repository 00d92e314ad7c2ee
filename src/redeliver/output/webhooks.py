"""The webhooks of a job summary: what waits, since when, why, and until when it is safe. Pure."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from redeliver.core.case import AWAITING_RESULT, SETTLED, Outcome
from redeliver.output.pieces import mark, nowrap, row, table, webhook
from redeliver.text import for_markdown
from redeliver.times import distance, utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redeliver.core.report import EventReport, HookReport, Report
    from redeliver.output.pieces import ByteBudget

#: Rows of the table, and webhooks that are named in a line.
SHOWN_HOOKS = 300


def one_webhook(hook: HookReport) -> str:
    """What waits, in one row; empty: nothing does."""
    if hook.read and not (hook.open or hook.partial or hook.down or hook.silent or hook.active is False):
        return ""
    cells = {name: cell for name, cell in _cells_of(hook).items() if cell not in {"", "0"}}
    names = {"Sending takes": "Once it is up, sending takes"} if hook.down else {"Since": "First failed"}
    columns = [*(names.get(name, name) for name in cells), "Webhook"]
    return table(columns, [row([*cells.values(), webhook(hook)])]) if cells else ""


def several_webhooks(report: Report, space: ByteBudget) -> list[str]:
    """Those that need attention, the worst first."""
    loud = [hook for hook in report.hooks if not is_quiet(hook)]
    cells = [_hook_cells(hook) for hook in sorted(loud, key=_how_bad)[:SHOWN_HOOKS]]
    columns = [name for name in cells[0] if any(line[name] not in {"", "0"} for line in cells)] if cells else []
    rows = ([line[name] for name in columns] for line in cells)
    return space.table(columns, rows, SHOWN_HOOKS, len(loud), "webhooks")


def is_quiet(hook: HookReport) -> bool:
    """Whether there is nothing to say of it."""
    return hook.read and not (hook.failed or hook.facts)


def _how_bad(hook: HookReport) -> tuple[bool, bool, bool, int, bool]:
    """The worst first."""
    urgent = hook.lost > 0 or hook.gap is not None or hook.urgent or hook.late
    return (not urgent, not hook.is_failing, not hook.down, -hook.undelivered, not hook.warnings)


def _hook_cells(hook: HookReport) -> dict[str, str]:
    """A webhook's row among others, by the columns' names."""
    state = "; ".join(filter(None, ["" if hook.read else "not read", *(fact.short for fact in hook.facts)]))
    named = {"Webhook": f"{mark(hook)}&nbsp;{webhook(hook)}", "State": for_markdown(state, 300)}
    return named | {name: cell for name, cell in _cells_of(hook).items() if name not in {"Since", "Cause"}}


def _cells_of(hook: HookReport) -> dict[str, str]:
    """What is known of the events that wait, by the columns' names."""
    waiting = [event for event in hook.events if event.outcome not in SETTLED]
    unread, last, unseen = "", "", hook.count(*AWAITING_RESULT)
    if hook.partial and hook.unread_from is not None:
        unread = nowrap(f"{utc(hook.unread_from)} to {utc(hook.cutoff)}")
    if hook.newest_delivery is not None and (hook.silent or hook.active is False):
        last = _moment(hook.newest_delivery, hook.start)
    until = hook.deadline if hook.read else hook.unread_until
    number = f"{'at least ' * hook.partial}**{hook.open - unseen:,}**" if hook.open > unseen else "0"
    cells = {
        "Last new event": last,
        "Not checked since": "" if hook.read or hook.unread_from is None else _moment(hook.unread_from, hook.start),
        "Since": _since(hook, waiting),
        "Cause": _cause(hook, waiting),
        "Waiting:": number,
        "No result yet:": f"{unseen:,}",
        "Not read yet": unread,
        "No longer retried:": f"{hook.count(Outcome.GIVEN_UP):,}",
        "Lost:": f"{hook.count(Outcome.EXPIRED):,}",
        "Recovered:": f"{hook.recovered:,}",
        "Safe until": "" if until is None else _moment(until, min(hook.ended, until), bold=True),
        "Sending takes": "" if hook.partial or hook.count(Outcome.TYPE_FAILS) else f"{hook.forecast or ''}",
    }
    return cells if hook.read else cells | dict.fromkeys((name for name in cells if name.endswith(":")), "")


def _since(hook: HookReport, waiting: Sequence[EventReport]) -> str:
    """Since when the receiver is down, or since when the oldest event waits."""
    if hook.outage and hook.outage.since is not None:
        return _moment(hook.outage.since, hook.start, " or earlier" * hook.outage.at_least)
    if not waiting:
        return ""
    oldest = min(waiting, key=lambda event: event.first_failed_at)
    return "by " * (not oldest.first_was_read) + _moment(oldest.first_failed_at, hook.start)


def _cause(hook: HookReport, waiting: Sequence[EventReport]) -> str:
    """Why they failed: the two most common causes, and how many more there are."""
    causes = dict(Counter(event.cause for event in waiting).most_common())
    if hook.outage and hook.outage.cause:
        causes = {hook.outage.cause: 0} | causes
    shown = ", ".join(nowrap(for_markdown(cause, 30)) for cause in islice(causes, 2))
    return shown + (f" and {len(causes) - 2} more" if len(causes) > 2 else "")


def _moment(at: int, now: int, more: str = "", *, bold: bool = False) -> str:
    """A moment and its distance in a cell, which may break between the two."""
    moment = nowrap(utc(at, now) + more)
    return f"{f'**{moment}**' if bold else moment} {nowrap(f'({distance(at, now)})')}"
