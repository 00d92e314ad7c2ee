"""GitHub Actions, and the only place that knows actions-toolkit: inputs, outputs, masks, annotations, the summary.

``actions_toolkit.core`` has no job summary, and its ``info`` prints a line raw, so that text
from outside could be a command: both are done here.
"""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

# Not the package's other modules: its `github` changes sys.path on import.
from actions_toolkit import core

from redeliver.core.settings import inputs
from redeliver.errors import NotWritten, RedeliverError, SettingsError, Stopped, Unexpected
from redeliver.github.connection import GitHubApi
from redeliver.output.headline import bounded
from redeliver.output.summary import unusable
from redeliver.text import for_log, one_line
from redeliver.timing import RunClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from redeliver.core.settings import Settings, Use
    from redeliver.github.app_token import Credential

#: An annotation holds 4,096 characters (https://docs.github.com/en/rest/checks/runs).
_ANNOTATION = 4_000


#: The runner's own values. The defaults of action.yml are the same, but do not apply if a workflow passes an input
#: that turns out empty; the token of another server would then be sent to github.com.
_OF_THE_RUNNER = {"api-url": "GITHUB_API_URL", "variable-repository": "GITHUB_REPOSITORY"}


def read_inputs(use: Use) -> dict[str, str]:
    """Every input by its name, as the step's ``env`` maps it; for some that are empty, the runner's own value."""
    names = [row.name for row in inputs(use)]
    return {name: core.get_input(name) or os.environ.get(_OF_THE_RUNNER.get(name, ""), "") for name in names}


def run_address() -> str:
    """The page of this run; empty: the runner does not say."""
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, number = (os.environ.get(name, "") for name in names)
    address = f"{server}/{repository}/actions/runs/{number}"
    return address if re.fullmatch(r"https?://[\w.:-]+/[\w-]+/[\w.-]+/actions/runs/[0-9]+", address) else ""


def mask(secret: str) -> None:
    """Have the runner mask a secret wherever it would appear."""
    if secret:
        core.set_secret(secret)


class ActionsConsole:
    """The step's log. See :class:`redeliver.console.Console`."""

    def line(self, text: str) -> None:
        """A line that the runner does not treat as a command."""
        sys.stdout.write(for_log(text) + "\n")
        sys.stdout.flush()

    def detail(self, text: str) -> None:
        """A line that is shown in debug mode."""
        if core.is_debug():
            core.debug(for_log(text))

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Lines that can be folded together."""
        core.start_group(for_log(title))
        try:
            yield
        finally:
            core.end_group()

    def error(self, text: str) -> None:
        """An error annotation."""
        _annotate("error", text)

    def warning(self, text: str) -> None:
        """A warning annotation."""
        _annotate("warning", text)

    def notice(self, text: str) -> None:
        """A notice annotation."""
        _annotate("notice", text)


def _annotate(kind: str, text: str) -> None:
    # Not core's own functions, which add an empty file and empty lines. The page that shows the log parses it again.
    core.issue_command(kind, {"title": "Redeliver Action"}, one_line(for_log(text), _ANNOTATION))


def check_files() -> None:
    """Check that results can be written for the runner, without writing anything.

    Raises:
        NotWritten: they cannot.
    """
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        path = os.environ.get(name)
        with _report_write_errors(path):
            if path:
                Path(path).open("ab").close()


def write_outputs(outputs: Mapping[str, str]) -> None:
    """Set the step's outputs. Raises NotWritten."""
    # Without the file the toolkit would print a command that runners no longer take.
    with _report_write_errors(path := os.environ.get("GITHUB_OUTPUT")):
        for name, value in outputs.items() if path else ():
            core.set_output(name, value)


def write_summary(markdown: str) -> None:
    """Add to the job summary. Raises NotWritten."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    with _report_write_errors(path):
        if path:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(markdown)


@contextmanager
def _report_write_errors(path: str | None) -> Iterator[None]:
    """Turn an error of the file into a sentence."""
    try:
        if path and not Path(path).is_file():
            raise NotWritten(path=path, why="there is no such file")
        yield
    except OSError as fault:
        raise NotWritten(path=str(path), why=fault.strerror or "it cannot be written") from fault


# -- a step ----------------------------------------------------------------------------------------------------


def run_as_step(
    use: Use,
    read: Callable[[Mapping[str, str]], Settings],
    work: Callable[[Settings, ActionsConsole], int],
) -> int:
    """Read the step's inputs, do its work, and turn whatever goes wrong into a sentence and an exit code."""
    console = ActionsConsole()
    try:
        settings = read(read_inputs(use))
        check_files()
        return work(settings, console)
    except SettingsError as wrong:
        for problem in bounded(wrong.problems):
            console.error(problem)
        with suppress(RedeliverError):
            write_summary(unusable(wrong.problems))
        return wrong.exit_code
    except RedeliverError as fault:
        console.error(str(fault))
        return fault.exit_code
    except Stopped as stopped:
        return 128 + stopped.signal_number
    except Exception as fault:  # noqa: BLE001  the last resort: no traceback, and no text that could hold a secret
        said = Unexpected(kind=type(fault).__name__)
        console.error(str(said))
        with suppress(RedeliverError):
            write_summary(f"## 🔴 {said.problem}\n\n{said.next_step}\n")
        return said.exit_code


def connector(settings: Settings, console: ActionsConsole) -> tuple[Callable[[Credential], GitHubApi], RunClock]:
    """What connects to the API with a credential, and the clock whose signals end its calls. It masks secrets first."""
    mask(settings.private_key.get_secret_value())
    clock = RunClock(time, settings.time_limit, console)
    clock.listen_to_signals()

    def connect(credential: Credential) -> GitHubApi:
        if isinstance(credential, str):
            mask(credential)
        return GitHubApi(settings.api_url, credential, clock.call_time_left)

    return connect, clock
