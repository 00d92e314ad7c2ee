"""GitHub's rate limits: so many requests an hour, 900 points in any minute, and perhaps so many redeliveries."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from githubsim.clock import HOUR, MINUTE, SECOND

PRIMARY = "API rate limit exceeded for user ID 1."
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to "
    "GitHub Support for help, please include the request ID."
)
CONTENT = (
    "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry "
    "your request again later."
)


def points(verb: str) -> int:
    """What a request costs against the secondary limit."""
    return 1 if verb in {"GET", "HEAD", "OPTIONS"} else 5


#: How many requests that create content GitHub allows in any minute and in any hour, "in general"
#: (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
COUNTED = (80, 500)


@dataclass(slots=True)
class Policy:
    """How strict this GitHub is, and how it says no. ``None`` switches a limit off."""

    hourly: int | None = 5_000
    points_a_minute: int | None = 900
    redeliveries_a_minute: int | None = None
    """``COUNTED``: redeliveries are requests that create content. GitHub does not say whether they are."""
    redeliveries_an_hour: int | None = None
    status: int = 403
    retry_after: bool = True
    block_ms: int = MINUTE


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request over a limit."""

    status: int
    message: str
    retry_after: int | None


@dataclass(slots=True)
class Account:
    """What one credential has used."""

    used: int = 0
    resets_at: int = 0
    spent: deque[tuple[int, int]] = field(default_factory=deque)
    points: int = 0
    blocked_until: int = 0
    redeliveries: deque[int] = field(default_factory=deque)
    redeliveries_blocked_until: int = 0

    def settle(self, now: int) -> None:
        """Let go of what no longer counts."""
        if now >= self.resets_at:
            self.used, self.resets_at = 0, now + HOUR
        while self.spent and self.spent[0][0] <= now - MINUTE:
            self.points -= self.spent.popleft()[1]
        while self.redeliveries and self.redeliveries[0] <= now - HOUR:
            self.redeliveries.popleft()

    def redelivers_too_often(self, policy: Policy, now: int) -> int:
        """Milliseconds until another redelivery may be asked for; 0: now."""
        wait = max(0, self.redeliveries_blocked_until - now)
        for most, span in ((policy.redeliveries_a_minute, MINUTE), (policy.redeliveries_an_hour, HOUR)):
            if most is not None and len(self.redeliveries) >= most:
                wait = max(wait, self.redeliveries[-most] + span - now)
        return wait


@dataclass(slots=True)
class Limits:
    """The accounts, and how often a limit was broken.

    ``violations`` counts requests that went over a limit, ``while_limited`` those made although GitHub had already
    said no and the time it named was not over: the ones that get an integration banned. ``most_points`` is the
    largest sum of points any minute has seen.
    """

    policy: Policy = field(default_factory=Policy)
    violations: int = 0
    while_limited: int = 0
    most_points: int = 0
    _accounts: dict[str, Account] = field(default_factory=dict)

    def account(self, name: str, now: int) -> Account:
        """The account of a credential, as it stands."""
        account = self._accounts.setdefault(name, Account())
        account.settle(now)
        return account

    def charge(self, name: str, verb: str, now: int, *, redelivery: bool = False) -> Refusal | None:
        """Book one request, or refuse it."""
        account, policy = self.account(name, now), self.policy
        if policy.hourly is not None and account.used >= policy.hourly:
            self._break(already=account.used > policy.hourly)
            account.used += 1
            return Refusal(403, PRIMARY, None)
        account.used += 1
        if policy.points_a_minute is None:
            return None
        if now < account.blocked_until:
            self._break(already=True)
            return self._refusal(account.blocked_until - now)
        if redelivery and (wait := account.redelivers_too_often(policy, now)):
            already = now < account.redeliveries_blocked_until
            if not already:
                account.redeliveries_blocked_until = now + max(wait, policy.block_ms)
            self._break(already=already)
            return self._refusal(account.redeliveries_blocked_until - now, CONTENT)
        cost = points(verb)
        if account.points + cost > policy.points_a_minute:
            self._break(already=False)
            account.blocked_until = now + policy.block_ms
            return self._refusal(policy.block_ms)
        account.spent.append((now, cost))
        account.points += cost
        if redelivery:
            account.redeliveries.append(now)
        self.most_points = max(self.most_points, account.points)
        return None

    def headers(self, name: str, now: int) -> dict[str, str]:
        """What GitHub tells every caller about the hourly limit."""
        hourly = self.policy.hourly
        if hourly is None:
            return {}
        account = self.account(name, now)
        used = min(account.used, hourly)
        return {
            "x-ratelimit-limit": str(hourly),
            "x-ratelimit-remaining": str(hourly - used),
            "x-ratelimit-used": str(used),
            "x-ratelimit-reset": str(-(-account.resets_at // SECOND)),
            "x-ratelimit-resource": "core",
        }

    def spend(self, name: str, requests: int, now: int) -> None:
        """Use up some of the hour, as another client of the same credential would."""
        self.account(name, now).used += requests

    def block(self, name: str, now: int, milliseconds: int | None = None) -> None:
        """Put a credential under the secondary limit, as if it had broken it elsewhere."""
        self.account(name, now).blocked_until = now + (milliseconds or self.policy.block_ms)

    def _break(self, *, already: bool) -> None:
        self.violations += 1
        self.while_limited += already

    def _refusal(self, wait_ms: int, message: str = SECONDARY) -> Refusal:
        seconds = max(1, -(-wait_ms // SECOND))
        return Refusal(self.policy.status, message, seconds if self.policy.retry_after else None)
