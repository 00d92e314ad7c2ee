"""The log lines of a run: about its events, and about its progress."""

from __future__ import annotations

from collections import Counter
from math import inf
from typing import TYPE_CHECKING

from redeliver.core.case import AWAITING_RESULT, OUTCOMES, Outcome
from redeliver.core.flow import Ending
from redeliver.core.reading import SLACK, Extent
from redeliver.core.report import URGENT
from redeliver.errors import RedeliverError, Stopped
from redeliver.text import count, plain
from redeliver.times import distance, duration, utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redeliver.console import Bar, Console
    from redeliver.core.case import Case
    from redeliver.core.deliveries import Event, Page
    from redeliver.core.flow import Flow
    from redeliver.core.forecast import Forecast
    from redeliver.core.ledger import Ledger
    from redeliver.core.reading import Reading, Window
    from redeliver.run.walk import Cursor
    from redeliver.timing import RunClock

#: Events with the same outcome that get a line of their own; the summary and the report have more of them.
SHOWN = 100
#: Seconds between two lines of progress.
PROGRESS_INTERVAL = 10.0
#: The share of a walk from which on the time that is left can be told.
_TELLING = 0.05


def title_of(event: Event) -> str:
    """An event as a log names it, so that the user can find it in the receiver's log."""
    failed = "first failed" if event.original else "failed by"
    how = failed if event.first.cause else "delivered"
    return f"{plain(event.name, 80)} {plain(event.guid, 64)} ({how} {utc(event.first.at)})"


def reading_line(window: Window, overlap: int, *, kept: bool) -> str:
    """How far back the log is read, and why. ``overlap``: in seconds; ``kept``: whether runs keep a checkpoint."""
    checkpoint = "" if window.stored is None else f"checkpoint {utc(window.stored, window.start)}"
    if window.cutoff == window.retained_from:
        why = ["all that GitHub keeps", checkpoint]
    else:
        lookback = f"lookback {duration((window.start - window.checkpoint) // 1000)}"
        why = [checkpoint or lookback, f"minus {duration(overlap)}" if overlap else ""]
    if window.stored is None:
        why.append("no checkpoint yet" if kept else "no checkpoint without variable-name or state-file")
    return f"from {utc(window.cutoff, window.start)} ({', '.join(filter(None, why))})"


def found_line(reading: Reading, ledger: Ledger, seconds: float) -> str:
    """What was found in the log, and how long reading took."""
    read = count(reading.scanned, "delivery", "deliveries") + (f" in {duration(seconds)}" if seconds >= 1 else "")
    start, part = reading.window.start, ""
    if reading.extent is Extent.NEWEST:
        read, part = f"{read}, back to {utc(reading.accounts_from, start)} only", "at least "
    events = [case.event for case in (*ledger.due, *(case for case, _ in ledger.skipped))]
    if not events:
        return f"{read}: nothing to redeliver"
    (cause, number), *_ = Counter(event.latest.cause for event in events).most_common(1)
    why = f" ({'mostly ' * (number < len(events))}{cause})" if 2 * number > len(events) else ""
    oldest = min(events, key=lambda event: event.first.at)
    since = f"since {utc(oldest.first.at, start)}{'' if oldest.original else ' or earlier'}"
    return f"{read}: {part}{count(len(events), 'event')} undelivered{why}, {since}"


def plan_line(ledger: Ledger, takes: Forecast | None, *, dry_run: bool) -> str:
    """What will be sent, how long that takes, and why the others are not sent; empty: there are no events."""
    due, reasons = len(ledger.due), Counter(reason for _, reason in ledger.skipped)
    to_send = f"{due:,} to send" + (", but this is a dry run" if dry_run and due else "")
    is_long = takes is not None and (takes.seconds >= 60 or takes.runs > 1)
    parts = [to_send + (f": {takes}" if is_long else "") if due else "nothing to send now" if reasons else ""]
    parts += [f"{number:,} {OUTCOMES[reason].word}" for reason, number in reasons.items()]
    advice = [f". {better}: {how}" for better, how in takes.advice] if is_long and takes else []
    return " · ".join(filter(None, parts)) + "".join(advice)


def deadline_line(takes: Forecast, now: int) -> str:
    """When GitHub begins to delete what is to be sent, and whether there is time enough. ``now``: epoch ms."""
    deadline = now + round(takes.time_left * 1000)
    state = (takes.condition or "safe") if deadline - now > URGENT else "GitHub then deletes the oldest event"
    if deadline <= now:
        return "GitHub is deleting the oldest event now"
    if not takes.in_time:
        state = "too early to send all of them"
    return f"{utc(deadline, now)}, {distance(deadline, now)}: {state}"


def test_line(sent: Sequence[Case], *, down: bool) -> str:
    """What became of the few events with which a receiver was tested."""
    tested, delivered = count(len(sent), "event"), sum(case.delivered_at is not None for case in sent)
    if down:
        return f"{tested} failed the same way{_cause(sent)}: the receiver is down"
    return f"{delivered:,} of {tested} delivered" + (": the receiver is up" if delivered else ", so this is not clear")


def _cause(sent: Sequence[Case]) -> str:
    """Why the newest of these failed again; empty: that is not known."""
    return next((f" ({case.result_detail})" for case in reversed(sent) if case.result), "")


def stop_line(ledger: Ledger, flow: Flow | None, ended_by: RedeliverError | Stopped | None) -> str:
    """Why sending stopped before everything was sent, and what waits; empty: it did not."""
    waiting, sent, why = ledger.due, ledger.sent, ""
    match ended_by:
        case Stopped(signal_number=number):
            why = f"signal {number}"
        case RedeliverError() as error:
            why = error.problem.rstrip(".")
        case None if flow and flow.ending is Ending.DOWN:
            why = f"the receiver is down{_cause(sent)}"
        case None if flow and flow.left:
            why = f"the receiver fails on {plain(', '.join(flow.left), 200)}"
        case None:
            pass
    return f"{why}: {len(sent):,} sent, {len(waiting):,} wait" if why and (sent or waiting) else why


def checkpoint_line(checkpoint: int, overlap: int) -> str:
    """Which checkpoint was saved, and how far back the next run reads. ``overlap``: in seconds."""
    return f"checkpoint {utc(checkpoint)} (the next run reads from {utc(checkpoint - overlap * 1000, checkpoint)})"


def log_outcomes(ledger: Ledger, console: Console) -> None:
    """Log how many were sent and what became of them, and each redelivery, in one group for each outcome."""
    cases: dict[Outcome, list[Case]] = {}
    for case in ledger.sent:
        cases.setdefault(case.result_outcome, []).append(case)
    if cases:
        console.line(sent_line(ledger.sent, len(ledger.sent) + len(ledger.due)), "Send")
    for outcome in OUTCOMES:
        if not (those := cases.get(outcome)):
            continue
        first = f", the first {SHOWN}" if len(those) > SHOWN else ""
        with console.group(f"{OUTCOMES[outcome].word.capitalize()}: {count(len(those), 'event')}{first}"):
            for case in those[:SHOWN]:
                why = f": {case.result_detail}" if case.result_detail else ""
                console.line(f"{title_of(case.event)}{why}")


def sent_line(sent: Sequence[Case], of: int) -> str:
    """How many of so many were sent, and what became of them so far."""
    outcomes = Counter(case.result_outcome for case in sent)
    delivered, failed = outcomes.pop(Outcome.RECOVERED, 0), outcomes.pop(Outcome.FAILED_AGAIN, 0)
    open_ = sum(outcomes.pop(one, 0) for one in AWAITING_RESULT)
    parts = [f"{len(sent):,} of {of:,}", f"{delivered:,} delivered", f"{failed:,} failed"]
    parts += [f"{open_:,} with no result yet"] if open_ else []
    return " · ".join(parts + [f"{number:,} {OUTCOMES[one].word}" for one, number in outcomes.items()])


class SendProgress:
    """Says how far sending has come: on a bar at each step, and in the log from time to time."""

    def __init__(self, ledger: Ledger, due: int, clock: RunClock, bar: Bar) -> None:
        self._ledger = ledger
        self._sent_before = len(ledger.sent)
        self._due = due
        self._clock = clock
        self._bar = bar
        self._began = self._said_at = clock.now()
        self._limit = clock.remaining()

    def say(self) -> None:
        """Call it at each step."""
        now, done = self._clock.now(), len(self._ledger.sent) - self._sent_before
        if now - self._said_at < PROGRESS_INTERVAL:
            self._bar(done, "")
            return
        self._said_at = now
        time = f"{duration(now - self._began)} of {duration(self._limit)}"
        self._bar(done, f"{sent_line(self._ledger.sent[self._sent_before :], self._due)} · {time}")


class Progress:
    """Logs from time to time how far a long walk has come; every page is logged as a detail."""

    def __init__(self, clock: RunClock, console: Console) -> None:
        self._clock = clock
        self._console = console
        self._began = self._said_at = clock.now()

    def of_walk(self, cursor: Cursor, scanned: int, newest: float, since: float) -> None:
        """A page of a plain walk from ``newest`` down to ``since`` (epoch ms) was read."""
        oldest = cursor.back_to - SLACK
        if oldest == inf:
            return  # an empty page, with others to follow
        read = count(scanned, "delivery", "deliveries")
        if oldest == -inf:
            self._say(f"{read}, to the end of the log")
            return
        oldest = max(oldest, since)
        share = min(1.0, max(0.0, (newest - oldest) / max(1.0, newest - since)))
        lasted = self._clock.now() - self._began
        to_go = f", {duration(lasted / share - lasted)} to go" if _TELLING < share < 1 and lasted > 1 else ""
        self._say(f"{read}, back to {utc(int(oldest))}, {share:.0%}{to_go}")

    def of_failures(self, page: Page) -> None:
        """A page of failures was read."""
        if page.rows:
            self._say(f"failures, back to {utc(min(page.times))}")

    def _say(self, text: str) -> None:
        if self._clock.now() - self._said_at < PROGRESS_INTERVAL:
            self._console.detail(text)
            return
        self._said_at = self._clock.now()
        self._console.line(text, "Read", passing=True)
