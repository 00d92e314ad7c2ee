"""The work of ``redeliver init``: the README's steps, each named before it is done.

Everything is looked at first. Whatever would have to be replaced ends it before anything is changed.
"""

from __future__ import annotations

import getpass
import re
import subprocess
import sys
import warnings
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from redeliver.core.case import Acceptance
from redeliver.core.settings import Use
from redeliver.entry.flags import can_ask, settings_of, usual_token
from redeliver.entry.process import open_session
from redeliver.entry.terminal import show_hooks
from redeliver.errors import NoAnswer, SettingsError, WorkflowNotWritten
from redeliver.files import replace_file, why
from redeliver.github.variable import Variable
from redeliver.run.lookup import survey
from redeliver.setup.environment import Environment, default_branch
from redeliver.setup.plan import ENVIRONMENT, SECRET, blockers, commands, last_commands, workflow
from redeliver.text import for_log

if TYPE_CHECKING:
    from pathlib import Path

    from redeliver.entry.terminal import TerminalConsole
    from redeliver.github.hooks import Hook
    from redeliver.github.session import Session
    from redeliver.timing import RunClock

#: No delivery has this id: it is the largest that there can be, and ids grow with time.
_NO_DELIVERY = 2**63 - 1
#: What GitHub refuses with 403 where they lack a permission; for other tokens it may hide what they may not do.
_HAVE_PERMISSIONS = ("github_pat_", "ghs_")
#: Characters of a workflow: no file of more is one.
_LONGEST_WORKFLOW = 1_000_000
#: A remote's address: its host, and a repository there.
_REMOTE = re.compile(r"(?:[a-z+]+://)?(?:[^/@\s]*@)?([\w.-]+)(?::[0-9]+)?[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?", re.ASCII)


def set_up(flags: dict[str, object], console: TerminalConsole, file: Path, *, apply: bool, replaces: bool) -> int:
    """Ask for what is missing, check the token, and write and store what the flags allow. Returns the exit code.

    Raises:
        SettingsError: flags are missing or wrong, or something is there already.
        NoAnswer: the terminal was closed.
        ApiError, OutOfTime, NoSuchHook: a check or a step failed.
        WorkflowNotWritten: the file cannot be written.
    """
    flags["variable_repository"] = flags["variable_repository"] or _origin(str(flags["api_url"]))
    settings = settings_of(flags, Use.INIT)
    if apply and not usual_token():
        raise SettingsError(("apply: needs a token that may set up the repository in GH_TOKEN: $(gh auth token)",))
    session = open_session(settings, console, sends=True)
    if not settings.token.get_secret_value():
        asked = _ask(session.clock, "Token to store (it stays hidden): ", "--token-file", hidden=True)
        settings = settings_of(flags, Use.INIT, token=asked)
        session = replace(session, settings=settings)
    hook = _choose(session, console)
    repository = settings.variable_repository
    environment, found = Environment(session.caller_with(usual_token()), repository) if apply else None, None
    with console.live():
        _check(hook, session, console)
        if environment:
            console.line(f"the environment {ENVIRONMENT} of {repository}, with GH_TOKEN", "Check")
            found = environment.look()
        branch = found.branch if found else default_branch(session.caller, repository)
    text = workflow(settings, hook.id or 0)
    there = _content(file)
    blocked, difference = blockers(str(file), there, text, found)
    for line in difference:
        typer.echo(for_log(line))
    if blocked and not replaces:
        raise SettingsError(blocked)
    if there != text:
        console.line(f"write {file}", "Set up")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(file, text.encode())
        except OSError as fault:
            raise WorkflowNotWritten(path=str(file), why=why(fault)) from fault
    if environment and found:
        with console.live():
            if not found.is_protected:
                console.line(f"let only {found.branch} use the environment {ENVIRONMENT}", "Set up")
                environment.protect(found)
            console.line(f"store the token in it as the secret {SECRET}", "Set up")
            environment.store(settings.token.get_secret_value())
    else:
        _say(
            f"Store the token where only workflows on {branch} can read it. The last command asks for it:",
            *commands(settings, branch),
        )
    done = f"Only workflows on {branch} can use the token now. " * apply
    _say(f"{done}Commit the workflow, push it, and run it once:", *last_commands(str(file), branch))
    return 0


# -- what the user is asked, and what the folder says -----------------------------------------------------------


def _ask(clock: RunClock, question: str, flag: str, *, hidden: bool = False) -> str:
    """What the user answers. Raises NoAnswer; ``flag`` takes the answer, too."""
    answer = ""
    # A closed terminal; and getpass warns before it shows what is typed.
    with suppress(EOFError, OSError, getpass.GetPassWarning), clock.call():
        if hidden:
            with warnings.catch_warnings():
                warnings.simplefilter("error", getpass.GetPassWarning)
                answer = getpass.getpass(question, sys.stderr)
        else:
            sys.stderr.write(question)
            sys.stderr.flush()
            answer = sys.stdin.readline()
    if not answer.strip():
        raise NoAnswer(flag=flag)
    return answer.strip()


def _origin(api_url: str) -> str:
    """The repository that Git calls origin in the current folder; empty: there is none on this GitHub."""
    try:
        asked = subprocess.run(
            ["git", "config", "--get", "remote.origin.url"],  # noqa: S607  that is how users have it
            check=False,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    found = _REMOTE.fullmatch(asked.stdout.strip())
    with suppress(ValueError):
        if found and found[1] == (urlsplit(api_url).hostname or "").removeprefix("api."):
            return found[2]
    return ""


def _content(file: Path) -> str | None:
    """The file's text; None: there is none. What is no text, or too long, is not the workflow, either."""
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(_LONGEST_WORKFLOW + 1)
        return text if len(text) <= _LONGEST_WORKFLOW else ""
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return ""
    except OSError as fault:
        raise WorkflowNotWritten(path=str(file), why=fault.strerror or "it cannot be read") from fault


# -- checks -----------------------------------------------------------------------------------------------------


def _choose(session: Session, console: TerminalConsole) -> Hook:
    """List the webhooks, how they are, and find out which of them is meant."""
    console.line(f"the webhooks of {session.owner.name}, and their logs", "Check")
    with console.live():
        listed = survey(session)
        console.tell_facts(session.left_out)
        show_hooks(listed, session.settings, session.owner.login, session.caller.now(), says_next=False)
    chosen, *others = session.chosen
    if others and not can_ask():
        raise SettingsError((f"hook-id: give one of {', '.join(session.chosen)}: there is no terminal to ask",))
    while others:
        chosen = _ask(session.clock, "The webhook's id: ", "--hook-id")
        if chosen in session.chosen:
            break
        console.line("This id is not in the list.")
    return session.chosen[chosen]


def _check(hook: Hook, session: Session, console: TerminalConsole) -> None:
    """See whether the token may do what a run does. Nothing is sent, and nothing is written."""
    settings = session.settings
    console.line("that the token may redeliver: asks for a delivery that does not exist, so nothing is sent", "Check")
    hook.wait_for_turn()
    reply = hook.redeliver(_NO_DELIVERY)
    is_refused = reply is not None and reply.acceptance is Acceptance.REFUSED
    if not is_refused or not settings.token.get_secret_value().startswith(_HAVE_PERMISSIONS):
        console.tell("warning", "GitHub does not say whether the token may redeliver: the first run shows it.")
    console.line(f"that it may read and write variables of {settings.variable_repository}: changes none", "Check")
    default_branch(session.caller, settings.variable_repository)
    Variable(session.caller, settings.variable_repository, settings.variable_name).check()


def _say(title: str, *lines: str) -> None:
    typer.echo(for_log(title))
    for line in lines:
        typer.echo(f"  {for_log(line)}")
