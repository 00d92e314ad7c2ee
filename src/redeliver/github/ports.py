"""What a run is given: a webhook, and a store for its checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redeliver.core.case import Reply
    from redeliver.core.deliveries import Filter, Page
    from redeliver.core.endpoint import EndpointResponse
    from redeliver.github.pace import Quota


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
