"""What is known of receivers, as lines of text and as parts of the job summary: health and answers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.health import NEAR_TIMEOUT_SHARE, Health
from redeliver.output.pieces import nowrap, row, table, webhook
from redeliver.text import count, for_markdown

if TYPE_CHECKING:
    from redeliver.core.deliveries import DeliveryStats, EndpointResponse, TypeStats
    from redeliver.core.report import Account, Report
    from redeliver.output.pieces import ByteBudget

#: Rows of each table.
SHOWN_TYPES = 30
SHOWN_HOOKS = 100
#: Of both tables: how many events the first attempt delivered, and how long those took.
_COLUMNS = ("On&nbsp;first&nbsp;attempt:", "p95&nbsp;duration:")
#: Characters of a line: the longest text from an endpoint, and what comes before it.
_LONGEST = 220


def health_line(report: Report) -> str:
    """The state of the receivers, what decided about it, and figures of first attempts; empty: none is known.

    Figures of zero are left out.
    """
    stats = [hook.stats for hook in report.hooks if hook.stats and hook.stats.events]
    if not stats:
        alone = len(report.hooks) == 1 and report.read
        return f"Receiver health: {report.health} ({report.hooks[0].health_why})" if alone else ""
    first, alone = stats[0], len(report.hooks) == 1
    slow, throttled = sum(one.near_timeout for one in stats), sum(one.throttled for one in stats)
    delivered, events = sum(one.delivered_first_try for one in stats), sum(one.events for one in stats)
    why = report.hooks[0].health_why
    if not alone:
        why = f"{sum(hook.health is report.health for hook in report.hooks):,} of {count(len(report.hooks), 'webhook')}"
    parts = [
        f"{percent(delivered, events)} of {count(events, 'event')} delivered on the first attempt",
        f"95% of these within about {took(first.p95)}" if alone and first.p95 is not None else "",
        f"{slow:,} took over {NEAR_TIMEOUT_SHARE * first.timeout:.0f} s of GitHub's {first.timeout} s" if slow else "",
        f"{throttled:,} throttled" if throttled else "",
    ]
    return f"Receiver health: {_state(report, why)}. {'; '.join(part for part in parts if part)}"


def _state(one: Account, why: str) -> str:
    """A state, and what decided. Where all was delivered in the end, the state would sound as if something was left."""
    if one.health is Health.DEGRADED and not (one.undelivered or one.is_failing):
        return "all is delivered now"
    return f"{one.health} ({why})"


def health_parts(report: Report, space: ByteBudget) -> list[str]:
    """The health line, and a table by type of event; of several webhooks a table of those."""
    line, stats = health_line(report), report.hooks[0].stats if report.hooks else None
    if not line or "%" not in line:
        return [line]
    if len(report.hooks) > 1:
        cells = []
        for hook in sorted(report.hooks, key=lambda hook: [*Health].index(hook.health)):
            if one := hook.stats:
                figures = [*_figures(one), f"{one.near_timeout:,}", f"{one.throttled:,}"]
                # Without events there are no figures.
                cells.append(
                    [webhook(hook), _state(hook, hook.health_why), *(figures if one.events else ["0 | | | |"])]
                )
        columns = ["Webhook", "Health", "Events:", *_COLUMNS, "Near&nbsp;time-out:", "Throttled:"]
        return [line, *space.table(columns, cells, SHOWN_HOOKS, len(report.hooks), "webhooks")]
    if stats is None or len(stats.by_event) < 2:
        return [line]  # the table would repeat it
    rows = ([for_markdown(one.event, 60), *_figures(one)] for one in stats.by_event)
    return [line, *space.table(["Event", "Events:", *_COLUMNS], rows, SHOWN_TYPES, len(stats.by_event), "types")]


def _figures(one: DeliveryStats | TypeStats) -> list[str]:
    return [f"{one.events:,}", percent(one.delivered_first_try, one.events), nowrap(took(one.p95))]


def percent(part: int, whole_number: int) -> str:
    """A share, rounded down: only all of them are 100%."""
    return "-" if not whole_number else f"{part * 1_000 // whole_number / 10:g}%"


def took(milliseconds: int | None) -> str:
    """How long an attempt took."""
    return "-" if milliseconds is None else f"{max(milliseconds, 50) / 1_000:.1f} s"


def response_lines(response: EndpointResponse) -> list[str]:
    """A response in a few lines. The caller makes them safe for wherever they are shown."""
    if not (response.content_type or response.server or response.body):
        return ["It sent nothing that GitHub kept."]
    named = {"Content-Type": response.content_type, "Server": response.server, "Title": response.title}
    lines = [f"{name}: {text}" for name, text in named.items() if text]
    return [*lines, f"Body: {response.body or '(empty)'}"]


def explanations(report: Report) -> str:
    """A part of the summary that shows what endpoints answered; empty if nothing was looked up."""
    several = len(report.hooks) > 1
    rows = []
    for hook in report.hooks:
        for one in hook.explanations:
            lines = (for_markdown(line, _LONGEST) for line in response_lines(one.response))
            cells = [nowrap(one.cause[:30]), f"{one.events:,}", "<br>".join(lines)]
            rows.append(row([*cells, webhook(hook)] if several else cells))
    return table(["Cause", "Events:", "What the receiver answered", *["Webhook"] * several], rows)
