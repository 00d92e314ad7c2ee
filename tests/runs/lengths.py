"""How long the long tests are: ``make test`` runs a small twin of what ``make soak`` runs, with the same assertions."""

from __future__ import annotations

import os

SOAK = os.environ.get("SOAK") == "1"

#: ``make defects`` asks only whether a world fails, and not for the smallest that does.
SHRINK = os.environ.get("SHRINK") != "0"


def examples(normal: int, *, soak: int) -> int:
    """How many of what Hypothesis makes up."""
    return soak if SOAK else normal
