"""Watching the head of the log: until everything has an outcome, and whether the endpoint lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from githubsim.clock import START
from redeliver.core.case import Acceptance, Case, Outcome, Reply
from redeliver.core.ledger import Ledger, Rules
from redeliver.errors import ApiFailing
from redeliver.run.log_lines import OutcomeLines
from redeliver.run.record import Probe
from redeliver.run.send import Watch
from redeliver.timing import RunClock
from samples import Pages, Patience, Said, attempt, event, row
from wording import figures

if TYPE_CHECKING:
    from redeliver.core.deliveries import Row

ASKED = START - 1_000


class Desk:
    """Three events whose redelivery was asked for a second ago, and a log in which something happens meanwhile."""

    def __init__(self, *answers: Acceptance, limit: float = 3_600) -> None:
        self.clock = Patience()
        self.console = Said()
        self.pages = Pages(clock=self.clock)
        answers = answers or (Acceptance.ACCEPTED,) * 3
        self.cases = [Case(event(attempt(number), guid=f"g{number}")) for number in range(1, len(answers) + 1)]
        self.waiting = Case(event(attempt(50), guid="waiting"))
        self.ledger = Ledger(Rules(0, 0), [*self.cases, self.waiting])
        for case, answer in zip(self.cases, answers, strict=True):
            self.ledger.ask(case, ASKED)
            self.ledger.answer(case, Reply(answer))
        self.run_clock = RunClock(self.clock, limit, self.console)
        self.watch = Watch(self.pages, self.ledger, clock=self.run_clock, lines=OutcomeLines(self.ledger, self.console))

    def after(self, looks: int, *rows: Row) -> None:
        """Rows that turn up just before so many looks have been taken."""
        before = self.pages.before_page

        def arrive(number: int) -> None:
            if before:
                before(number)
            if number == looks:
                self.pages.rows.extend(rows)

        self.pages.before_page = arrive

    @property
    def outcomes(self) -> list[Outcome]:
        return [case.outcome for case in self.cases]

    def probe(self, seconds: int = 60) -> Probe:
        return self.watch.probe(self.cases, seconds)


def result(guid: str, code: int = 503, number: int = 0) -> Row:
    return row(number or 100 + int(guid[1:]), START, guid=guid, code=code, redelivery=True)


# -- until everything is settled --------------------------------------------------------------------------------


def test_it_looks_soon_then_less_often_until_every_redelivery_has_an_outcome() -> None:
    desk = Desk()
    desk.after(1, result("g1", 200))
    desk.after(4, result("g2", 422))
    desk.after(6, result("g3", 200))
    desk.watch.until_settled(60)
    assert desk.outcomes == [Outcome.RECOVERED, Outcome.FAILED_AGAIN, Outcome.RECOVERED]
    assert [wait for wait in desk.clock.slept if wait] == [1.0, 2.0, 3.0, 5.0, 5.0, 5.0]


def test_it_gives_up_when_the_time_for_it_is_over() -> None:
    desk = Desk()
    desk.watch.until_settled(20)
    assert [wait for wait in desk.clock.slept if wait] == [1.0, 2.0, 3.0, 5.0, 5.0]
    assert desk.outcomes == [Outcome.PENDING] * 3


@pytest.mark.parametrize("limit", [6, 7, 10.5])
def test_it_gives_up_when_the_runs_time_is_over(limit: float) -> None:
    desk = Desk(limit=limit)
    desk.watch.until_settled(60)
    assert desk.clock.monotonic() == 6


@pytest.mark.parametrize(
    ("answer", "limit", "seconds"),
    [
        (Acceptance.REFUSED, 3_600, 60),
        (Acceptance.ACCEPTED, 3_600, 0),
        (Acceptance.ACCEPTED, 0, 60),
        (Acceptance.ACCEPTED, -5, 60),
    ],
)
def test_with_nothing_to_wait_for_or_no_time_to_watch_nothing_is_looked_at(
    answer: Acceptance, limit: float, seconds: int
) -> None:
    desk = Desk(answer, limit=limit)
    desk.watch.until_settled(seconds)
    assert (desk.pages.asked, desk.clock.slept) == ([], [])


def test_a_long_wait_says_what_for() -> None:
    desk = Desk()
    desk.after(2, result("g1", 200))
    desk.watch.until_settled(12)
    assert figures(desk.console.lines[-1]) == ["5", "2"]


def test_a_look_goes_back_to_where_the_oldest_open_redelivery_could_be_and_no_further() -> None:
    desk = Desk()
    healthy = [row(number, START - (2_000 - number) * 100, guid="h", code=200) for number in range(1_000, 2_000)]
    desk.pages.rows.extend(healthy)  # 100 seconds of them
    desk.watch.until_settled(1)
    # The second since we asked and the minute of slack are six pages and a half, and one that is too old as a whole.
    assert len(desk.pages.asked) == 8


def test_what_becomes_of_other_undelivered_events_is_taken_in_and_nothing_else() -> None:
    desk = Desk(Acceptance.ACCEPTED)
    desk.after(1, row(60, START, guid="waiting", code=200, redelivery=True), row(61, START, guid="stranger"))
    desk.after(2, result("g1", 200))
    desk.watch.until_settled(60)
    assert desk.waiting.outcome is Outcome.RECOVERED
    assert len(desk.ledger.cases) == 2


def test_a_log_that_cannot_be_read_is_an_error() -> None:
    desk = Desk()

    def broken(number: int) -> None:
        raise ApiFailing(tries=number, what="read", why="502")

    desk.pages.before_page = broken
    with pytest.raises(ApiFailing):
        desk.watch.until_settled(60)


# -- is the endpoint up? -----------------------------------------------------------------------------------------


def test_an_endpoint_is_down_when_every_one_of_the_first_failed_as_one_that_is_down_fails() -> None:
    desk = Desk()
    desk.after(2, result("g1", 0), result("g2", 504))
    desk.after(3, result("g3", 502))
    assert desk.probe() is Probe.DOWN
    assert len(desk.pages.asked) == 3


@pytest.mark.parametrize("code", [200, 202, 301, 302, 400, 404, 410, 422])
def test_one_other_outcome_ends_the_probe_at_once(code: int) -> None:
    desk = Desk()
    desk.after(2, result("g1", 503), result("g2", code))
    assert desk.probe() is Probe.UP
    assert len(desk.pages.asked) == 2


def test_without_an_outcome_in_time_nothing_is_known() -> None:
    desk = Desk()
    desk.after(1, result("g1"), result("g2"))
    assert desk.probe(20) is Probe.UNDECIDED
    assert desk.clock.monotonic() == 16


def test_a_success_of_any_event_since_then_is_a_sign_that_it_is_up() -> None:
    desk = Desk()
    desk.after(2, row(300, START, guid="stranger", code=200))
    assert desk.probe() is Probe.UP
    assert len(desk.pages.asked) == 2
    assert desk.outcomes == [Outcome.PENDING] * 3


@pytest.mark.parametrize(
    ("last", "probe"),
    [
        ([result("g3", 200)], Probe.UP),
        ([result("g3", 404)], Probe.UP),
        ([result("g3"), row(300, ASKED, guid="stranger", code=200)], Probe.UP),
        # One from before the request is none, unless it is one of ours, which somebody else redelivered.
        ([result("g3"), row(300, ASKED - 1, guid="stranger", code=200)], Probe.DOWN),
        ([row(300, ASKED - 1, guid="g3", code=200, redelivery=True)], Probe.UP),
    ],
)
def test_the_last_outcome_can_tell_as_well_and_so_does_a_success(last: list[Row], probe: Probe) -> None:
    desk = Desk()
    desk.after(1, result("g1"), result("g2"))
    desk.after(3, *last)
    assert desk.probe() is probe


@pytest.mark.parametrize("answers", ["-+-", "-"])
def test_what_github_refused_says_nothing_of_the_endpoint_and_is_not_watched(answers: str) -> None:
    desk = Desk(*(Acceptance.ACCEPTED if answer == "+" else Acceptance.REFUSED for answer in answers))
    desk.after(1, result("g2", 503))
    assert desk.probe() is Probe.UNDECIDED
    assert desk.pages.asked == []


def test_a_limit_is_not_waited_out_only_to_look() -> None:
    desk = Desk()

    def limited(_number: int) -> None:
        desk.run_clock.wait(1_800, "GitHub's hourly rate limit")

    desk.pages.before_page = limited
    desk.watch.until_settled(60)
    assert desk.clock.monotonic() < 60
    assert desk.outcomes == [Outcome.PENDING] * 3
    desk.run_clock.wait(1_800, "what comes after watching")
