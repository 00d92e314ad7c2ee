"""What endpoints answered, as lines of text and as a part of the job summary. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.output.markdown import linked, table, whole
from redeliver.text import for_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redeliver.core.endpoint import EndpointResponse
    from redeliver.core.report import Report

#: Characters of a line: the longest text of an endpoint's, and what stands before it.
_LONGEST = 220


def response_lines(response: EndpointResponse) -> list[str]:
    """A response in a few lines, of which the caller makes sure that they do no harm where they are shown."""
    if response.is_empty:
        return ["It answered nothing that GitHub has kept."]
    lines = [
        f"Content-Type: {response.content_type}" if response.content_type else "",
        f"Server: {response.server}" if response.server else "",
        f"Title: {response.title}" if response.title else "",
        f"Body: {response.body or '(empty)'}",
    ]
    return [line for line in lines if line]


def explanations(report: Report) -> str:
    """A part of the summary that shows what endpoints answered; nothing where nothing was looked up."""
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
