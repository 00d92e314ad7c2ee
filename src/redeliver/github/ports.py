"""What reading needs of a webhook, and a store for a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redeliver.core.deliveries import Filter, Page
    from redeliver.github.pace import Quota


class DeliverySource(Protocol):
    """Returns pages of a delivery log."""

    @property
    def quota(self) -> Quota:
        """How many calls GitHub still allows within the hour."""
        ...

    def page(self, query: Mapping[str, str] | None = None, *, only: Filter | None = None) -> Page:
        """The first page, or the one that an earlier page's ``next`` names. Raises ApiError and OutOfTime."""
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

    def write(self, moment: int, *, is_last: bool = False) -> None:
        """Replace it. Writing the same moment twice changes nothing.

        ``is_last``: it is the webhook's last in this run, which may be stored later, together with those of others.

        Raises:
            CheckpointNotSaved: with the cause as its ``__cause__``.
        """
        ...
