"""What happened in a run: sums over webhooks, exit codes, and faults of many webhooks told once for each cause."""

from __future__ import annotations

from dataclasses import replace

import pytest

import wording
from githubsim.clock import DAY, HOUR, START
from redeliver.core.case import Outcome
from redeliver.core.facts import Fact
from redeliver.core.health import Health
from redeliver.core.report import URGENT, FailingType, Outage, Report, SendingReport
from redeliver.core.settings import FailOn
from redeliver.errors import ApiRefused, CheckpointNotSaved
from redeliver.text import Naming
from reports import Problem, events, hook, hooks, one, stats


def test_report_adds_up_its_webhooks() -> None:
    report = Report(
        (
            hook(*events(Outcome.RECOVERED, Outcome.PENDING, Outcome.GIVEN_UP), number=1),
            hook(*events(Outcome.EXPIRED, Outcome.FILTERED_OUT), number=2),
        )
    )
    assert (report.failed, report.recovered, report.undelivered, report.lost) == (4, 1, 3, 2)
    assert (report.scanned, report.redelivered) == (2_468, 4)


def test_checkpoint_is_the_earliest_of_the_webhooks() -> None:
    assert Report((hook(checkpoint=19), hook(checkpoint=17), hook(checkpoint=None))).checkpoint == 17
    assert Report((hook(checkpoint=0),)).checkpoint == 0
    assert Report((hook(checkpoint=None),)).checkpoint is None
    assert Report(()).checkpoint is None


def test_worst_health_counts_and_none_is_unknown() -> None:
    healthy, degraded, down, unknown = (
        hook(stats=stats({"push": (2, 2)})),
        hook(stats=stats({"push": (2, 1)})),
        hook(outage=Outage(None, at_least=False, cause="", tests=3)),
        hook(),
    )
    assert Report((healthy, unknown)).health is Health.UNKNOWN
    assert Report((unknown, degraded, healthy)).health is Health.DEGRADED
    assert Report((degraded, down)).health is Health.DOWN
    assert Report((healthy, hook(stats=stats({})))).health is Health.HEALTHY, "no event says nothing"
    assert Report(()).health is Health.UNKNOWN


def test_deadline_is_that_of_the_webhook_with_least_time_left() -> None:
    report = Report((hook(start=1, deadline=50), hook(start=30, deadline=60), hook(deadline=None)))
    assert (report.deadline, report.time_left) == (50, 30)
    assert (one().deadline, one().time_left) == (None, None)


DOWN = Outage(None, at_least=False, cause="HTTP 503", tests=3)


@pytest.mark.parametrize(
    ("report", "codes"),
    [
        (one(), (0, 0, 0, 0)),
        (one(*events(Outcome.FAILED_AGAIN)), (0, 0, 1, 0)),
        (one(*events(Outcome.FAILED_AGAIN), errors=("no",)), (1, 1, 1, 0)),
        (one(*events(Outcome.ENDPOINT_DOWN), outage=DOWN), (0, 1, 1, 0)),
        (Report((hook(), hook(outage=DOWN))), (0, 1, 1, 0)),
        (one(gap=(1, 2)), (1, 1, 1, 0)),
        (one(*events(Outcome.NOT_DUE), deadline=START + URGENT), (0, 0, 1, 0)),
        (one(*events(Outcome.NOT_DUE), deadline=START + URGENT - 1), (1, 1, 1, 0)),
        (one(*events(Outcome.TOO_OLD, Outcome.FILTERED_OUT)), (0, 0, 1, 0)),
        (one(active=False), (0, 0, 0, 0)),
        (one(active=False, should_be_on=True), (1, 1, 1, 0)),
        (one(active=True, should_be_on=True), (0, 0, 0, 0)),
        (Report((), fault=Problem("No webhook fits.")), (1, 1, 1, 0)),
        (one(read=False, warnings=("The hour is spent.",)), (0, 0, 1, 0)),
        (Report(()), (0, 0, 0, 0)),
        (one(*events(Outcome.RECOVERED, Outcome.FILTERED_OUT)), (0, 0, 0, 0)),
        (Report((hook(), hook(read=False)), dry_run=True), (0, 0, 1, 0)),
        (Report((), signal_number=15), (143, 143, 143, 143)),
        (one(*events(Outcome.FAILED_AGAIN), read=False), (0, 0, 1, 0)),
        (Report((hook(read=False, outage=DOWN),), signal_number=15), (143, 143, 143, 143)),
    ],
)
def test_exit_code_follows_fail_on(report: Report, codes: tuple[int, int, int, int]) -> None:
    assert tuple(map(report.exit_code, (FailOn.ERROR, FailOn.DOWN, FailOn.UNDELIVERED, FailOn.NEVER))) == codes


def test_near_deadline_is_one_error_of_the_webhook_with_least_time_left() -> None:
    later, first = (
        hook(*events(*[Outcome.NOT_DUE] * 40), number=number, deadline=START + hours * HOUR)
        for number, hours in ((1, 9), (2, 5))
    )
    (error,) = Report((later, first, hook(number=3))).errors
    assert error.startswith(f"{first.hook}: 5 h left")
    assert "1 more webhook." in error


def test_time_is_left_from_the_end_of_the_run_over_all_webhooks() -> None:
    report = one(*events(Outcome.NOT_DUE), deadline=START + 15 * HOUR, ended=START + 4 * HOUR)
    assert report.time_left == 11 * HOUR
    assert report.exit_code(FailOn.ERROR) == 1


def test_error_of_many_webhooks_is_reported_once() -> None:
    report = Report((hook(), *hooks(1_000, errors=("The token may not.",))))
    (error,) = report.errors
    assert error.startswith("hook 1 of the organization octo: The token may not. ")
    assert "999 more webhooks" in error


def test_errors_that_differ_in_the_webhook_are_one() -> None:
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


def test_errors_that_differ_in_a_figure_are_two() -> None:
    errors = [ApiRefused(what="x", status=status, message="no") for status in (400, 422)]
    failing = [hook(number=number, endings=(Fact.of(error),)) for number, error in enumerate(errors, 1)]
    assert len(Report(tuple(failing)).errors) == 2


def test_error_of_the_whole_run_comes_first() -> None:
    report = Report((*hooks(2, errors=("One.",)), hook(number=9, errors=("Two.",))), fault=Problem("None was listed."))
    alone, both, other = report.errors
    assert (alone, other) == ("None was listed.", "hook 9 of the organization octo: Two.")
    assert both.startswith("hook 1 of the organization octo: One. ")
    assert "1 more webhook" in both


def test_warning_of_many_webhooks_is_reported_once() -> None:
    monday, friday = (Outage(START - days * DAY, at_least=False, cause="HTTP 503", tests=3) for days in (5, 1))
    report = Report((hook(outage=monday), hook(number=2, outage=friday, active=False)))
    still_down, off = report.warnings
    assert "1 Nov 21:20" in still_down
    assert "1 more webhook" in still_down
    assert off.startswith("hook 2")


def test_losses_come_first_with_their_guids() -> None:
    lost = [replace(event, guid=guid) for event in events(Outcome.GIVEN_UP) for guid in ("g1", "g2")]
    report = Report(tuple(hook(each, number=number, errors=("No.",)) for number, each in enumerate(lost, 1)))
    first, second, rest = report.errors
    assert ["g1" in first, "g2" in second, "No." in rest] == [True, True, True]


def failing(
    name: str, waiting: int, cause: str = "HTTP 500", guid: str = "f11ddff7-0e37-11f1-8000-000000000001"
) -> FailingType:
    return FailingType(name, waiting, cause, guid)


def test_types_that_the_receiver_fails_are_one_fact() -> None:
    sending = SendingReport(120, 0, "", (failing("check_suite", 225), failing("push::error::x", 1)))
    (told,) = hook(sending=sending).warnings
    assert "fails on check_suite, push::error::x (HTTP 500): 226 events wait" in told
    assert "redeliver show f11ddff7-0e37-11f1-8000-000000000001" in told
    unsent = SendingReport(0, 0, "", (failing("push", 1, "", ""),))
    (told,) = hook(sending=unsent).warnings
    assert "push (too many others failed): 1 event waits" in told
    assert "redeliver show GUID" in told


def test_slowing_down_is_reported_with_its_cause() -> None:
    (told,) = hook(sending=SendingReport(31, 4, "HTTP 429", ())).warnings
    assert "overloaded (HTTP 429)" in told
    assert "31 redeliveries a minute" in told
    assert hook(sending=SendingReport(150, 1, "HTTP 503", ())).warnings == ()
