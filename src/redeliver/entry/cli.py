"""The commands for servers, and their exit codes: 0 done, 1 a fault, 2 unusable settings, 128 + signal when stopped."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager, nullcontext
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from redeliver import __version__
from redeliver.core.facts import Fact
from redeliver.core.settings import FailOn, Topic, Use
from redeliver.documents import entry
from redeliver.entry.flags import (
    IS_RICH,
    GroupedCommand,
    GroupedCommands,
    guid_problems,
    misplaced_credential,
    option,
    settings_of,
    signature,
)
from redeliver.entry.init import set_up
from redeliver.entry.metrics_file import check_metrics_file, write_metrics
from redeliver.entry.process import exit_code, open_session
from redeliver.entry.streams import print_data, print_message
from redeliver.entry.terminal import TerminalConsole, show_events, show_hooks, show_replay, show_report
from redeliver.errors import (
    CredentialMisplaced,
    EventNotFound,
    RedeliverError,
    ReplayLocked,
    ResponsesNotRead,
    SettingsError,
    StateLocked,
)
from redeliver.output.report_json import as_json, listed, shown
from redeliver.replay import report_json as replay_results
from redeliver.replay.guids import read_guids
from redeliver.replay.run import replay_hook
from redeliver.run.lookup import MATRIX_JOBS, explain, find_events, matrix, survey
from redeliver.run.runs import run_hooks
from redeliver.run.state_file import StateFile
from redeliver.setup.plan import WORKFLOW_FILE
from redeliver.text import count, for_log, for_shell
from redeliver.times import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redeliver.core.settings import Settings
    from redeliver.github.session import Session

#: The end of a command's help. ``fails``, ``refuses``: see :func:`_command`.
_EPILOG = """\
Exit codes: 0 done; 1 a request failed for good{fails}; 2 a flag, a variable or a file cannot be used{refuses}, and \
nothing was sent; 128 + N stopped by signal N.

Environment variables: each flag has one, such as REDELIVER_HOOK_ID for --hook-id. {token}. HTTPS_PROXY, \
NO_PROXY, SSL_CERT_FILE and REQUESTS_CA_BUNDLE are honored.
"""

_TOKEN = "REDELIVER_TOKEN, GH_TOKEN or GITHUB_TOKEN holds the token"  # noqa: S105  their names
#: The end of the help of all commands. A paragraph is a line.
_START = """\
Start here:

$ export GH_TOKEN=...  (a token with Webhooks: read and write)

$ redeliver hooks --org ORG

$ redeliver run --org ORG --hook-id ID --dry-run

"""
_SET_UP, _LOOK, _SEND = "Set up", "Look (sends nothing)", "Send"

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich" if IS_RICH else None,
    cls=GroupedCommands,
    epilog=_START + _EPILOG.format(fails=", or a reason that the command's own help gives", refuses="", token=_TOKEN),
)


#: How a result, and how a list of webhooks is printed.
Format = Literal["text", "json"]
ListFormat = Literal["text", "json", "matrix", "prometheus"]
StateFilePath = Annotated[
    Path | None,
    option(
        "state-file",
        topic=Topic.START,
        metavar="FILE",
        help="Keep the checkpoint in this file instead of a variable. While a run or a replay uses it, another run "
        "ends at once (exit code 0).",
    ),
]
LockedFilePath = Annotated[
    Path | None,
    option(
        "state-file",
        topic=Topic.START,
        metavar="FILE",
        help="The state file of this webhook's runs. With --send, no run can use it at the same time. Its checkpoint "
        "does not change.",
    ),
]
MetricsFilePath = Annotated[
    Path | None,
    option(
        "metrics-file",
        metavar="FILE",
        help="Write metrics of the run into this file, for Prometheus (node_exporter's textfile collector). Its name "
        "must end in .prom. Needs the package's extra [metrics]. A dry run leaves the file as it is.",
    ),
]
ResultFormat = Annotated[Format, option("format", help="How to print the result.")]


@app.callback(invoke_without_command=True)
def about(*, version: Annotated[bool, typer.Option("--version", "-V", help="Show the version.")] = False) -> None:
    """Find failed GitHub webhook deliveries, redeliver them, and report the result."""
    if version:
        typer.echo(f"redeliver {__version__}")
        raise typer.Exit


def _command(
    work: Callable[..., int],
    *,
    use: Use,
    panel: str,
    quiet: str,
    fails: str = "",
    refuses: str = "",
    token: str = _TOKEN,
) -> Callable[..., int]:
    """Make a function a command: it takes its console and its flags, and returns its exit code.

    What it raises becomes a sentence and an exit code. ``panel``: the title under which it is listed. ``quiet``: what
    is printed with that flag, too. ``fails``, ``refuses``: what else gives exit code 1 or 2. ``token``: which
    variables hold tokens.
    """

    @wraps(work)
    def command(*, quiet: bool, verbose: bool, **flags: object) -> None:
        console = TerminalConsole(verbose=verbose, quiet=quiet)
        raise typer.Exit(exit_code(lambda: work(console, **flags), _tell))

    vars(command)["__signature__"] = signature(work, use, quiet=quiet)
    epilog = _EPILOG.format(fails=fails, refuses=refuses, token=token)
    app.command(cls=GroupedCommand, rich_help_panel=panel, epilog=epilog)(command)
    return work


@partial(
    _command,
    use=Use.INIT,
    panel=_SET_UP,
    quiet="the list, what is left to do, errors and warnings",
    refuses=", or something would have to be replaced",
    token="REDELIVER_TOKEN holds the token to store, and GH_TOKEN the one for --apply",  # noqa: S106  their names
)
def init(
    console: TerminalConsole,
    *,
    file: Annotated[Path, option("file", topic=Topic.START, metavar="FILE", help="The workflow file.")] = Path(
        WORKFLOW_FILE
    ),
    apply: Annotated[
        bool,
        option(
            "apply",
            topic=Topic.START,
            help="Also make the environment, and store the token in it. GH_TOKEN holds another token for that, which "
            "is never stored. Without this flag, print the commands for that.",
        ),
    ] = False,
    replace: Annotated[
        bool,
        option(
            "replace", topic=Topic.START, help="Replace the file, the environment's rule and the secret if they exist."
        ),
    ] = False,
    **flags: object,
) -> int:
    """Check the token, write the workflow, and store the token or say how."""
    return set_up(flags, console, file, apply=apply, replaces=replace)


@partial(
    _command,
    use=Use.HOOKS,
    panel=_LOOK,
    quiet="the list, errors and warnings",
    fails=", or --time-limit is exceeded",
)
def hooks(
    console: TerminalConsole,
    *,
    form: Annotated[
        ListFormat,
        option("format", help="How to print the list. matrix is for a workflow; prometheus needs the extra [metrics]."),
    ] = "text",
    jobs: Annotated[
        int, option("jobs", help="The maximum number of jobs in a matrix.", min=1, max=MATRIX_JOBS, metavar="N")
    ] = MATRIX_JOBS,
    **flags: object,
) -> int:
    """List webhooks, and whether their receivers are healthy."""
    of_app = bool(flags["client_id"] or flags["app_id"]) and not (flags["org"] or flags["repository"])
    # An App has one webhook, which has no id, so "all" means the same as nothing.
    flags |= {"hook_id": ""} if of_app and flags["hook_id"] == "all" else {}
    settings = settings_of(flags, Use.RUN)
    if form == "prometheus":
        import redeliver.output.metrics  # noqa: F401, PLC0415  an extra, which is missed before anything is asked
    with _session(settings, console) as session:
        chosen = session.choose() if form == "matrix" else []
        found = survey(session) if form != "matrix" else []
    if form == "matrix":
        print_data(json.dumps(matrix(chosen, jobs, of_fleet=settings.is_fleet)) + "\n")
    elif form == "json":
        print_data(json.dumps([listed(one) for one in found]) + "\n")
    elif form == "prometheus":
        from redeliver.output.metrics import webhook_metrics  # noqa: PLC0415  as above

        print_data(webhook_metrics(found))
    else:
        show_hooks(found, settings, session.owner.login, session.caller.now())
    return 0


@partial(
    _command,
    use=Use.SHOW,
    panel=_LOOK,
    quiet="the events, errors and warnings",
    fails=", --time-limit is exceeded, or a GUID is not in the log",
)
def show(
    console: TerminalConsole,
    *,
    guids: Annotated[
        list[str],
        typer.Argument(metavar="GUID", help="The event's GUID, as in the header X-GitHub-Delivery. Or several."),
    ],
    form: ResultFormat = "text",
    **flags: object,
) -> int:
    """Show every attempt of an event, and what the receiver answered."""
    wanted = tuple(dict.fromkeys(one.strip().lower() for one in guids))
    if problems := tuple(guid_problems(wanted)):
        raise SettingsError(problems)
    settings = settings_of(flags, Use.RUN)
    with _session(settings, console) as session:
        found = find_events(session, wanted)
    if form == "json":
        print_data(for_shell(json.dumps([*map(shown, found)])) + "\n")
    else:
        show_events(found)
    missing = [guid for guid in wanted if all(guid != one.guid for one in found)]
    for guid in missing:
        console.tell_facts([Fact.of(EventNotFound(guid=guid, days=settings.retention // DAY))])
    attempts = [attempt for one in found for attempt in one.attempts]
    if failed := sum(attempt.lookup_failed for attempt in attempts):
        attempted = count(len(attempts), "attempt")
        console.tell_facts([Fact.of(ResponsesNotRead(failed=f"{failed:,}", attempts=attempted))])
    return int(bool(missing or failed))


@partial(
    _command,
    use=Use.RUN,
    panel=_SEND,
    quiet="errors and warnings, and what --format json prints",
    fails=", an event is lost or soon will be, the checkpoint could not be saved, a webhook is off or silent, a token "
    "expires within 3 days, or --fail-on applies",
)
def run(
    console: TerminalConsole,
    *,
    state_file: StateFilePath = None,
    metrics_file: MetricsFilePath = None,
    form: ResultFormat = "text",
    **flags: object,
) -> int:
    """Redeliver what failed since the last run. With --dry-run, only say what would be sent."""
    settings = settings_of(flags, Use.RUN, state_file, metrics_file)
    if metrics_file:
        check_metrics_file(metrics_file)
    unwritten: Fact | None = None
    with _session(settings, console, state_file, sends=not settings.dry_run, has_report=True) as session:
        report = run_hooks(session)
        try:
            if metrics_file and not settings.dry_run:
                write_metrics(metrics_file, report, time.time())  # while no other run can write the file
        except RedeliverError as fault:
            unwritten = Fact.of(fault)  # no reason to hide what the run did
    console.tell_facts((*([unwritten] if unwritten else []), *report.facts))
    with console.live():
        report = explain(session, report)
    if form == "json":
        print_data(as_json(report) + "\n")
    elif not console.quiet:
        show_report(report)
    return report.exit_code(settings.fail_on) or int(bool(unwritten) and settings.fail_on is not FailOn.NEVER)


@partial(
    _command,
    use=Use.REPLAY,
    panel=_SEND,
    quiet="errors and warnings, and what --format json prints",
    fails=", an event did not arrive, or a GUID is not in the log",
    refuses=", --limit is exceeded, or no event of the window is in --except-guids",
)
def replay(
    console: TerminalConsole,
    *,
    state_file: LockedFilePath = None,
    form: ResultFormat = "text",
    **flags: object,
) -> int:
    """Plan to send chosen events again, even delivered ones. With --send, send them."""
    settings = settings_of(flags, Use.REPLAY, state_file)
    arrived = read_guids(settings.except_guids_file, round(time.time() * 1000))
    # A plan sends nothing, so it may be made while a run is at work.
    locked = state_file if settings.send else None
    with _session(settings, console, locked, sends=settings.send, busy=ReplayLocked) as session:
        (hook,) = session.choose()
        report = replay_hook(hook, session, arrived)
    console.tell_facts(report.facts)
    if form == "json":
        print_data(replay_results.as_json(report) + "\n")
    elif not console.quiet:
        show_replay(report)
    return report.exit_code


@contextmanager
def _session(
    settings: Settings,
    console: TerminalConsole,
    state_file: Path | None = None,
    *,
    sends: bool = False,
    has_report: bool = False,
    busy: type[RedeliverError] = StateLocked,
) -> Iterator[Session]:
    """Show that a command works with a session, and listen to signals.

    ``state_file``: its lock is held within the block, and nothing is sent once the lock is lost. ``busy``: what is
    raised if another run holds it. ``has_report``: whether a report tells which webhooks were left out.
    """
    state = StateFile(state_file, settings.api_url.partition("://")[2]) if state_file else None
    session = open_session(settings, console, sends=sends, state=state)
    with state.locked(settings.time_limit, busy=busy) if state else nullcontext(), console.live():
        try:
            yield session
        finally:
            console.tell_facts(() if has_report else session.left_out)


def _tell(fault: RedeliverError) -> None:
    if not fault.exit_code:
        typer.echo(for_log(str(fault)), err=True)
        return
    problems = fault.problems if isinstance(fault, SettingsError) else (str(fault),)
    print_message("error", *problems, about=entry(fault))


def start() -> None:
    """Do what the command line says, unless it holds a credential, which no message may repeat."""
    if where := misplaced_credential():
        _tell(CredentialMisplaced(where=where))
        sys.exit(CredentialMisplaced.exit_code)
    app()
