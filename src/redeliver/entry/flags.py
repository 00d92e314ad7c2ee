"""The command line's flags: one for each input, built from the table of inputs.

Every user of a machine can read command lines, so a secret is never a flag's value: its flag names a file.
Each flag is also an environment variable: ``--hook-id`` is ``REDELIVER_HOOK_ID``.
"""

from __future__ import annotations

import inspect
import os
import re
import stat
import sys
import time
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup

from redeliver.core.inputs import is_guid, quoted
from redeliver.core.settings import Settings, Topic, Use, inputs, parse, repository_problems
from redeliver.entry.streams import print_message
from redeliver.errors import FileUnreadable, SecretReadable
from redeliver.replay.settings import parse_replay
from redeliver.text import holds_credential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from typer._click import Context, HelpFormatter

    from redeliver.core.settings import Input

#: Boxes and colours are for a terminal; whatever reads a pipe gets plain text.
IS_RICH = sys.stdout.isatty() and sys.stderr.isatty()
_DEFAULTS = {field.alias: field.default for field in Settings.model_fields.values()}
_SECRETS = {row.name for row in inputs(Use.RUN) if row.secret}
#: Each input as it is called on a command line.
_NAMES = {name: f"--{name}-file" if name in _SECRETS else f"--{name}" for name in map(str, _DEFAULTS)}
_NAMES["except-guids-file"] = "--except-guids"
#: Characters of a command's short help.
_LONGEST = 200
#: Characters of a file with a secret, of which GitHub itself stores 48 KB at most.
_LARGEST = 100_000
#: Inputs that come after the others where a command only reads.
_LIMITS = ("lookback", "time-limit")
#: Variables in which users often already have a token.
_TOKEN_VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN")


def variable(flag: str) -> str:
    """The environment variable that stands for a flag: ``REDELIVER_HOOK_ID`` for ``hook-id``."""
    return f"REDELIVER_{flag.replace('-', '_').upper()}"


def option(flag: str, *more: str, topic: Topic = Topic.OUTPUT, **details: Any) -> Any:  # noqa: ANN401  as typer's own
    """An option that an environment variable can set, too. The help says so once, not for each option."""
    if IS_RICH:
        details["help"] = escape(details["help"])  # its brackets are no markup
    return typer.Option(f"--{flag}", *more, envvar=variable(flag), show_envvar=False, rich_help_panel=topic, **details)


def _by_panel(entries: Iterable[tuple[object, tuple[str, str] | None]], formatter: HelpFormatter) -> None:
    """Write a help's entries in plain text under the titles of their panels."""
    panels: dict[str, list[tuple[str, str]]] = {}
    for entry, record in entries:
        if record:
            panels.setdefault(getattr(entry, "rich_help_panel", None) or "Options", []).append(record)
    for title, records in panels.items():
        with formatter.section(title):
            formatter.write_dl(records)


class GroupedCommand(TyperCommand):
    """A command whose help has its flags under titles, in plain text too."""

    def get_help_option(self, ctx: Context) -> Any:  # noqa: ANN401  as typer's own
        """``--help``, with the others that are about output."""
        shown = super().get_help_option(ctx)
        vars(shown)["rich_help_panel"] = Topic.OUTPUT
        return shown

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """In plain text."""
        _by_panel(((one, one.get_help_record(ctx)) for one in self.get_params(ctx)), formatter)


class GroupedCommands(TyperGroup):
    """The same for commands."""

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002  as typer's own
        """In plain text."""
        _by_panel(
            ((one, (str(one.name), one.get_short_help_str(_LONGEST))) for one in self.commands.values()), formatter
        )


def signature(command: Callable[..., int], use: Use, *, quiet: str) -> inspect.Signature:
    """What typer reads in place of a command's own signature: a flag for each input of its use comes first.

    Then come its own keyword arguments, and the flags of its console. ``quiet``: what is printed nevertheless.
    """
    rows = list(inputs(use))
    if use in Use.READING:
        rows.sort(key=lambda row: row.name in _LIMITS)
    own = inspect.signature(command, eval_str=True).parameters.values()
    console = (
        _flag("quiet", "-q", kind=bool, default=False, help=f"Print only {quiet}."),
        _flag("verbose", "-v", kind=bool, default=False, help="Print more: each page that is read and each wait."),
    )
    named = (one for one in own if one.kind is inspect.Parameter.KEYWORD_ONLY)
    return inspect.Signature([*(_flag_of(row, use) for row in rows), *named, *console])


def _flag_of(row: Input, use: Use) -> inspect.Parameter:
    default: Any = _DEFAULTS[row.name] if row.default.startswith("${{") else row.default
    kind: Any = str
    text = re.sub(r"`([^`]+)`", lambda found: _NAMES.get(found[1], found[1]), row.description)
    is_duration = re.fullmatch(r"\d+[dhms]|0", default)
    metavar: str | None = "DURATION" if is_duration else "N" if default.isdigit() else "TEXT"
    if row.secret:
        default, kind, metavar = None, Path | None, "FILE"
        is_usual = row.name == "token" and use is not Use.INIT
        variables = [variable(row.name), *(_TOKEN_VARIABLES if is_usual else ())]
        text += f" Read from this file, or from the environment variable {' or '.join(variables)}."
    elif row.name.endswith("-file"):
        metavar = "FILE"
    elif row.choices:
        kind, metavar = Literal[row.choices], None
    elif row.several:
        default, kind = None, list[str]
    elif default == "false":
        default, kind, metavar = False, bool, None
    return _flag(
        _NAMES[row.name][2:],
        kind=kind,
        default=default,
        help=text,
        topic=row.topic,
        metavar=metavar,
        show_default=bool(default),
    )


def _flag(flag: str, *more: str, kind: Any, default: Any, **details: Any) -> inspect.Parameter:  # noqa: ANN401  as typer's own
    name = flag.replace("-", "_")
    return inspect.Parameter(
        f"{name}_" if iskeyword(name) else name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, option(flag, *more, **details)],
    )


def settings_of(
    flags: Mapping[str, object],
    use: Use,
    state_file: Path | None = None,
    metrics_file: Path | None = None,
    *,
    token: str = "",
) -> Settings:
    """Read settings from a command's flags, by their Python names, and from files and variables.

    ``use``: a replay's, init's, or those of a run, which all others share. ``token``: what the user was asked for.
    Without it, and where it can be asked for, init's settings have none.

    Raises:
        SettingsError: with every problem named.
        FileUnreadable: a file that should hold a secret.
    """
    values = {
        name.rstrip("_").replace("_", "-"): "\n".join(value) if isinstance(value, list) else str(value)
        for name, value in flags.items()
        if value is not None
    }
    values["except-guids-file"] = values.pop("except-guids", "")
    for name in _SECRETS:
        path = values.pop(f"{name}-file", "")
        values[name] = _read(Path(path)) if path else os.environ.get(variable(name), "")
    is_app = bool(values.get("client-id") or values.get("app-id"))
    values["token"] = token or values["token"] or ("" if is_app or use is Use.INIT else usual_token())
    problems = [*command_line_problems(values, use, state_file, metrics_file, needs_token=not is_app)]
    if state_file:
        values.pop("variable-name", None)  # what else a variable needs does not matter then
    if use is Use.REPLAY:
        return parse_replay(values, round(time.time() * 1000), problems)
    return parse(values, problems)


def misplaced_credential() -> str:
    """Where a credential is that is no secret's value, as a sentence says it; empty: nowhere."""
    if any(map(holds_credential, sys.argv[1:])):
        return "on the command line"
    secrets = {variable(name) for name in _SECRETS}
    return next(
        (
            f"in the variable {name}"
            for name, value in os.environ.items()
            if name.startswith(variable("")) and name not in secrets and holds_credential(value)
        ),
        "",
    )


def guid_problems(guids: Iterable[str]) -> Iterator[str]:
    """What is wrong with the GUIDs of events on the command line."""
    for guid in guids:
        if not is_guid(guid):
            yield f"GUID: must be the value of X-GitHub-Delivery, 32 digits with hyphens, not {quoted(guid)}"


def usual_token() -> str:
    """The token in the variables in which users often already have one."""
    return next(filter(None, map(os.environ.get, _TOKEN_VARIABLES)), "").strip()


def can_ask() -> bool:
    """Whether somebody at a terminal can be asked."""
    return bool(sys.stdin and sys.stdin.isatty())


def command_line_problems(
    values: Mapping[str, str], use: Use, state_file: Path | None, metrics_file: Path | None, *, needs_token: bool
) -> Iterator[str]:
    """Problems that the table of settings does not know, or would describe in a workflow's terms."""
    if state_file and values.get("variable-name"):
        yield "state-file: give either state-file or variable-name"
    if state_file and not state_file.name:
        yield "state-file: does not name a file"
    if metrics_file and not metrics_file.name.endswith(".prom"):
        yield "metrics-file: must end in .prom, since node_exporter reads no other file"
    if state_file and metrics_file and state_file.absolute() == metrics_file.absolute():
        yield "metrics-file: must not be the same file as state-file"
    is_lacking = needs_token and not values["token"]
    if use is Use.INIT:
        if values["token"] and values["token"] == usual_token():
            yield "token: is the one in GH_TOKEN, which init uses but never stores. Give another one"
        if is_lacking and not can_ask():
            yield (
                "token: is required, and there is no terminal to ask for it. Put it into a file that --token-file "
                "names, or into the variable REDELIVER_TOKEN"
            )
        yield from repository_problems(values.get("repository", ""))
    elif is_lacking:
        yield (
            "token: is required, in the variable REDELIVER_TOKEN, GH_TOKEN or GITHUB_TOKEN, or in a file that "
            "--token-file names (or --client-id and --private-key-file)"
        )


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            text = file.read(_LARGEST + 1)
    except (OSError, UnicodeDecodeError) as fault:
        raise FileUnreadable(path=str(path), why=getattr(fault, "strerror", None) or "it is not text") from fault
    if len(text) > _LARGEST:
        raise FileUnreadable(path=str(path), why="it is too large")
    if not text.strip():
        raise FileUnreadable(path=str(path), why="it is empty")
    if _can_everybody_read(path, status):
        print_message("warning", str(SecretReadable(path=str(path))))
    return text.strip()


def _can_everybody_read(path: Path, status: os.stat_result) -> bool:
    """Whether a regular file's mode and those of all folders above it let every user of this machine read it."""
    if sys.platform == "win32" or not (stat.S_ISREG(status.st_mode) and status.st_mode & stat.S_IROTH):
        return False
    try:
        return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)
    except OSError:
        return False  # it has no name any more, or its folder lets not even this user in
