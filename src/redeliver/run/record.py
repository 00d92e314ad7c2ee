"""Everything that one run has learned; the report is built from it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redeliver.core.case import Outcome
from redeliver.core.flow import Ending
from redeliver.errors import OutOfTime, RedeliverError, Stopped, Unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redeliver.core.flow import Flow
    from redeliver.core.ledger import Ledger
    from redeliver.core.reading import Reading, Window
    from redeliver.errors import CheckpointNotSaved


#: Milliseconds either side of GitHub's retention limit within which a delivery may or may not be gone already.
_UNSURE = 60_000


@dataclass(slots=True)
class Record:
    """One run over one webhook, as far as it got."""

    ledger: Ledger
    window: Window | None = None
    active: bool | None = None
    """Whether GitHub sends deliveries to the webhook; None: it does not say."""
    reading: Reading | None = None
    """What has been read so far; None: too little to conclude anything."""
    retained_at_end: int | None = None
    """How far back GitHub's log went when the window had been read; None: reading did not finish."""
    run_seconds: float = 0.0
    """What was left of the time limit for sending, when the log had been read."""
    anchored: int | None = None
    """The checkpoint that was written before anything was sent."""
    flow: Flow | None = None
    """What sending has shown of the receiver; None: nothing was to be sent."""
    out_of_time: OutOfTime | None = None
    """Why sending ended before everything was sent."""
    ended_by: RedeliverError | Stopped | None = None
    saved: int | None = None
    """The checkpoint that was written at the end."""
    unsaved: CheckpointNotSaved | None = None

    @property
    def checkpoint(self) -> int | None:
        """The checkpoint as it is kept now; None: there is none, or it could not be read."""
        kept = self.window.stored if self.window else None
        return next((one for one in (self.saved, self.anchored, kept) if one is not None), None)

    @property
    def gap(self) -> tuple[int, int] | None:
        """The time that GitHub has deleted before a run could settle it; None: there is none.

        While a long log is read, GitHub goes on deleting; and the exact second is not documented.
        """
        if self.window is None or self.window.stored is None:
            return None
        until = (self.window.retained_from if self.retained_at_end is None else self.retained_at_end) + _UNSURE
        return (self.window.stored, until) if self.window.stored < until else None

    @property
    def endpoint_down(self) -> bool:
        """Whether redeliveries showed that the endpoint is down."""
        return self.flow is not None and self.flow.ending is Ending.DOWN

    def close(self, *, dry_run: bool) -> None:
        """Note why events that were due were not sent."""
        if self.flow and not self.endpoint_down:
            for kind in self.flow.left.values():
                for case in kind.waiting:
                    case.verdict = Outcome.TYPE_FAILS
        match self.ended_by or self.out_of_time:
            case _ if dry_run:
                why = Outcome.DRY_RUN
            case _ if self.endpoint_down:
                why = Outcome.ENDPOINT_DOWN
            case OutOfTime():
                why = Outcome.OUT_OF_TIME
            case Stopped():
                why = Outcome.STOPPED
            case _:
                why = Outcome.RUN_FAILED
        self.ledger.close(why)


@contextmanager
def ending_in(record: Record) -> Iterator[None]:
    """Record what ended this block early, unless something already has."""
    try:
        yield
    except (RedeliverError, Stopped) as fault:
        ending: RedeliverError | Stopped = fault
    except Exception as bug:  # noqa: BLE001  a bug must not hide what the run has already done
        ending = Unexpected(kind=type(bug).__name__)
    else:
        return
    if record.ended_by is None:
        record.ended_by = ending
