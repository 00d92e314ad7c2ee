"""``python -m redeliver``, and the command ``redeliver``."""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Run, and exit with the run's code: a step of a workflow when started in one without flags, else a command."""
    # Until the run handles signals itself, a signal ends the process quietly, like any other process.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from redeliver.entry.streams import lossy_streams  # noqa: PLC0415  after the line above

    with lossy_streams():
        # Imports are most of the start-up time, and a step needs nothing that draws on a terminal.
        steps: list[list[str]] = [[], ["hooks"], ["replay"], ["tracking-issue"]]
        if os.environ.get("GITHUB_ACTIONS") != "true" or sys.argv[1:] not in steps:
            from redeliver.entry.cli import start  # noqa: PLC0415  as above: a step needs none of it

            start()
        elif sys.argv[1:] == ["tracking-issue"]:
            from redeliver.entry.tracking import tracking_step  # noqa: PLC0415

            sys.exit(tracking_step())
        else:
            from redeliver.entry.step import run_step  # noqa: PLC0415

            sys.exit(run_step("".join(sys.argv[1:])))


if __name__ == "__main__":
    main()
