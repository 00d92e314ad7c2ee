"""Every event that was seen failing is accounted for once, and the counts add up."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wording
from githubsim.clock import START
from redeliver.core.findings import (
    EndpointDown,
    EventsExpired,
    EventsGivenUp,
    FailuresFirst,
    GapFound,
    HookInactive,
    RunStopped,
)
from redeliver.core.plan import Plan, Rules
from redeliver.core.ports import Quota
from redeliver.core.redelivery import Acceptance, Outcome, Redelivery, Reply
from redeliver.core.report import EventReport, HookReport, Outage, Report
from redeliver.core.settings import FailOn, parse
from redeliver.errors import BadToken, CheckpointNotSaved, HourSpent, OutOfTime, RedeliverError, Stopped
from redeliver.run.record import Extent, Probe, Record, Scan, Sending, Window
from redeliver.run.result import build_report
from redeliver.times import clock_time
from samples import HOUR, MINUTE, row

INPUTS = {"org": "octo", "hook-id": "1", "token": "t"}
HOOK: Any = SimpleNamespace(
    name="hook 1 of the organization octo",
    web_page="",
    hook_id="1",
    owner="octo",
    quota=Quota(hourly=5_000),
    clocks_differ_by=0,
)
RETENTION = 72 * HOUR
RULES = Rules(10, 10 * MINUTE)
WINDOW = Window(START, START - 2 * HOUR, START - 2 * HOUR, START - 2 * HOUR - 10 * MINUTE, START - RETENTION)
ASKED = START + MINUTE
LEAVING = (Outcome.NOT_DUE, Outcome.GIVEN_UP, Outcome.EXPIRED, Outcome.FILTERED_OUT, Outcome.UNCHECKED)


@dataclass(frozen=True)
class Fate:
    """What happened to one event: left for a reason, or due; asked for or not; and what the log shows by the end."""

    left: Outcome | None = None
    answer: Acceptance | None = None
    result: int | None = None
    why: str = ""


def record_of(*fates: Fate, planned: bool = True, extent: Extent = Extent.WHOLE, **known: Any) -> Record:  # noqa: ANN401
    """A run over as many events, a minute apart, the oldest first: g0, g1, ..."""
    scan = Scan(WINDOW, 10, scanned=100, extent=extent)
    scan.read_back_to = scan.read_back_to_for_all = WINDOW.cutoff
    scan.log.add([row(number, START - (99 - number) * MINUTE, guid=f"g{number}") for number in range(len(fates))])
    events = [scan.log.event(f"g{number}") for number in range(len(fates))]
    due = [event for event, fate in zip(events, fates, strict=True) if fate.left is None]
    left = [(event, fate.left) for event, fate in zip(events, fates, strict=True) if fate.left is not None]
    redeliveries = {}
    for number, (event, fate) in enumerate(zip(events, fates, strict=True)):
        if fate.answer:
            redeliveries[event.guid] = Redelivery(event, ASKED, Reply(fate.answer, fate.why))
        if fate.result is not None:
            scan.log.add([row(1_000 + number, ASKED, guid=event.guid, code=fate.result, redelivery=True)])
    plan = Plan(tuple(due), tuple(left)) if planned else None
    usual: dict[str, Any] = {"window": WINDOW, "scan": scan, "plan": plan, "redeliveries": redeliveries}
    return Record(known.pop("rules", RULES), **usual | known)


def report_of(record: Record, **settings: str) -> HookReport:
    return build_report(HOOK, record, parse(INPUTS | settings))


def told(*fates: Fate, dry_run: bool = False, **known: Any) -> HookReport:  # noqa: ANN401
    return report_of(record_of(*fates, **known), **{"dry-run": str(dry_run).lower()})


def outcome(fate: Fate, **known: object) -> Outcome:
    (event,) = told(fate, **known).events  # type: ignore[arg-type]
    return event.outcome


# -- the whole --------------------------------------------------------------------------------------------------

answers = st.sampled_from([Acceptance.ACCEPTED, Acceptance.REFUSED, Acceptance.UNKNOWN])
results = st.sampled_from([None, 200, 404, 503])
fates = st.builds(Fate, left=st.none(), answer=st.none() | answers, result=results) | st.builds(
    Fate, left=st.sampled_from(LEAVING), result=results
)
endings = st.sampled_from([None, OutOfTime(why="x"), Stopped(2), BadToken(what="x")])


@given(fates=st.lists(fates, max_size=12), ended_by=endings, down=st.booleans(), dry_run=st.booleans())
def test_every_event_is_there_once_and_the_counts_add_up(
    *,
    fates: list[Fate],
    ended_by: RedeliverError | Stopped | None,
    down: bool,
    dry_run: bool,
) -> None:
    sending = Sending.ENDPOINT_DOWN if down else Sending.DONE
    report = told(*fates, ended_by=ended_by, sending=sending, dry_run=dry_run)
    assert [event.guid for event in report.events] == [f"g{number}" for number in range(len(fates))]
    assert sum(map(report.count, Outcome)) == report.count(*Outcome) == len(fates)
    assert report.failed == len(fates) - report.count(Outcome.FILTERED_OUT)
    assert report.failed == report.recovered + report.undelivered
    assert 0 <= report.recovered <= report.failed
    wanted = [fate for fate in fates if fate.left is not Outcome.FILTERED_OUT]
    assert report.recovered == sum(fate.result == 200 for fate in wanted)
    taken = {Acceptance.ACCEPTED: True, Acceptance.REFUSED: False, None: False}
    assert report.redelivered == sum(
        fate.result is not None if fate.answer is Acceptance.UNKNOWN else taken[fate.answer] for fate in fates
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
        (Fate(answer=Acceptance.ACCEPTED, result=200), Outcome.RECOVERED),
        (Fate(answer=Acceptance.ACCEPTED, result=503), Outcome.FAILED_AGAIN),
        (Fate(answer=Acceptance.ACCEPTED), Outcome.PENDING),
        (Fate(answer=Acceptance.REFUSED), Outcome.REFUSED),
        (Fate(answer=Acceptance.UNKNOWN), Outcome.UNKNOWN),
        (Fate(answer=Acceptance.UNKNOWN, result=503), Outcome.FAILED_AGAIN),
        (Fate(result=200), Outcome.RECOVERED),
        (Fate(left=Outcome.NOT_DUE, result=200), Outcome.RECOVERED),
        (Fate(left=Outcome.NOT_DUE, result=503), Outcome.NOT_DUE),
        (Fate(left=Outcome.FILTERED_OUT, result=200), Outcome.FILTERED_OUT),
    ],
)
def test_what_became_of_an_event(fate: Fate, expected: Outcome) -> None:
    assert outcome(fate) is expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"dry_run": True, "sending": Sending.ENDPOINT_DOWN}, Outcome.DRY_RUN),
        ({"sending": Sending.ENDPOINT_DOWN, "ended_by": OutOfTime(why="x")}, Outcome.ENDPOINT_DOWN),
        ({"early_probe": Probe.DOWN}, Outcome.ENDPOINT_DOWN),
        ({"ended_by": OutOfTime(why="x")}, Outcome.OUT_OF_TIME),
        ({"sending": Sending.OUT_OF_TIME, "out_of_time": OutOfTime(why="x")}, Outcome.OUT_OF_TIME),
        ({"ended_by": Stopped(15)}, Outcome.STOPPED),
        ({"ended_by": BadToken(what="x")}, Outcome.RUN_FAILED),
    ],
)
@pytest.mark.parametrize("planned", [True, False])
def test_why_an_event_that_was_due_was_not_sent(known: dict[str, object], expected: Outcome, *, planned: bool) -> None:
    assert outcome(Fate(), planned=planned, **known) is expected


def test_an_event_is_told_as_it_stands_at_the_end() -> None:
    (event,) = told(Fate(answer=Acceptance.ACCEPTED, result=404)).events
    first = START - 99 * MINUTE
    assert event == EventReport(
        guid="g0",
        name="push",
        first_failed_at=first,
        cause="HTTP 404",
        attempts=2,
        outcome=Outcome.FAILED_AGAIN,
        detail="",
        delivery_id="1000",
        forgotten_at=first + RETENTION,
        next_attempt_at=ASKED + 10 * MINUTE,
    )


@pytest.mark.parametrize(
    ("fate", "due"),
    [
        (Fate(left=Outcome.NOT_DUE), True),
        (Fate(left=Outcome.UNCHECKED), True),
        (Fate(answer=Acceptance.REFUSED), True),
        (Fate(left=Outcome.GIVEN_UP), False),
        (Fate(left=Outcome.EXPIRED), False),
        (Fate(left=Outcome.FILTERED_OUT), False),
        (Fate(answer=Acceptance.ACCEPTED), False),
        (Fate(result=200), False),
    ],
)
def test_when_a_run_redelivers_an_event_is_told_where_one_does(fate: Fate, *, due: bool) -> None:
    (event,) = told(fate).events
    assert (event.next_attempt_at is not None) is due


def test_an_event_that_is_delivered_is_told_as_it_stood_before() -> None:
    (event,) = told(Fate(answer=Acceptance.ACCEPTED, result=200)).events
    assert (event.cause, event.attempts) == ("HTTP 503", 1)


@pytest.mark.parametrize(
    ("fate", "detail"),
    [
        (Fate(answer=Acceptance.REFUSED, why="GitHub answered 404"), "GitHub answered 404"),
        (Fate(answer=Acceptance.UNKNOWN, why="the connection was reset"), "the connection was reset"),
        (Fate(answer=Acceptance.UNKNOWN, why="the connection was reset", result=200), ""),
        (Fate(answer=Acceptance.ACCEPTED), ""),
    ],
)
def test_why_is_told_while_it_matters(fate: Fate, detail: str) -> None:
    (event,) = told(fate).events
    assert event.detail == detail


# -- what is lost -----------------------------------------------------------------------------------------------


def test_events_that_were_given_up_or_expired_are_errors_with_their_guids() -> None:
    report = told(Fate(left=Outcome.GIVEN_UP), Fate(left=Outcome.EXPIRED), Fate(left=Outcome.GIVEN_UP))
    given_up, expired = report.errors
    assert wording.told(EventsGivenUp, given_up)["events"] == "2 events"
    assert "g0, g2" in given_up
    assert wording.told(EventsExpired, expired)["events"] == "1 event"
    assert "g1" in expired
    assert report.lost == 3 <= report.undelivered
    assert Report((report,)).exit_code(FailOn.ERROR) == 1
    assert Report((report,)).exit_code(FailOn.NEVER) == 0


def test_until_when_events_that_were_given_up_can_be_sent_again_is_told_of_the_oldest() -> None:
    (given_up,) = told(Fate(left=Outcome.NOT_DUE), *[Fate(left=Outcome.GIVEN_UP)] * 2).errors
    assert clock_time(START - 98 * MINUTE + RETENTION) in given_up
    assert "replay --guid" in given_up


def test_of_many_lost_events_some_are_named() -> None:
    (sentence,) = told(*[Fate(left=Outcome.GIVEN_UP)] * 30).errors
    assert "g7 and 22 more" in sentence


def test_the_run_whose_own_redelivery_was_the_last_one_gives_the_event_up() -> None:
    record = record_of(Fate(answer=Acceptance.ACCEPTED, result=503), rules=Rules(2, 10 * MINUTE))
    assert record.scan is not None
    assert report_of(record).events[0].outcome is Outcome.FAILED_AGAIN, "nothing says that the endpoint is up"
    record.scan.oldest_success = START - 2 * MINUTE
    report = report_of(record)
    assert report.events[0].outcome is Outcome.GIVEN_UP
    assert report.lost == 1
    assert len(report.errors) == 1


def test_a_gap_is_an_error_with_its_two_ends() -> None:
    window = Window(START, START - 240 * HOUR, START - 240 * HOUR, START - RETENTION, START - RETENTION)
    report = told(window=window)
    (sentence,) = report.errors
    since, until = "2026-10-27 21:20:00 UTC", "2026-11-03 21:21:00 UTC"
    assert wording.told(GapFound, sentence) == {"since": since, "until": until}
    assert report.gap == (START - 240 * HOUR, START - RETENTION + MINUTE)


def test_a_checkpoint_that_github_surely_remembers_is_no_gap() -> None:
    kept = START - RETENTION + MINUTE
    assert Record(RULES, window=Window(START, kept, kept, kept, START - RETENTION)).gap is None
    assert Record(RULES, window=Window(START, None, kept - 1, kept, START - RETENTION)).gap is None
    assert Record(RULES, window=Window(START, kept - 1, kept - 1, kept, START - RETENTION)).gap is not None


def test_what_github_forgets_while_the_log_is_read_is_a_gap() -> None:
    kept = START - RETENTION + 5 * MINUTE
    window = Window(START, kept, kept, kept, START - RETENTION)
    assert Record(RULES, window=window, retained_at_end=START - RETENTION + 4 * MINUTE).gap is None
    assert Record(RULES, window=window, retained_at_end=START - RETENTION + 5 * MINUTE).gap == (kept, kept + MINUTE)


def test_the_deadline_is_that_of_the_oldest_event_that_can_still_be_redelivered() -> None:
    report = told(Fate(left=Outcome.GIVEN_UP), Fate(left=Outcome.NOT_DUE), Fate(left=Outcome.NOT_DUE))
    assert report.deadline == START - 98 * MINUTE + RETENTION
    assert told(Fate(result=200), Fate(left=Outcome.EXPIRED)).deadline is None


def test_where_only_the_newest_part_was_read_the_deadline_is_the_windows() -> None:
    report = told(Fate(left=Outcome.NOT_DUE), extent=Extent.NEWEST)
    assert report.deadline == WINDOW.cutoff + RETENTION


@pytest.mark.parametrize(
    ("read_back_to", "forgotten_at"),
    [
        (START - 30 * MINUTE, START - 98 * MINUTE + RETENTION),
        (WINDOW.cutoff, WINDOW.cutoff + RETENTION),
        (-inf, START),
    ],
)
def test_an_event_whose_first_attempt_was_not_read_is_forgotten_before_what_was_read(
    read_back_to: float, forgotten_at: int
) -> None:
    record = record_of(Fate(left=Outcome.NOT_DUE))
    assert record.scan is not None
    assert record.plan is not None
    record.scan.log.add([row(1, START - 98 * MINUTE, guid="later", redelivery=True)])
    # Of this event alone: other events say nothing about it, whatever was read for them.
    record.scan.read_back_to, record.scan.sought = read_back_to, {"later"}
    later = record.scan.log.event("later")
    known = Record(RULES, window=WINDOW, scan=record.scan, plan=Plan((), ((later, Outcome.NOT_DUE),)))
    (event,) = report_of(known).events
    assert event.forgotten_at == report_of(known).deadline == forgotten_at
    record.scan.sought = {"another"}
    (event,) = report_of(known).events
    assert event.forgotten_at == min(START - 98 * MINUTE, WINDOW.cutoff) + RETENTION


def test_a_server_that_grants_no_calls_an_hour_is_taken_not_to_count_them() -> None:
    hook = SimpleNamespace(**vars(HOOK) | {"quota": Quota(0, 0)})
    record = record_of(Fate(), Fate(), sending=Sending.ENDPOINT_DOWN)
    outage = build_report(hook, record, parse(INPUTS)).outage
    assert outage is not None
    assert outage.backlog == 1


# -- how it ended -----------------------------------------------------------------------------------------------


def test_a_run_that_read_nothing_reports_no_events() -> None:
    report = report_of(Record(RULES, window=WINDOW, ended_by=BadToken(what="read the log")))
    assert (report.events, report.scanned, report.redelivered, report.checkpoint) == ((), 0, 0, WINDOW.stored)
    assert wording.says(BadToken, report.errors[0])
    assert not report.read


def test_a_scan_that_broke_off_tells_nothing() -> None:
    report = told(Fate(), planned=False, extent=Extent.BROKEN_OFF, ended_by=BadToken(what="x"))
    assert (report.read, report.events, report.scanned) == (False, (), 0)


def test_no_time_after_the_scan_is_a_warning_and_before_it_an_error() -> None:
    late = OutOfTime(why="another request would have taken 9 s more")
    assert told(ended_by=late).warnings == (str(late),)
    assert told(ended_by=late).errors == ()
    assert told(out_of_time=late, sending=Sending.OUT_OF_TIME).warnings == (str(late),)
    assert report_of(Record(RULES, ended_by=late)).errors == (str(late),)


def test_an_hour_that_is_spent_before_the_scan_is_a_warning() -> None:
    spent = HourSpent(left="850")
    report = report_of(Record(RULES, ended_by=spent))
    assert (report.errors, report.warnings, report.read) == ((), (str(spent),), False)


def test_a_signal_an_endpoint_that_is_down_and_failures_first_are_warnings() -> None:
    report = told(Fate(), ended_by=Stopped(15), early_probe=Probe.DOWN, extent=Extent.FAILURES_FIRST)
    stopped, down, failures_first = report.warnings
    assert wording.told(RunStopped, stopped) == {"number": "15"}
    assert wording.says(EndpointDown, down)
    assert wording.says(FailuresFirst, failures_first)
    assert report.errors == ()


def test_a_webhook_that_is_switched_off_is_a_warning() -> None:
    assert wording.says(HookInactive, told(active=False).warnings[0])
    assert told(active=True).warnings == told(active=None).warnings == ()


def test_an_endpoint_that_is_down_is_told_with_its_beginning_and_its_cause() -> None:
    record = record_of(Fate(), Fate(), Fate(), early_probe=Probe.DOWN, extent=Extent.NEWEST)
    assert record.scan
    record.scan.failing_since = START - 6 * HOUR
    report = report_of(record)
    assert report.outage == Outage(START - 6 * HOUR, at_least=True, cause="HTTP 503", backlog=1)
    down, _ = report.warnings
    assert "since at least 2026-11-06 15:20:00 UTC (6 h)" in down
    assert "(HTTP 503)" in down
    assert report.errors == ()


def test_a_checkpoint_that_was_not_saved_is_an_error_beside_the_first_one() -> None:
    report = told(ended_by=BadToken(what="redeliver"), unsaved=CheckpointNotSaved(place="there", why="no"))
    assert wording.says(BadToken, report.errors[0])
    assert wording.told(CheckpointNotSaved, report.errors[1])["place"] == "there"


UNREAD = report_of(Record(RULES, ended_by=HourSpent(left="850")))


@pytest.mark.parametrize(
    ("report", "codes"),
    [
        (Report(()), (0, 0, 0)),
        (Report((told(Fate()),)), (0, 1, 0)),
        (Report((told(Fate(result=200)),)), (0, 0, 0)),
        (Report((told(Fate(left=Outcome.FILTERED_OUT)),)), (0, 0, 0)),
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
