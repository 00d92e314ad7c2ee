"""Whatever order and however often rows are read, they say the same about each event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from githubsim.clock import START
from githubsim.outcomes import BAD_CERTIFICATE, GAVE_UP, NO_CONNECTION, TIMED_OUT, Outcome
from redeliver.core.deliveries import DeliveryLog, Row, cause_of, succeeded
from redeliver.times import timestamp
from samples import attempt, event, row


@dataclass(frozen=True)
class History:
    """All rows of a log, newest first, and which of its events no attempt delivered."""

    rows: list[Row]
    undelivered: set[str]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Events with an original, which is their oldest row, and redeliveries of either fortune after it."""
    fortunes = draw(st.lists(st.lists(st.booleans(), min_size=1, max_size=4), max_size=8))
    turns = draw(st.permutations([guid for guid, tries in enumerate(fortunes) for _ in tries]))
    seen = [0] * len(fortunes)
    rows = []
    for number, guid in enumerate(turns, 1):
        good = fortunes[guid][seen[guid]]
        code = draw(st.sampled_from([200, 202] if good else [503, 404, 302, 0]))
        rows.append(row(number, START + number, guid=f"g{guid}", code=code, redelivery=seen[guid] > 0))
        seen[guid] += 1
    failed = {f"g{guid}" for guid, tries in enumerate(fortunes) if not any(tries)}
    return History(rows[::-1], failed)


def expected(history: History) -> dict[str, list[int]]:
    """The attempts of each undelivered event, which a log must know once it has seen all rows."""
    oldest_first = history.rows[::-1]
    return {guid: [one["id"] for one in oldest_first if one["guid"] == guid] for guid in history.undelivered}


def said(log: DeliveryLog) -> dict[str, list[int]]:
    return {found.guid: [one.id for one in found.attempts] for found in log.undelivered(0)}


@given(histories(), st.integers(1, 5), st.integers(0, 5), st.integers(1, 3))
def test_rows_may_be_read_again(history: History, page: int, overlap: int, walks: int) -> None:
    log = DeliveryLog()
    for _ in range(walks):
        for begin in range(0, len(history.rows), page):
            log.add(history.rows[max(0, begin - overlap) : begin + page])
    assert said(log) == expected(history)


@given(histories(), st.data())
def test_rows_may_come_in_any_order_that_keeps_originals_last(history: History, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(history.rows))
    places = {one["id"]: place for place, one in enumerate(shuffled)}
    last = {
        one["guid"]: max(places[other["id"]] for other in shuffled if other["guid"] == one["guid"]) for one in shuffled
    }
    shuffled.sort(key=lambda one: (places[one["id"]], 0) if one["redelivery"] else (last[one["guid"]], 1))
    log = DeliveryLog()
    log.add(shuffled)
    assert said(log) == expected(history)


@given(histories(), st.sets(st.sampled_from([f"g{number}" for number in range(8)])))
def test_only_rows_of_the_chosen_events_are_kept(history: History, only: set[str]) -> None:
    log = DeliveryLog()
    log.add(history.rows, only=only)
    assert said(log) == {guid: ids for guid, ids in expected(history).items() if guid in only}


def test_only_the_guid_is_kept_of_a_delivered_event() -> None:
    log = DeliveryLog()
    log.add(row(number, guid=f"at once {number}", code=200) for number in range(1_000, 0, -1))
    assert (log._failed, log._delivered) == ({}, set())
    for number in range(1_000, 0, -1):
        guid = f"g{number}"
        log.add(
            [row(3 * number, guid=guid, code=200, redelivery=True), row(3 * number - 1, guid=guid, redelivery=True)]
        )
        log.add([row(3 * number - 2, guid=guid)])
    assert (log._failed, len(log._delivered)) == ({}, 1_000)
    for _ in range(100):
        log.add([row(1)])
    assert ([one.id for one in log._failed["g"].attempts], log._more) == ([1], {})


def test_event_knows_its_latest_attempt_its_original_and_its_count() -> None:
    original, second, third = attempt(1), attempt(2, redelivery=True), attempt(3, redelivery=True)
    for attempts, first in (((original, second, third), original), ((second, third), None)):
        one = event(*attempts)
        assert (one.latest, one.original, one.count) == (third, first, 3)


def test_attempts_are_kept_with_their_columns_in_the_order_of_ids() -> None:
    log = DeliveryLog()
    log.add([row(9, START - 50, redelivery=True), row(2, START, code=404), row(5, START - 99, redelivery=True)])
    attempts = [attempt(2, code=404), attempt(5, START - 99, redelivery=True), attempt(9, START - 50, redelivery=True)]
    assert log.event("g") == event(*attempts)


def test_delivered_event_is_dropped() -> None:
    log = DeliveryLog()
    log.add([row(2, code=200, redelivery=True), row(1)])
    assert log.is_delivered("g")
    assert log.undelivered(0) == []
    with pytest.raises(KeyError):
        log.event("g")


def test_event_counts_from_the_latest_of_its_failed_attempts() -> None:
    log = DeliveryLog()
    log.add([row(2, START, redelivery=True), row(1, START - 1_000)])
    assert [one.guid for one in log.undelivered(START)] == ["g"]
    assert log.undelivered(START + 1) == []
    # One whose id is younger can have the earlier time.
    log.add([row(3, START - 500, redelivery=True)])
    assert [one.guid for one in log.undelivered(START)] == ["g"]


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        ({"event": "push", "action": None}, "push"),
        ({"event": "push", "action": ""}, "push"),
        ({"event": "pull_request", "action": "opened"}, "pull_request.opened"),
    ],
)
def test_event_is_named_with_its_action(columns: dict[str, Any], shown: str) -> None:
    log, bare = DeliveryLog(), row(2, guid="bare")
    del bare["action"]
    log.add([row(1, **columns), bare])
    assert (log.event("g").name, log.event("bare").name) == (shown, "push")


@pytest.mark.parametrize("at", [31_536_000_000, START + 7, 1_794_000_000_123, 253_370_764_799_999])
def test_time_is_kept_to_the_millisecond(at: int) -> None:
    read = TypeAdapter(Row).validate_python(row(1) | {"delivered_at": timestamp(at)})
    assert read["delivered_at"] == at


@pytest.mark.parametrize(
    ("status", "code", "good"),
    [
        ("OK", 200, True),
        ("OK", 0, True),
        ("OK", 302, True),
        ("", 204, True),
        ("whatever", 299, True),
        ("whatever", 199, False),
        ("Invalid HTTP Response: 300", 300, False),
        ("ok", 500, False),
        ("OK ", 500, False),
    ],
)
def test_delivery_succeeded_by_status_or_code(status: str, code: int, *, good: bool) -> None:
    assert succeeded(row(1, status=status, code=code)) is good


@pytest.mark.parametrize(
    ("code", "dead"),
    [(0, True), (302, False), (400, False), (404, False), (422, False), (499, False), (500, True), (504, True)],
)
def test_only_an_outage_suggests_an_outage(code: int, *, dead: bool) -> None:
    assert attempt(1, code=code).suggests_outage is dead


def _gave_up(why: str) -> str:
    """GitHub's words for an endpoint that answered nothing, with its code 500."""
    return f'POST https://x.example/in giving up after 1 attempt(s): Post "https://x.example/in": {why}'


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (NO_CONNECTION, "no connection"),
        (TIMED_OUT, "timed out"),
        (BAD_CERTIFICATE, "TLS failed"),
        (GAVE_UP, "timed out"),
        (Outcome("Invalid HTTP Response: 503", 503), "HTTP 503"),
        (Outcome("Invalid HTTP Response: 302", 302), "HTTP 302"),
        (Outcome("invalid http response: connect to tls timed out", 500), "HTTP 500"),
        (Outcome("tls: handshake failure", 0), "TLS failed"),
        (Outcome("certificate signed by unknown authority", 0), "TLS failed"),
        (Outcome("context deadline exceeded", 500), "timed out"),
        (Outcome("dial tcp: connection refused", 502), "no connection"),
        (Outcome("", 0), "no connection"),
        (Outcome("no such host", 0), "no connection"),
        (Outcome("", 500), "HTTP 500"),
        (Outcome("unheard of", 418), "HTTP 418"),
        (Outcome("POST https://tls.example/x509 giving up after 1 attempt(s)", 500), "no connection"),
        (Outcome(_gave_up("EOF"), 500), "no connection"),
        (Outcome(_gave_up("dial tcp: lookup x.example: no such host"), 500), "no connection"),
        (Outcome(_gave_up("http2: server sent GOAWAY and closed the connection"), 500), "no connection"),
        (Outcome(_gave_up("dial tcp 192.0.2.7:443: i/o timeout"), 500), "timed out"),
        (Outcome(_gave_up("net/http: TLS handshake timeout"), 500), "timed out"),
        (Outcome(_gave_up("tls: failed to verify certificate: x509: unknown authority"), 500), "TLS failed"),
        (Outcome("Invalid HTTP Response: 500", 500), "HTTP 500"),
        (Outcome("POST https://x.example/in timed out: connection reset", 500), "timed out"),
    ],
)
def test_cause_is_in_words_of_ours(outcome: Outcome, cause: str) -> None:
    assert cause_of(outcome.status, outcome.status_code) == cause
