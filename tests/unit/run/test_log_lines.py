"""What a run's log says of its events."""

from __future__ import annotations

from githubsim.clock import DAY, HOUR, START
from redeliver.core.case import Acceptance, Case, Reply
from redeliver.core.ledger import Ledger, Rules
from redeliver.core.reading import Window
from redeliver.run.log_lines import SHOWN, log_outcomes, reading_line, title_of
from samples import Said, attempt, event
from wording import figures

HOSTILE = "x\n::error::y https://user:secret@evil.example/"


def test_an_event_goes_by_its_name_its_guid_and_the_time_it_first_failed() -> None:
    title = title_of(event(attempt(1, START), guid="g1", name="push"))
    assert title.startswith("push g1 ")
    assert "6 Nov 21:20 UTC" in title
    assert title_of(event(attempt(1, START), guid=HOSTILE, name=HOSTILE)).count("x ::error::y <url>") == 2


def test_overlap_of_nothing_is_not_named() -> None:
    window = Window(START, START - HOUR, START - HOUR, START - HOUR, START - 3 * DAY)
    assert reading_line(window, 0, kept=True).endswith("(checkpoint 20:20 UTC)")


def refused(number: int) -> list[str]:
    """What is said of so many events that GitHub refused to redeliver."""
    console, ledger = Said(), Ledger(Rules(0, 0), (Case(event(guid=f"g{place}")) for place in range(number)))
    for case in ledger.cases.values():
        ledger.ask(case, START)
        ledger.answer(case, Reply(Acceptance.REFUSED, "GitHub answered 404"))
    log_outcomes(ledger, console)
    return [*console.groups, *console.lines]


def test_only_the_first_of_very_many_are_listed() -> None:
    title, *lines = refused(SHOWN + 1_234)
    assert figures(title) == ["1,334", str(SHOWN)]
    assert len(lines) == SHOWN + 1
    assert figures(lines[0]) == ["1,334", "1,334", "0", "0", "1,334"]


def test_nothing_is_said_where_nothing_was_sent() -> None:
    assert refused(0) == []
