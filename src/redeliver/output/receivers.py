"""What is known of receivers, as lines of text and as parts of the job summary: health and answers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.health import WELL, Health
from redeliver.output.markdown import folded, linked, more, table, whole
from redeliver.text import count, for_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from redeliver.core.endpoint import EndpointResponse
    from redeliver.core.health import DeliveryStats, TypeStats
    from redeliver.core.report import HookReport, Report
    from redeliver.output.markdown import Space

#: Rows of each table.
SHOWN_TYPES = 30
SHOWN_HOOKS = 100
#: Of both tables: how many events the first attempt delivered, and how long first attempts took.
_COLUMNS = "On&nbsp;first&nbsp;attempt | p95&nbsp;duration"
#: Characters of a line: the longest text from an endpoint, and what comes before it.
_LONGEST = 220


# -- health -----------------------------------------------------------------------------------------------------


def health_line(report: Report) -> str:
    """The state of the receivers and figures of first attempts. Figures of zero are left out; empty: not known."""
    stats = [hook.stats for hook in report.hooks if hook.stats and hook.stats.events]
    if not stats:
        return ""
    first = stats[0]
    slow, throttled = sum(one.near_timeout for one in stats), sum(one.throttled for one in stats)
    delivered, events = sum(one.delivered_first_try for one in stats), sum(one.events for one in stats)
    below = f", below {WELL:.0%}" if report.health is Health.DEGRADED and delivered < WELL * events else ""
    parts = [
        f"{percent(delivered, events)} of {count(events, 'event')} delivered on the first attempt{below}",
        f"95% of first attempts took {took(first.p95)} or less"
        if len(report.hooks) == 1 and first.p95 is not None
        else "",
        f"{slow:,} took over {first.near:.0f} s of GitHub's {first.timeout} s" if slow else "",
        f"{throttled:,} throttled" if throttled else "",
    ]
    return f"Receiver health: {report.health} ({'; '.join(part for part in parts if part)})"


def health_parts(report: Report, space: Space) -> list[str]:
    """The health line, and below it, folded away, a table by type of event; of several webhooks a table of those."""
    line = health_line(report)
    if not line:
        return []
    return [line, _hooks(report.hooks, space) if len(report.hooks) > 1 else _types(report.hooks[0].stats, space)]


def _types(stats: DeliveryStats | None, space: Space) -> str:
    types = stats.by_event if stats else ()
    if len(types) < 2:
        return ""  # it would repeat the line
    rows = space.fit(map(_type_row, types), SHOWN_TYPES)
    return folded(
        "First attempts by type of event",
        table(f"| Event | Events | {_COLUMNS} |", "| :-- | --: | --: | --: |", rows),
        more(len(types) - len(rows), "types"),
    )


def _type_row(one: TypeStats) -> str:
    share = percent(one.delivered_first_try, one.events)
    return f"| {for_markdown(one.event, 60)} | {one.events:,} | {share} | {whole(took(one.p95))} |"


def _hooks(hooks: Sequence[HookReport], space: Space) -> str:
    order = [*Health]
    known = sorted((hook for hook in hooks if hook.stats), key=lambda hook: order.index(hook.health))
    rows = space.fit(map(_hook_row, known), SHOWN_HOOKS)
    return folded(
        "First attempts by webhook",
        table(
            f"| Webhook | Health | Events | {_COLUMNS} | Near&nbsp;time-out | Throttled |",
            "| :-- | :-- | --: | --: | --: | --: | --: |",
            rows,
        ),
        more(len(hooks) - len(rows), "webhooks"),
    )


def _hook_row(hook: HookReport) -> str:
    shown, stats = linked(for_markdown(hook.short_name), hook.page), hook.stats
    if stats is None or not stats.events:
        return f"| {shown} | {hook.health} | 0 | | | | |"
    share = percent(stats.delivered_first_try, stats.events)
    cells = [f"{stats.events:,}", share, whole(took(stats.p95)), f"{stats.near_timeout:,}", f"{stats.throttled:,}"]
    return f"| {shown} | {hook.health} | {' | '.join(cells)} |"


def percent(part: int, whole_number: int) -> str:
    """A share, rounded down: only all of them are 100%."""
    return "-" if not whole_number else f"{part * 1_000 // whole_number / 10:g}%"


def took(milliseconds: int | None) -> str:
    """How long an attempt took."""
    if milliseconds is None:
        return "-"
    return f"{milliseconds} ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:.1f} s"


# -- what they answered -----------------------------------------------------------------------------------------


def response_lines(response: EndpointResponse) -> list[str]:
    """A response in a few lines. The caller makes them safe for wherever they are shown."""
    if response.is_empty:
        return ["It sent nothing that GitHub kept."]
    lines = [
        f"Content-Type: {response.content_type}" if response.content_type else "",
        f"Server: {response.server}" if response.server else "",
        f"Title: {response.title}" if response.title else "",
        f"Body: {response.body or '(empty)'}",
    ]
    return [line for line in lines if line]


def explanations(report: Report) -> str:
    """A part of the summary that shows what endpoints answered; empty if nothing was looked up."""
    several = len(report.hooks) > 1
    return table(
        "| Cause | Events | What the receiver answered |" + " Webhook |" * several,
        "| :-- | --: | :-- |" + " :-- |" * several,
        list(_rows(report, several=several)),
    )


def _rows(report: Report, *, several: bool) -> Iterator[str]:
    for hook in report.hooks:
        for one in hook.explanations:
            lines = (for_markdown(line, _LONGEST) for line in response_lines(one.response))
            cells = [whole(one.cause[:30]), f"{one.events:,}", "<br>".join(lines)]
            if several:
                cells.append(linked(for_markdown(hook.short_name), hook.page))
            yield f"| {' | '.join(cells)} |"
