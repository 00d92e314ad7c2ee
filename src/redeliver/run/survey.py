"""How an owner's hooks fare: their deliveries, their failures, their last success."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from redeliver.core.deliveries import moment, succeeded
from redeliver.run.scan import walk
from redeliver.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redeliver.core.ports import DeliverySource

#: Jobs that one matrix may have (https://docs.github.com/en/actions/reference/limits).
MATRIX_JOBS = 256


@dataclass(frozen=True, slots=True)
class Health:
    """How one hook fares."""

    hook_id: int | None
    host: str
    """The host it points to; its whole URL could hold credentials."""
    active: bool | None
    """Whether GitHub sends deliveries to it; None: not known."""
    deliveries: int
    """Attempts in the window."""
    failed: int
    """Those of them that failed."""
    last_success: int | None
    """Epoch milliseconds; None: no attempt in the window succeeded."""

    def as_dict(self) -> dict[str, str | int | None]:
        """For programs, the id as text: it can be too large for some readers of JSON."""
        return asdict(self) | {"hook_id": str(self.hook_id or "")}


def health(hook_id: int | None, url: str, source: DeliverySource, since: int, *, active: bool | None = None) -> Health:
    """Read one hook's log back to a moment (epoch ms). ``url`` is where it points."""
    deliveries = failed = 0
    last = 0
    for page in walk(source, since=since):
        rows = [row for row in page.rows if moment(row) >= since]
        deliveries += len(rows)
        good = [moment(row) for row in rows if succeeded(row)]
        failed += len(rows) - len(good)
        last = max([last, *good])
    return Health(hook_id, host_of(url), active, deliveries, failed, last or None)


def host_of(url: str) -> str:
    """The host of a hook's URL, what can be seen of it, and nothing else."""
    try:
        return plain(urlsplit(url).hostname or "")
    except ValueError:
        return ""


def matrix(hook_ids: Sequence[int | None], jobs: int = MATRIX_JOBS) -> dict[str, list[dict[str, str]]]:
    """A matrix for a workflow: one hook a job, or several where there are more hooks than jobs.

    The comma after the last id makes a list of each, so that a hook's checkpoint keeps its name however they are
    dealt out. An App's one webhook has no id.
    """
    heaps = [hook_ids[start::jobs] for start in range(min(jobs, len(hook_ids)))]
    return {"include": [{"hook-id": "".join(f"{hook_id}," for hook_id in heap if hook_id)} for heap in heaps]}
