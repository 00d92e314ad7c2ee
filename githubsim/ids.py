"""Identifiers the way GitHub makes them: large, rising with time, and nothing to count on beyond that."""

from __future__ import annotations

import random

#: Bits below the millisecond: with them ids lie near 3.8e18, beyond what a JavaScript number can hold.
BITS = 21


class DeliveryIds:
    """Ids of attempts. One that belongs to an earlier moment is the smaller one, in whatever order they are made."""

    def __init__(self) -> None:
        """None yet."""
        self._count = 0

    def at(self, moment: int) -> int:
        """A new id for an attempt that began at ``moment`` (epoch milliseconds)."""
        self._count += 1
        return moment << BITS | self._count & (1 << BITS) - 1


class Guids:
    """Ids of events: random, but the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        """Begin the series of ``seed``."""
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def new(self) -> str:
        """The next one; version 1 in shape, as GitHub's are."""
        text = f"{self._random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-11f1-{text[16:20]}-{text[20:]}"
