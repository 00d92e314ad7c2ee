"""What a run's log says of its events."""

from __future__ import annotations

import pytest

from githubsim.clock import DAY, HOUR, MINUTE, START
from redeliver.core.case import Acceptance, Case, Reply
from redeliver.core.ledger import Ledger, Rules
from redeliver.core.reading import Window
from redeliver.run.log_lines import SHOWN, log_outcomes, reading_line, title_of
from redeliver.times import utc
from samples import Said, attempt, event, row
from wording import figures

HOSTILE = "x\n::error::y https://user:secret@evil.example/"


def test_an_event_goes_by_its_name_its_guid_and_the_time_it_first_failed() -> None:
    title = title_of(event(attempt(1, START), guid="g1", name="push"))
    assert title.startswith("push g1 ")
    assert "6 Nov 21:20 UTC" in title
    assert title_of(event(attempt(1, START), guid=HOSTILE, name=HOSTILE)).count("x ::error::y <url>") == 2


@pytest.mark.parametrize(
    ("back", "stored", "overlap", "named"),
    [
        (HOUR, START - 50 * MINUTE, 600, ["checkpoint 20:30 UTC", "minus 10 min"]),
        (HOUR, START - HOUR, 0, ["checkpoint 20:20 UTC"]),
        (HOUR, None, 0, ["lookback 1 h", "no checkpoint yet"]),
        (3 * DAY, None, 600, ["all that GitHub keeps", "no checkpoint yet"]),
        (3 * DAY, START - 9 * DAY, 600, ["all that GitHub keeps", f"checkpoint {utc(START - 9 * DAY)}"]),
    ],
)
def test_a_run_says_first_how_far_back_it_reads_and_what_decided_that(
    back: int, stored: int | None, overlap: int, named: list[str]
) -> None:
    window = Window(START, stored, START - back if stored is None else stored, START - back, START - 3 * DAY)
    line = reading_line(window, overlap, kept=True)
    assert line == f"from {utc(START - back, START)} ({', '.join(named)})"


def sent(*replies: Acceptance, **results: int) -> list[str]:
    """What is said of events that GitHub was asked for with these replies, and of the results in the log."""
    console, ledger = Said(), Ledger(Rules(0, 0), (Case(event(guid=f"g{number}")) for number in range(len(replies))))
    for case, reply in zip(ledger.cases.values(), replies, strict=True):
        ledger.ask(case, START)
        ledger.answer(case, Reply(reply, "" if reply is Acceptance.ACCEPTED else "GitHub answered 404"))
    ledger.take(row(9_000, START, guid=guid, code=code, redelivery=True) for guid, code in results.items())
    log_outcomes(ledger, console)
    return [*console.groups, *console.lines]


def test_events_are_listed_by_their_outcome_and_counted() -> None:
    accepted = Acceptance.ACCEPTED
    lines = sent(accepted, accepted, accepted, Acceptance.REFUSED, Acceptance.UNKNOWN, g1=422, g0=200)
    titles, (total, *rest) = lines[:5], lines[5:]
    assert sorted(titles) == [
        f"{word}: 1 event" for word in ("Failed again", "Pending", "Recovered", "Refused", "Unknown")
    ]
    by_guid = {line.split()[1]: line.split("UTC)")[1] for line in rest}
    assert by_guid == {
        "g0": "",
        "g1": ": HTTP 422",
        "g2": "",
        "g3": ": GitHub answered 404",
        "g4": ": GitHub answered 404",
    }
    assert total == "Send      5 of 5 · 1 delivered · 1 failed · 2 with no result yet · 1 refused"


def test_only_the_first_of_very_many_are_listed() -> None:
    title, *lines = sent(*[Acceptance.REFUSED] * (SHOWN + 1_234))
    assert figures(title) == ["1,334", str(SHOWN)]
    assert len(lines) == SHOWN + 1
    assert figures(lines[0]) == ["1,334", "1,334", "0", "0", "1,334"]


def test_nothing_is_said_where_nothing_was_sent() -> None:
    assert sent() == []
