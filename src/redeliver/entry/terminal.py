"""What a run on a server says: on a terminal with rich, in a pipe as plain text."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.padding import Padding
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

from redeliver import console
from redeliver.core.case import OUTCOMES, Outcome
from redeliver.core.health import label_of
from redeliver.documents import entry
from redeliver.entry.streams import in_journal
from redeliver.output.headline import headline, what_comes_next, what_to_do
from redeliver.output.pieces import ORDER, light, mark
from redeliver.output.receivers import health_line, percent, response_lines, took
from redeliver.replay import page as replay_page
from redeliver.text import count, for_log, one_line, plain
from redeliver.times import day_time, distance, duration, utc, utc_from_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from redeliver.console import Bar, Word
    from redeliver.core.facts import Fact
    from redeliver.core.health import HookHealth
    from redeliver.core.report import Report, ShownEvent
    from redeliver.core.settings import Settings
    from redeliver.entry.streams import Level
    from redeliver.replay.report import ReplayReport

#: Characters of a line, and of text from outside.
_LINE = 2_000
_FROM_OUTSIDE = 1_000
#: Wider than any line: what reads a pipe wraps lines itself, or wants them unwrapped.
_NO_TERMINAL = 100_000
#: From this width on (characters), a table has a box and all its columns; below it, the first few.
_WIDE = 140
_NARROW = 4
_GUID = 36
#: Outcomes in red.
_BAD = frozenset({Outcome.GIVEN_UP, Outcome.EXPIRED, Outcome.FAILED_AGAIN, Outcome.REFUSED})
#: Lights in the order in which users should look.
_ORDER = "🔴🟡⚫⚪🟢"
#: Rows of a table; ``--format json`` has more of them. A few leave what stands above them on the screen.
SHOWN_EVENTS = 200
_FEW = 5


class TerminalConsole(console.Console):
    """A run's log on the standard error stream.

    On a terminal the last line has a spinner beside it while the run works; elsewhere it is a plain log.
    """

    def __init__(self, *, verbose: bool = False, quiet: bool = False) -> None:
        """``quiet``: errors and warnings alone."""
        self._console = Console(stderr=True, highlight=False)
        # A terminal would break a line in the middle of a GUID; whatever reads a pipe wraps lines itself.
        self._console.soft_wrap = not self._console.is_terminal
        self._verbose = verbose
        self.quiet = quiet
        self._status = self._console.status("")
        self._folded = False

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show that the run is working."""
        with nullcontext() if self.quiet else self._status:
            yield
        self._status.update(" ")  # what it showed is over when it is shown again

    def line(self, text: str, word: Word = "", *, passing: bool = False) -> None:
        """A line as it is: markup in it has no effect."""
        if self._folded:
            self.detail(text)
        elif not self.quiet:
            shown = Text(console.headed(word, ""), "bold") + _sentence(text)
            if not (passing and self._console.is_terminal):
                self._console.print(shown)
            # The spinner repeats nothing that has its own line. It would keep its text if it was given an empty one.
            self._status.update(shown if passing else " ")

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
            with super().progress(of) as lines:
                yield lines
            return
        columns = SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TextColumn("sent"), _Rate(), TimeRemainingColumn()
        self._status.stop()
        with Progress(*columns, console=self._console, transient=True) as display:
            task = display.add_task("", total=of)
            yield lambda done, _line: display.update(task, completed=done)
        self._status.start()

    def tell(self, level: Level, *texts: str, about: str = "") -> None:
        """What makes the run fail, or what the user should know, and where to read more about it."""
        style = {"error": "bold red", "warning": "bold yellow"}[level]
        priority = Text(in_journal(level))
        for text in texts:
            self._console.print(priority + Text(f"{level}: ", style=style) + _sentence(text))
        if about:
            self._console.print(priority + Text(f"  {about}", "dim"), soft_wrap=True)  # an address, to be opened

    def tell_facts(self, facts: Iterable[Fact]) -> None:
        """The same for facts, each with its entry in the documents."""
        for fact in facts:
            self.tell("error" if fact.is_error else "warning", str(fact), about=entry(fact))


#: Seconds after which a rate says something.
_SETTLED = 10.0


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """So far."""
        is_settled = (task.elapsed or 0) > _SETTLED
        return Text(f"{task.speed * 60:,.0f} a minute" if task.speed and is_settled else "")


def show_report(report: Report) -> None:
    """Print a run's result on the standard output."""
    rows = [(hook, event) for hook in report.hooks for event in hook.events]
    rows.sort(key=lambda row: ORDER[row[1].outcome])
    several = len(report.hooks) > 1
    out, table = _table(
        *("Outcome", "Event", "Since (UTC)", "Cause"), *["Hook"] * several, "Attempts:", "GUID", "Delivery id"
    )
    for hook, event in rows[:SHOWN_EVENTS]:
        whose = [hook.label] if several else []
        when = ("" if event.first_was_read else "by ") + day_time(event.first_failed_at)
        outcome = _outcome(event.outcome)
        if whose and out.width < _WIDE:
            outcome.append(f"\n{whose[0]}", "dim")
        more: list[str | Text] = [event.cause, *whose, str(event.attempts), _text(event.guid), event.delivery_id]
        _add(out, table, outcome, _text(event.name), when, *more)
    _print_events(out, table, len(rows))
    for hook in report.hooks:
        for one in hook.explanations:
            of = f" of {hook.hook}" if several else ""
            out.print(_text(f"What the receiver{of} answered ({one.cause}, delivery id {one.delivery_id}):"))
            for line in response_lines(one.response):
                out.print(_indented(line, 2))
    if health := health_line(report):
        out.print(_text(health))
    # What was said above a long table is out of sight by now.
    _show_result(report, out, told=[*map(str, report.facts)] if len(rows) <= _FEW else [])


def _show_result(report: Report, out: Console, told: Sequence[str]) -> None:
    """What it is, how bad, what to do now, and until when. ``told``: what was said just before."""
    out.print(Text(f"{_mark(out, mark(report))}{headline(report)}", style="bold"))
    do, then = what_to_do(report), what_comes_next(report)
    if report.count(Outcome.DRY_RUN):
        then = "To send them, run it again without --dry-run"
    if report.deadline is not None and report.open:
        out.print(_text(f"Safe until {utc_from_now(report.deadline, min(report.ended, report.deadline))}"))
    if do and not any(do in one for one in told):
        out.print(_text(f"Do now: {do}"))
    if then:
        out.print(_text(f"Then: {then}" if do and not then.startswith("Until") else then))


def show_events(events: Sequence[ShownEvent]) -> None:
    """Print events, each with all its attempts, on the standard output."""
    out, _ = _table()
    for number, event in enumerate(events):
        if number:
            out.print()
        outcome = Text(" delivered", "green") if event.delivered else Text(" not delivered", "red")
        out.print(_text(f"{event.name} {event.guid} of {event.hook}:", "bold") + outcome)
        for attempt in event.attempts:
            response = attempt.response
            lasted = "" if response is None or response.duration is None else f", {response.duration / 1_000:.2f} s"
            kind = "redelivery" if attempt.redelivery else "first attempt"
            ending = f"{attempt.status} ({attempt.code}{lasted})"
            line = f"{utc(attempt.at)} {kind}: {ending} delivery id {attempt.delivery_id}"
            out.print(_indented(line, 2))
            unknown = f"What the receiver answered is not known. {attempt.unknown}"
            for line in response_lines(response) if response else [unknown]:
                out.print(_indented(line, 4))


def show_replay(report: ReplayReport) -> None:
    """Print a replay's plan and its outcomes on the standard output."""
    out, table = _table("Outcome", "Event", "Sent (UTC)", "Why", "Delivered before", "GUID", "Delivery id")
    for event, case in report.events[:SHOWN_EVENTS]:
        before = "yes" if event.is_delivered else "no"
        more: list[str | Text] = [_text(case.result_detail), before, _text(event.guid), str(event.latest.id)]
        outcome = Text("planned") if case.outcome is Outcome.DRY_RUN else _outcome(case.outcome)
        _add(out, table, outcome, _text(event.name), day_time(event.first.at), *more)
    _print_events(out, table, len(report.events))
    for name, value in replay_page.plan_rows(report.plan, str) if report.plan else ():
        out.print(_text(f"{name}: {value}"), soft_wrap=True)
    for line in replay_page.guids_to_send(report, "what --format json prints (see docs/replay.md)"):
        # To be copied: a terminal would break a GUID in a line without blanks.
        out.print(Text(line.replace(",", ", ") if out.is_terminal else line))
    if told := replay_page.no_retry(report):
        out.print(told)
    end = filter(None, [replay_page.headline(report), replay_page.next_step(report, "--send")])
    out.print(Text(_mark(out, light(report)) + ". ".join(end), style="bold"))


def show_hooks(
    hooks: Sequence[HookHealth], settings: Settings, whose: str, now: int, *, says_next: bool = True
) -> None:
    """Print webhooks and how their deliveries went to the standard output, the worst first.

    ``whose``: their owner's name; ``now``: in epoch milliseconds; ``says_next``: whether to end with what to do next.
    """
    ranked = sorted(hooks, key=lambda one: (_ORDER.index(one.light), -one.undelivered, -one.failed))
    folded = [one for one in ranked if one.light in "⚪🟢"] if len(hooks) > 1 else []
    columns = ("Receiver", "Waiting:", "Failed:", "Last success", "Deliveries:", "First attempt:", "p95:", "Health")
    out, table = _table("", "Id", *columns, narrow=6)
    for one in ranked:
        if one in folded:
            continue
        failed = f"{one.failed / one.deliveries:.1%}" if one.deliveries else "-"
        last = distance(one.last_success, now) if one.last_success else "never" if one.deliveries else "-"
        stats, style = one.stats, {"🔴": "red", "🟡": "yellow"}.get(one.light, "dim")
        cells: list[str | Text] = [
            *(_mark(out, one.light).strip(), label_of(one.owner, one.hook_id) or "-", _text(one.host)),
            *(Text(f"{one.undelivered:,}", style), Text(failed, style), "off, " * (one.active is False) + last),
            *(f"{one.deliveries:,}", percent(stats.delivered_first_try, stats.events), took(stats.p95)),
            str(one.health),
        ]
        table.add_row(*cells[: len(table.columns)])
    title = f"{count(len(hooks), 'webhook')} of {whose}, last {duration(settings.lookback)}"
    out.print(Text(f"{title}, {utc(now)}", "bold"))
    if table.row_count:
        out.print(table)
    for mark_, state in (("⚪", "without deliveries"), ("🟢", "well")):
        if these := [one for one in folded if one.light == mark_]:
            events = sum(one.stats.events for one in these)
            first = percent(sum(one.stats.delivered_first_try for one in these), events)
            share = f" ({first} on the first attempt)" if events else ""
            ids = ", ".join(label_of(one.owner, one.hook_id) for one in these)
            out.print(Text(f"{_mark(out, mark_)}{len(these):,}{' more' * bool(table.row_count)} {state}: {ids}{share}"))
    if says_next and ranked and ranked[0].undelivered and ranked[0].active is not False:
        out.print(Text(f"Next: redeliver run {_flags(settings, ranked[0])}--dry-run", "bold"), soft_wrap=True)


def _flags(settings: Settings, hook: HookHealth) -> str:
    flags = {
        "org": settings.org,
        "repository": hook.owner if settings.repository else "",
        "client-id": settings.app,
        "private-key-file": "FILE" if settings.app else "",
        "hook-id": hook.hook_id,
    }
    return "".join(f"--{name} {value} " for name, value in flags.items() if value)


def _outcome(outcome: Outcome) -> Text:
    style = "green" if outcome is Outcome.RECOVERED else "red" if outcome in _BAD else "yellow"
    return Text(OUTCOMES[outcome].word, style)


def _mark(out: Console, light: str) -> str:
    """A light before what follows it; empty where a stream has no letter for it."""
    return f"{light} " if out.encoding.lower().startswith("utf") else ""


def _print_events(out: Console, table: Table, number: int) -> None:
    """A table of some events, and how many more there are. ``number``: of them all."""
    if number:
        out.print(table)
    if number > SHOWN_EVENTS:
        out.print(f"and {number - SHOWN_EVENTS:,} more events")


def _add(out: Console, table: Table, outcome: Text, event: Text, *cells: str | Text) -> None:
    """A row for an event. Where the table is narrow, its GUID stands below its name: it is never broken."""
    if out.width < _WIDE:
        table.add_row(outcome, Text.assemble(event, "\n", cells[-2]), *cells[: len(table.columns) - 2])
    else:
        table.add_row(outcome, event, *cells)


def _table(*columns: str, narrow: int = _NARROW) -> tuple[Console, Table]:
    """An empty table and where to print it: in a wide terminal in a box, and off a terminal as whole lines.

    A narrow one has the first few columns alone, and no box. A colon after a column's name: it holds numbers.
    """
    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = _NO_TERMINAL
    is_wide = out.width >= _WIDE
    table = Table() if is_wide and out.is_terminal else Table(box=None, pad_edge=False)
    for column in columns if is_wide else columns[:narrow]:
        side: Literal["left", "right"] = "right" if column.endswith(":") else "left"
        # What is long and can be found elsewhere is cut off; all else stays whole.
        fits = column in {"Event", "Receiver", "Cause", "Why"}
        least = _GUID if column == "Event" and not is_wide else None
        table.add_column(column.removesuffix(":"), justify=side, overflow="ellipsis", no_wrap=not fits, min_width=least)
    return out, table


def _text(text: str, style: str = "") -> Text:
    """Text from outside: rich, a terminal and a workflow's runner find no markup in it, and it has no URL."""
    return Text(for_log(plain(text, _FROM_OUTSIDE)), style)


def _indented(text: str, by: int) -> Padding:
    """The same, with all its lines indented."""
    return Padding(_text(text), (0, 0, 0, by), expand=False)


def _sentence(text: str, style: str = "") -> Text:
    """A sentence of the action's own, with the same care, but with its addresses."""
    return Text(for_log(one_line(text, _LINE)), style)
