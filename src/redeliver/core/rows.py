"""Rows and pages of a delivery log, as GitHub gives them, and what can give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NotRequired, Protocol

from pydantic import AwareDatetime  # noqa: TC002  pydantic reads Row's annotations
from typing_extensions import TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The one value of the ``status`` parameter that is used: codes 400 to 599.
Filter = Literal["failure"]


class Row(TypedDict):
    """What we use of one row of the delivery log, as GitHub's OpenAPI description gives it."""

    id: int
    guid: str
    delivered_at: AwareDatetime
    redelivery: bool
    status: str
    status_code: int
    event: str
    action: NotRequired[str | None]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the log, newest first, and the query of the next one, if there is one."""

    rows: list[Row]
    next: Mapping[str, str] | None


class DeliverySource(Protocol):
    """Gives pages of a delivery log."""

    def page(self, query: Mapping[str, str] | None = None, *, only: Filter | None = None) -> Page:
        """The first page, or the one that an earlier page's ``next`` names.

        Raises:
            ApiError: GitHub said no, or failed for good.
            OutOfTime: a wait does not fit into the time limit.
        """
        ...
