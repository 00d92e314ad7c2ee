"""GitHub's hourly rate limit, as its last answer told it. Pure.

Facts (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api): 5,000 an hour for a person's
token, 5,000 to 15,000 for an App's; an hour's calls all come back at its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

SECONDS_PER_HOUR = 3_600.0
#: The share of an hour's calls that redeliveries leave to others, less and less as the hour goes by: runs after this
#: one, and those over other webhooks, could not even look.
FOR_OTHERS = 1 / 5


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of it. Where GitHub does not say, there is no end to it."""

    left: float = inf
    """Calls within this hour."""
    hourly: float = inf
    """Calls of a whole hour."""
    resets_in: float = inf
    """Seconds to the hour's end; below 0 when it is over, as far as is known."""

    def within(self, seconds: float) -> float:
        """How many calls there are within so many seconds from now."""
        if seconds < self.resets_in:
            return self.left
        return self.left + self.hourly * (1 + (seconds - self.resets_in) // SECONDS_PER_HOUR)

    def wait(self, reserve: int, *, redelivery: bool = False) -> float:
        """Seconds until a call may be made that leaves alone a reserve, and if it redelivers what is for others."""
        if not 0 < self.resets_in < inf:
            return 0
        if self.left < reserve:
            return self.resets_in + 1
        if not redelivery or not self.hourly:
            return 0
        # The share of the others becomes smaller by the minute.
        return max(0.0, self.resets_in - self.left * SECONDS_PER_HOUR / (self.hourly * FOR_OTHERS))
