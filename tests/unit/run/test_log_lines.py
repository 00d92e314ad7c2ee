"""What a run's log says of its events."""

from __future__ import annotations

from githubsim.clock import START
from redeliver.core.deliveries import DeliveryLog
from redeliver.core.outcomes import Outcome
from redeliver.core.plan import Plan
from redeliver.core.redelivery import Acceptance, Redelivery, Reply
from redeliver.run.log_lines import SHOWN, found, outcomes, title_of
from redeliver.run.scan import Scan
from samples import attempt, event, row

HOSTILE = "x\n::error::y https://user:secret@evil.example/"


def test_an_event_goes_by_its_time_its_name_and_its_guid() -> None:
    assert title_of(event(attempt(1, START), guid="g1", name="push")) == "2026-11-06 21:20:00 UTC push g1"
    assert title_of(event(attempt(1, START), guid=HOSTILE, name=HOSTILE)).count("x ::error::y <url>") == 2


def test_what_was_found_is_told_with_what_will_be_done() -> None:
    scan = Scan(scanned=1_234)
    events = [event(guid=f"g{number}") for number in range(5)]
    plan = Plan((events[0], events[1]), tuple((one, Outcome.NOT_DUE) for one in events[2:]))
    assert found(scan, Plan((), ()), dry_run=False) == "1,234 attempts read: nothing to redeliver"
    assert found(scan, plan, dry_run=False) == "1,234 attempts read: 5 events undelivered (2 to be sent, 3 not due yet)"
    assert "(2 to be sent, but this is a dry run, 3 not due yet)" in found(scan, plan, dry_run=True)


def told(answers: list[Acceptance], results: dict[int, int]) -> list[str]:
    """What is said of events with these answers, and with these codes of the attempts that came of them."""
    log, redeliveries = DeliveryLog(), {}
    log.add([row(number, START, guid=f"g{number}") for number in range(len(answers))])
    for number, answer in enumerate(answers):
        why = "" if answer is Acceptance.ACCEPTED else "GitHub answered 404"
        redeliveries[f"g{number}"] = Redelivery(log.event(f"g{number}"), START + 1, Reply(answer, why))
    log.add([row(9_000 + n, START + 2, guid=f"g{n}", code=code, redelivery=True) for n, code in results.items()])
    return list(outcomes(redeliveries, log))


def test_each_event_that_did_not_fare_well_has_a_line_and_the_rest_a_count() -> None:
    answers = [Acceptance.ACCEPTED, Acceptance.ACCEPTED, Acceptance.ACCEPTED, Acceptance.REFUSED, Acceptance.UNKNOWN]
    assert told(answers, {0: 200, 1: 422}) == [
        "2026-11-06 21:20:00 UTC push g1: failed again (HTTP 422)",
        "2026-11-06 21:20:00 UTC push g3: refused (GitHub answered 404)",
        "2026-11-06 21:20:00 UTC push g4: unknown (GitHub answered 404)",
        "1 of 5 redelivered events recovered, 1 pending",
    ]


def test_very_many_are_counted_after_the_first() -> None:
    lines = told([Acceptance.REFUSED] * (SHOWN + 1_234), {})
    assert len(lines) == SHOWN + 2
    assert lines[-2:] == ["and 1,234 more that are not recovered", "0 of 1,334 redelivered events recovered"]


def test_nothing_sent_is_nothing_told() -> None:
    assert told([], {}) == []
