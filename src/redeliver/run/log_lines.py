"""The log lines of a run: about its events, and about its progress."""

from __future__ import annotations

from collections import Counter
from math import inf
from typing import TYPE_CHECKING

from redeliver.core.case import OUTCOMES, Outcome
from redeliver.text import count, plain
from redeliver.times import duration, utc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redeliver.console import Bar, Console
    from redeliver.core.case import Case
    from redeliver.core.deliveries import Event, Page
    from redeliver.core.ledger import Ledger
    from redeliver.core.reading import Window
    from redeliver.timing import RunClock

#: Events with the same outcome that get a line of their own; the summary and the report have more of them.
SHOWN = 100
#: Seconds between two lines of progress.
PROGRESS_INTERVAL = 10.0


def title_of(event: Event) -> str:
    """An event as a log names it, so that the user can find it in the receiver's log."""
    failed = "first failed" if event.original else "failed by"
    how = failed if event.first.cause else "delivered"
    return f"{plain(event.name, 80)} {plain(event.guid, 64)} ({how} {utc(event.first.at)})"


def reading_line(hook: str, window: Window, overlap: int, *, kept: bool) -> str:
    """How far back the log is read, and why. ``overlap``: in seconds; ``kept``: whether runs keep a checkpoint."""
    if window.cutoff == window.retained_from:
        why = "all that GitHub keeps"
    elif window.stored is None:
        why = f"lookback of {duration((window.start - window.checkpoint) // 1000)}"
        why += f" and overlap of {duration(overlap)}" if overlap else ""
    else:
        why = f"{duration(overlap)} before the checkpoint" if overlap else "the checkpoint"
    if window.stored is None:
        why += "; no checkpoint yet" if kept else "; no checkpoint without variable-name or state-file"
    elif window.cutoff == window.retained_from:
        why += f"; the checkpoint is {utc(window.stored)}"
    return f"Reading the log of {hook} back to {utc(window.cutoff)} ({why})"


def checkpoint_line(checkpoint: int, overlap: int) -> str:
    """Which checkpoint was saved, and how far back the next run reads. ``overlap``: in seconds."""
    moment = f"{duration(overlap)} before it" if overlap else "there"
    return f"Checkpoint saved: {utc(checkpoint)}. The next run reads from {moment}"


def found_line(scanned: int, due: int, skipped: Iterable[Outcome], *, dry_run: bool) -> str:
    """What was found in the log. ``due``: events to send; ``skipped``: why the others are not sent."""
    read = f"{count(scanned, 'attempt')} read"
    reasons = Counter(skipped)
    if not due and not reasons:
        return f"{read}: nothing to redeliver"
    to_send = f"{due:,} to send" + (", but this is a dry run" if dry_run and due else "")
    parts = ", ".join([to_send, *(f"{number:,} {OUTCOMES[reason].word}" for reason, number in reasons.items())])
    return f"{read}: {count(due + reasons.total(), 'event')} undelivered ({parts})"


def say_outcomes(ledger: Ledger, console: Console) -> None:
    """Log the outcome of each redelivery, in one group for each outcome, and their numbers."""
    cases: dict[Outcome, list[Case]] = {}
    for case in ledger.sent:
        cases.setdefault(case.result_outcome, []).append(case)
    for outcome in OUTCOMES:
        if not (those := cases.get(outcome)):
            continue
        first = f", the first {SHOWN}" if len(those) > SHOWN else ""
        with console.group(f"{OUTCOMES[outcome].word.capitalize()}: {count(len(those), 'event')}{first}"):
            for case in those[:SHOWN]:
                why = f": {case.result_detail}" if case.result_detail else ""
                console.line(f"{title_of(case.event)}{why}")
    if cases:
        recovered, sent = len(cases.pop(Outcome.RECOVERED, ())), count(len(ledger.sent), "redelivered event")
        others = [f"{len(those):,} {OUTCOMES[outcome].word}" for outcome, those in cases.items()]
        console.line(", ".join([f"{recovered:,} of {sent} recovered", *others]))


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
        now, sent = self._clock.now(), len(self._ledger.sent) - self._sent_before
        if now - self._said_at < PROGRESS_INTERVAL:
            self._bar(sent)
            return
        self._said_at = now
        outcomes = Counter(case.result_outcome for case in self._ledger.sent[self._sent_before :])
        delivered, failed = outcomes[Outcome.RECOVERED], outcomes[Outcome.FAILED_AGAIN]
        minutes, seconds = divmod(round(now - self._began), 60)
        time = f"{minutes}:{seconds:02} of {duration(self._limit)}"
        self._bar(sent, f"{sent:,} of {self._due:,} sent · {delivered:,} delivered · {failed:,} failed · {time}")


class Progress:
    """Logs from time to time how far a long walk has come; every page is logged as a detail."""

    def __init__(self, clock: RunClock, console: Console) -> None:
        self._clock = clock
        self._console = console
        self._said_at = clock.now()

    def of_walk(self, scanned: int, newest: float, oldest: float, since: float) -> None:
        """A page of a plain walk down to ``since`` was read, and so everything back to ``oldest`` (epoch ms)."""
        if oldest == inf:
            return  # an empty page, with others to follow
        read = f"{count(scanned, 'attempt')} read"
        if oldest == -inf:
            self._say(f"{read}, to the end of the log")
            return
        oldest = max(oldest, since)
        share = min(1.0, max(0.0, (newest - oldest) / max(1.0, newest - since)))
        self._say(f"{read} so far, back to {utc(int(oldest))} ({share:.0%})")

    def of_failures(self, page: Page) -> None:
        """A page of failures was read."""
        if page.rows:
            self._say(f"Failures read so far, back to {utc(min(page.times))}")

    def _say(self, text: str) -> None:
        if self._clock.now() - self._said_at < PROGRESS_INTERVAL:
            self._console.detail(text)
            return
        self._said_at = self._clock.now()
        self._console.line(text)
