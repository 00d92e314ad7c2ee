"""What really happened, as no client can know it: for the assertions at the end of a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from githubsim.attempts import Redelivery
    from githubsim.clock import EpochMs
    from githubsim.hooks import Hook
    from githubsim.log import Row


@dataclass(frozen=True, slots=True)
class Event:
    """All there is to know about one event of one hook. Its attempts are in the order they were made."""

    hook_id: int
    guid: str
    attempts: Sequence[Row]
    redeliveries: Sequence[Redelivery]

    @property
    def delivered(self) -> bool:
        """Whether any attempt succeeded, whether or not the log shows it yet."""
        return any(row.outcome.succeeded for row in self.attempts)

    @property
    def original(self) -> Row | None:
        """The attempt that is no redelivery."""
        return next((row for row in self.attempts if not row.redelivery), None)

    @property
    def last_attempt_at(self) -> int:
        """When the latest attempt was delivered."""
        return max(row.delivered_at for row in self.attempts)


class Truth:
    """Queries over every hook."""

    def __init__(self, hooks: Mapping[int, Hook], accepted: list[Redelivery], clock: EpochMs) -> None:
        """Look at a simulation."""
        self._hooks = hooks
        self._accepted = accepted
        self._clock = clock

    def events(self, hook: Hook | None = None) -> Iterator[Event]:
        """Every event that has had an attempt, of one hook or of all."""
        by_event: dict[tuple[int, str], list[Redelivery]] = {}
        for one in self._accepted:
            by_event.setdefault((one.hook.id, one.guid), []).append(one)
        for each in self._hooks.values() if hook is None else (hook,):
            for guid, rows in each.log.attempts().items():
                yield Event(each.id, guid, rows, by_event.get((each.id, guid), []))

    def event(self, hook: Hook, guid: str) -> Event:
        """One event."""
        redeliveries = [one for one in self._accepted if one.guid == guid and one.hook is hook]
        return Event(hook.id, guid, hook.log.attempts_of(guid), redeliveries)

    def undelivered(self, hook: Hook | None = None) -> list[Event]:
        """The events no attempt of which has succeeded."""
        return [event for event in self.events(hook) if not event.delivered]

    def needlessly_redelivered(self, since: int | None = None) -> list[Redelivery]:
        """Redeliveries accepted although a success was visible.

        With ``since`` (a run's start) only those made since whose success could already be seen then. Without it, those
        whose success could be seen when they were accepted.
        """
        if since is None:
            return [one for one in self._accepted if one.success_visible]
        recent: dict[tuple[int, str], list[Redelivery]] = {}
        for one in reversed(self._accepted):
            if one.accepted_at < since:
                break
            recent.setdefault((one.hook.id, one.guid), []).append(one)
        return [
            one
            for (hook_id, guid), ones in recent.items()
            if self._success_visible_at(hook_id, guid) <= since
            for one in ones
        ]

    def _success_visible_at(self, hook_id: int, guid: str) -> float:
        rows = self._hooks[hook_id].log.attempts_of(guid)
        return min((row.visible_at for row in rows if row.outcome.succeeded), default=float("inf"))
