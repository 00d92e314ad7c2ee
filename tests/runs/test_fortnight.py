"""A fortnight of a busy hook, with many runs a day and an endpoint that is down more than once."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from githubsim.clock import DAY, HOUR, MINUTE, SECOND
from githubsim.endpoint import Dispatch, Outage
from githubsim.outcomes import BAD_CERTIFICATE, NO_CONNECTION, REDIRECTED, TIMED_OUT, UNAVAILABLE, Outcome
from githubsim.outcomes import invalid_response as invalid
from redeliver.core import flow
from redeliver.core.case import Outcome as Became
from runs import promises
from runs.lengths import SOAK
from runs.model import Run, World

pytestmark = pytest.mark.slow

#: `make test` runs a twenty-fifth of all that is counted, so that calls and pace are as scarce as with 200,000 events.
SHARE = 1 if SOAK else 25
EVENTS = 200_000 // SHARE
HOURLY = 5_000 // SHARE
A_MINUTE = 150 // SHARE
FORTNIGHT = 14 * DAY
EVERY = (15 if SOAK else 20) * MINUTE
MAX_ATTEMPTS = 10
#: Every so many events one is poisoned: its endpoint will never take it.
POISONED = EVENTS // 20
#: From when to when the endpoint is down, and how.
OUTAGES = [
    (6 * HOUR, 4 * MINUTE, UNAVAILABLE),
    (DAY, 25 * MINUTE, TIMED_OUT),
    (2 * DAY, 3 * HOUR, NO_CONNECTION),
    (3 * DAY, 2 * MINUTE, REDIRECTED),
    (4 * DAY, 8 * HOUR, UNAVAILABLE),
    (5 * DAY, 50 * MINUTE, BAD_CERTIFICATE),
    (6 * DAY, 2 * DAY, UNAVAILABLE),
    (11 * DAY, 11 * HOUR, TIMED_OUT),
]
#: What becomes of events on the way. A fortnight without one of these would show less than it seems to.
HAPPENED = {
    *(Became.RECOVERED, Became.FAILED_AGAIN, Became.GIVEN_UP, Became.EXPIRED),
    *(Became.NOT_DUE, Became.TYPE_FAILS, Became.ENDPOINT_DOWN, Became.OUT_OF_TIME),
}


@dataclass
class Book:
    """An endpoint that keeps what a test has to know of each event, since there are too many to look up each time."""

    outages: list[Outage]
    poisoned: set[str] = field(default_factory=set)
    undelivered: dict[str, int] = field(default_factory=dict)
    """When each event that no attempt has delivered yet was last tried."""
    attempts: Counter[str] = field(default_factory=Counter)
    doubled: list[str] = field(default_factory=list)
    _delivered: set[str] = field(default_factory=set)

    def deliver(self, dispatch: Dispatch) -> Outcome:
        guid, outcome = dispatch.guid, self._outcome(dispatch)
        if not outcome.succeeded or dispatch.redelivery:
            self.attempts[guid] += 1
        if not outcome.succeeded:
            self.undelivered[guid] = dispatch.at
        elif self.undelivered.pop(guid, None) is not None:
            self._delivered.add(guid)
        elif dispatch.redelivery:
            self.doubled.append(guid)
        return outcome

    def _outcome(self, dispatch: Dispatch) -> Outcome:
        well = invalid(422) if dispatch.guid in self.poisoned else Outcome("OK", 200)
        return next((outage.outcome for outage in self.outages if outage.lasts_at(dispatch.at)), well)


@dataclass
class Fortnight:
    """The hook's life: time passes, events arrive."""

    world: World
    book: Book
    arrived: int = 0

    def pass_until(self, moment: int) -> None:
        """Let the events of that time arrive, evenly."""
        clock, began = self.world.clock, self.world.clock._start
        while self.arrived < EVENTS:
            at = began + self.arrived * FORTNIGHT // EVENTS
            if at > moment:
                break
            # What arrives while a run is under way arrives at its end; a run takes seconds, or half an hour at most.
            if at > clock():
                clock.advance(at - clock())
            guid = self.world.sim.desk.new_guid()
            if self.arrived % POISONED == POISONED // 2:
                self.book.poisoned.add(guid)
            self.world.hook.emit(guid=guid)
            self.arrived += 1
        if moment > clock():
            clock.advance(moment - clock())
        self.world.sim.run_due()


@pytest.fixture
def fortnight(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fortnight]:
    world = World(None, latency_ms=100, max_attempts=str(MAX_ATTEMPTS), redeliveries_per_minute=str(A_MINUTE))
    world.sim.limits.policy.hourly = HOURLY
    # Else looks would take more than half of the calls.
    monkeypatch.setattr(flow, "_RARE_LOOK", flow._RARE_LOOK * SHARE)
    began = world.clock()
    world.hook.endpoint = book = Book(
        [Outage(began + start, began + start + last, how) for start, last, how in OUTAGES]
    )
    # Looking for garbage among the objects of 200,000 events takes an eighth of the time, and finds none.
    gc.disable()
    yield Fortnight(world, book)
    gc.enable()


@pytest.mark.long
@pytest.mark.timeout(0)
def test_fortnight_ends_with_every_event_delivered_or_beyond_help(fortnight: Fortnight) -> None:
    world, book = fortnight.world, fortnight.book
    began = world.clock()
    runs = 0
    calls: Counter[str] = Counter()
    said: Counter[Became] = Counter()
    unread = 0
    while world.clock() < began + FORTNIGHT + 2 * DAY:
        # Schedules do not overlap: one that falls into a run is skipped.
        fortnight.pass_until(began + ((world.clock() - began) // EVERY + 1) * EVERY)
        # Let the attempts under way end and show; one that times out takes ten seconds.
        world.clock.advance(11 * SECOND)
        before = dict(book.undelivered)
        # In hours that a long run has used up, a short one reads nothing.
        run = world.watch(time_limit="30m" if runs % 2 else "5h")
        promises.nothing_is_sent_in_vain(world, run)
        promises.limits_are_kept(run)
        _agrees(world, run, book, before)
        runs += 1
        calls.update(call.verb for call in run.calls)
        said.update(event.outcome for event in run.told.events)
        unread += not run.told.hooks[0].read
        world.sim.journal.clear()
    ended = Counter(_end_of(world, guid) for guid in book.undelivered)
    assert fortnight.arrived == EVENTS
    assert ended["open"] == 0, "an event was neither delivered nor given up"
    # After two days' outage those with the most attempts come last, and GitHub may forget them before their turn.
    assert book.undelivered.keys() == book.poisoned, "an event that could be helped was not"
    assert len(book.poisoned) == EVENTS // POISONED
    assert not book.doubled
    assert world.sim.limits.while_limited == 0
    assert unread, "no hour was short of calls"
    assert said.keys() >= HAPPENED
    print(f"{EVENTS:,} events, {len(book.attempts):,} failed at first, {runs:,} runs, {dict(calls)} calls")
    print(f"undelivered in the end: {dict(ended)}; sent twice: {len(book.doubled)}; {unread} runs read nothing")
    print({str(outcome): count for outcome, count in said.items()})


def _end_of(world: World, guid: str) -> str:
    rows = world.hook.log.attempts_of(guid)
    if world.is_open(world.hook.log, rows, world.clock(), world.settings()):
        return "open"
    return "out of attempts" if len(rows) >= MAX_ATTEMPTS else "forgotten"


def _agrees(world: World, run: Run, book: Book, before: dict[str, int]) -> None:
    """The run's report against the book, as it was before the run and as it is after it."""
    report = run.told
    assert not report.errors or report.lost or report.urgent or report.hooks[0].gap, report.errors
    if not report.hooks[0].read:
        assert report.warnings, "nothing was read, and nothing said"
        assert not run.accepted
        return
    accounts = {event.guid: event for event in report.events}
    assert len(accounts) == report.failed == report.recovered + report.undelivered
    # Found: all that failed and whose latest attempt lies in the window, and nothing else but the unsure.
    unsure = {guid for guid, event in accounts.items() if event.outcome is Became.UNCHECKED}
    cutoff = report.hooks[0].cutoff
    assert {guid for guid, at in before.items() if at >= cutoff} <= accounts.keys(), "not found"
    assert accounts.keys() - unsure <= before.keys(), "found, though it was delivered"
    # Missing: only what is beyond help, unless the run said that it has not read everything.
    for guid in before.keys() - accounts.keys() if not report.hooks[0].partial else ():
        assert _end_of(world, guid) != "open", f"{guid} has attempts left, and was not found"
    assert report.redelivered == len(run.accepted)
    arrived = accounts.keys() - unsure - book.undelivered.keys()
    not_seen_yet = sum(accounts[guid].outcome is Became.PENDING for guid in arrived)
    assert report.recovered == len(arrived) - not_seen_yet
    for guid, event in accounts.items():
        match event.outcome:
            case Became.RECOVERED:
                assert guid not in book.undelivered
            case Became.PENDING:
                assert guid in before
            case Became.UNCHECKED:
                pass
            case Became.GIVEN_UP:
                assert book.attempts[guid] >= MAX_ATTEMPTS
            case _:
                assert guid in book.undelivered
