"""What a run's log says of its events."""

from __future__ import annotations

import pytest

from githubsim.clock import DAY, HOUR, MINUTE, START
from redeliver.core.case import Acceptance, Case, Reply
from redeliver.core.ledger import Ledger, Rules
from redeliver.core.reading import Window
from redeliver.run.log_lines import SHOWN, OutcomeLines, reading_line, title_of
from redeliver.times import clock_time
from samples import Said, attempt, event, row
from wording import figures

HOSTILE = "x\n::error::y https://user:secret@evil.example/"


def test_an_event_goes_by_its_name_its_guid_and_the_time_it_first_failed() -> None:
    title = title_of(event(attempt(1, START), guid="g1", name="push"))
    assert title.startswith("push g1 ")
    assert "2026-11-06 21:20:00 UTC" in title
    assert title_of(event(attempt(1, START), guid=HOSTILE, name=HOSTILE)).count("x ::error::y <url>") == 2


@pytest.mark.parametrize(
    ("back", "stored", "overlap", "named"),
    [
        (HOUR, START - 50 * MINUTE, 600, ["10 min before"]),
        (HOUR, START - HOUR, 0, []),
        (HOUR, None, 0, ["lookback of 1 h"]),
        (3 * DAY, None, 600, ["GitHub"]),
        (3 * DAY, START - 9 * DAY, 600, ["GitHub", clock_time(START - 9 * DAY)]),
    ],
)
def test_a_run_says_first_how_far_back_it_reads_and_what_decided_that(
    back: int, stored: int | None, overlap: int, named: list[str]
) -> None:
    window = Window(START, stored, START - back if stored is None else stored, START - back, START - 3 * DAY)
    line = reading_line("hook 1", window, overlap, kept=True)
    assert clock_time(START - back) in line
    words = ("10 min before", "lookback of 1 h", "GitHub", clock_time(START - 9 * DAY), "overlap")
    assert [word for word in words if word in line] == named


class Sent:
    """Events that GitHub was asked for, with these replies."""

    def __init__(self, *replies: Acceptance) -> None:
        self.console = Said()
        self.ledger = Ledger(Rules(0, 0), (Case(event(guid=f"g{number}")) for number in range(len(replies))))
        for case, reply in zip(self.ledger.cases.values(), replies, strict=True):
            self.ledger.ask(case, START)
            self.ledger.answer(case, Reply(reply, "" if reply is Acceptance.ACCEPTED else "GitHub answered 404"))
        self.lines = OutcomeLines(self.ledger, self.console)

    def show(self, **results: int) -> None:
        """New attempts appear in the log."""
        self.ledger.take(row(9_000, START, guid=guid, code=code, redelivery=True) for guid, code in results.items())

    def new_lines(self) -> list[str]:
        self.console.lines.clear()
        self.lines.say_new()
        return [*self.console.lines]

    def last_lines(self) -> list[str]:
        self.console.lines.clear()
        self.lines.say_rest()
        return [*self.console.lines]


def test_each_event_gets_a_line_once_its_outcome_is_known() -> None:
    sent = Sent(Acceptance.ACCEPTED, Acceptance.ACCEPTED, Acceptance.ACCEPTED, Acceptance.REFUSED, Acceptance.UNKNOWN)
    (line,) = sent.new_lines()
    assert (line.split()[1], line.endswith(": refused (GitHub answered 404)")) == ("g3", True)
    sent.show(g1=422)
    (line,) = sent.new_lines()
    assert (line.split()[1], line.endswith(": failed again (HTTP 422)")) == ("g1", True)
    assert sent.new_lines() == []
    sent.show(g0=200)
    first, second, sums = sent.last_lines()
    assert (first.split()[1], first.endswith(": recovered")) == ("g0", True)
    assert (second.split()[1], second.endswith(": unknown (GitHub answered 404)")) == ("g4", True)
    assert figures(sums) == ["1", "5", "1", "1", "1", "1"]
    assert sums.endswith(", 1 failed again, 1 pending, 1 refused, 1 unknown")


def test_very_many_are_counted_after_the_first() -> None:
    sent = Sent(*[Acceptance.REFUSED] * (SHOWN + 1_234))
    assert len(sent.new_lines()) == SHOWN
    assert [*map(figures, sent.last_lines())] == [["1,234"], ["0", "1,334", "1,334"]]


def test_nothing_is_said_where_nothing_was_sent() -> None:
    assert Sent().last_lines() == []
