"""``python -m redeliver``."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run, and exit with the run's code."""
    # Until the run listens to signals itself, one ends the process as quietly as it would end any other.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from redeliver.cli import in_actions  # noqa: PLC0415  importing takes most of the start-up

    sys.exit(in_actions())


if __name__ == "__main__":
    main()
