"""The commands for servers, and their exit codes: 0 done, 1 a fault, 2 unusable settings, 128 + signal when stopped."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redeliver import __version__
from redeliver.core.replay.errors import ReplayLocked
from redeliver.core.replay.settings import parse_replay
from redeliver.core.settings import DAY, FailOn, Use, parse
from redeliver.entry.flags import guids_of, misplaced_credential, option, settings_of, taking
from redeliver.entry.metrics_file import MetricsFile, need_package
from redeliver.entry.streams import print_data
from redeliver.entry.terminal import (
    ERROR,
    TerminalConsole,
    in_journal,
    show_events,
    show_hooks,
    show_replay,
    show_report,
)
from redeliver.errors import (
    CredentialMisplaced,
    EventNotFound,
    MetricsNotWritten,
    RedeliverError,
    ResponsesNotRead,
    SettingsError,
    Stopped,
    Unexpected,
)
from redeliver.github.connection import GitHubApi
from redeliver.github.hooks import owner_of
from redeliver.output.replay import results as replay_results
from redeliver.output.report_json import as_json
from redeliver.run.lookup import MATRIX_JOBS, matrix
from redeliver.run.runs import Runs
from redeliver.run.state_file import LockedTransport, StateFile
from redeliver.text import count, for_log, for_shell
from redeliver.timing import RunClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from redeliver.core.report import Report
    from redeliver.core.settings import Settings
    from redeliver.github.app_token import Credential
    from redeliver.github.transport import Transport

_VARIABLES = """\
Environment variables: each flag has one, such as REDELIVER_HOOK_ID for --hook-id. REDELIVER_TOKEN, GH_TOKEN \
or GITHUB_TOKEN holds the token. HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and REQUESTS_CA_BUNDLE are honoured.
"""


def _epilog(fails: str = "", refuses: str = "") -> str:
    """The end of a command's help. ``fails``, ``refuses``: what else gives exit code 1 or 2."""
    return (
        f"Exit codes: 0 done; 1 a request failed for good{fails}; 2 a flag, a variable or a file cannot be used"
        f"{refuses}, and nothing was sent; 128 + N stopped by signal N.\n\n{_VARIABLES}"
    )


app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    # Boxes and colours are for a terminal; whatever reads a pipe gets plain text.
    rich_markup_mode="rich" if sys.stdout.isatty() and sys.stderr.isatty() else None,
    epilog=_epilog(", or a reason that the command's own help gives"),
)


class Format(StrEnum):
    """How a run's result is shown."""

    TEXT = "text"
    JSON = "json"


class ListFormat(StrEnum):
    """How a list of webhooks is shown."""

    TEXT = "text"
    JSON = "json"
    MATRIX = "matrix"
    PROMETHEUS = "prometheus"


Quiet = Annotated[bool, option("quiet", "-q", help="Print only errors and warnings, and what --format json prints.")]
Verbose = Annotated[bool, option("verbose", "-v", help="Print more: each page that is read and each wait.")]
StateFilePath = Annotated[
    Path | None,
    option(
        "state-file",
        metavar="FILE",
        show_default=False,
        help="Keep the checkpoint in this file instead of a variable. While a run or a replay uses it, another run "
        "ends at once (exit code 0).",
    ),
]
LockedFilePath = Annotated[
    Path | None,
    option(
        "state-file",
        metavar="FILE",
        show_default=False,
        help="The state file of the runs over this webhook. With --send, no run that uses it works at the same time. "
        "The checkpoint in it stays as it is.",
    ),
]
MetricsFilePath = Annotated[
    Path | None,
    option(
        "metrics-file",
        metavar="FILE",
        show_default=False,
        help="Write metrics of the run into this file, for Prometheus (node_exporter's textfile collector). Its name "
        "must end in .prom. Needs the package's extra: pip install 'redeliver-action[metrics]'. A dry run leaves the "
        "file as it is.",
    ),
]


@app.callback(invoke_without_command=True)
def about(*, version: Annotated[bool, typer.Option("--version", "-V", help="Show the version.")] = False) -> None:
    """Find failed GitHub webhook deliveries, redeliver them, and report the result."""
    if version:
        typer.echo(f"redeliver {__version__}")
        raise typer.Exit


@app.command(epilog=_epilog(", an event is lost, the checkpoint could not be saved, or --fail-on applies"))
@taking(Use.RUN)
def run(
    *,
    state_file: StateFilePath = None,
    metrics_file: MetricsFilePath = None,
    form: Annotated[Format, option("format", help="How to print the result.")] = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    **flags: object,
) -> None:
    """Redeliver what failed since the last run, and report the result."""
    with _told():
        settings = settings_of(flags, _run_settings, state_file, metrics_file)
        metrics = MetricsFile(metrics_file) if metrics_file else None
        console = TerminalConsole(verbose=verbose, quiet=quiet)
        state = StateFile(state_file, _key(settings)) if state_file else None
        clock = RunClock(time, settings.time_limit, console)
        clock.listen_to_signals()
        connect = _connect(settings, clock, state)
        runs = Runs(settings, connect, clock, console, store_for=state.store if state else None)
        with state.locked(settings.time_limit) if state else nullcontext(), console.live():
            report = runs.run()
            # While no other run can write it.
            unwritten = _write(metrics, report) if metrics and not settings.dry_run else None
        for error in (*report.errors, *([str(unwritten)] if unwritten else ())):
            console.error(error)
        for warning in report.warnings:
            console.warning(warning)
        with console.live():
            report = runs.explain(report)
        if form is Format.JSON:
            print_data(as_json(report) + "\n")
        elif not quiet:
            show_report(report)
        fault = unwritten.exit_code if unwritten and settings.fail_on is not FailOn.NEVER else 0
        raise typer.Exit(report.exit_code(settings.fail_on) or fault)


@app.command(epilog=_epilog(", an event did not arrive, or a GUID is not in the log", ", or --limit is exceeded"))
@taking(Use.REPLAY)
def replay(
    *,
    state_file: LockedFilePath = None,
    form: Annotated[Format, option("format", help="How to print the result.")] = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    **flags: object,
) -> None:
    """Plan to send chosen events again, delivered ones too. With --send, send them. Keeps no checkpoint."""
    with _told():
        settings = settings_of(flags, _replay_settings, state_file)
        console = TerminalConsole(verbose=verbose, quiet=quiet)
        # A plan sends nothing, so it may be made while a run is at work.
        state = StateFile(state_file, _key(settings)) if state_file and settings.send else None
        clock = RunClock(time, settings.time_limit, console)
        clock.listen_to_signals()
        runs = Runs(settings, _connect(settings, clock, state), clock, console)
        alone = state.locked(settings.time_limit, busy=ReplayLocked) if state else nullcontext()
        with alone, console.live():
            report = runs.replay(settings)
        for error in report.errors:
            console.error(error)
        for warning in report.warnings:
            console.warning(warning)
        if form is Format.JSON:
            print_data(replay_results.as_json(report) + "\n")
        elif not quiet:
            show_replay(report)
        raise typer.Exit(report.exit_code)


@app.command(epilog=_epilog(", or --time-limit is exceeded"))
@taking(Use.HOOKS)
def hooks(
    *,
    form: Annotated[
        ListFormat,
        option("format", help="How to print the list; matrix is for a workflow, prometheus needs the extra metrics."),
    ] = ListFormat.TEXT,
    jobs: Annotated[
        int, option("jobs", help="The most jobs of a matrix.", min=1, max=MATRIX_JOBS, metavar="N")
    ] = MATRIX_JOBS,
    quiet: Annotated[bool, option("quiet", "-q", help="Print only the list, errors and warnings.")] = False,
    verbose: Verbose = False,
    **flags: object,
) -> None:
    """List webhooks with their deliveries, failures and health within --lookback."""
    with _told():
        of_app = bool(flags["client_id"] or flags["app_id"]) and not (flags["org"] or flags["repository"])
        # An App has one webhook, which has no id, so "all" means the same as nothing.
        flags |= {"hook_id": ""} if of_app and flags["hook_id"] == "all" else {}
        settings = settings_of(flags, _run_settings)
        if form is ListFormat.PROMETHEUS:
            need_package()
        console = TerminalConsole(verbose=verbose, quiet=quiet)
        clock = RunClock(time, settings.time_limit, console)
        clock.listen_to_signals()
        runs = Runs(settings, _connect(settings, clock), clock, console)
        if form is ListFormat.MATRIX:
            print_data(json.dumps(matrix(runs.hook_ids(), jobs)) + "\n")
            return
        with console.live():
            found = runs.survey()
        if form is ListFormat.JSON:
            print_data(json.dumps([one.as_dict() for one in found]) + "\n")
        elif form is ListFormat.PROMETHEUS:
            from redeliver.output.metrics import webhook_metrics  # noqa: PLC0415  an extra, see need_package

            print_data(webhook_metrics(owner_of(settings).login, found))
        else:
            show_hooks(found)


@app.command(epilog=_epilog(", --time-limit is exceeded, or a GUID is not in the log"))
@taking(Use.SHOW)
def show(
    *,
    guids: Annotated[
        list[str], typer.Argument(metavar="GUID", help="The event, as in the header X-GitHub-Delivery. Or several.")
    ],
    form: Annotated[Format, option("format", help="How to print the result.")] = Format.TEXT,
    quiet: Annotated[bool, option("quiet", "-q", help="Print only the events, errors and warnings.")] = False,
    verbose: Verbose = False,
    **flags: object,
) -> None:
    """Show every attempt of an event, and what the receiver answered to each. Sends nothing."""
    with _told():
        wanted = guids_of(guids)
        settings = settings_of(flags, _run_settings)
        console = TerminalConsole(verbose=verbose, quiet=quiet)
        clock = RunClock(time, settings.time_limit, console)
        clock.listen_to_signals()
        with console.live():
            found = Runs(settings, _connect(settings, clock), clock, console).show(wanted)
        if form is Format.JSON:
            print_data(for_shell(json.dumps([one.as_dict() for one in found])) + "\n")
        else:
            show_events(found)
        missing = [guid for guid in wanted if all(guid != one.guid for one in found)]
        for guid in missing:
            console.error(str(EventNotFound(guid=guid, days=settings.retention // DAY)))
        attempts = [attempt for one in found for attempt in one.attempts]
        if failed := sum(attempt.lookup_failed for attempt in attempts):
            console.error(str(ResponsesNotRead(failed=f"{failed:,}", attempts=count(len(attempts), "attempt"))))
        raise typer.Exit(int(bool(missing or failed)))


def _write(metrics: MetricsFile, report: Report) -> MetricsNotWritten | None:
    """Write a run's metrics. Returns what prevented that, which is no reason to hide what the run did."""
    try:
        metrics.write(report, time.time())
    except MetricsNotWritten as fault:
        return fault
    return None


def _run_settings(values: Mapping[str, str]) -> Settings:
    return parse(values, asks_for_token=False)


def _replay_settings(values: Mapping[str, str]) -> Settings:
    return parse_replay(values, round(time.time() * 1000), asks_for_token=False)


def _key(settings: Settings) -> str:
    """The key of an owner's checkpoints in a state file. In lower case, since GitHub accepts names in any case."""
    owner = owner_of(settings)
    app = f"/{settings.app_id}" if owner.is_app else ""
    return f"{settings.api_url.partition('://')[2]}{owner.path}{app}".lower()


def _connect(settings: Settings, clock: RunClock, state: StateFile | None = None) -> Callable[[Credential], Transport]:
    """What connects to the API with a credential. ``state``: nothing is sent once its lock is lost."""

    def connect(credential: Credential) -> Transport:
        api = GitHubApi(settings.api_url, credential, clock.call_time_left)
        return LockedTransport(api, state) if state else api

    return connect


@contextmanager
def _told() -> Iterator[None]:
    """Turn an error into a sentence and an exit code."""
    try:
        yield
    except SettingsError as wrong:
        for problem in wrong.problems:
            _say_error(problem)
        raise typer.Exit(wrong.exit_code) from None
    except RedeliverError as fault:
        _say_error(str(fault)) if fault.exit_code else typer.echo(for_log(str(fault)), err=True)
        raise typer.Exit(fault.exit_code) from None
    except Stopped as stopped:
        raise typer.Exit(128 + stopped.signal_number) from None
    except typer.Exit:
        raise
    except Exception as fault:  # noqa: BLE001  the last resort: no traceback, and no text that could hold a secret
        _say_error(str(Unexpected(kind=type(fault).__name__)))
        raise typer.Exit(Unexpected.exit_code) from None


def _say_error(text: str) -> None:
    typer.echo(in_journal(ERROR) + for_log(f"error: {text}"), err=True)


def start() -> None:
    """Do what the command line says, unless it holds a credential, which no message may repeat."""
    if where := misplaced_credential():
        _say_error(str(CredentialMisplaced(where=where)))
        sys.exit(CredentialMisplaced.exit_code)
    app()
