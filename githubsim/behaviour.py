"""What differs between one GitHub and another, and what a test may make worse. Change it at any time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from githubsim.clock import DAY

Span = int | Callable[[], int]
"""Milliseconds: always the same, or drawn anew each time."""


def draw(span: Span) -> int:
    """The next value of a span."""
    return span if isinstance(span, int) else span()


@dataclass(slots=True)
class Behaviour:
    """How this GitHub behaves where its documents leave room.

    Attributes:
        retention_ms: rows older than this are gone (3 days on github.com, 7 on Enterprise Server).
        redelivery_ms: from an accepted redelivery to its attempt.
        appears_ms: from an attempt's end to its row in the log; minutes make late rows.
        ids_from: whether a row's id is taken when its attempt starts (rows then turn up below younger ones) or when
            it is written down.
        delivered_at: whether a row carries the time its attempt started or ended; with ``ids_from`` the other way
            round, times are out of order.
        whole_seconds: times without milliseconds, as some servers give them.
        status_filter: whether ``status=`` is known here; older servers ignore it.
        paging: ``offset`` cursors shift while rows arrive, so that pages overlap.
        page_cap: the most rows a page holds, whatever ``per_page`` says.
        largest_page: a page of more rows is too much for this server: asked for one, it answers ``too_large``.
        too_large: 502 or 504.
        empty_page_every: every nth page of a hook comes empty, with a next link to the real one.
        numeric_links: next links name organizations and repositories by number, as github.com does.
    """

    retention_ms: int = 3 * DAY
    redelivery_ms: Span = 1_000
    appears_ms: Span = 200
    ids_from: Literal["start", "end"] = "start"
    delivered_at: Literal["start", "end"] = "end"
    whole_seconds: bool = False
    status_filter: bool = True
    paging: Literal["keyset", "offset"] = "keyset"
    page_cap: int = 100
    largest_page: int = 100
    too_large: int = 502
    empty_page_every: int = 0
    numeric_links: bool = False
