"""What became of an undelivered event: by what the log shows, and not claimed before the log shows it."""

from __future__ import annotations

from unittest import mock

import pytest

from githubsim.clock import START
from redeliver.core.case import Acceptance, Case, Outcome, Redelivery, Reply
from redeliver.core.ledger import Ledger, Rules
from redeliver.errors import BadToken, OutOfTime, RedeliverError, Stopped
from redeliver.run.record import Record
from samples import MINUTE, attempt, event

ASKED = START + MINUTE
ACCEPTED, REFUSED, UNKNOWN = Acceptance.ACCEPTED, Acceptance.REFUSED, Acceptance.UNKNOWN
#: What a redelivery can lead to, by its status code.
FAILED, DELIVERED = 404, 200


def case_of(
    verdict: Outcome | None = None, reply: Acceptance | None = None, shown: int | None = None, *, expired: bool = False
) -> Case:
    """A case that is judged so, with that reply to a redelivery, and what the log shows of one."""
    case = Case(event(), verdict, expired=expired)
    if reply:
        case.redelivery = Redelivery(case.event, ASKED, Reply(reply, "why"))
    if shown == FAILED:
        case.add_attempts([attempt(9, ASKED, redelivery=True, code=FAILED)])
    if shown == DELIVERED:
        case.delivered_at = ASKED
    return case


@pytest.mark.parametrize(
    ("case", "outcome", "of_redelivery"),
    [
        # Until the log shows something, there is no more than GitHub's reply.
        (case_of(reply=ACCEPTED), Outcome.PENDING, Outcome.PENDING),
        (case_of(reply=REFUSED), Outcome.REFUSED, Outcome.REFUSED),
        (case_of(reply=UNKNOWN), Outcome.UNKNOWN, Outcome.UNKNOWN),
        # That it shows something decides, whatever the reply was and whoever requested it.
        (case_of(reply=ACCEPTED, shown=FAILED), Outcome.FAILED_AGAIN, Outcome.FAILED_AGAIN),
        (case_of(reply=UNKNOWN, shown=FAILED), Outcome.FAILED_AGAIN, Outcome.FAILED_AGAIN),
        (case_of(reply=ACCEPTED, shown=DELIVERED), Outcome.RECOVERED, Outcome.RECOVERED),
        (case_of(reply=REFUSED, shown=DELIVERED), Outcome.RECOVERED, Outcome.RECOVERED),
        (case_of(shown=DELIVERED), Outcome.RECOVERED, Outcome.RECOVERED),
        # The redelivery was the last that it had.
        (case_of(Outcome.GIVEN_UP, ACCEPTED, FAILED), Outcome.GIVEN_UP, Outcome.FAILED_AGAIN),
        # It was not sent.
        (case_of(), Outcome.RUN_FAILED, Outcome.RUN_FAILED),
        (case_of(Outcome.STOPPED), Outcome.STOPPED, Outcome.STOPPED),
        (case_of(Outcome.NOT_DUE), Outcome.NOT_DUE, Outcome.NOT_DUE),
        (case_of(Outcome.NOT_DUE, shown=FAILED), Outcome.NOT_DUE, Outcome.NOT_DUE),
        (case_of(Outcome.NOT_DUE, shown=DELIVERED), Outcome.RECOVERED, Outcome.RECOVERED),
        (case_of(Outcome.GIVEN_UP, shown=DELIVERED), Outcome.RECOVERED, Outcome.RECOVERED),
        # Whoever delivered it, nobody wanted it.
        (case_of(Outcome.FILTERED_OUT, shown=DELIVERED), Outcome.FILTERED_OUT, Outcome.RECOVERED),
        # Whatever became of its last try, no later run makes another one.
        (case_of(Outcome.EXPIRED, expired=True), Outcome.EXPIRED, Outcome.EXPIRED),
        (case_of(Outcome.STOPPED, expired=True), Outcome.EXPIRED, Outcome.STOPPED),
        (case_of(reply=ACCEPTED, expired=True), Outcome.EXPIRED, Outcome.PENDING),
        (case_of(reply=ACCEPTED, shown=FAILED, expired=True), Outcome.EXPIRED, Outcome.FAILED_AGAIN),
        (case_of(reply=ACCEPTED, shown=DELIVERED, expired=True), Outcome.RECOVERED, Outcome.RECOVERED),
    ],
)
def test_the_outcome_of_an_event_and_of_its_redelivery(case: Case, outcome: Outcome, of_redelivery: Outcome) -> None:
    assert (case.outcome, case.result_outcome) == (outcome, of_redelivery)


@pytest.mark.parametrize(
    ("reply", "shown", "is_open", "was_accepted", "detail"),
    [
        (None, None, False, False, ""),
        (None, FAILED, False, False, ""),
        (ACCEPTED, None, True, True, "why"),
        (ACCEPTED, FAILED, False, True, "HTTP 404"),
        (ACCEPTED, DELIVERED, False, True, ""),
        (UNKNOWN, None, True, False, "why"),
        (UNKNOWN, FAILED, False, True, "HTTP 404"),
        (UNKNOWN, DELIVERED, False, True, ""),
        (REFUSED, None, False, False, "why"),
        (REFUSED, FAILED, False, False, "HTTP 404"),
        (REFUSED, DELIVERED, False, False, ""),
    ],
)
def test_what_the_log_shows_answers_what_githubs_reply_left_open(
    reply: Acceptance | None, shown: int | None, *, is_open: bool, was_accepted: bool, detail: str
) -> None:
    case = case_of(reply=reply, shown=shown)
    assert (case.is_open, case.was_accepted, case.result_detail) == (is_open, was_accepted, detail)


@pytest.mark.parametrize(
    ("at", "redelivery", "number", "counts"),
    [
        (ASKED, True, 9, True),
        # Some servers give whole seconds only.
        (ASKED - 1_000, True, 9, True),
        (ASKED - 1_001, True, 9, False),
        (ASKED + 500, False, 9, False),
        (ASKED + 500, True, 2, False),
    ],
    ids=["new", "a second early", "earlier", "a late original", "known"],
)
def test_which_attempt_a_redelivery_may_have_led_to(at: int, number: int, *, redelivery: bool, counts: bool) -> None:
    case = Case(event(attempt(1), attempt(2, at if number == 2 else START, redelivery=True)))
    case.redelivery = Redelivery(case.event, ASKED, Reply(ACCEPTED))
    case.add_attempts([attempt(number, at, redelivery=redelivery)])
    assert (case.result is not None) is counts
    assert case.result_outcome is (Outcome.FAILED_AGAIN if counts else Outcome.PENDING)


def test_attempts_are_added_once_and_the_oldest_is_first_whatever_their_order() -> None:
    case = Case(event(attempt(5, redelivery=True), name="issues.opened"))
    case.add_attempts([attempt(7, redelivery=True), attempt(2)])
    case.add_attempts([attempt(7, redelivery=True)])
    assert case.event == event(
        attempt(2), attempt(5, redelivery=True), attempt(7, redelivery=True), name="issues.opened"
    )


@pytest.mark.parametrize(
    ("verdict", "shown", "expired", "final"),
    [
        *[(reason, None, False, True) for reason in (Outcome.GIVEN_UP, Outcome.EXPIRED, Outcome.FILTERED_OUT)],
        (Outcome.TOO_OLD, None, False, True),
        *[(reason, None, False, False) for reason in (None, Outcome.NOT_DUE, Outcome.UNCHECKED, Outcome.STOPPED)],
        (Outcome.NOT_DUE, DELIVERED, False, True),
        (None, FAILED, True, True),
    ],
)
def test_what_no_later_run_sends_is_final(
    verdict: Outcome | None, shown: int | None, *, expired: bool, final: bool
) -> None:
    assert case_of(verdict, shown=shown, expired=expired).is_final is final


@pytest.mark.parametrize(
    ("ending", "dry_run", "down", "expected"),
    [
        (None, True, True, Outcome.DRY_RUN),
        (OutOfTime(limit="5 h"), False, True, Outcome.ENDPOINT_DOWN),
        (OutOfTime(limit="5 h"), False, False, Outcome.OUT_OF_TIME),
        (Stopped(15), False, False, Outcome.STOPPED),
        (BadToken(what="x"), False, False, Outcome.RUN_FAILED),
        (None, False, False, Outcome.RUN_FAILED),
    ],
)
def test_why_an_event_that_was_due_was_not_sent(
    ending: RedeliverError | Stopped | None, *, dry_run: bool, down: bool, expected: Outcome
) -> None:
    case = case_of()
    record = Record(Ledger(Rules(0, 0), [case]), ended_by=ending)
    with mock.patch.object(Record, "endpoint_down", down):
        record.close(dry_run=dry_run)
    assert case.outcome is expected
