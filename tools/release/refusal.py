"""Why there is no release."""

from __future__ import annotations


class Refused(Exception):
    """A sentence for whoever wanted one. Nothing was changed."""
