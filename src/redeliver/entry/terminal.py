"""What a run on a server says: on a terminal with rich, in a pipe as plain text."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from redeliver.console import headed
from redeliver.core.case import OUTCOMES, Outcome
from redeliver.entry.streams import bar_of_lines, in_journal
from redeliver.output.headline import headline
from redeliver.output.pieces import ORDER
from redeliver.output.receivers import health_line, percent, response_lines, took
from redeliver.replay import page as replay_page
from redeliver.text import for_log, one_line, plain
from redeliver.times import utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from redeliver.console import Bar, Word
    from redeliver.core.health import HookHealth
    from redeliver.core.report import Report, ShownEvent
    from redeliver.entry.streams import Level
    from redeliver.replay.report import ReplayReport

#: Characters of a line, and of text from outside.
_LINE = 2_000
_FROM_OUTSIDE = 1_000
#: Wider than any line: what reads a pipe wraps lines itself, or wants them unwrapped.
_NO_TERMINAL = 100_000
#: Rows of a table; ``--format json`` has more of them.
SHOWN_EVENTS = 200


class TerminalConsole:
    """A run's log on the standard error stream. See :class:`redeliver.console.Console`.

    On a terminal the last line has a spinner beside it while the run works; elsewhere it is a plain log.
    """

    def __init__(self, *, verbose: bool = False, quiet: bool = False) -> None:
        """``quiet``: errors and warnings alone."""
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._verbose = verbose
        self.quiet = quiet
        self._status = self._console.status("")
        self._folded = False

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show that the run is working."""
        with nullcontext() if self.quiet else self._status:
            yield

    def line(self, text: str, word: Word = "", *, passing: bool = False) -> None:
        """A line as it is: markup in it has no effect."""
        if self._folded:
            self.detail(text)
        elif not self.quiet:
            shown = Text(headed(word, ""), "bold") + _sentence(text)
            if not (passing and self._console.is_terminal):
                self._console.print(shown)
            self._status.update(shown)

    def detail(self, text: str) -> None:
        """A line for those who asked for details."""
        if self._verbose and not self.quiet:
            self._console.print(_sentence(text, "dim"))

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """A title. A terminal cannot fold the lines under it, so there they are for those who asked for details."""
        self.line(title)
        self._folded = self._console.is_terminal
        try:
            yield
        finally:
            self._folded = False

    @contextmanager
    def progress(self, of: int) -> Iterator[Bar]:
        """A bar with the rate and the time that is left; off a terminal, lines."""
        if self.quiet or not self._console.is_terminal:
            yield bar_of_lines(self)
            return
        columns = SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TextColumn("sent"), _Rate(), TimeRemainingColumn()
        self._status.stop()
        with Progress(*columns, console=self._console, transient=True) as display:
            task = display.add_task("", total=of)
            yield lambda done, line="": display.update(task, completed=done)  # noqa: ARG005
        self._status.start()

    def tell(self, level: Level, *texts: str) -> None:
        """What makes the run fail, or what the user should know."""
        style = {"error": "bold red", "warning": "bold yellow"}[level]
        for text in texts:
            self._console.print(Text(in_journal(level)) + Text(f"{level}: ", style=style) + _sentence(text))


#: Seconds after which a rate says something.
_SETTLED = 10.0


class _Rate(ProgressColumn):
    """Redeliveries a minute."""

    def render(self, task: Task) -> Text:
        """So far."""
        is_settled = (task.elapsed or 0) > _SETTLED
        return Text(f"{task.speed * 60:,.0f} a minute" if task.speed and is_settled else "")


def show_report(report: Report) -> None:
    """Print a run's result on the standard output."""
    rows = [(hook, event) for hook in report.hooks for event in hook.events]
    rows.sort(key=lambda row: ORDER[row[1].outcome])
    several = ["Hook"] if len(report.hooks) > 1 else []
    out, table = _table(*several, "Event", "First failed", "Cause", "Failed attempts", "Outcome", "GUID", "Delivery id")
    for hook, event in rows[:SHOWN_EVENTS]:
        whose = [hook.hook_id or hook.hook] if several else []
        when = ("" if event.first_was_read else "by ") + utc(event.first_failed_at)
        attempts = str(event.attempts)
        ids = _text(event.guid), event.delivery_id
        table.add_row(*whose, _text(event.name), when, event.cause, attempts, OUTCOMES[event.outcome].word, *ids)
    _print_events(out, table, len(rows))
    for hook in report.hooks:
        for one in hook.explanations:
            of = f" of {hook.hook}" if several else ""
            out.print(_text(f"What the receiver{of} answered ({one.cause}, delivery id {one.delivery_id}):"))
            for line in response_lines(one.response):
                out.print(Text("  ") + _text(line))
    if health := health_line(report):
        out.print(_text(health))
    end = [headline(report)]
    if report.count(Outcome.DRY_RUN):
        end.append("To send them, run it again without --dry-run")
    out.print(Text(". ".join(end), style="bold"))


def show_events(events: Sequence[ShownEvent]) -> None:
    """Print events, each with all its attempts, on the standard output."""
    out, _ = _table()
    for number, event in enumerate(events):
        if number:
            out.print()
        ending = "delivered" if event.delivered else "not delivered"
        out.print(_text(f"{event.name} {event.guid} of {event.hook}: {ending}", "bold"))
        for attempt in event.attempts:
            response = attempt.response
            lasted = "" if response is None or response.duration is None else f", {response.duration / 1_000:.2f} s"
            kind = "redelivery" if attempt.redelivery else "first attempt"
            ending = f"{attempt.status} ({attempt.code}{lasted})"
            line = f"{utc(attempt.at)} {kind}: {ending} delivery id {attempt.delivery_id}"
            out.print(Text("  ") + _text(line))
            unknown = f"What the receiver answered is not known. {attempt.unknown}"
            for line in response_lines(response) if response else [unknown]:
                out.print(Text("    ") + _text(line))


def show_replay(report: ReplayReport) -> None:
    """Print a replay's plan and its outcomes on the standard output."""
    out, table = _table("Event", "First sent", "Delivered before", "Outcome", "Why", "GUID", "Delivery id")
    for event, case in report.events[:SHOWN_EVENTS]:
        before = "yes" if event.is_delivered else "no"
        cells = _text(event.name), utc(event.first.at), before, replay_page.words(case.outcome)
        table.add_row(*cells, _text(case.result_detail), _text(event.guid), str(event.latest.id))
    _print_events(out, table, len(report.events))
    for name, value in replay_page.plan_rows(report.plan, str) if report.plan else ():
        out.print(_text(f"{name}: {value}"), soft_wrap=True)
    for line in replay_page.guids_to_send(report, "what --format json prints (see docs/replay.md)"):
        out.print(Text(line), soft_wrap=True)  # one line, to be copied
    if report.plan and report.plan.delivered:
        out.print(replay_page.NO_RETRY)
    end = filter(None, [replay_page.headline(report), replay_page.next_step(report, "--send")])
    out.print(Text(". ".join(end), style="bold"))


def _print_events(out: Console, table: Table, number: int) -> None:
    """A table of some events, and how many more there are. ``number``: of them all."""
    if number:
        out.print(table)
    if number > SHOWN_EVENTS:
        out.print(f"and {number - SHOWN_EVENTS:,} more events")


def show_hooks(hooks: Sequence[HookHealth]) -> None:
    """Print webhooks and how their deliveries went to the standard output."""
    columns = ("Hook", "Points to", "Deliveries", "Failed", "Rate")
    out, table = _table(*columns, "On first attempt", "p95 duration", "Health", "Last success")
    for one in hooks:
        rate = f"{one.failed / one.deliveries:.1%}" if one.deliveries else "-"
        last = utc(one.last_success) if one.last_success else "-"
        host = f"{one.host} (inactive)" if one.active is False else one.host
        numbers = [f"{one.deliveries:,}", f"{one.failed:,}", rate]
        stats = one.stats
        first = [percent(stats.delivered_first_try, stats.events), took(stats.p95), str(one.health)]
        table.add_row(str(one.hook_id or "-"), _text(host), *numbers, *first, last)
    out.print(table)


def _table(*columns: str) -> tuple[Console, Table]:
    """An empty table and where to print it: with a box on a terminal, elsewhere whole lines of plain text."""
    out = Console(highlight=False)
    if out.is_terminal:
        table = Table()
    else:
        out.width = _NO_TERMINAL
        table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return out, table


def _text(text: str, style: str = "") -> Text:
    """Text from outside: rich, a terminal and a workflow's runner find no markup in it, and it has no URL."""
    return Text(for_log(plain(text, _FROM_OUTSIDE)), style)


def _sentence(text: str, style: str = "") -> Text:
    """A sentence of the action's own, with the same care, but with its addresses."""
    return Text(for_log(one_line(text, _LINE)), style)
