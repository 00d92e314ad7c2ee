"""What one run knows. Each field is written once, where the run finds it out; the report is made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from redeliver.run.scan import Extent, Scan
from redeliver.run.send import Probe, Sending

if TYPE_CHECKING:
    from redeliver.core.plan import Plan, Rules
    from redeliver.core.redelivery import Redelivery
    from redeliver.errors import CheckpointNotSaved, OutOfTime, RedeliverError, Stopped


#: Milliseconds around the end of GitHub's memory in which a delivery may be forgotten or not.
_UNSURE = 60_000


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a run looks at. Every moment is in epoch milliseconds, on GitHub's clock."""

    start: int
    """The run's start, where the window ends."""
    kept: int | None
    """The checkpoint that was kept; None: there was none."""
    checkpoint: int
    """Where the run starts from: what was kept, or else ``lookback`` ago."""
    cutoff: int
    """Where the window begins: ``overlap`` before the checkpoint, but not before ``retained_from``."""
    retained_from: int
    """GitHub has forgotten every delivery from before this moment."""

    def gap(self, retained_from: int) -> tuple[int, int] | None:
        """The time that GitHub has forgotten before a run could settle it; None: there is none.

        ``retained_from``: as it was when the window's beginning was read. While a long log is read, GitHub goes on
        forgetting; and nobody says to the second what it forgets.
        """
        until = retained_from + _UNSURE
        return (self.kept, until) if self.kept is not None and self.kept < until else None


@dataclass(slots=True)
class Record:
    """One run over one webhook, as far as it came."""

    rules: Rules
    window: Window | None = None
    active: bool | None = None
    """Whether GitHub sends deliveries to the webhook; None: it does not say."""
    scan: Scan | None = None
    retained_from: int | None = None
    """What GitHub remembered when the window's beginning was read; None: it was not."""
    probe: Probe | None = None
    """What was found out before the window was read; None: the endpoint did not look down."""
    probed: Plan | None = None
    """The plan for the newest part of the log, made to choose what to probe the endpoint with."""
    plan: Plan | None = None
    expired: frozenset[str] = frozenset()
    """Guids of events whose first attempt has left GitHub's log."""
    redeliveries: dict[str, Redelivery] = field(default_factory=dict)
    """By guid. The one thing that grows: each is written down before GitHub is asked."""
    anchored: int | None = None
    """The checkpoint that was written before anything was sent."""
    sending: Sending | None = None
    late: OutOfTime | None = None
    """Why sending ended before everything was sent."""
    ended_by: RedeliverError | Stopped | None = None
    saved: int | None = None
    """The checkpoint that was written at the end."""
    unsaved: CheckpointNotSaved | None = None

    def __setattr__(self, name: str, value: object) -> None:
        if getattr(self, name, None) not in (None, frozenset()):
            raise AttributeError(f"{name} is written once, and has been")
        object.__setattr__(self, name, value)

    @property
    def checkpoint(self) -> int | None:
        """The checkpoint as it is kept now; None: there is none, or it could not be read."""
        kept = self.window.kept if self.window else None
        return next((one for one in (self.saved, self.anchored, kept) if one is not None), None)

    @property
    def gap(self) -> tuple[int, int] | None:
        """The time that GitHub has forgotten before a run could settle it; None: there is none."""
        if self.window is None:
            return None
        return self.window.gap(self.window.retained_from if self.retained_from is None else self.retained_from)

    @property
    def read(self) -> bool:
        """Whether the log was read far enough to tell anything."""
        return self.scan is not None and self.scan.extent is not Extent.BROKEN_OFF

    @property
    def endpoint_down(self) -> bool:
        """Whether redeliveries showed that the endpoint is down."""
        return self.probe is Probe.DOWN or self.sending is Sending.ENDPOINT_DOWN

    @property
    def cutoff(self) -> int:
        """The moment from which on events are accounted for."""
        if self.window is None:
            return 0
        if self.scan is not None and self.scan.extent is Extent.NEWEST:
            return int(min(max(self.window.cutoff, self.scan.known_back_to), self.window.start))
        return self.window.cutoff
