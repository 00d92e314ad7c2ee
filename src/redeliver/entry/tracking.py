"""The step that keeps the tracking issue."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from redeliver.core.settings import Use, read, repository_problems
from redeliver.entry import workflow
from redeliver.entry.process import open_session
from redeliver.github.responses import CredentialKind
from redeliver.tracking.decision import Change, decide
from redeliver.tracking.issues import Issues
from redeliver.tracking.page import issue_body, issue_comment
from redeliver.tracking.situation import read_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from redeliver.core.settings import Settings
    from redeliver.tracking.situation import Situation

#: The outputs, and what people read of them.
TRACKING_OUTPUTS = {
    "issue-number": "Number of the issue; empty: none is open, and nothing was changed.",
    "change": "What was done: `opened`, `reopened`, `commented`, `edited`, `closed`, or `none`.",
}


def tracking_step() -> int:
    """Make the step of ``tracking-issue/action.yml``. Exit codes as in :mod:`redeliver.entry.step`."""
    return workflow.run_as_step(Use.TRACKING, lambda values: read(values, Use.TRACKING, _problems), _track)


def _problems(given: Mapping[str, str]) -> Iterator[str]:
    if "label" not in given:
        yield "label: is required, one for each workflow"
    if "repository" not in given:
        yield "repository: is required, the one that has the issue"
    yield from repository_problems(given.get("repository", ""))
    if "token" not in given:
        yield "token: is required, one that can write issues"
    try:
        read_report(given.get("report", ""))
    except ValueError as wrong:
        yield f"report: must be the output report of Redeliver Action ({wrong})"


def _track(settings: Settings, console: workflow.ActionsConsole) -> int:
    session = open_session(settings, console)
    caller = session.caller_with(settings.token.get_secret_value(), CredentialKind.ISSUE_TOKEN)
    issues = Issues(caller, settings.target, settings.label)
    # Who may read the run may read an issue of the same repository, but perhaps not one of another.
    is_here = settings.target.lower() == os.environ.get("GITHUB_REPOSITORY", "").lower()
    situation = read_report(settings.report, lambda: is_here or issues.is_private())
    change, number = track(issues, situation, workflow.run_address())
    if change is Change.NONE:
        console.line("Nothing has changed, so nothing was written.")
    else:
        console.line(f"Tracking issue #{number}: {change}")
    workflow.write_outputs({"issue-number": str(number or ""), "change": str(change)})
    return 0


def track(issues: Issues, situation: Situation, run: str) -> tuple[Change, int | None]:
    """Bring the issue up to date. ``run``: the run's address. Returns what was done, and to which issue.

    A comment goes before the text that remembers it: where GitHub fails in between, the next run says it again, and
    nothing is left unsaid.

    Raises:
        ApiError, OutOfTime: GitHub does not let it.
    """
    issue = issues.find()
    decision = decide(issue, situation, issues.now())
    if decision.change is Change.NONE:
        return decision.change, issue.number if issue and issue.is_open else None
    body, comment = issue_body(decision, situation, run), issue_comment(decision, situation, run)
    existing = None if decision.change is Change.OPENED else issue
    number = existing.number if existing else issues.open(body)
    if comment and decision.change is not Change.EDITED:
        issues.comment(number, comment)
    if existing:
        is_open = existing.is_open if decision.change is Change.EDITED else decision.change is not Change.CLOSED
        issues.change(number, body, is_open=is_open)
    return decision.change, number
