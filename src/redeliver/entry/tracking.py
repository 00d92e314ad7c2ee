"""The step that keeps the tracking issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.settings import Use
from redeliver.entry import workflow
from redeliver.github.api import Caller
from redeliver.github.pace import Pace
from redeliver.github.responses import CredentialKind
from redeliver.tracking.issues import Issues
from redeliver.tracking.run import track
from redeliver.tracking.settings import parse_tracking
from redeliver.tracking.situation import read_report

if TYPE_CHECKING:
    from redeliver.core.settings import Settings


def tracking_step() -> int:
    """Make the step of ``tracking-issue/action.yml``. Exit codes as in :mod:`redeliver.entry.step`."""
    return workflow.run_as_step(Use.TRACKING, parse_tracking, _track)


def _track(settings: Settings, console: workflow.ActionsConsole) -> int:
    connect, clock = workflow.connector(settings, console)
    transport = connect(settings.token.get_secret_value())
    pace = Pace(settings.redeliveries_per_minute)
    caller = Caller(lambda: transport, pace, clock, CredentialKind.ISSUE_TOKEN, web_url=settings.web_url)
    issues = Issues(caller, settings.repository, settings.label)
    tracked = track(issues, read_report(settings.report), workflow.run_address())
    console.line(str(tracked))
    workflow.write_outputs(tracked.outputs)
    return 0
