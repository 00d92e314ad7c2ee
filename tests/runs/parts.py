"""One of an organization's hooks, and what a run did with it. Moments are the world's own, in epoch milliseconds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from githubsim.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from githubsim.attempts import Redelivery
    from githubsim.hooks import Hook
    from githubsim.log import DeliveryLog, Row
    from githubsim.variables import Variables
    from redeliver.core.report import HookReport
    from redeliver.core.settings import Settings
    from runs.interference import Call
    from runs.model import Run, TroubledEndpoint


VARIABLE = "CHECKPOINT"
#: What several hooks share.
SHARED = f"{VARIABLE}_ALL"


def checkpoints(value: str) -> dict[str, int]:
    """The checkpoints in the variable that several hooks share, each by the variable that it would have alone."""
    return {f"{VARIABLE}_{number}": moment for number, moment in json.loads(value).items()}


@dataclass(slots=True, eq=False)
class Life:
    """One hook, and what its users may expect."""

    hook: Hook
    endpoint: TroubledEndpoint
    variable: str
    """Where its checkpoint is kept, if any is and it is not in the one that several share."""
    variables: Variables = field(repr=False)
    anchor: int | None = None
    """From this moment on failed attempts are this user's: the first checkpoint looked back so far."""
    unseen: set[str] = field(default_factory=set)
    """Events that a run which was too long has said it may have missed."""
    late: set[str] = field(default_factory=set)
    """Events whose first attempt shows up in the log long after its time. They may be missed, and nothing else."""
    unreadable: set[str] = field(default_factory=set)
    """Events an attempt of which has a row that cannot be read."""
    told_lost: set[str] = field(default_factory=set)
    """Events that are lost, and that a run has told, or a crashed one would have."""

    @property
    def is_shared(self) -> bool:
        """Whether one variable keeps the checkpoints of several hooks."""
        return SHARED in self.variables

    @property
    def kept(self) -> int | None:
        """The checkpoint."""
        if self.is_shared:
            return checkpoints(self.variables[SHARED]).get(self.variable)
        return int(self.variables[self.variable]) if self.variable in self.variables else None

    @property
    def excepted(self) -> set[str]:
        """Events that need not be found."""
        return self.unseen | self.late | self.unreadable

    def events(self) -> Mapping[str, list[Row]]:
        """Every event's attempts, forgotten and not yet shown ones too, in the order they were made."""
        return self.hook.log.attempts()

    def failed_events(self) -> Mapping[str, list[Row]]:
        """The same, but only of events an attempt of which failed: no other can be lost, or sent."""
        return self.hook.log.attempts_of_failed()

    def is_ours(self, rows: list[Row], now: int, settings: Settings) -> bool:
        """Whether the user asked for this event: an attempt failed since the first checkpoint, or in ``lookback``."""
        since = self.anchor
        if since is None or not settings.variable_name:
            since = now - settings.lookback * SECOND
        return any(not row.outcome.succeeded and row.delivered_at >= since for row in rows)


@dataclass
class Part:
    """What a run did with one hook."""

    run: Run = field(repr=False)
    life: Life
    report: HookReport | None
    """None: it crashed, or the hook's turn did not come."""
    calls: list[Call]
    accepted: list[Redelivery]
    writes: list[tuple[int, int]]
    asked: dict[str, int | None]
    """What GitHub answered when asked to redeliver an event, but for limits; None: the answer was lost."""

    @property
    def settings(self) -> Settings:
        """The run's."""
        return self.run.settings

    @property
    def undisturbed(self) -> bool:
        """Whether nothing that was in this hook's way is an excuse: a fault of another hook's is none."""
        others = {id(call) for part in self.run.parts if part is not self for call in part.calls}
        faulty = any(call.faulty and id(call) not in others for call in self.run.calls)
        return self.run.undisturbed and not self.run.limits_met and not faulty

    @property
    def closed(self) -> bool:
        """Whether the checkpoint of step 8 was written, and the run knows."""
        if self.report is None or not self.calls:
            return False
        if self.life.is_shared:
            return self.report.checkpoint is not None and self.report.checkpoint == self.life.kept
        last = self.calls[-1]
        return last.keeps_checkpoint and last.status in {201, 204}

    @cached_property
    def looked_at(self) -> int:
        """When it began to read the log: what can be seen then, it has to see. The end, if it did not come to that."""
        return next((call.at for call in self.calls if call.lists), self.ended)

    @cached_property
    def ended(self) -> int:
        """When GitHub told it the last thing; the run's end, if that was nothing."""
        return self.calls[-1].answered_at if self.calls else self.run.ended

    @property
    def filtered(self) -> bool:
        """Whether it said that failures without a code of their own may have been missed."""
        return self.report is not None and any(
            "too long to read in full" in warning for warning in self.report.warnings
        )

    @property
    def kept(self) -> int | None:
        """The checkpoint that it wrote last, or that was there before."""
        return self.writes[-1][1] if self.writes else self.life.kept

    @property
    def unanswered(self) -> set[str]:
        """Events whose redelivery may have been accepted, for all the run was told."""
        return {guid for guid, told in self.asked.items() if told is None or told >= 500 or told in {200, 201}}


def part_of(run: Run, life: Life) -> Part:
    """Take a run's book apart: by a hook's id and variable, whatever the order in which hooks had their turn."""
    name = f"hook {life.hook.id} of the organization"
    reports = [one for one in (run.report.hooks if run.report else ()) if one.hook.startswith(name)]
    assert len(reports) <= 1, f"{name} is reported twice"
    calls = [call for call in run.calls if f"/hooks/{life.hook.id}/" in call.path or call.variable == life.variable]
    asked = {}
    for call in calls:
        row = _find(life.hook.log, int(call.redelivers)) if call.redelivers else None
        if row is not None and not call.is_limit:
            asked[row.guid] = call.status
    return Part(
        run,
        life,
        reports[0] if reports else None,
        calls,
        [one for one in run.accepted if one.hook is life.hook],
        [(at, value) for at, name, value in run.writes if name == life.variable],
        asked,
    )


def _find(log: DeliveryLog, row_id: int) -> Row | None:
    """The row with this id, though GitHub may have forgotten it by now."""
    return log.find(row_id) or next((row for row in log.forgotten if row.id == row_id), None)
