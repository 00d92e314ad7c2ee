"""What really happened, as no client can know it: for the assertions at the end of a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from githubsim.attempts import Redelivery
from githubsim.hooks import Hook
from githubsim.log import Row


@dataclass(frozen=True, slots=True)
class Event:
    """All there is to know about one event of one hook. Its attempts are in the order they were made."""

    guid: str
    attempts: Sequence[Row]

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

    def __init__(self, hooks: Mapping[int, Hook], accepted: list[Redelivery]) -> None:
        self._hooks = hooks
        self._accepted = accepted

    def events(self, hook: Hook | None = None) -> Iterator[Event]:
        """Every event that has had an attempt, of one hook or of all."""
        for each in self._hooks.values() if hook is None else (hook,):
            for guid, rows in each.log.attempts().items():
                yield Event(guid, rows)

    def event(self, hook: Hook, guid: str) -> Event:
        return Event(guid, hook.log.attempts_of(guid))

    def undelivered(self, hook: Hook | None = None) -> list[Event]:
        """The events no attempt of which has succeeded."""
        return [event for event in self.events(hook) if not event.delivered]

    def needlessly_redelivered(self) -> list[Redelivery]:
        """Redeliveries accepted although a success could be seen by then."""
        return [one for one in self._accepted if one.success_visible]
