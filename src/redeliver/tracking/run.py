"""Keeps the tracking issue up to date: found by its label, and changed where a run's report says something new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redeliver.tracking.decision import Change, decide
from redeliver.tracking.page import issue_body, issue_comment

if TYPE_CHECKING:
    from redeliver.tracking.issues import Issues
    from redeliver.tracking.situation import Situation

#: The outputs, and what people read of them.
TRACKING_OUTPUTS = {
    "issue-number": "Number of the issue; empty: none is open, and nothing was changed.",
    "change": "What was done: `opened`, `reopened`, `commented`, `edited`, `closed`, or `none`.",
}


@dataclass(frozen=True, slots=True)
class Tracked:
    """What was done, and to which issue."""

    change: Change
    number: int | None

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs, by name."""
        return {"issue-number": str(self.number or ""), "change": str(self.change)}

    def __str__(self) -> str:
        if self.change is Change.NONE:
            return "Nothing has changed, so nothing was written."
        return f"Tracking issue #{self.number}: {self.change}"


def track(issues: Issues, situation: Situation, run: str) -> Tracked:
    """Bring the issue up to date. ``run``: the run's address.

    A comment goes before the text that remembers it: where GitHub fails in between, the next run says it again, and
    nothing is left unsaid.

    Raises:
        ApiError, OutOfTime: GitHub does not let it.
    """
    issue = issues.find()
    decision = decide(issue, situation, issues.now())
    if decision.change is Change.NONE:
        return Tracked(decision.change, issue.number if issue and issue.is_open else None)
    body = issue_body(decision, situation, run)
    comment = issue_comment(decision, situation, run)
    if issue is None or decision.change is Change.OPENED:
        number = issues.open(body)
        if comment:
            issues.comment(number, comment)
        return Tracked(decision.change, number)
    if comment and decision.change is not Change.EDITED:
        issues.comment(issue.number, comment)
    stays_open = issue.is_open if decision.change is Change.EDITED else decision.change is not Change.CLOSED
    issues.change(issue.number, body, is_open=stays_open)
    return Tracked(decision.change, issue.number)
