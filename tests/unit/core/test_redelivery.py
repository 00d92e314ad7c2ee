"""What became of a redelivery is told by the log, and not claimed before the log tells it."""

from __future__ import annotations

import pytest

from githubsim.clock import START
from redeliver.core.deliveries import DeliveryLog
from redeliver.core.redelivery import Acceptance, Outcome, Redelivery, Reply
from samples import row

ASKED = START + 60_000


def asked(answer: Acceptance = Acceptance.ACCEPTED, *rows: int) -> tuple[Redelivery, DeliveryLog]:
    """A redelivery of an event with a failed original and those failed redeliveries, by number and moment."""
    log = DeliveryLog()
    log.add([row(1, START), *(row(number, START + number, redelivery=True) for number in rows)])
    return Redelivery(log.event("g"), ASKED, Reply(answer)), log


@pytest.mark.parametrize(
    ("answer", "outcome", "is_open", "accepted"),
    [
        (Acceptance.ACCEPTED, Outcome.PENDING, True, True),
        (Acceptance.UNKNOWN, Outcome.UNKNOWN, True, False),
        (Acceptance.REFUSED, Outcome.REFUSED, False, False),
    ],
)
def test_while_the_log_shows_nothing_githubs_answer_is_all_there_is(
    answer: Acceptance, outcome: Outcome, *, is_open: bool, accepted: bool
) -> None:
    one, log = asked(answer)
    assert one.outcome(log) is outcome
    assert one.is_open(log) is is_open
    assert one.was_accepted(log) is accepted


@pytest.mark.parametrize(
    ("answer", "accepted"), [(Acceptance.ACCEPTED, True), (Acceptance.UNKNOWN, True), (Acceptance.REFUSED, False)]
)
@pytest.mark.parametrize(("code", "outcome"), [(200, Outcome.RECOVERED), (503, Outcome.FAILED_AGAIN)])
def test_a_row_in_the_log_settles_it_whatever_the_answer_was(
    answer: Acceptance, code: int, outcome: Outcome, *, accepted: bool
) -> None:
    one, log = asked(answer)
    log.add([row(9, ASKED + 500, code=code, redelivery=True)])
    assert one.outcome(log) is outcome
    assert not one.is_open(log)
    assert one.was_accepted(log) is accepted


def test_an_attempt_that_was_known_before_is_not_the_result() -> None:
    one, log = asked(Acceptance.ACCEPTED, 2, 3)
    log.add([row(3, ASKED + 500, redelivery=True)])
    assert one.result(log) is None


@pytest.mark.parametrize(("at", "counts"), [(ASKED - 1_001, False), (ASKED - 1_000, True), (ASKED, True)])
def test_an_attempt_from_before_we_asked_is_not_the_result(at: int, *, counts: bool) -> None:
    one, log = asked()
    log.add([row(9, at, redelivery=True)])
    assert (one.result(log) is not None) is counts
    assert one.outcome(log) is (Outcome.FAILED_AGAIN if counts else Outcome.PENDING)


def test_a_late_original_is_not_the_result() -> None:
    log = DeliveryLog()
    log.add([row(2, START, redelivery=True)])
    one = Redelivery(log.event("g"), ASKED, Reply(Acceptance.ACCEPTED))
    log.add([row(1, ASKED + 500)])
    assert one.result(log) is None


def test_a_success_counts_whoever_brought_it_about_and_whenever() -> None:
    one, log = asked(Acceptance.REFUSED)
    log.add([row(9, START + 5, code=200, redelivery=True)])
    assert one.outcome(log) is Outcome.RECOVERED
    assert not one.was_accepted(log)
