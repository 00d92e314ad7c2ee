"""What happened in a run: sums over webhooks, exit codes, and faults of many webhooks told once for each cause."""

from __future__ import annotations

from dataclasses import replace

import pytest

import wording
from githubsim.clock import DAY, START
from redeliver.core.case import Outcome
from redeliver.core.facts import Fact
from redeliver.core.health import Health
from redeliver.core.report import Outage, Report
from redeliver.core.settings import FailOn
from redeliver.errors import ApiRefused, CheckpointNotSaved
from redeliver.text import Naming
from reports import Problem, events, hook, hooks, one, stats


def test_a_report_adds_up_what_its_webhooks_have() -> None:
    report = Report(
        (
            hook(*events(Outcome.RECOVERED, Outcome.PENDING, Outcome.GIVEN_UP), number=1),
            hook(*events(Outcome.EXPIRED, Outcome.FILTERED_OUT), number=2),
        )
    )
    assert (report.failed, report.recovered, report.undelivered, report.lost) == (4, 1, 3, 2)
    assert (report.scanned, report.redelivered) == (2_468, 4)


def test_the_checkpoint_is_the_earliest_of_those_that_are_kept() -> None:
    assert Report((hook(checkpoint=19), hook(checkpoint=17), hook(checkpoint=None))).checkpoint == 17
    assert Report((hook(checkpoint=0),)).checkpoint == 0
    assert Report((hook(checkpoint=None),)).checkpoint is None
    assert Report(()).checkpoint is None


def test_the_worst_state_counts_and_of_no_webhook_nothing_is_known() -> None:
    healthy, degraded, down, unknown = (
        hook(stats=stats({"push": (2, 2)})),
        hook(stats=stats({"push": (2, 1)})),
        hook(outage=Outage(None, at_least=False, cause="", backlog=1)),
        hook(),
    )
    assert Report((healthy, unknown)).health is Health.UNKNOWN
    assert Report((unknown, degraded, healthy)).health is Health.DEGRADED
    assert Report((degraded, down)).health is Health.DOWN
    assert Report((healthy, hook(stats=stats({})))).health is Health.HEALTHY, "no event says nothing"
    assert Report(()).health is Health.UNKNOWN


def test_the_deadline_and_the_time_left_are_those_of_the_webhook_that_has_least() -> None:
    report = Report((hook(start=1, deadline=50), hook(start=30, deadline=60), hook(deadline=None)))
    assert (report.deadline, report.time_left) == (50, 30)
    assert (one().deadline, one().time_left) == (None, None)


@pytest.mark.parametrize(
    ("report", "codes"),
    [
        (one(), (0, 0, 0)),
        (one(*events(Outcome.FAILED_AGAIN)), (0, 1, 0)),
        (one(*events(Outcome.FAILED_AGAIN), errors=("no",)), (1, 1, 0)),
        (one(gap=(1, 2)), (1, 1, 0)),
        (Report((), fault=Problem("No webhook fits.")), (1, 1, 0)),
        (one(read=False, warnings=("The hour is spent.",)), (0, 1, 0)),
        (Report((), signal_number=15), (143, 143, 143)),
    ],
)
def test_each_exit_code_has_its_reason(report: Report, codes: tuple[int, int, int]) -> None:
    assert tuple(report.exit_code(on) for on in (FailOn.ERROR, FailOn.UNDELIVERED, FailOn.NEVER)) == codes


# -- what many webhooks have ------------------------------------------------------------------------------------


def test_with_one_webhook_a_fault_stands_as_it_is() -> None:
    report = one(errors=("It may not.", "It was not saved."), warnings=("It was slow.",))
    assert report.errors == ("It may not.", "It was not saved.")
    assert report.warnings == ("It was slow.",)


def test_what_many_have_is_told_once_with_the_first_of_them() -> None:
    report = Report((hook(), *hooks(1_000, errors=("The token may not.",))))
    (error,) = report.errors
    assert error.startswith("hook 1 of the organization octo: The token may not. ")
    assert "999 more webhooks" in error


def test_an_error_that_names_its_webhook_or_its_variable_is_the_same_cause() -> None:
    failing = []
    for each in hooks(3):
        refused = ApiRefused(what=Naming("read {}", each.hook), status=422, message="no")
        unsaved = CheckpointNotSaved(place=Naming("CHECKPOINT_{}", each.hook_id), why=refused)
        failing.append(replace(each, endings=(Fact.of(refused), Fact.of(unsaved))))
    first, second = Report(tuple(failing)).errors
    assert first.startswith("GitHub refused to read hook 1 of the organization octo (422). ")
    assert wording.told(CheckpointNotSaved, second)["place"] == "CHECKPOINT_1"
    assert "2 more webhooks" in first
    assert "2 more webhooks" in second


def test_another_figure_is_another_cause() -> None:
    errors = [ApiRefused(what="x", status=status, message="no") for status in (400, 422)]
    failing = [hook(number=number, endings=(Fact.of(error),)) for number, error in enumerate(errors, 1)]
    assert len(Report(tuple(failing)).errors) == 2


def test_causes_that_differ_stand_apart_and_what_kept_the_run_from_any_hook_first() -> None:
    report = Report((*hooks(2, errors=("One.",)), hook(number=9, errors=("Two.",))), fault=Problem("None was listed."))
    alone, both, other = report.errors
    assert (alone, other) == ("None was listed.", "hook 9 of the organization octo: Two.")
    assert both.startswith("hook 1 of the organization octo: One. ")
    assert "1 more webhook" in both


def test_a_warning_that_many_have_is_told_once_though_its_fields_differ() -> None:
    monday, friday = (Outage(START - days * DAY, at_least=False, cause="HTTP 503", backlog=1) for days in (5, 1))
    report = Report((hook(outage=monday), hook(number=2, outage=friday, active=False)))
    still_down, off = report.warnings
    assert "2026-11-01" in still_down
    assert "1 more webhook" in still_down
    assert off.startswith("hook 2")


def test_a_loss_is_told_for_each_webhook_with_its_own_guids_and_before_all_else() -> None:
    lost = [replace(event, guid=guid) for event in events(Outcome.GIVEN_UP) for guid in ("g1", "g2")]
    report = Report(tuple(hook(each, number=number, errors=("No.",)) for number, each in enumerate(lost, 1)))
    first, second, rest = report.errors
    assert ["g1" in first, "g2" in second, "No." in rest] == [True, True, True]
