"""A run of the action's step, in this process, against a GitHub whose log and answers strangers wrote."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from unittest import mock

from githubsim.faults import Fault, foreign_next, json_answer
from githubsim.inprocess import InProcessTransport
from githubsim.outcomes import Answer, Kind, Outcome
from redeliver.core.settings import parse
from redeliver.entry import step
from redeliver.entry.workflow import ActionsConsole
from redeliver.github.session import Session
from redeliver.timing import RunClock
from runner import Command, commands, outputs
from world import World, bearer

if TYPE_CHECKING:
    from redeliver.github.app_token import Credential

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

    def world(self) -> World:
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
        match self.ending:
            case "refused":
                world.sim.faults.add(Fault(json_answer(422, self.said), path="*/attempts"))
            case "forbidden":
                told = json_answer(403, self.said, x_accepted_github_permissions=header)
                world.sim.faults.add(Fault(told, path="*/attempts", nth=2))
            case "unread":
                world.sim.faults.add(Fault(json_answer(410, self.said), path="*/deliveries"))
            case "elsewhere":
                world.sim.faults.add(Fault(foreign_next(f"https://{header}/"), path="*/deliveries"))
            case "unreadable checkpoint":
                world.variables.seed("CHECKPOINT", f"x{self.said}")
            case "well":
                pass
        return world


@dataclass(frozen=True)
class Told:
    """What a step left behind."""

    log: str
    outputs: dict[str, str]
    summary: str

    @property
    def commands(self) -> list[Command]:
        return commands(self.log)


def run(world: World) -> Told:
    """Make one step of it."""
    console = ActionsConsole()
    settings = parse(world.inputs(wait_for_results="10s", explain="true"))

    def connect(credential: Credential) -> InProcessTransport:
        return InProcessTransport(world.sim, bearer(credential, world.clock), world.clock)

    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder, name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        shown = io.StringIO()
        given = {name: str(file) for name, file in files.items()} | {"RUNNER_DEBUG": "1"}
        with mock.patch.dict(os.environ, given), contextlib.redirect_stdout(shown):
            clock = RunClock(world.clock, settings.time_limit, console)
            step._redeliver(Session(settings, connect, clock, console, sends=True), console)
        return Told(shown.getvalue(), outputs(files["GITHUB_OUTPUT"]), files["GITHUB_STEP_SUMMARY"].read_text("utf-8"))
