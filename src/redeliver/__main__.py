"""``python -m redeliver``."""

from __future__ import annotations

import sys

from redeliver.cli import in_actions


def main() -> None:
    """Run, and exit with the run's code."""
    sys.exit(in_actions())


if __name__ == "__main__":
    main()
