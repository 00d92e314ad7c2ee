"""A run of the action's step against a GitHub whose log and answers strangers wrote."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

from githubsim.faults import Fault, foreign_next, json_answer
from githubsim.outcomes import Answer, Kind, Outcome
from step import Done, run_step
from world import World

Ending = Literal["well", "refused", "forbidden", "unread", "elsewhere", "unreadable checkpoint"]


@dataclass(frozen=True)
class Strange:
    """The places where strangers' text stands, harmless unless it is given, and how the run goes."""

    guid: str = "guid"
    event: str = "issues"
    action: str = "opened"
    status: str = "failed"
    answered: str = "no"
    """By the endpoint: its body and, behind a letter, its headers."""
    said: str = "message"
    """By GitHub's API, or whatever stands in between: in messages, headers, links and the checkpoint's variable."""
    ending: Ending = "well"

    def run(self) -> Done:
        """Make one step of it."""
        return run_step(self._world(), wait_for_results="10s", explain="true")

    def _world(self) -> World:
        """Four events, two of them of a stranger's making."""
        world = World()
        named = tuple((name, f"x{self.answered}") for name in ("Content-Type", "Server", "X-Other"))
        for minutes, code in ((20, 503), (10, 0)):
            # The simulation puts a guid into its JSON as it is.
            guid = json.dumps(f"{self.guid}{minutes}")[1:-1]
            outcome = Outcome(self.status, code, answer=Answer(named, self.answered))
            world.fail(minutes, outcome, guid=guid, kind=Kind(self.event, self.action))
        world.fail(30)
        world.fail(40)
        header = "".join(mark for mark in self.said if re.match(r"[ -;=?-~\xa0-\xff]", mark))
        told = json_answer(403, self.said, x_accepted_github_permissions=header)
        faults: dict[Ending, Fault] = {
            "refused": Fault(json_answer(422, self.said), path="*/attempts"),
            "forbidden": Fault(told, path="*/attempts", nth=2),
            "unread": Fault(json_answer(410, self.said), path="*/deliveries"),
            "elsewhere": Fault(foreign_next(f"https://{header}/"), path="*/deliveries"),
        }
        if fault := faults.get(self.ending):
            world.sim.faults.add(fault)
        if self.ending == "unreadable checkpoint":
            world.variables.seed("CHECKPOINT", f"x{self.said}")
        return world
