"""What a run's log says of its events."""

from __future__ import annotations

import pytest

from githubsim.clock import DAY, HOUR, MINUTE, START
from redeliver.core.deliveries import DeliveryLog
from redeliver.core.plan import Plan
from redeliver.core.redelivery import Acceptance, Outcome, Redelivery, Reply
from redeliver.run.log_lines import SHOWN, OutcomeLines, checkpoint_line, found_line, reading_line, title_of
from redeliver.run.record import Window
from redeliver.times import clock_time
from samples import Said, attempt, event, row
from wording import figures

HOSTILE = "x\n::error::y https://user:secret@evil.example/"


def test_an_event_goes_by_its_name_its_guid_and_the_time_it_first_failed() -> None:
    title = title_of(event(attempt(1, START), guid="g1", name="push"))
    assert title.startswith("push g1 ")
    assert "2026-11-06 21:20:00 UTC" in title
    assert title_of(event(attempt(1, START), guid=HOSTILE, name=HOSTILE)).count("x ::error::y <url>") == 2


def window(back: int, stored: int | None) -> Window:
    """A run's, with a cutoff so far back."""
    return Window(START, stored, START - back if stored is None else stored, START - back, START - 3 * DAY)


@pytest.mark.parametrize(
    ("back", "stored", "overlap", "why"),
    [
        (HOUR, START - 50 * MINUTE, 600, "10 min before"),
        (HOUR, START - HOUR, 0, ""),
        (HOUR, None, 600, "lookback"),
        (3 * DAY, None, 600, "GitHub"),
        (3 * DAY, START - 9 * DAY, 600, "GitHub"),
    ],
)
def test_a_run_says_first_how_far_back_it_reads_and_what_decided_that(
    back: int, stored: int | None, overlap: int, why: str
) -> None:
    said = reading_line("hook 1", window(back, stored), overlap, kept=True)
    assert clock_time(START - back) in said
    assert [word for word in ("10 min before", "lookback", "GitHub") if word in said] == ([why] if why else [])


def test_a_first_run_says_how_long_lookback_and_overlap_are() -> None:
    first = Window(START, None, START - 24 * HOUR, START - 24 * HOUR - 10 * MINUTE, START - 3 * DAY)
    said = reading_line("hook 1", first, 600, kept=True)
    assert "24 h" in said
    assert "10 min" in said


def test_a_checkpoint_that_is_older_than_what_is_read_is_named() -> None:
    assert clock_time(START - 9 * DAY) in reading_line("hook 1", window(3 * DAY, START - 9 * DAY), 600, kept=True)


def test_without_a_place_for_a_checkpoint_none_is_promised() -> None:
    lines = {kept: reading_line("hook 1", window(HOUR, None), 600, kept=kept) for kept in (True, False)}
    assert ("yet" in lines[True], "yet" in lines[False]) == (True, False)


def test_at_the_end_a_run_says_its_checkpoint_and_how_long_before_it_the_next_one_reads() -> None:
    assert checkpoint_line(START, 600).partition(clock_time(START))[2].count("10 min") == 1
    assert figures(checkpoint_line(START, 0)) == figures(clock_time(START))


def test_what_was_found_is_said_with_what_will_be_done() -> None:
    events = [event(guid=f"g{number}") for number in range(5)]
    plan = Plan((events[0], events[1]), tuple((one, Outcome.NOT_DUE) for one in events[2:]))
    assert figures(found_line(1_234, Plan((), ()), dry_run=False)) == ["1,234"]
    assert figures(found_line(1_234, plan, dry_run=False)) == ["1,234", "5", "2", "3"]
    assert "3 not due" in found_line(1_234, plan, dry_run=False)
    assert "dry run" in found_line(1_234, plan, dry_run=True)


class Sent:
    """Events that GitHub was asked for, with these replies."""

    def __init__(self, *replies: Acceptance) -> None:
        self.log = DeliveryLog()
        self.log.add([row(number, START, guid=f"g{number}") for number in range(len(replies))])
        self.console = Said()
        self.redeliveries = {}
        for number, reply in enumerate(replies):
            why = "" if reply is Acceptance.ACCEPTED else "GitHub answered 404"
            event = self.log.event(f"g{number}")
            self.redeliveries[event.guid] = Redelivery(event, START + 1, Reply(reply, why))
        self.lines = OutcomeLines(self.redeliveries, self.console)

    def show(self, **results: int) -> None:
        """New attempts appear in the log."""
        self.log.add(
            row(9_000 + int(guid[1:]), START + 2, guid=guid, code=code, redelivery=True)
            for guid, code in results.items()
        )

    def new_lines(self) -> list[str]:
        self.console.lines.clear()
        self.lines.say_new(self.log)
        return [*self.console.lines]

    def last_lines(self) -> list[str]:
        self.console.lines.clear()
        self.lines.say_rest(self.log)
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
