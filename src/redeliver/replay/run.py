"""One replay over one webhook: choose, plan and, if asked to, send and watch. It uses no checkpoint."""

from __future__ import annotations

from collections import Counter
from math import inf
from typing import TYPE_CHECKING

from redeliver.core.case import Case
from redeliver.core.facts import OUTCOMES, Fact, FactKind, Level
from redeliver.core.ledger import Ledger
from redeliver.core.plan import Rules
from redeliver.core.reading import SLACK
from redeliver.core.redelivery import PROBE_SIZE, UNSEEN, Outcome, why_unsent
from redeliver.errors import (
    ApiFailing,
    GuidsNotFound,
    OutOfTime,
    RedeliverError,
    ReplayEndedEarly,
    Stopped,
    TooManyEvents,
    Unexpected,
    WindowForgotten,
)
from redeliver.github.pace import seconds_to_redeliver
from redeliver.replay.plan import Chooser, Selection
from redeliver.replay.report import ReplayedEvent, ReplayReport
from redeliver.run.log_lines import OutcomeLines, Progress
from redeliver.run.record import Sending
from redeliver.run.send import Sender, Watch, send_in_time
from redeliver.run.walk import Cursor
from redeliver.text import count, some_of
from redeliver.times import clock_time, duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from redeliver.console import Console
    from redeliver.core.deliveries import UnreadRow
    from redeliver.core.ports import Hook
    from redeliver.core.settings import Settings
    from redeliver.replay.plan import ReplayPlan
    from redeliver.timing import RunClock


def replay_hook(hook: Hook, clock: RunClock, console: Console, settings: Settings) -> ReplayReport:
    """One replay over one webhook. Whatever happens, the report holds what is known."""
    replay = Replay(hook, clock, console, settings)
    try:
        replay.work()
    except (RedeliverError, Stopped) as ending:
        replay.ended_by = ending
    except Exception as bug:  # noqa: BLE001  a bug must not hide what has been done so far
        replay.ended_by = Unexpected(kind=type(bug).__name__)
    replay.say_outcomes()
    return replay.report()


class Replay:
    """The steps of a replay, in the order of ``work``."""

    def __init__(self, hook: Hook, clock: RunClock, console: Console, settings: Settings) -> None:
        self.ended_by: RedeliverError | Stopped | None = None
        self._hook = hook
        self._clock = clock
        self._console = console
        self._settings = settings
        self._plan: ReplayPlan | None = None
        self._unread: list[UnreadRow] = []
        self._ledger = Ledger(Rules(max_attempts=0, retry_spacing=0), results_only=True)
        self._lines = OutcomeLines(self._ledger, console)
        self._sending: Sending | None = None

    def work(self) -> None:
        """Everything but the report.

        Raises:
            RedeliverError, Stopped: what ended it early.
        """
        self._plan = plan = self._make_plan()
        if plan.missing:
            raise GuidsNotFound(guids=some_of(plan.missing))
        if plan.too_many:
            raise TooManyEvents(events=count(plan.found, "event"), limit=f"{plan.selection.limit:,}")
        if self._settings.send and plan.events:
            self._send()

    def _make_plan(self) -> ReplayPlan:
        now = self._hook.now()
        selection = self._select(now)
        chooser, progress = Chooser(selection, now), Progress(self._clock, self._console)
        cursor, oldest = Cursor(self._hook), inf
        self._console.line(f"Reading the log of {self._hook.name} back to {clock_time(selection.since)} at the most")
        for page in cursor.read_back_to(selection.since - SLACK):
            chooser.add(page.rows)
            self._unread += page.unread
            oldest = min(page.times, default=oldest) if page.next else -inf
            progress.of_walk(chooser.scanned, now, oldest, selection.since)
            if chooser.is_complete:
                break
        settings = self._settings
        seconds = seconds_to_redeliver(chooser.end(), settings.redeliveries_per_minute, self._hook.quota.hourly)
        plan = chooser.plan(seconds=seconds, pages=cursor.pages)
        for line in _planned(plan):
            self._console.line(line)
        self._ledger.cases |= {event.guid: Case(event) for event in plan.events}
        return plan

    def _select(self, now: int) -> Selection:
        settings = self._settings
        oldest = now - settings.retention_ms
        since = oldest if settings.from_ is None else settings.from_.resolve(now)
        # The settings were read by this machine's clock.
        if since < oldest - SLACK:
            raise WindowForgotten(oldest=clock_time(oldest))
        until = now if settings.to is None else settings.to.resolve(now)
        return Selection(since, until, settings.guid, settings.events, settings.limit)

    def _send(self) -> None:
        wait, cases = self._settings.wait_for_results, [*self._ledger.cases.values()]
        sender = Sender(self._hook, self._ledger, self._console)
        watch = Watch(self._hook, self._ledger, clock=self._clock, lines=self._lines)
        title = f"Sending {count(len(cases), 'event')} again"
        self._sending, late = send_in_time(
            sender, watch, cases, title=title, watch_for=wait, probe_for=wait, choose=_oldest
        )
        watch.until_settled(wait)
        if late:
            raise late

    def say_outcomes(self) -> None:
        """Say what became of what was sent."""
        self._lines.say_rest()

    # -- the report ---------------------------------------------------------------------------------------------

    def report(self) -> ReplayReport:
        """What is known."""
        events = tuple(self._events())
        stopped = self.ended_by.signal_number if isinstance(self.ended_by, Stopped) else self._clock.signal_number
        sent = sum(case.was_accepted for case in self._ledger.sent)
        return ReplayReport(
            hook=self._hook.name,
            hook_id=self._hook.hook_id,
            owner=self._hook.owner,
            page=self._hook.web_page,
            send=self._settings.send,
            plan=self._plan,
            sent=sent,
            events=events,
            facts=tuple(self._facts(events)),
            signal_number=stopped,
            refused=isinstance(self.ended_by, RedeliverError) and self.ended_by.exit_code == 2,
        )

    def _events(self) -> Iterator[ReplayedEvent]:
        down = self._sending is Sending.ENDPOINT_DOWN
        self._ledger.close(why_unsent(self.ended_by, dry_run=not self._settings.send, endpoint_down=down))
        for event in self._plan.events if self._plan else ():
            case = self._ledger.cases[event.guid]
            outcome = case.outcome
            yield ReplayedEvent(
                guid=event.guid,
                name=event.name,
                first_attempt_at=event.first.at,
                attempts=len(event.attempts),
                delivered_before=event.is_delivered,
                redelivered_at=max((one.at for one in event.attempts if one.redelivery), default=None),
                recent=self._plan is not None and self._plan.was_redelivered(event),
                outcome=outcome,
                cause=case.result_detail if outcome is Outcome.FAILED_AGAIN else "",
                detail=case.result_detail if outcome in {Outcome.REFUSED, Outcome.UNKNOWN} else "",
                delivery_id=str(event.latest.id),
            )

    def _facts(self, events: Sequence[ReplayedEvent]) -> Iterator[Fact]:
        since = self._plan.selection.since if self._plan else 0
        if self._plan and (unread := [row for row in self._unread if row.at is None or row.at >= since]):
            yield Fact(FactKind.NOT_CHOSEN, Level.WARNING, {"ids": tuple(row.label for row in unread)})
        match self.ended_by:
            case ApiFailing() | OutOfTime() as fault:
                # Their own advice is about a next run, and there is none.
                support = fault.for_support if isinstance(fault, ApiFailing) else ""
                why = f"{fault.problem} {support}".strip()
                yield Fact.of(ReplayEndedEarly(why=why, sent=_sent(len(self._ledger.sent))))
            case RedeliverError() as fault:
                yield Fact.of(fault)
            case Stopped(signal_number=number):
                yield Fact(FactKind.REPLAY_STOPPED, Level.WARNING, {"number": number})
            case None:
                pass
        if self._sending is Sending.ENDPOINT_DOWN:
            causes = Counter(event.cause for event in events if event.cause)
            known = {"probes": PROBE_SIZE, "cause": causes.most_common(1)[0][0]}
            yield Fact(FactKind.FIRST_FAILED, Level.WARNING, known)
        if not self._ledger.sent:
            return
        kinds = Counter(event.outcome for event in events if event.outcome not in UNSEEN | {Outcome.RECOVERED})
        if kinds:
            why = ", ".join(f"{number:,} {OUTCOMES[kind].word}" for kind, number in kinds.items())
            yield Fact(FactKind.NOT_DELIVERED, Level.ERROR, {"events": kinds.total(), "why": why})
        if unseen := sum(event.outcome in UNSEEN for event in events):
            yield Fact(FactKind.NO_RESULT, Level.WARNING, {"events": unseen})


def _planned(plan: ReplayPlan) -> Iterator[str]:
    read = f"{count(plan.scanned, 'attempt')} read"
    left = f" ({plan.filtered_out:,} more left out by events)" if plan.filtered_out else ""
    yield f"{read}: {count(plan.found, 'event')} chosen{left}, {plan.delivered:,} of them delivered before"
    if plan.found:
        yield f"Sending takes about {duration(plan.seconds)} and {count(plan.calls, 'API call')}"
    if plan.redelivered:
        yield f"{plan.redelivered:,} of them were redelivered within the last hour"


def _oldest(cases: Sequence[Case]) -> Sequence[Case]:
    return cases[:PROBE_SIZE]


def _sent(events: int) -> str:
    return count(events, "event was", "events were") + " sent" if events else "Nothing was sent"
