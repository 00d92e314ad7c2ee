"""What a run is given: a webhook, a store for its checkpoint, and what is left of GitHub's hourly rate limit."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redeliver.core.deliveries import Filter, Page
    from redeliver.core.endpoint import EndpointResponse
    from redeliver.core.redelivery import Reply


class DeliverySource(Protocol):
    """Returns pages of a delivery log."""

    @property
    def quota(self) -> Quota:
        """How many calls GitHub still allows within the hour."""
        ...

    def page(self, query: Mapping[str, str] | None = None, *, only: Filter | None = None) -> Page:
        """The first page, or the one that an earlier page's ``next`` names.

        Raises:
            ApiError: GitHub refused, or failed for good.
            OutOfTime: a wait does not fit into the time limit.
        """
        ...


class Redeliverer(Protocol):
    """Asks GitHub for redeliveries of one webhook."""

    def now(self) -> int:
        """GitHub's clock, in epoch milliseconds.

        Raises:
            ApiError: nothing had been asked yet, and asking failed.
        """
        ...

    def wait_for_turn(self) -> None:
        """Wait until the limits and the pace allow a redelivery.

        Raises:
            OutOfTime: that does not fit into the time limit.
        """
        ...

    def redeliver(self, attempt_id: int) -> Reply:
        """Ask GitHub, once, to deliver that attempt's event again. Call :meth:`wait_for_turn` first.

        Raises:
            ApiError: GitHub would refuse every other redelivery, too, or no token could be had.
            OutOfTime: the token had to be renewed, and that does not fit into the time limit.
        """
        ...


class Hook(DeliverySource, Redeliverer, Protocol):
    """One webhook at GitHub."""

    @property
    def name(self) -> str:
        """As sentences name it: ``hook 17 of the organization octo``."""
        ...

    @property
    def hook_id(self) -> str:
        """Its id, as text; empty for an App's."""
        ...

    @property
    def owner(self) -> str:
        """Its owner: ``octo``, ``octo/hello``, or the App's id."""
        ...

    @property
    def web_page(self) -> str:
        """The page with its deliveries; empty: unknown."""
        ...

    @property
    def clocks_differ_by(self) -> int:
        """Milliseconds by which two of GitHub's responses disagreed on the time, beyond doubt; 0: they agreed."""
        ...

    def is_active(self) -> bool | None:
        """Whether GitHub sends deliveries to it; None: GitHub does not say.

        Raises:
            ApiError: GitHub refused, or failed for good.
            OutOfTime: a wait does not fit into the time limit.
        """
        ...

    def response(self, attempt_id: int) -> EndpointResponse:
        """What the endpoint answered to an attempt.

        Raises:
            ApiError: GitHub refused, or failed for good.
            OutOfTime: a wait does not fit into the time limit.
        """
        ...

    def response_if_free(self, attempt_id: int) -> EndpointResponse | None:
        """The same if it is not needed: at most one call. None: it would have used up a limit, or it failed."""
        ...


class Store(Protocol):
    """Keeps one webhook's checkpoint: the moment, in epoch milliseconds, up to which everything is settled."""

    @property
    def place(self) -> str:
        """Where it is kept, for sentences."""
        ...

    def read(self) -> int | None:
        """The checkpoint, or None when there is none yet.

        Raises:
            CheckpointUnreadable, StateUnreadable: what is stored is not a time.
            ApiError: it could not be read.
        """
        ...

    def write(self, moment: int) -> None:
        """Replace it. Writing the same moment twice changes nothing.

        Raises:
            CheckpointNotSaved: with the cause as its ``__cause__``.
        """
        ...


# -- the hourly rate limit --------------------------------------------------------------------------------------

SECONDS_PER_HOUR = 3_600.0
#: The share of an hour's calls that redeliveries leave to others, decreasing as the hour passes. Otherwise later runs,
#: and those over other webhooks, could not even read their logs.
FOR_OTHERS = 1 / 5


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of GitHub's hourly rate limit, as its last response said. If it does not say, there is no limit.

    5,000 an hour for a personal token, 5,000 to 15,000 for an App's; an hour's calls all come back at its end. Source:
    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """

    left: float = inf
    """Calls within this hour."""
    hourly: float = inf
    """Calls of a whole hour."""
    resets_in: float = inf
    """Seconds until the hour ends; below 0 if it should be over."""

    def within(self, seconds: float) -> float:
        """How many calls can be made within this many seconds from now."""
        if seconds < self.resets_in:
            return self.left
        return self.left + self.hourly * (1 + (seconds - self.resets_in) // SECONDS_PER_HOUR)

    def wait(self, reserve: int, *, redelivery: bool = False) -> float:
        """Seconds until a call may be made that leaves the reserve, and for a redelivery the others' share."""
        if not 0 < self.resets_in < inf:
            return 0
        if self.left < reserve:
            return self.resets_in + 1
        if not redelivery or not self.hourly:
            return 0
        # The others' share shrinks as the hour passes.
        return max(0.0, self.resets_in - self.left * SECONDS_PER_HOUR / (self.hourly * FOR_OTHERS))
