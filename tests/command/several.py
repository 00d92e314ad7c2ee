"""An owner of several webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from githubsim.clock import MINUTE
from githubsim.outcomes import UNAVAILABLE
from world import World

if TYPE_CHECKING:
    from githubsim.hooks import Hook
    from redeliver.core.report import Report


class Several(World):
    """An organization with so many webhooks, and one that is switched off."""

    def __init__(self, number: int = 3, **sim: Any) -> None:  # noqa: ANN401 - fields of SimGitHub
        super().__init__(**sim)
        self.hooks = [self.hook, *(self.sim.org_hook("octo") for _ in range(number - 1))]
        self.off = self.sim.org_hook("octo", active=False)

    @property
    def ids(self) -> str:
        return ", ".join(str(hook.id) for hook in self.hooks)

    def fail_at(self, hook: Hook, minutes_ago: float = 5, guid: str | None = None) -> str:
        return hook.add(self.clock() - round(minutes_ago * MINUTE), UNAVAILABLE, guid=guid).guid

    @property
    def kept(self) -> dict[str, str]:
        """The variables there are."""
        return {one.name: one.value for one in self.variables.all()}

    @property
    def sent_to(self) -> list[tuple[int, str]]:
        return [(one.hook.id, one.guid) for one in self.sim.accepted]


def names(report: Report) -> list[str]:
    return [hook.hook for hook in report.hooks]
