"""What a report says of an event, of a loss and of how a run ended. runs/accounts.py holds whole runs to the truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

import wording
from githubsim.clock import START
from redeliver.core.case import Acceptance, Case, Outcome, Redelivery, Reply
from redeliver.core.facts import Fact, FactKind
from redeliver.core.flow import Ending
from redeliver.core.ledger import Ledger, Rules
from redeliver.core.reading import Extent, Window
from redeliver.core.report import HookReport
from redeliver.core.settings import parse
from redeliver.errors import BadToken, CheckpointNotSaved, HourSpent, OutOfTime, PauseTooLong, RedeliverError, Stopped
from redeliver.github.pace import Quota
from redeliver.run.record import Record
from redeliver.run.result import build_report
from redeliver.times import utc
from samples import HOUR, MINUTE, attempt, event, reading_of

INPUTS = {"org": "octo", "hook-id": "1", "token": "t"}
HOOK: Any = SimpleNamespace(
    id=1,
    name="hook 1 of the organization octo",
    web_page="",
    host="",
    hook_id="1",
    owner="octo",
    quota=Quota(hourly=5_000),
    clocks_differ_by=0,
)
RETENTION = 72 * HOUR
RULES = Rules(10, 10 * MINUTE)
WINDOW = Window(START, START - 2 * HOUR, START - 2 * HOUR, START - 2 * HOUR - 10 * MINUTE, START - RETENTION)
ASKED = START + MINUTE


@dataclass(frozen=True)
class Fate:
    """What happened to one event: left for a reason, or due; asked for or not; and what the log shows by the end."""

    left: Outcome | None = None
    answer: Acceptance | None = None
    result: int | None = None
    why: str = ""

    def case(self, number: int) -> Case:
        case = Case(event(attempt(number, START - (99 - number) * MINUTE), guid=f"g{number}"), self.left)
        case.expired = self.left is Outcome.EXPIRED
        if self.answer:
            case.redelivery = Redelivery(case.event, ASKED, Reply(self.answer, self.why))
        if self.result == 200:
            case.delivered_at = ASKED
        elif self.result:
            case.add_attempts([attempt(1_000 + number, ASKED, redelivery=True, code=self.result)])
        return case


def record_of(*fates: Fate, extent: Extent = Extent.WHOLE, **known: Any) -> Record:  # noqa: ANN401
    """A run over as many events, a minute apart, the oldest first: g0, g1, ..."""
    ledger = Ledger(RULES, (fate.case(number) for number, fate in enumerate(fates)))
    ledger.sent += [case for case in ledger.cases.values() if case.redelivery]
    reading = reading_of((), WINDOW, extent=extent, failing_since=known.pop("failing_since", None))
    usual: dict[str, Any] = {"window": WINDOW, "reading": reading}
    return Record(ledger, **usual | known)


def report_of(record: Record) -> HookReport:
    return build_report(HOOK, record, parse(INPUTS))


def reported(*fates: Fate, **known: Any) -> HookReport:  # noqa: ANN401
    return report_of(record_of(*fates, **known))


def unread(**known: Any) -> Record:  # noqa: ANN401
    """Of a run that has read nothing."""
    return Record(Ledger(RULES), **known)


@pytest.mark.parametrize(
    ("fate", "is_sent_again", "detail"),
    [
        (Fate(left=Outcome.NOT_DUE), True, ""),
        (Fate(left=Outcome.UNCHECKED), True, ""),
        (Fate(left=Outcome.GIVEN_UP), False, ""),
        (Fate(left=Outcome.EXPIRED), False, ""),
        (Fate(left=Outcome.FILTERED_OUT), False, ""),
        (Fate(result=200), False, ""),
        (Fate(answer=Acceptance.ACCEPTED), False, ""),
        # Why GitHub refused, or why its reply is unknown, is reported while that matters.
        (Fate(answer=Acceptance.REFUSED, why="GitHub answered 404"), True, "GitHub answered 404"),
        (Fate(answer=Acceptance.UNKNOWN, why="the connection was reset"), False, "the connection was reset"),
        (Fate(answer=Acceptance.UNKNOWN, why="the connection was reset", result=404), True, ""),
        (Fate(answer=Acceptance.UNKNOWN, why="the connection was reset", result=200), False, ""),
    ],
)
def test_next_attempt_and_reason_are_reported(fate: Fate, detail: str, *, is_sent_again: bool) -> None:
    (event,) = reported(fate).events
    assert (event.next_attempt_at is not None, event.detail) == (is_sent_again, detail)
    # One that is delivered is reported as it was before.
    assert (event.cause, event.attempts) == (("HTTP 404", 2) if fate.result == 404 else ("HTTP 503", 1))


def test_some_lost_events_are_named_with_the_time_left() -> None:
    (sentence,) = reported(Fate(left=Outcome.NOT_DUE), *[Fate(left=Outcome.GIVEN_UP)] * 30).errors
    assert "g8 and 22 more" in sentence
    assert utc(START - 98 * MINUTE + RETENTION) in sentence
    assert "replay --guid" in sentence


@pytest.mark.parametrize(
    ("stored", "at_end", "gap"),
    [
        (-240 * HOUR, None, (START - 240 * HOUR, START - RETENTION + MINUTE)),
        # One that GitHub surely has is none, and neither is what was deleted before the first run.
        (-RETENTION + MINUTE, None, None),
        (-RETENTION + MINUTE - 1, None, (START - RETENTION + MINUTE - 1, START - RETENTION + MINUTE)),
        (None, None, None),
        # What GitHub deletes while the log is read is.
        (-RETENTION + 5 * MINUTE, 4 * MINUTE, None),
        (-RETENTION + 5 * MINUTE, 5 * MINUTE, (START - RETENTION + 5 * MINUTE, START - RETENTION + 6 * MINUTE)),
    ],
)
def test_gap_is_an_error_with_its_two_ends(stored: int | None, at_end: int | None, gap: tuple[int, int] | None) -> None:
    kept = None if stored is None else START + stored
    window = Window(START, kept, kept or START - RETENTION - 1, START - RETENTION, START - RETENTION)
    report = reported(window=window, retained_at_end=None if at_end is None else START - RETENTION + at_end)
    assert report.gap == gap
    ends = [tuple(wording.told(FactKind.GAP, sentence).values()) for sentence in report.errors]
    assert ends == ([tuple(map(utc, gap))] if gap else [])


def test_deadline_is_that_of_the_oldest_redeliverable_event() -> None:
    report = reported(Fate(left=Outcome.GIVEN_UP), Fate(left=Outcome.NOT_DUE), Fate(left=Outcome.NOT_DUE))
    assert report.deadline == START - 98 * MINUTE + RETENTION
    assert reported(Fate(result=200), Fate(left=Outcome.EXPIRED)).deadline is None


def test_partial_reading_has_the_deadline_of_the_window() -> None:
    report = reported(Fate(left=Outcome.NOT_DUE), extent=Extent.NEWEST)
    assert report.deadline == WINDOW.cutoff + RETENTION


@pytest.mark.parametrize(
    ("read_back_to", "forgotten_at"),
    [
        (START - 30 * MINUTE, START - 98 * MINUTE + RETENTION),
        (WINDOW.cutoff, WINDOW.cutoff + RETENTION),
        (START - 2 * RETENTION, START),
    ],
)
@pytest.mark.parametrize("sought", ["later", "another"])
def test_unread_first_attempt_expires_with_what_was_read(read_back_to: int, forgotten_at: int, sought: str) -> None:
    later = Case(event(attempt(1, START - 98 * MINUTE, redelivery=True), guid="later"), Outcome.NOT_DUE)
    # Of this event alone: other events say nothing about it, whatever was read for them.
    reading = reading_of((), WINDOW, sought=frozenset({sought}), sought_back_to=read_back_to)
    report = report_of(Record(Ledger(RULES, [later]), window=WINDOW, reading=reading))
    assert report.deadline == report.events[0].forgotten_at
    assert report.deadline == (forgotten_at if sought == "later" else WINDOW.cutoff + RETENTION)


#: What flow control knows of that.
NOTHING_SENT: dict[str, Any] = {"asked_for": 0, "first_asked": 0, "last_asked": 0, "slowed": Counter(), "left": {}}


def test_server_without_hourly_calls_has_no_hourly_limit() -> None:
    hook: Any = SimpleNamespace(**vars(HOOK) | {"quota": Quota(0, 0)})
    record = record_of(
        Fate(),
        Fate(),
        flow=SimpleNamespace(ending=Ending.DOWN, proven=False, **NOTHING_SENT),
    )
    takes = build_report(hook, record, parse(INPUTS)).forecast
    assert takes is not None
    assert (takes.events, takes.seconds) == (2, 1)


def test_what_was_not_read_is_safe_for_as_long_as_github_keeps_it() -> None:
    told = report_of(unread(window=WINDOW))
    assert (told.unread_from, told.unread_until) == (START - 2 * HOUR, START - 2 * HOUR + RETENTION)
    assert report_of(unread()).unread_until is None
    assert reported(Fate()).unread_until is None


LATE, SPENT = OutOfTime(limit="5 h"), HourSpent(left="850")
PAUSED = PauseTooLong(pause="10 min", left="2 min")
REFUSED, UNSAVED = BadToken(what="redeliver"), CheckpointNotSaved(place="there", why="no")


@pytest.mark.parametrize(
    ("record", "errors", "warnings"),
    [
        # No time once the log was read is a warning, and before that an error. A limit of GitHub's is none.
        (record_of(ended_by=LATE), [], [LATE]),
        (record_of(out_of_time=LATE), [], [LATE]),
        (unread(ended_by=LATE), [LATE], []),
        (unread(ended_by=SPENT), [], [SPENT]),
        (unread(ended_by=PAUSED), [], [PAUSED]),
        (record_of(ended_by=REFUSED, unsaved=UNSAVED), [REFUSED, UNSAVED], []),
        (record_of(ended_by=Stopped(15)), [], [Fact(FactKind.STOPPED, {"number": 15})]),
        (record_of(active=False), [], [Fact(FactKind.SWITCHED_OFF_WARNING, {})]),
        (record_of(active=True), [], []),
        (record_of(active=None), [], []),
        (record_of(extent=Extent.FAILURES_FIRST), [], [Fact(FactKind.FAILURES_FIRST, {})]),
    ],
)
def test_ending_is_an_error_or_a_warning(
    record: Record, errors: list[RedeliverError], warnings: list[RedeliverError | Fact]
) -> None:
    report = report_of(record)
    assert (report.errors, report.warnings) == (tuple(map(str, errors)), tuple(map(str, warnings)))
