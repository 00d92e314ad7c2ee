"""The commands for servers, and their exit codes: 0 done, 1 a fault, 2 unusable settings, 128 + signal when stopped.

Each input of the action is a flag of the same name, but for secrets: a command line is for everybody to read, so
those come from files or from the environment.
"""
# ruff: noqa: ARG001 - typer hands a command's values over in its context, too: one table instead of twenty names

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from redeliver import __version__
from redeliver.core.settings import INPUTS, Settings, parse
from redeliver.entry.terminal import TerminalConsole, show_health, show_report
from redeliver.errors import FileUnreadable, RedeliverError, SettingsError, Stopped
from redeliver.github.connection import GitHubApi
from redeliver.github.owner import owner_of
from redeliver.output.report_json import as_json
from redeliver.run.runs import Runs
from redeliver.run.state_file import StateFile
from redeliver.run.survey import MATRIX_JOBS, matrix
from redeliver.text import for_log
from redeliver.timing import RunClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from redeliver.github.app_token import Credential

_HELP = {row.name: row.description for row in INPUTS}
#: Not the table's, which are the action's: on a server no runner says where the API is.
_DEFAULTS = {field.alias: field.default for field in Settings.model_fields.values()}
_STATE_FILE = (
    "Keep the checkpoint in this file instead of a variable. While one run uses it, another one leaves (exit 0)."
)
_SECRETS = ("token", "private-key", "variable-token")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
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


def _flag(name: str) -> Any:  # noqa: ANN401  as typer's own Option
    default = _DEFAULTS[name]
    said = f" Default: {default}." if default not in {"", "false"} else ""
    return typer.Option(f"--{name}", help=_HELP[name] + said, show_default=False)


def _file(what: str) -> Any:  # noqa: ANN401  likewise
    return typer.Option(help=f"A file that holds {what}.", metavar="PATH", show_default=False)


Org = Annotated[str, _flag("org")]
Repository = Annotated[str, _flag("repository")]
HookId = Annotated[str, _flag("hook-id")]
AppId = Annotated[str, _flag("app-id")]
ApiUrl = Annotated[str, _flag("api-url")]
Lookback = Annotated[str, _flag("lookback")]
TimeLimit = Annotated[str, _flag("time-limit")]
TokenFile = Annotated[Path | None, _file("the token; without it, GH_TOKEN or GITHUB_TOKEN counts")]
PrivateKeyFile = Annotated[Path | None, _file("the private key of the App in --app-id")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")]


@app.callback(invoke_without_command=True)
def about(*, version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    """Redeliver failed GitHub webhook deliveries: each event once, and nothing lost."""
    if version:
        typer.echo(f"redeliver {__version__}")
        raise typer.Exit


@app.command()
def run(
    context: typer.Context,
    *,
    org: Org = "",
    repository: Repository = "",
    hook_id: HookId = "",
    token_file: TokenFile = None,
    app_id: AppId = "",
    private_key_file: PrivateKeyFile = None,
    state_file: Annotated[Path | None, typer.Option(help=_STATE_FILE, show_default=False)] = None,
    variable_name: Annotated[str, _flag("variable-name")] = "",
    variable_repository: Annotated[str, _flag("variable-repository")] = "",
    variable_token_file: Annotated[Path | None, _file("another token for the variable")] = None,
    lookback: Lookback = "",
    overlap: Annotated[str, _flag("overlap")] = "",
    events: Annotated[str, _flag("events")] = "",
    max_attempts: Annotated[str, _flag("max-attempts")] = "",
    retry_spacing: Annotated[str, _flag("retry-spacing")] = "",
    redeliveries_per_minute: Annotated[str, _flag("redeliveries-per-minute")] = "",
    wait_for_results: Annotated[str, _flag("wait-for-results")] = "",
    time_limit: TimeLimit = "",
    scan: Annotated[str, _flag("scan")] = "",
    fail_on: Annotated[str, _flag("fail-on")] = "",
    dry_run: Annotated[bool, _flag("dry-run")] = False,
    api_url: ApiUrl = "",
    form: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Find the failed deliveries since the last run, redeliver each event once, watch what becomes of it."""
    with _told():
        settings = _settings(context)
        console = TerminalConsole(verbose=verbose)
        state = StateFile(state_file, _key(settings)) if state_file else None
        clock = RunClock(time, settings.time_limit, console)
        clock.listen_to_signals()
        runs = Runs(settings, _connect(settings), clock, console, store_for=state.store if state else None)
        with state.locked() if state else nullcontext(), console.live():
            report = runs.run()
    for error in report.errors:
        console.error(error)
    for warning in report.warnings:
        console.warning(warning)
    if form is Format.JSON:
        typer.echo(as_json(report))
    else:
        show_report(report)
    raise typer.Exit(report.exit_code(settings.fail_on))


@app.command()
def hooks(
    context: typer.Context,
    *,
    org: Org = "",
    repository: Repository = "",
    hook_id: HookId = "",
    token_file: TokenFile = None,
    app_id: AppId = "",
    private_key_file: PrivateKeyFile = None,
    lookback: Lookback = "",
    time_limit: TimeLimit = "",
    api_url: ApiUrl = "",
    form: Annotated[ListFormat, typer.Option("--format", help="text, json, or a workflow's matrix.")] = ListFormat.TEXT,
    jobs: Annotated[int, typer.Option(help="The most jobs of a matrix.", min=1, max=MATRIX_JOBS)] = MATRIX_JOBS,
    verbose: Verbose = False,
) -> None:
    """List webhooks, and how they fare: deliveries, failures and the last success within --lookback."""
    with _told():
        settings = _settings(context, **({"hook-id": "all"} if (org or repository) and not hook_id else {}))
        console = TerminalConsole(verbose=verbose)
        clock = RunClock(time, settings.time_limit, console)
        clock.listen_to_signals()
        runs = Runs(settings, _connect(settings), clock, console)
        if form is ListFormat.MATRIX:
            typer.echo(json.dumps(matrix(runs.hook_ids(), jobs)))
            return
        with console.live():
            found = runs.survey()
    if form is ListFormat.JSON:
        typer.echo(json.dumps([one.as_dict() for one in found]))
    else:
        show_health(found)


def _settings(context: typer.Context, **instead: str) -> Settings:
    """From flags, files and the environment."""
    values = {name.replace("_", "-"): _text(value) for name, value in context.params.items()} | instead
    for name in _SECRETS:
        path = context.params.get(f"{name.replace('-', '_')}_file")
        if path:
            values[name] = _read(path)
    if "token" not in values and not values.get("app-id"):
        values["token"] = os.environ.get("GH_TOKEN") or os.environ.get("GITHUB_TOKEN") or ""
    problems = list(_what_a_command_line_lacks(values, context.params.get("state_file")))
    if context.params.get("state_file"):
        values.pop("variable-name", None)  # what a variable needs besides is then no question any more
    try:
        settings = parse(values, asks_for_token=False)
    except SettingsError as wrong:
        problems += wrong.problems
        raise SettingsError(tuple(problems)) from None
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def _what_a_command_line_lacks(values: Mapping[str, str], state_file: Path | None) -> Iterator[str]:
    """What the table of settings does not know of, or would say in the words of a workflow."""
    if state_file and values.get("variable-name"):
        yield "state-file: give either state-file or variable-name"
    if state_file and not state_file.name:
        yield "state-file: names no file"
    if not values.get("token") and not values.get("app-id"):
        yield (
            "token: is needed, in GH_TOKEN or GITHUB_TOKEN or a file that --token-file names (or --app-id and "
            "--private-key-file)"
        )


def _key(settings: Settings) -> str:
    """What an owner's checkpoints go by in a state file. In lower case, as GitHub takes names in any case."""
    owner = owner_of(settings)
    app = f"/{settings.app_id}" if owner.is_app else ""
    return f"{settings.api_url.partition('://')[2]}{owner.path}{app}".lower()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise FileUnreadable(path=path, why=getattr(fault, "strerror", None) or "it is not text") from fault
    if not text:
        raise FileUnreadable(path=path, why="it is empty")
    return text


def _connect(settings: Settings) -> Callable[[Credential], GitHubApi]:
    return lambda credential: GitHubApi(settings.api_url, credential)


@contextmanager
def _told() -> Iterator[None]:
    """Turn what was foreseen into its sentence and its exit code."""
    try:
        yield
    except SettingsError as wrong:
        for problem in wrong.problems:
            typer.echo(for_log(f"error: {problem}"), err=True)
        raise typer.Exit(wrong.exit_code) from None
    except RedeliverError as fault:
        typer.echo(for_log(f"error: {fault}" if fault.exit_code else str(fault)), err=True)
        raise typer.Exit(fault.exit_code) from None
    except Stopped as stopped:
        raise typer.Exit(128 + stopped.signal_number) from None
