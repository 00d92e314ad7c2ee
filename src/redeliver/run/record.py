"""What one run knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redeliver.core.plan import Plan
    from redeliver.core.redelivery import Redelivery
    from redeliver.errors import CheckpointNotSaved, RedeliverError, Stopped
    from redeliver.run.scan import Scan


@dataclass(slots=True)
class Facts:
    """What one run knows so far. The report is made of it, however the run ends."""

    start: int = 0
    """The run's start on GitHub's clock; this and every other moment is in epoch milliseconds."""
    kept: int | None = None
    """The checkpoint as it is kept just now; None: there is none, or it could not be read."""
    checkpoint: int = 0
    """Where this run starts from: what was kept, or else ``lookback`` ago."""
    cutoff: int = 0
    scan: Scan | None = None
    """Set once the window has been read."""
    plan: Plan | None = None
    forgotten: frozenset[str] = frozenset()
    """Guids of events whose first attempt has left GitHub's log."""
    redeliveries: dict[str, Redelivery] = field(default_factory=dict)
    endpoint_down: bool = False
    ended_by: RedeliverError | Stopped | None = None
    unsaved: CheckpointNotSaved | None = None
