"""GitHub Actions, and the only place that knows actions-toolkit: inputs, outputs, masks, annotations, the summary.

``actions_toolkit.core`` has no job summary, and its ``info`` prints a line raw, so that text
from outside could be a command: both are done here.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

# Not the package's other modules: its `github` changes sys.path on import.
from actions_toolkit import core

from redeliver.console import Console, headed
from redeliver.core.settings import Use, inputs
from redeliver.documents import entry
from redeliver.entry.process import exit_code
from redeliver.errors import NotWritten, RedeliverError, SettingsError, Unexpected
from redeliver.output.headline import bounded
from redeliver.output.summary import unusable
from redeliver.text import for_log, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Literal, TextIO

    from redeliver.console import Word
    from redeliver.core.facts import Fact
    from redeliver.core.settings import Settings

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


class ActionsConsole(Console):
    """The step's log."""

    def line(self, text: str, word: Word = "", *, passing: bool = False) -> None:  # noqa: ARG002  nothing passes here
        """A line that the runner does not treat as a command."""
        sys.stdout.write(for_log(headed(word, text)) + "\n")
        sys.stdout.flush()

    def mask(self, secret: str) -> None:
        """Have the runner mask a secret wherever it would appear."""
        if secret:
            core.set_secret(secret)

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

    def tell(self, level: Literal["error", "warning", "notice"], *texts: str) -> None:
        """An annotation for each text."""
        for text in texts:
            # Not core's own functions, which add an empty file and empty lines. The page that shows the log parses it
            # again.
            core.issue_command(level, {"title": "Redeliver Action"}, one_line(for_log(text), _ANNOTATION))

    def refer(self, told: Iterable[Fact | RedeliverError]) -> None:
        """Where to read more about what was told, each once. An annotation shows no links."""
        for address in dict.fromkeys(map(entry, told)):
            self.line(address, "Help")


def check_files() -> None:
    """Check that results can be written for the runner, without writing anything. Raises NotWritten."""
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        with _file_of_runner(name):
            pass


def write_outputs(outputs: Mapping[str, str]) -> None:
    """Set the step's outputs. Raises NotWritten."""
    # Without the file the toolkit would print a command that runners no longer take.
    with _file_of_runner("GITHUB_OUTPUT") as file:
        for name, value in outputs.items() if file else ():
            core.set_output(name, value)


def write_summary(markdown: str) -> None:
    """Add to the job summary. Raises NotWritten."""
    with _file_of_runner("GITHUB_STEP_SUMMARY") as file:
        if file:
            file.write(markdown)


@contextmanager
def _file_of_runner(name: str) -> Iterator[TextIO | None]:
    """The file that a variable of the runner's names, to add to it; None: it names none. Raises NotWritten."""
    path = os.environ.get(name)
    try:
        if path and not Path(path).is_file():
            raise NotWritten(path=path, why="there is no such file")
        with Path(path).open("a", encoding="utf-8") if path else nullcontext() as file:
            yield file
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

    def run() -> int:
        settings = read(read_inputs(use))
        check_files()
        return work(settings, console)

    def tell(fault: RedeliverError) -> None:
        problems = fault.problems if isinstance(fault, SettingsError) else (str(fault),)
        console.tell("error", *bounded(problems))
        console.refer([fault])
        with suppress(RedeliverError):  # the summary may be what cannot be written
            if isinstance(fault, SettingsError):
                write_summary(unusable(problems, redelivers=use is Use.RUN))
            elif isinstance(fault, Unexpected):
                write_summary(f"## 🔴 {fault.problem}\n\n{fault.next_step}\n")

    return exit_code(run, tell)
