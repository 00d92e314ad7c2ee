"""Pieces of pages: lights, advice, cells and tables, and how much of a page they take. Pure."""

from __future__ import annotations

from itertools import islice, takewhile
from typing import TYPE_CHECKING

from redeliver.core.case import OUTCOMES
from redeliver.core.deliveries import NO_CONNECTION, TIMED_OUT, TLS
from redeliver.core.inputs import is_guid
from redeliver.documents import document
from redeliver.text import for_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redeliver.core.facts import Facts
    from redeliver.core.report import HookReport, Report

#: Events that a page lists one by one.
SHOWN_EVENTS = 200
#: The order of outcomes, to sort by: problems come first, so that they are not cut off.
ORDER = {kind: place for place, kind in enumerate(OUTCOMES)}
_BY_CAUSE = {
    NO_CONNECTION: "GitHub could not open a connection. Check the receiver's DNS name and port, that it is running, "
    "and that its firewall allows GitHub.",
    TIMED_OUT: "The receiver took too long: GitHub waits 10 s (Enterprise Server: 30 s). Have it respond first and do "
    "its work afterwards.",
    TLS: "Check the receiver's certificate: its expiry, its host name, and that it sends the whole chain.",
    "HTTP 401": "The receiver rejects the signature or a login. Compare its secret with the webhook's.",
    "HTTP 404": "Nothing is at the webhook's URL. Compare it with the receiver's.",
    "HTTP 413": "The payload is too large for the receiver, or for a proxy in front of it. Raise the size limit.",
    "HTTP 429": "The receiver gets too many requests. Raise its limit, or lower redeliveries-per-minute.",
}
_BY_CAUSE |= {"HTTP 403": _BY_CAUSE["HTTP 401"], "HTTP 410": _BY_CAUSE["HTTP 404"]}
_REDIRECTED = "GitHub does not follow redirects. Set the webhook's URL to the address that it redirects to."
_REFUSED = "The receiver rejects these events. To see why: redeliver show GUID, explain: true, or the webhook's page."
_BROKEN = "The receiver, or a proxy in front of it, fails. Look for the GUIDs in the receiver's log."


def advice_for(cause: str) -> str:
    """What to check where attempts fail for this cause."""
    if cause in _BY_CAUSE:
        return _BY_CAUSE[cause]
    return {"3": _REDIRECTED, "4": _REFUSED}.get(cause.removeprefix("HTTP ")[:1], _BROKEN)


def light(report: Facts, *, alarming: bool = False, waiting: bool = False) -> str:
    """The traffic light: red for what makes a run fail or is ``alarming``, green if all is well and done.

    ``waiting``: something is left to do.
    """
    if report.is_failing or alarming:
        return "🔴"
    return "🟡" if report.facts or waiting else "🟢"


def mark(report: Report | HookReport) -> str:
    """The traffic light. Never green if something is lost, about to be lost, or was not read."""
    alarming = report.lost > 0 or report.urgent or report.down or report.late
    return light(report, alarming=alarming, waiting=not report.read or report.undelivered > 0)


def alert(lines: Iterable[str], *, is_red: bool, listed: Iterable[str] = ()) -> str:
    """What GitHub draws a coloured bar beside. Each line is one there, too; ``listed``: a list that comes first."""
    items = [f"> - {item}" for item in listed]
    shown = "<br>\n".join(f"> {line}" for line in lines)
    return "\n".join([f"> [!{'CAUTION' if is_red else 'WARNING'}]", *items, *[">"] * bool(items), shown])


def otherwise(until: str) -> str:
    """Where a person reads what to do if that cannot be done before GitHub begins to delete events."""
    place = document("on-call.md#when-time-runs-out")
    return f"**If that cannot be done by {until}:** see [what you can still do then]({place})."


def folded(title: str, *parts: str) -> str:
    """Parts under a title, folded away."""
    # GitHub reads Markdown within HTML only between blank lines.
    return "\n\n".join([f"<details><summary>{title}</summary>", *(part for part in parts if part), "</details>"])


def linked(shown: str, address: str) -> str:
    """A link; the text alone if there is no address."""
    return f"[{shown}]({address})" if address else shown


def webhook(hook: HookReport) -> str:
    """A webhook beside others: its host, and as a link to its page its id, with its repository."""
    shown = linked(for_markdown(hook.label), hook.page)
    return f"{for_markdown(hook.host, 60)} {shown}".strip()


def to_copy(guids: Sequence[str], most: int) -> str:
    """GUIDs as another replay may be given them; empty: there are none."""
    # Only what is written like a GUID, so that nothing in it can end the block.
    shown = [guid for guid in guids if is_guid(guid)][:most]
    return f"```\n{','.join(shown)}\n```" if shown else ""


def nowrap(text: str) -> str:
    """Text that stays on one line."""
    return text.replace(" ", "&nbsp;")


#: Outcomes as users read them.
OUTCOME_CELLS = {kind: nowrap(f"{words.mark} {words.word}") for kind, words in OUTCOMES.items()}


def more(number: int, what: str) -> str:
    """How many more there are; empty if there are none."""
    return f"and {number:,} more {what}" if number > 0 else ""


def row(cells: Iterable[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def table(columns: Sequence[str], rows: Sequence[str]) -> str:
    """A table; empty if it has no rows. A colon after a column's name: it holds numbers, which stand at the right."""
    rule = ["--:" if column.endswith(":") else ":--" for column in columns]
    return "\n".join([row(column.removesuffix(":") for column in columns), row(rule), *rows]) if rows else ""


class ByteBudget:
    """The bytes that a text may still take, which is written piece by piece until they are used up."""

    def __init__(self, size: int) -> None:
        self.left = size

    def take(self, piece: str) -> bool:
        """Take the space for a piece and what parts it from the next; no: there is too little."""
        size = len(piece.encode()) + 1
        has_space = size <= self.left
        self.left -= size if has_space else 0
        return has_space

    def fit(self, lines: Iterable[str], most: int) -> list[str]:
        """The first of these lines, at most ``most``, and no more than there is space for."""
        return list(takewhile(self.take, islice(lines, most)))

    def table(self, columns: Sequence[str], rows: Iterable[Iterable[str]], most: int, of: int, what: str) -> list[str]:
        """A table of the first of these rows, and how many there are more, of ``of`` in all."""
        shown = self.fit(map(row, rows), most)
        return [table(columns, shown), more(of - len(shown), what)]
