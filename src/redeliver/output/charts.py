"""The chart of a run, as Mermaid, which GitHub draws in a job summary. Pure.

No untrusted text goes in: only times and counts. The chart is low and wide, so that the advice stays visible. It has
no background, since Mermaid's dark one differs from the page's.

Where a scale has labels, Mermaid lifts its zero off the axis by half a label's height, but draws each bar down to the
axis: a bar of 0 would show. ``_LIFT`` lets the scale begin above 0 by as much, which puts its zero onto the axis.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from redeliver.core.case import Outcome
from redeliver.times import HOUR, MINUTE, day_time, time_of_day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redeliver.core.report import EventReport

#: Fewer events than this are easy to see in the table.
WORTH_A_PICTURE = 10
#: The most labels side by side, of each kind. Few events make few bars, or each bar would hold one event.
_HOURS = 24
_DAYS = 15
_FEW = 6
_DAY = 24 * HOUR
_WIDTHS = {
    MINUTE: "minute",
    5 * MINUTE: "5 minutes",
    15 * MINUTE: "15 minutes",
    HOUR: "hour",
    3 * HOUR: "3 hours",
    6 * HOUR: "6 hours",
    12 * HOUR: "12 hours",
    24 * HOUR: "day",
}
# GitHub's own red, yellow and green, readable on its light and on its dark pages.
_RED, _YELLOW, _GREEN = "#cf222e", "#d4a72c", "#2da44e"
_COLOURS = {_GREEN: ("🟩", "recovered"), _YELLOW: ("🟨", "no result yet"), _RED: ("🟥", "undelivered")}
#: All other outcomes are red.
_COLOUR = {Outcome.RECOVERED: _GREEN, Outcome.PENDING: _YELLOW, Outcome.UNKNOWN: _YELLOW}
_X_AXIS = {"labelFontSize": 11, "showTick": False}
_Y_AXIS = {"labelFontSize": 11, "tickLength": 4, "tickWidth": 1, "axisLineWidth": 1}
#: The share of the scale that half a label's height takes, at this font size and height of the chart.
_LIFT = 0.039
#: Ends of a scale, and ten, a hundred... times as much, for which Mermaid writes 8 to 10 labels, all whole numbers.
_ENDS = (8, 10, 16, 20, 40, 50)


def picture(events: Sequence[EventReport]) -> list[str]:
    """The chart of events by the time they first failed, and the legend of its colours; none for a few events."""
    if len(events) < WORTH_A_PICTURE:
        return []
    colours = [_COLOUR.get(event.outcome, _RED) for event in events]
    legend = " &nbsp; ".join(f"{square} {word}" for colour, (square, word) in _COLOURS.items() if colour in colours)
    moments = [event.first_failed_at for event in events]
    width, name, label = _scale(min(moments), max(moments), most=max(_FEW, len(moments) // 3))
    slots = [moment // width for moment in moments]
    labels = {slot: label(slot * width) for slot in range(min(slots), max(slots) + 1)}
    counted = Counter(zip(slots, colours, strict=True))
    bars: dict[str, list[int]] = {}
    heights = [0] * len(labels)
    for colour in _COLOURS:
        if colour in colours:
            heights = [below + counted[slot, colour] for slot, below in zip(labels, heights, strict=True)]
            # Mermaid draws each bar before the last one: of the highest, only the rest is seen.
            bars = {colour: heights} | bars
    end = next(end * 10**power for power in itertools.count() for end in _ENDS if max(heights) <= end * 10**power)
    config = {
        "xyChart": {"width": 920, "height": 220, "titleFontSize": 15, "xAxis": _X_AXIS, "yAxis": _Y_AXIS},
        "themeVariables": {"xyChart": {"backgroundColor": "transparent", "plotColorPalette": ", ".join(bars)}},
    }
    lines = [
        "```mermaid",
        f"%%{{init: {json.dumps(config)}}}%%",
        "xychart-beta",
        f'  title "Failed events per {name}, by the time they first failed (UTC)"',
        f"  x-axis [{', '.join(json.dumps(label) for label in labels.values())}]",
        f"  y-axis {_LIFT * end:.3f} --> {end}",
        *(f"  bar [{', '.join(map(str, heights))}]" for heights in bars.values()),
        "```",
    ]
    return [legend if len(bars) > 1 else "", "\n".join(lines)]


def _scale(first: int, last: int, most: int) -> tuple[int, str, Callable[[int], str]]:
    """The width of a bar, in milliseconds and in words, and what is written below it. ``most``: bars."""
    day = partial(day_time, form="%Hh")
    for width, name in _WIDTHS.items():
        bars = last // width - first // width + 1
        if bars * width <= _DAY and bars <= min(_HOURS, most):
            return width, name, time_of_day
        if width > HOUR and bars <= min(_DAYS, most):
            return width, name, day
    # Further apart than GitHub keeps deliveries; but these times come from outside.
    days = (last - first) // (_DAYS - 1) // _DAY + 1
    return days * _DAY, f"{days:,} days", day
