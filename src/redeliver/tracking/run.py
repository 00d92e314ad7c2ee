"""Keeps the tracking issue up to date: found by its label, and changed where a run's report says something new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redeliver.tracking.decision import Change, TrackingIssue, decide
from redeliver.tracking.page import LABEL_COLOR, LABEL_DESCRIPTION, TITLE, issue_body, issue_comment, memory_of

if TYPE_CHECKING:
    from collections.abc import Callable

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


def track(issues: Issues, situation: Situation, now: Callable[[], int], run: str) -> Tracked:
    """Bring the issue up to date. ``now``: tells GitHub's time, in epoch milliseconds; ``run``: the run's address.

    A comment goes before the text that remembers it: where GitHub fails in between, the next run says it again, and
    nothing is left unsaid.

    Raises:
        ApiError, OutOfTime: GitHub does not let it.
    """
    remembering = [(one, memory_of(one.body)) for one in issues.newest()]
    found = [TrackingIssue(one.number, one.is_open, memory) for one, memory in remembering if memory]
    issue = max(found, key=lambda one: (one.is_open, one.number), default=None)
    decision = decide(issue, situation, now())
    if decision.change is Change.NONE:
        return Tracked(decision.change, issue.number if issue and issue.is_open else None)
    body = issue_body(decision, situation, run)
    comment = issue_comment(decision, situation, run)
    if issue is None or decision.change is Change.OPENED:
        number = issues.open(TITLE, body, color=LABEL_COLOR, description=LABEL_DESCRIPTION)
        if comment:
            issues.comment(number, comment)
        return Tracked(decision.change, number)
    if comment and decision.change is not Change.EDITED:
        issues.comment(issue.number, comment)
    stays_open = issue.is_open if decision.change is Change.EDITED else decision.change is not Change.CLOSED
    issues.change(issue.number, body, is_open=stays_open)
    return Tracked(decision.change, issue.number)
