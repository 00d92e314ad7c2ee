"""Every event that was seen failing is accounted for once, and the counts add up."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import START
from redeliver.core.plan import Plan, Reason
from redeliver.core.redelivery import Outcome, Redelivery
from redeliver.core.report import EventReport, HookReport, Report
from redeliver.core.settings import FailOn
from redeliver.errors import BadToken, CheckpointNotSaved, HourSpent, OutOfTime, RedeliverError, Stopped
from redeliver.github.api import Answer
from redeliver.run.record import Facts
from redeliver.run.result import account
from redeliver.run.scan import Scan
from samples import MINUTE, row

HOOK: Any = SimpleNamespace(name="hook 1 of the organization octo", web_page="")
ASKED = START - MINUTE
LEAVING = (Reason.NOT_DUE, Reason.OUT_OF_ATTEMPTS, Reason.LEFT_LOG, Reason.FILTERED, Reason.UNCHECKED)


@dataclass(frozen=True)
class Fate:
    """What happened to one event: left for a reason, or due; asked for or not; and what the log shows by the end."""

    left: Reason | None = None
    answer: Answer | None = None
    result: int | None = None
    why: str = ""


def facts(*fates: Fate, planned: bool = True, **known: object) -> Facts:
    """A run over as many events, a minute apart, the oldest first: g0, g1, ..."""
    scan = Scan(scanned=100)
    scan.log.add([row(number, START - (99 - number) * MINUTE, guid=f"g{number}") for number in range(len(fates))])
    events = [scan.log.event(f"g{number}") for number in range(len(fates))]
    due = [event for event, fate in zip(events, fates, strict=True) if fate.left is None]
    left = [(event, fate.left) for event, fate in zip(events, fates, strict=True) if fate.left is not None]
    redeliveries = {}
    for number, (event, fate) in enumerate(zip(events, fates, strict=True)):
        if fate.answer:
            redeliveries[event.guid] = Redelivery(event, ASKED, fate.answer, fate.why)
        if fate.result is not None:
            scan.log.add([row(1_000 + number, ASKED, guid=event.guid, code=fate.result, redelivery=True)])
    plan = Plan(tuple(due), tuple(left)) if planned else None
    return Facts(start=START, scan=scan, plan=plan, redeliveries=redeliveries, **known)  # type: ignore[arg-type]


def told(*fates: Fate, dry_run: bool = False, **known: object) -> HookReport:
    return account(HOOK, facts(*fates, **known), dry_run=dry_run)  # type: ignore[arg-type]


def outcome(fate: Fate, **known: object) -> Outcome | Reason:
    (event,) = told(fate, **known).events  # type: ignore[arg-type]
    return event.outcome


# -- the whole --------------------------------------------------------------------------------------------------

answers = st.sampled_from([Answer.ACCEPTED, Answer.REFUSED, Answer.UNKNOWN])
results = st.sampled_from([None, 200, 404, 503])
fates = st.builds(Fate, left=st.none(), answer=st.none() | answers, result=results) | st.builds(
    Fate, left=st.sampled_from(LEAVING), result=results
)
endings = st.sampled_from([None, OutOfTime(why="x"), Stopped(2), BadToken(what="x")])


@given(fates=st.lists(fates, max_size=12), ended_by=endings, endpoint_down=st.booleans(), dry_run=st.booleans())
def test_every_event_is_there_once_and_the_counts_add_up(
    *,
    fates: list[Fate],
    ended_by: RedeliverError | Stopped | None,
    endpoint_down: bool,
    dry_run: bool,
) -> None:
    report = told(*fates, ended_by=ended_by, endpoint_down=endpoint_down, dry_run=dry_run)
    assert [event.guid for event in report.events] == [f"g{number}" for number in range(len(fates))]
    kinds: list[Outcome | Reason] = [*Outcome, *Reason]
    assert sum(map(report.count, kinds)) == len(fates)
    assert report.failed == len(fates) - report.count(Reason.FILTERED)
    assert report.failed == report.recovered + report.undelivered
    assert 0 <= report.recovered <= report.failed
    wanted = [fate for fate in fates if fate.left is not Reason.FILTERED]
    assert report.recovered == sum(fate.result == 200 for fate in wanted)
    taken = {Answer.ACCEPTED: True, Answer.REFUSED: False, None: False}
    assert report.redelivered == sum(
        fate.result is not None if fate.answer is Answer.UNKNOWN else taken[fate.answer] for fate in fates
    )


@given(st.lists(st.lists(fates, max_size=5), max_size=4))
def test_the_sums_over_several_hooks_are_the_sums_of_the_hooks(hooks: list[list[Fate]]) -> None:
    parts = tuple(told(*each) for each in hooks)
    whole = Report(parts)
    assert len(whole.events) == sum(len(part.events) for part in parts)
    assert whole.failed == whole.recovered + whole.undelivered == sum(part.failed for part in parts)
    assert whole.redelivered == sum(part.redelivered for part in parts)
    assert whole.scanned == 100 * len(parts)


# -- one event --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fate", "expected"),
    [
        (Fate(answer=Answer.ACCEPTED, result=200), Outcome.RECOVERED),
        (Fate(answer=Answer.ACCEPTED, result=503), Outcome.FAILED_AGAIN),
        (Fate(answer=Answer.ACCEPTED), Outcome.PENDING),
        (Fate(answer=Answer.REFUSED), Outcome.REFUSED),
        (Fate(answer=Answer.UNKNOWN), Outcome.UNKNOWN),
        (Fate(answer=Answer.UNKNOWN, result=503), Outcome.FAILED_AGAIN),
        (Fate(result=200), Outcome.RECOVERED),
        (Fate(left=Reason.NOT_DUE, result=200), Outcome.RECOVERED),
        (Fate(left=Reason.NOT_DUE, result=503), Reason.NOT_DUE),
        (Fate(left=Reason.FILTERED, result=200), Reason.FILTERED),
    ],
)
def test_what_became_of_an_event(fate: Fate, expected: Outcome | Reason) -> None:
    assert outcome(fate) is expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"dry_run": True, "endpoint_down": True}, Reason.DRY_RUN),
        ({"endpoint_down": True, "ended_by": OutOfTime(why="x")}, Reason.ENDPOINT_DOWN),
        ({"ended_by": OutOfTime(why="x")}, Reason.OUT_OF_TIME),
        ({"ended_by": Stopped(15)}, Reason.STOPPED),
        ({"ended_by": BadToken(what="x")}, Reason.FAULT),
    ],
)
@pytest.mark.parametrize("planned", [True, False])
def test_why_an_event_that_was_due_was_not_sent(known: dict[str, object], expected: Reason, *, planned: bool) -> None:
    assert outcome(Fate(), planned=planned, **known) is expected


def test_an_event_is_told_as_it_stands_at_the_end() -> None:
    (event,) = told(Fate(answer=Answer.ACCEPTED, result=404)).events
    assert event == EventReport("g0", "push", START - 99 * MINUTE, "HTTP 404", 2, Outcome.FAILED_AGAIN, "", "1000")


def test_an_event_that_is_delivered_is_told_as_it_stood_before() -> None:
    (event,) = told(Fate(answer=Answer.ACCEPTED, result=200)).events
    assert (event.cause, event.attempts) == ("HTTP 503", 1)


@pytest.mark.parametrize(
    ("fate", "detail"),
    [
        (Fate(answer=Answer.REFUSED, why="GitHub answered 404"), "GitHub answered 404"),
        (Fate(answer=Answer.UNKNOWN, why="the connection was reset"), "the connection was reset"),
        (Fate(answer=Answer.UNKNOWN, why="the connection was reset", result=200), ""),
        (Fate(answer=Answer.ACCEPTED), ""),
    ],
)
def test_why_is_told_while_it_matters(fate: Fate, detail: str) -> None:
    (event,) = told(fate).events
    assert event.detail == detail


# -- how it ended -----------------------------------------------------------------------------------------------


def test_a_run_that_read_nothing_reports_no_events() -> None:
    report = account(HOOK, Facts(start=START, kept=17, ended_by=BadToken(what="read the log")), dry_run=False)
    assert (report.events, report.scanned, report.redelivered, report.checkpoint) == ((), 0, 0, 17)
    assert "does not accept the token" in report.errors[0]


def test_no_time_after_the_scan_is_a_warning_and_before_it_an_error() -> None:
    late = OutOfTime(why="another request would have taken 9 s more")
    assert told(ended_by=late).warnings == (str(late),)
    assert told(ended_by=late).errors == ()
    assert account(HOOK, Facts(ended_by=late), dry_run=False).errors == (str(late),)


def test_an_hour_that_is_spent_before_the_scan_is_a_warning() -> None:
    spent = HourSpent(left="850")
    report = account(HOOK, Facts(ended_by=spent), dry_run=False)
    assert (report.errors, report.warnings, report.read) == ((), (str(spent),), False)


def test_a_signal_a_dead_endpoint_and_a_filtered_window_are_warnings() -> None:
    known = facts(ended_by=Stopped(15), endpoint_down=True)
    assert known.scan
    known.scan.filtered = True
    report = account(HOOK, known, dry_run=False)
    stopped, down, filtered = report.warnings
    assert "stopped by signal 15" in stopped
    assert "endpoint is down" in down
    assert "too long to read whole" in filtered
    assert report.errors == ()


def test_a_checkpoint_that_was_not_saved_is_an_error_beside_the_first_one() -> None:
    report = told(ended_by=BadToken(what="redeliver"), unsaved=CheckpointNotSaved(place="there", why="no"))
    assert ["token" in report.errors[0], "could not be saved in there" in report.errors[1]] == [True, True]


UNREAD = account(HOOK, Facts(ended_by=HourSpent(left="850")), dry_run=False)


@pytest.mark.parametrize(
    ("report", "codes"),
    [
        (Report(()), (0, 0, 0)),
        (Report((told(Fate()),)), (0, 1, 0)),
        (Report((told(Fate(result=200)),)), (0, 0, 0)),
        (Report((told(Fate(left=Reason.FILTERED)),)), (0, 0, 0)),
        (Report((told(ended_by=BadToken(what="x")),)), (1, 1, 0)),
        (Report((), fault="No webhook fits."), (1, 1, 0)),
        (Report((told(Fate()),), signal_number=15), (143, 143, 143)),
        # Of a log that was not read nobody can say that all is delivered.
        (Report((told(), UNREAD)), (0, 1, 0)),
        (Report((UNREAD,), dry_run=True), (0, 1, 0)),
        (Report((UNREAD,), signal_number=15), (143, 143, 143)),
    ],
)
def test_the_exit_code_is_what_fail_on_makes_of_it(report: Report, codes: tuple[int, int, int]) -> None:
    assert tuple(report.exit_code(fail_on) for fail_on in FailOn) == codes
