"""What stands on a run's own page."""

from __future__ import annotations

import pytest

from redeliver.core.outcomes import Outcome
from redeliver.core.report import Report
from redeliver.core.settings import FailOn
from redeliver.output.annotations import MOST, Annotations, annotate, bounded
from reports import events, hook, hooks, one

RECOVERED = events(Outcome.RECOVERED)
AGAIN = events(Outcome.FAILED_AGAIN)


@pytest.mark.parametrize(
    ("said", "report"),
    [
        (Annotations(), one()),
        (Annotations(), one(*events(Outcome.FILTERED_OUT))),
        (Annotations(notice="The event that had failed is recovered."), one(*RECOVERED)),
        (Annotations(warning="0 of 1 event recovered, 1 still undelivered."), one(*AGAIN)),
        (
            Annotations(warning="The event that had failed is recovered. It was slow. It was late."),
            one(*RECOVERED, warnings=("It was slow.", "It was late.")),
        ),
        (Annotations(("It may not.",)), one(read=False, errors=("It may not.",))),
        (
            Annotations(
                ("hook 1 of the organization octo: No. (1 more webhook likewise.)",),
                warning="The run failed; 0 of 2 events recovered, 2 still undelivered.",
            ),
            Report(hooks(2, *AGAIN, errors=("No.",))),
        ),
    ],
)
def test_a_run_has_one_notice_or_warning_and_an_error_for_each_cause(said: Annotations, report: Report) -> None:
    assert annotate(report, FailOn.ERROR) == annotate(report, FailOn.NEVER) == said


def test_a_step_that_fails_by_fail_on_says_so() -> None:
    said = annotate(one(*AGAIN, warnings=("It was slow.",)), FailOn.UNDELIVERED)
    assert said == Annotations(
        ("0 of 1 event recovered, 1 still undelivered (fail-on: undelivered)",), warning="It was slow."
    )
    unread = annotate(one(read=False, warnings=("The hour is spent.",)), FailOn.UNDELIVERED)
    assert unread.errors == ("No deliveries could be checked (fail-on: undelivered)",)
    assert annotate(one(*RECOVERED), FailOn.UNDELIVERED).errors == ()
    assert annotate(one(*AGAIN, errors=("No.",)), FailOn.UNDELIVERED).errors == ("No.",)


def test_no_more_stand_there_than_github_shows() -> None:
    assert bounded(["no"] * MOST) == ("no",) * MOST
    report = Report(tuple(hook(name=f"hook {number}", errors=(f"{'x' * number}",)) for number in range(1, 41)))
    errors = annotate(report, FailOn.ERROR).errors
    assert len(errors) == MOST
    assert errors[-1] == "and 31 more errors: the job summary has some of them, the output report all"
