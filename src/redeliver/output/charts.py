"""Pictures of a run, as Mermaid, which GitHub draws in a job summary. Pure.

Nothing that a stranger wrote goes in: times, counts, and causes in words of ours. They are drawn flat and wide, so
that what there is to do stays in sight, on no ground of their own, since Mermaid's dark one is not the page's, and
without a scale: with one, Mermaid lifts the bars off the axis, and draws something where there is nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from redeliver.core.outcomes import Outcome
from redeliver.times import HOUR, MINUTE, day_label, hour_label

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from redeliver.core.report import EventReport

#: Fewer events than this are seen at a glance in the table.
WORTH_A_PICTURE = 3
#: So many labels stand side by side, of each kind.
_HOURS = 24
_DAYS = 15
_DAY = 24 * HOUR
_WIDTHS = {
    MINUTE: "a minute",
    5 * MINUTE: "5 minutes",
    15 * MINUTE: "15 minutes",
    HOUR: "an hour",
    3 * HOUR: "3 hours",
    6 * HOUR: "6 hours",
    12 * HOUR: "12 hours",
}
_CAUSES = 8
_CAUSE = 30
_OTHERS = "others"
# GitHub's own red, yellow and green, readable on its light and on its dark pages.
_RED, _YELLOW, _GREEN = "#cf222e", "#d4a72c", "#2da44e"
_COLOURS = {_GREEN: ("🟩", "recovered"), _YELLOW: ("🟨", "no outcome yet"), _RED: ("🟥", "undelivered")}
_WIDE = 920
_ROW = 26


def pictures(events: Sequence[EventReport]) -> list[str]:
    """What there is to draw, and what its colours mean; each a part of the summary."""
    if len(events) < WORTH_A_PICTURE:
        return []
    colours = {_colour(event) for event in events}
    legend = " &nbsp; ".join(f"{square} {word}" for colour, (square, word) in _COLOURS.items() if colour in colours)
    return [part for part in (legend, _over_time(events), _causes(events)) if part]


def _over_time(events: Sequence[EventReport]) -> str:
    """Events by the time they first failed."""
    moments = [event.first_failed_at for event in events]
    width, name, label = _scale(min(moments), max(moments))
    slots = range(min(moments) // width, max(moments) // width + 1)
    most = max(Counter(moment // width for moment in moments).values())
    bars = _bars(events, slots, lambda event: event.first_failed_at // width)
    labels = [label(slot * width) for slot in slots]
    title = f"When they first failed (UTC): {most:,} at the most in {name}"
    return _chart(title, labels, bars, height=200)


def _scale(first: int, last: int) -> tuple[int, str, Callable[[int], str]]:
    """The width of a bar, in milliseconds and in words, and what is written below it."""
    for width, name in _WIDTHS.items():
        bars = last // width - first // width + 1
        if bars * width <= _DAY and bars <= _HOURS:
            return width, name, hour_label
        if width > HOUR and bars <= _DAYS:
            return width, name, day_label
    # Further apart than GitHub keeps anything; but these times come from outside.
    days = (last - first) // (_DAYS - 1) // _DAY + 1
    return days * _DAY, f"{days:,} days", day_label


def _causes(events: Sequence[EventReport]) -> str:
    """Why the events' latest attempts failed; nothing where there is one cause alone."""
    counted = Counter(event.cause for event in events).most_common()
    if len(counted) == 1:
        return ""
    numbers = dict(counted[:_CAUSES])
    if rest := sum(number for _, number in counted[_CAUSES:]):
        numbers[_OTHERS] = rest
    bars = _bars(events, [*numbers], lambda event: event.cause if event.cause in numbers else _OTHERS)
    labels = [f"{cause[:_CAUSE]}: {number:,}" for cause, number in numbers.items()]
    return _chart("Why they failed", labels, bars, height=50 + _ROW * len(labels), direction=" horizontal")


def _colour(event: EventReport) -> str:
    if event.outcome is Outcome.RECOVERED:
        return _GREEN
    return _YELLOW if event.outcome in {Outcome.PENDING, Outcome.UNKNOWN} else _RED


def _bars(
    events: Sequence[EventReport], slots: Collection[object], slot_of: Callable[[EventReport], object]
) -> list[tuple[str, list[int]]]:
    """Colours and heights. Mermaid draws each bar before the last one: of the highest, only the rest is seen."""
    counted = Counter((slot_of(event), _colour(event)) for event in events)
    bars = []
    heights = dict.fromkeys(slots, 0)
    for colour in _COLOURS:
        if any(its == colour for _, its in counted):
            heights = {slot: height + counted[slot, colour] for slot, height in heights.items()}
            bars.append((colour, [*heights.values()]))
    return bars[::-1]


def _chart(
    title: str,
    labels: Sequence[str],
    bars: Sequence[tuple[str, list[int]]],
    *,
    height: int,
    direction: str = "",
) -> str:
    most = max(max(heights) for _, heights in bars)
    config = {
        "xyChart": {
            "width": _WIDE,
            "height": height,
            "titleFontSize": 15,
            "xAxis": {"labelFontSize": 11, "showTick": False},
            "yAxis": {"showLabel": False, "showTick": False, "showAxisLine": False},
        },
        "themeVariables": {
            "xyChart": {"backgroundColor": "transparent", "plotColorPalette": ", ".join(colour for colour, _ in bars)}
        },
    }
    lines = [
        "```mermaid",
        f"%%{{init: {json.dumps(config)}}}%%",
        f"xychart-beta{direction}",
        f'  title "{title}"',
        f"  x-axis [{', '.join(json.dumps(label) for label in labels)}]",
        f"  y-axis 0 --> {most}",
        *(f"  bar [{', '.join(map(str, heights))}]" for _, heights in bars),
        "```",
    ]
    return "\n".join(lines)
