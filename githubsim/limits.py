"""GitHub's rate limits: so many requests an hour, 900 points in any minute, and perhaps so many redeliveries."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from githubsim.clock import HOUR, MINUTE, SECOND
from githubsim.wire import Refused

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
    return 1 if verb == "GET" else 5


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
        account = self._accounts.get(name)
        if account is None:
            account = self._accounts[name] = Account()
        account.settle(now)
        return account

    def charge(self, name: str, verb: str, now: int, *, redelivery: bool = False) -> Refused | None:
        """Book one request, or refuse it."""
        account, policy = self.account(name, now), self.policy
        account.used += 1
        if policy.hourly is not None and account.used > policy.hourly:
            return self._refusal(PRIMARY, already=account.used > policy.hourly + 1)
        if policy.points_a_minute is None:
            return None
        if now < account.blocked_until:
            return self._refusal(SECONDARY, account.blocked_until - now, already=True)
        if redelivery and (wait := account.redelivers_too_often(policy, now)):
            already = now < account.redeliveries_blocked_until
            if not already:
                account.redeliveries_blocked_until = now + max(wait, policy.block_ms)
            return self._refusal(CONTENT, account.redeliveries_blocked_until - now, already=already)
        cost = points(verb)
        if account.points + cost > policy.points_a_minute:
            account.blocked_until = now + policy.block_ms
            return self._refusal(SECONDARY, policy.block_ms, already=False)
        account.spent.append((now, cost))
        account.points += cost
        if redelivery:
            account.redeliveries.append(now)
        self.most_points = max(self.most_points, account.points)
        return None

    def core(self, name: str, now: int) -> dict[str, int]:
        """What a credential has of its hour."""
        hourly, account = self.policy.hourly or 0, self.account(name, now)
        used = min(account.used, hourly)
        resets_at = -(-account.resets_at // SECOND)
        return {"limit": hourly, "remaining": hourly - used, "used": used, "reset": resets_at}

    def headers(self, name: str, now: int) -> dict[str, str]:
        """What GitHub tells every caller about the hourly limit."""
        if self.policy.hourly is None:
            return {}
        told = {f"x-ratelimit-{what}": str(number) for what, number in self.core(name, now).items()}
        return told | {"x-ratelimit-resource": "core"}

    def spend(self, name: str, requests: int, now: int) -> None:
        """Use up some of the hour, as another client of the same credential would."""
        self.account(name, now).used += requests

    def block(self, name: str, now: int, milliseconds: int | None = None) -> None:
        """Put a credential under the secondary limit, as if it had broken it elsewhere."""
        self.account(name, now).blocked_until = now + (milliseconds or self.policy.block_ms)

    def _refusal(self, message: str, wait_ms: int = 0, *, already: bool) -> Refused:
        self.violations += 1
        self.while_limited += already
        if not wait_ms:
            return Refused(403, message)
        wait = {"retry_after": str(-(-wait_ms // SECOND))} if self.policy.retry_after else {}
        return Refused(self.policy.status, message, **wait)
