"""Pictures of a run, as Mermaid, which GitHub draws in a job summary. Pure.

Nothing that a stranger wrote goes in: times, counts, and causes in words of ours.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from redeliver.redelivery import Outcome
from redeliver.times import HOUR, MINUTE, short_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redeliver.report import EventReport

#: Fewer events than this are seen at a glance in the table.
WORTH_A_PICTURE = 3
_BARS = 24
_WIDTHS = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR)
_CAUSES = 8
# GitHub's own red and green, readable on its light and on its dark pages.
_COLOURS = "#cf222e, #2da44e"


def over_time(events: Sequence[EventReport]) -> str:
    """Events by the time they first failed. The bar of those recovered stands before the bar of all, so red is left."""
    first = min(event.first_failed_at for event in events)
    last = max(event.first_failed_at for event in events)
    width = next((width for width in _WIDTHS if last // width - first // width < _BARS), _WIDTHS[-1])
    slots = range(first // width, last // width + 1)
    failed = Counter(event.first_failed_at // width for event in events)
    recovered = Counter(event.first_failed_at // width for event in events if event.outcome is Outcome.RECOVERED)
    labels = ", ".join(f'"{short_time(slot * width, with_day=len(slots) * width > 24 * HOUR)}"' for slot in slots)
    return _block(
        f'%%{{init: {{"themeVariables": {{"xyChart": {{"plotColorPalette": "{_COLOURS}"}}}}}}}}%%',
        "xychart-beta",
        '  title "Events by the time they first failed (UTC): green recovered, red not"',
        f"  x-axis [{labels}]",
        f'  y-axis "Events" 0 --> {max(failed.values())}',
        f"  bar [{', '.join(str(failed[slot]) for slot in slots)}]",
        f"  bar [{', '.join(str(recovered[slot]) for slot in slots)}]",
    )


def causes(events: Sequence[EventReport]) -> str:
    """Why the events' latest attempts failed."""
    counted = Counter(event.cause for event in events).most_common()
    shown, rest = counted[:_CAUSES], sum(number for _, number in counted[_CAUSES:])
    lines = [f'  "{cause}" : {number}' for cause, number in [*shown, *([("others", rest)] if rest else [])]]
    return _block("pie showData", "  title Why they failed", *lines)


def _block(*lines: str) -> str:
    return "\n".join(["```mermaid", *lines, "```"])
