"""What is left of the rate limit. Asking costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from githubsim.clock import SECOND
from githubsim.render import reply

if TYPE_CHECKING:
    from githubsim.answers.call import Call
    from githubsim.wire import SimResponse


def overview(call: Call) -> SimResponse:
    """The hour's limit of the credential that asks."""
    limits = call.sim.limits
    account = limits.account(call.token.name, call.now)
    hourly = limits.policy.hourly or 0
    used = min(account.used, hourly)
    core = {
        "limit": hourly,
        "remaining": hourly - used,
        "reset": -(-account.resets_at // SECOND),
        "used": used,
    }
    return reply(
        200,
        {
            "resources": {"core": core, "search": {**core, "limit": 30, "remaining": 30, "used": 0}},
            "rate": core,
        },
    )
