"""Health: what first attempts come to, within a tenth and within bounds, and what is called healthy."""

from __future__ import annotations
